//! The pictures of the README: what the demo shows at a terminal, as SVG. They have to be what it shows today;
//! `make picture` draws them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::termios::{Winsize, tcsetwinsize};
use sandbox::PATIENCE;
use vt100::{Cell, Color, Parser, Screen};

use super::packaging::file;
use crate::support::terminal::terminal;
use crate::tools::demo;

const COLUMNS: u16 = 96;
/// Enough that nothing scrolls away.
const ROWS: u16 = 80;
const PROMPT: &str = "you> ";
/// The demo waits for an answer when it has shown nothing new for so long below its prompt.
const QUIET: Duration = Duration::from_millis(600);

// The size of a cell, and of what is around the cells.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
const LEFT: f32 = 16.0;
const TOP: f32 = 48.0;
const BOTTOM: f32 = 14.0;

/// Light, and dark where the reader's system is.
const STYLE: &str = "  .window { fill: #ffffff; stroke: #d0d7de; } .bar { fill: #f6f8fa; } .title { fill: #57606a; }
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
  .words { fill: #1f2328; } .c4 { fill: #0550ae; } .c6 { fill: #1b7c83; }
  .bold { font-weight: bold; } .italic { font-style: italic; } .underline { text-decoration: underline; } .dim { opacity: 0.6; }
  @media (prefers-color-scheme: dark) {
    .window { fill: #0d1117; stroke: #30363d; } .bar { fill: #161b22; } .title { fill: #8b949e; }
    .words { fill: #e6edf3; } .c4 { fill: #79c0ff; } .c6 { fill: #56d4dd; }
  }";

/// Talks to the demo at a terminal, and returns what is on the screen when it has answered the last line.
fn screen(locale: &str, lines: &[&str]) -> Parser {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let (person, terminal) = terminal();
    tcsetwinsize(&person, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let shown = terminal.try_clone().unwrap();
    let mut demo = demo::command(folder.path());
    demo.env("LC_ALL", locale).stdin(terminal).stdout(shown).stderr(Stdio::null());
    let mut child = demo.spawn().unwrap();
    drop(demo);
    let (bytes, output) = channel();
    let mut reader = person.try_clone().unwrap();
    let reading = thread::spawn(move || {
        let mut some = [0; 4096];
        // The last one who has the terminal open takes it along: an error then.
        while let Ok(read @ 1..) = reader.read(&mut some) {
            let _ = bytes.send(some[..read].to_vec());
        }
    });
    let [rows, columns] = [ROWS, COLUMNS].map(|size| NonZero::new(size).unwrap());
    let mut parser = Parser::new(rows, columns, 0);
    for line in lines {
        wait_for_prompt(&mut parser, &output);
        (&person).write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    wait_for_prompt(&mut parser, &output);
    // The end of the input, as Ctrl-D says it.
    (&person).write_all(b"\x04").unwrap();
    assert!(child.wait().unwrap().success());
    drop(person);
    reading.join().unwrap();
    parser
}

fn wait_for_prompt(parser: &mut Parser, output: &Receiver<Vec<u8>>) {
    let began = Instant::now();
    loop {
        match output.recv_timeout(QUIET) {
            Ok(bytes) => parser.process(&bytes),
            Err(_)
                if row(parser.screen(), parser.screen().cursor_position().0).trim_end()
                    == PROMPT.trim_end() =>
            {
                return;
            }
            Err(_) => assert!(began.elapsed() < PATIENCE, "no prompt: {}", parser.screen().contents()),
        }
    }
}

fn row(screen: &Screen, row: u16) -> String {
    screen.contents_between(row, 0, row, COLUMNS)
}

/// How words look: the classes of the style above.
fn classes(cell: &Cell) -> String {
    let mut classes = match cell.fgcolor() {
        Color::Default => "words".to_owned(),
        Color::Idx(colour @ (4 | 6)) => format!("c{colour}"),
        other => panic!("the style has no {other:?}"),
    };
    let looks = [
        (cell.bold(), " bold"),
        (cell.italic(), " italic"),
        (cell.underline(), " underline"),
        (cell.dim(), " dim"),
    ];
    classes.extend(looks.into_iter().filter(|(has, _)| *has).map(|(_, class)| class));
    classes
}

/// The words of a row in one look each, by the columns where they begin. Two blanks end a run: what follows has a column.
fn runs(screen: &Screen, row: u16) -> BTreeMap<u16, (String, String)> {
    let mut runs: BTreeMap<u16, (String, String)> = BTreeMap::new();
    let mut blanks = u16::MAX;
    for column in 0..COLUMNS {
        let cell = screen.cell(row, column).unwrap();
        if matches!(cell.contents(), "" | " ") {
            blanks = blanks.saturating_add(1);
            continue;
        }
        let classes = classes(cell);
        match runs.last_entry() {
            Some(mut last) if blanks < 2 && last.get().0 == classes => {
                let words = &mut last.get_mut().1;
                words.push_str(if blanks == 1 { " " } else { "" });
                words.push_str(cell.contents());
            }
            _ => drop(runs.insert(column, (classes, cell.contents().to_owned()))),
        }
        blanks = 0;
    }
    runs
}

/// The dialogue on the screen, from its first line to its last, in a window.
fn svg(screen: &Screen) -> String {
    let is_dialogue = |number: &u16| row(screen, *number).starts_with(PROMPT);
    let first = (0..ROWS).find(is_dialogue).unwrap();
    let last = (first..ROWS).rfind(is_dialogue).unwrap();
    let (width, height) =
        (2.0 * LEFT + WIDTH * f32::from(COLUMNS), TOP + HEIGHT * f32::from(last - first) + HEIGHT + BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\">\n\
         <style>\n{STYLE}\n</style>\n\
         <rect class=\"window\" x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\"/>\n\
         <path class=\"bar\" d=\"M1 32V9a8 8 0 0 1 8-8H{:.0}a8 8 0 0 1 8 8v23z\"/>\n",
        width - 1.0,
        height - 1.0,
        width - 9.0,
    );
    for (number, colour) in ["#ff5f57", "#febc2e", "#28c840"].into_iter().enumerate() {
        writeln!(svg, "<circle cx=\"{}\" cy=\"16\" r=\"5\" fill=\"{colour}\"/>", 18 + 18 * number).unwrap();
    }
    writeln!(
        svg,
        "<text class=\"title\" x=\"{:.0}\" y=\"21\" text-anchor=\"middle\">make demo</text>",
        width / 2.0
    )
    .unwrap();
    for number in first..=last {
        let y = TOP + HEIGHT * (f32::from(number - first) + 0.75);
        for (column, (classes, text)) in runs(screen, number) {
            let x = LEFT + WIDTH * f32::from(column);
            let length = WIDTH * f32::from(u16::try_from(text.chars().count()).unwrap());
            let words = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            // As wide as its cells in any font, so that the lines of tables meet.
            writeln!(
                svg,
                "<text class=\"{classes}\" x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\">{words}</text>"
            )
            .unwrap();
        }
    }
    svg + "</svg>\n"
}

#[track_caller]
fn is_true(name: &str, locale: &str, lines: &[&str]) {
    let drawn = svg(screen(locale, lines).screen());
    if std::env::var_os("UPDATE_PICTURE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), drawn).unwrap();
        return;
    }
    assert!(file(name) == drawn, "{name} is not what the demo shows; make picture draws it anew:\n{drawn}");
}

#[test]
fn the_english_picture_is_what_the_demo_shows() {
    let lines = ["Hello!", "Show a table and code", "/clear", "/restore"];
    is_true("docs/demo.svg", "en_US.UTF-8", &lines);
}

#[test]
fn the_russian_picture_is_what_the_demo_shows() {
    let lines = ["Привет!", "Таблицу и код!", "/clear", "/restore"];
    is_true("docs/demo.ru.svg", "ru_RU.UTF-8", &lines);
}
