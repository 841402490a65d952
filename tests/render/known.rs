//! Texts made of pieces of which it is known what a reader sees: whatever stands beside them, they arrive so.
//!
//! The pieces say what they show; nothing here reads Markdown.

use proptest::prelude::*;
use proptest::sample::select;

use crate::checks;
use crate::properties::check;

/// A piece of a line: how a model writes it, and what is seen.
#[derive(Clone, Debug)]
struct Piece {
    written: String,
    seen: String,
}

/// A piece that is seen as it is written.
fn plain(text: impl Into<String>) -> Piece {
    let text = text.into();
    Piece { written: text.clone(), seen: text }
}

fn marked(written: impl Into<String>, seen: impl Into<String>) -> Piece {
    Piece { written: written.into(), seen: seen.into() }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[а-яё]{2,8}",
        2 => "[a-z]{2,8}",
        1 => "[一-三あ-おア-オ]{1,4}",
        1 => "[א-ת]{2,6}|[بتثجحخدذرزسشصضطظ]{2,6}|[가-낗]{1,4}",
        1 => select(vec!["Ünïcode", "данных,", "end.", "(see", "note)", "«да»", "“yes”", "5%", "3.14", "it's", "e\u{301}"])
            .prop_map(str::to_owned),
    ]
}

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(word(), 1..4).prop_map(|words| words.join(" "))
}

/// Words in one pair of marks, or next to it.
fn bare() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[а-яё]{3,8}",
        2 => "[a-z]{3,8}",
        2 => "[一-三あ-お]{2,4}",
        1 => "[א-ת]{3,6}|[بتثجحخدذرزسشصضطظ]{3,6}|[가-낗]{2,4}",
    ]
}

/// Sums and products, as people type them.
fn arithmetic() -> impl Strategy<Value = Piece> {
    let term = || {
        prop_oneof!["[1-9][0-9]{0,3}", "[a-dx-z]", "\\([a-d]\\+[1-9]\\)", "[1-9][a-dx-z]", "[1-9]\\.[0-9]"]
    };
    let sign = || select(vec!["*", "*", "**", "+", "-", "/", " * ", " + "]);
    prop_oneof![
        (term(), prop::collection::vec((sign(), term()), 1..5)).prop_map(|(first, rest)| {
            plain(rest.into_iter().fold(first, |sum, (sign, term)| sum + sign + &term))
        }),
        ("[1-9]{1,3}", "[1-9]{1,3}", "[1-9]{1,3}").prop_map(|(a, b, c)| plain(format!("{a}*{b}*{c}"))),
        "[1-9]{1,2}(~[1-9]{1,2}){1,3}".prop_map(plain),
        "~[1-9]{1,3}~?".prop_map(plain),
        "[a-z]{3,6}(\\*[a-z]{3,6}){2,3}".prop_map(plain),
        "[1-9]{1,2}\\^[1-9]".prop_map(plain),
        "[1-9] \\*[1-9] = [1-9]{2}, [1-9]\\* [1-9]|[1-9] \\*[1-9]\\* [1-9] = [1-9]".prop_map(plain),
        "\\|\\|[u-w]\\|\\|(_2|\\^2| <= \\|\\|[u-w]\\|\\|)".prop_map(plain),
        "[1-9]_000_000|v[1-9]\\.[0-9]_[a-z]{2,4}_[0-9]|[a-z]\\^[1-9]\\^|[A-Z]~[1-9]~[A-Z]".prop_map(plain),
        "\\|[a-z]\\| = [1-9]|P\\([A-D]\\|[A-D]\\)|\\{[a-z]\\|[a-z] > [1-9]\\}".prop_map(plain),
    ]
}

/// Names, paths, patterns and pieces of code outside of backticks.
fn code_like() -> impl Strategy<Value = Piece> {
    prop_oneof![
        "[a-z]{1,5}(_[a-z0-9]{1,5}){1,4}".prop_map(plain),
        "_?[a-z]{1,5}(_[a-z0-9]{1,5}){1,3}_?".prop_map(plain),
        "(__init__|__main__|__name__)(\\.py|\\(\\))?".prop_map(plain),
        "(/([a-z]{1,5}|_[a-z]{2,4}|[a-z]{2}_[a-z]{2,3}|__[a-z]{3,5}__|_[a-z]{2,4}_)){2,4}".prop_map(plain),
        "~(/[a-z]{1,6}){1,3}".prop_map(plain),
        "[C-E]:(\\\\[a-zA-Z_.]{1,6}){1,3}[a-z]".prop_map(plain),
        "(src/\\*\\*/)?\\*\\.[a-z]{2,4}".prop_map(plain),
        "https://[a-z]{2,6}\\.com/[a-z_]{1,6}/_[a-z]{1,4}_/[a-z]{1,4}\\?a=1&copy=2".prop_map(plain),
        "(Vec|List|Map)<([A-Z]|i32|str|int, [a-z])>".prop_map(plain),
        "[a-z]<[a-z] and [a-z]>[a-z]".prop_map(plain),
        "<[a-z]{3,4}-name>|<T>|<your name>|<x, y>".prop_map(plain),
        "[a-z]{1,3}\\[[0-9i]\\]|\\[[1-9]\\]\\[[1-9]\\]".prop_map(plain),
        "[a-z] (&&|\\|\\|) [a-z] (&&|\\|\\|) [a-z]|[a-z]\\|\\|[a-z]\\|\\|[a-z]".prop_map(plain),
        "\\$[1-9]{1,2}( and | и |-)\\$[1-9]{1,2}".prop_map(plain),
        "\\$[A-Z]{3,5}".prop_map(plain),
        "R&D|AT&T|x->y|a=>b|#[0-9]{1,3}|\\+7 9[0-9]{2}|@[a-z]{3,5}_[a-z]{3}".prop_map(plain),
        "\"\\*\"|\\(\\*\\)|'_'".prop_map(plain),
        "&\\*[a-z]|[a-z]-\\*[a-z]|\\*[a-z] = \\*[a-z];|\\[\\^\\*\\]\\*|_[a-z]{2,4}_@[a-z]{2,4}\\.com"
            .prop_map(plain),
        "[1-9]\\*(кг|м|км)\\*[мсч]|2\\*м\\*с".prop_map(plain),
        "(the|тег) (</?(b|i|s|u|em|strong|sub|code)>|<(p|ul|details|table)>) (tag|тег)".prop_map(plain),
        "<(div|span|img|Button|font) [a-z]{1,5}=\"[a-z>]{1,5}\">|</(div|span|T)>|<[A-Z][a-z]+/>"
            .prop_map(plain),
        "[a-z]{3,5}<[A-Z]>\\([a-z]\\)|[A-Z]<[a-z]{3,5}<[a-z]{3,5}>>|&'[a-z] str".prop_map(plain),
        "[a-z]{2,4}\\*[a-z]{2,4}\\*\\.(txt|rs)|\\*_[a-z]{2,4}\\.(py|js)|[a-z]{2,4}_\\*\\.md".prop_map(plain),
        "\\\\\\(\\\\d\\+\\\\\\)|\\$[a-z]\\$[a-z]|C:\\\\alpha\\\\beta".prop_map(plain),
        "(Вопрос|note)\\? \\(см\\. [1-9]\\)|[1-9]{1,2}:[0-9]{2}|[1-9]{1,2}/[1-9]{1,2}".prop_map(plain),
        "https://[a-z]{2,4}\\.com/[a-z]{1,3}_\\([a-z]{1,3}\\)_[a-z]{1,3}".prop_map(plain),
        select(vec!["👩‍👩‍👧‍👦👍🏽", "1️⃣🏳️‍🌈", "a\u{200b}b", "\u{200f}שלום\u{200f}", "مرحبا", "x\u{301}y", "Ünï"])
            .prop_map(plain),
        "\\.\\*[a-z]{1,3}\\.\\*|\\[a-z\\]\\*|\\\\d\\+\\\\\\.\\\\d\\*".prop_map(plain),
    ]
}

/// Markup that says how its words look, and nothing else.
fn formatted() -> impl Strategy<Value = Piece> {
    let marks = select(vec![
        ("**", "**"),
        ("*", "*"),
        ("***", "***"),
        ("~~", "~~"),
        ("||", "||"),
        ("__", "__"),
        ("_", "_"),
    ]);
    let tags = select(vec!["b", "strong", "i", "em", "u", "s", "del", "ins"]);
    prop_oneof![
        3 => (marks, bare(), words(), bare())
            .prop_map(|((open, close), a, b, c)| marked(format!("{open}{a} {b} {c}{close}"), format!("{a} {b} {c}"))),
        2 => (select(vec!["**", "*"]), bare(), select(vec![":", "!", "：", "。", "»", ")", "?"]), "[а-яё]{2,6}|[一-三]{2,3}")
            .prop_map(|(mark, a, sign, b)| marked(format!("{mark}{a}{sign}{mark}{b}"), format!("{a}{sign}{b}"))),
        1 => ("[а-яё]{2,6}|[一-三]{2,3}", "[а-яё]{3,6}|[一-三]{2,3}")
            .prop_map(|(a, b)| marked(format!("{a}**«{b}»**"), format!("{a}«{b}»"))),
        2 => (tags, words()).prop_map(|(tag, text)| marked(format!("<{tag}>{text}</{tag}>"), text)),
        1 => words().prop_map(|text| marked(format!("(||{text}||)"), format!("({text})"))),
        1 => words().prop_map(|text| marked(format!("[{text}][r]"), text)),
        1 => words().prop_map(|text| marked(format!("[{text}](https://example.com/a_(b)_c \"t\")"), text)),
        1 => words().prop_map(|text| marked(format!("![{text}](https://example.com/x*y*z.png)"), text)),
        1 => Just(marked("<https://example.com/_a_>", "https://example.com/_a_")),
        1 => (words(), words()).prop_map(|(a, b)| marked(format!("<b>{a} <i>{b}</b> {a}</i>"), format!("{a} {b} {a}"))),
        1 => (bare(), bare()).prop_map(|(a, b)| marked(format!("<ins>{a}</del> {b}"), format!("<ins>{a}</del> {b}"))),
        1 => (bare(), words()).prop_map(|(a, b)| marked(format!("**{a} *{b}* {a}**"), format!("{a} {b} {a}"))),
        1 => words().prop_map(|text| marked(format!("[{text}][^1]"), format!("[{text}][1]"))),
        1 => ("[A-Z]{2,4}", words()).prop_map(|(name, text)| marked(format!("<B>{name} {text}</b >"), format!("{name} {text}"))),
        1 => words().prop_map(|text| marked(format!("<a href=\"https://example.com/x_y\">{text}</a>"), text)),
    ]
}

/// Code, formulas, signs and escapes.
fn set() -> impl Strategy<Value = Piece> {
    let code = "[a-z]{1,3}(\\*|_|<b>|\\$|~~|\\|\\||\\\\|&lt;)[a-z]{1,3}";
    prop_oneof![
        code.prop_map(|code| marked(format!("`{code}`"), code)),
        "[a-z] `[a-z]".prop_map(|code| marked(format!("``{code}``"), code)),
        "[a-z]\\*[a-z]\\*[a-z]".prop_map(|code| marked(format!("<code>{code}</code>"), code)),
        select(vec!["x^2", "a_1 + b_2", "\\frac{a}{b}", "E = mc^2", "x_{i*j}", "|x| = 5", "a*b*c = d"])
            .prop_flat_map(|tex| {
                select(vec![("$", "$"), ("\\(", "\\)")])
                    .prop_map(move |(open, close)| marked(format!("{open}{tex}{close}"), tex))
            }),
        "[1-9]{1,2}".prop_map(|degrees| marked(format!("{degrees}^\\circ"), format!("{degrees}°"))),
        select(vec![("\\to", "→"), ("\\Rightarrow", "⇒"), ("\\times", "×")]).prop_flat_map(
            |(command, sign)| {
                select(vec!["", "$"]).prop_map(move |mark| marked(format!("{mark}{command}{mark}"), sign))
            }
        ),
        (words(), select(vec!['*', '_', '~', '[', ']', '-', '#', '`', '$', '|', '<']))
            .prop_map(|(text, sign)| marked(format!("{text} \\{sign}"), format!("{text} {sign}"))),
        ("[а-яё]{2,6} [а-яё]{2,6}|[a-z]{2,6} [a-z]{3,6}")
            .prop_map(|text| marked(format!("\\({text}\\)"), format!("({text})"))),
        ("[a-z]{1,4}", "[a-z]|[a-z]\\+1")
            .prop_map(|(f, x)| marked(format!("{f}\\({x}\\)"), format!("{f}({x})"))),
        ("[a-z]{1,4}", "[a-z0-9]").prop_map(|(a, i)| marked(format!("{a}\\[{i}\\]"), format!("{a}[{i}]"))),
        select(vec![("&lt;", "<"), ("&amp;", "&"), ("&gt;", ">"), ("&quot;", "\""), ("&#8212;", "—")])
            .prop_map(|(written, seen)| marked(written, seen)),
        Just(marked("H<sub>2</sub>O", "H₂O")),
        select(vec![
            ("\\alpha", "α"),
            ("(\\beta)", "(β)"),
            ("20\\degree", "20°"),
            ("5 $\\mu$m", "5 μm"),
            ("\\infty", "∞")
        ])
        .prop_map(|(written, seen)| marked(written, seen)),
        select(vec!["CO_2", "NH_3", "\\{1, 2\\}", "\\text{по} x"])
            .prop_map(|tex| marked(format!("${tex}$"), tex)),
        select(vec!["n", "k", "i"]).prop_map(|letter| marked(format!("${letter}$th"), format!("{letter}th"))),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => words().prop_map(plain),
        3 => arithmetic(),
        3 => code_like(),
        3 => formatted(),
        3 => set(),
    ]
}

/// A line of pieces with spaces between them.
fn line() -> impl Strategy<Value = Piece> {
    (bare(), prop::collection::vec(piece(), 1..6)).prop_map(|(first, pieces)| {
        let join = |of: fn(&Piece) -> &str| {
            std::iter::once(first.as_str()).chain(pieces.iter().map(of)).collect::<Vec<_>>().join(" ")
        };
        marked(join(|piece| &piece.written), join(|piece| &piece.seen))
    })
}

/// A block: its source, and the lines that are seen of it.
fn block() -> impl Strategy<Value = (String, Vec<String>)> {
    let lines = || prop::collection::vec(line(), 1..4);
    let seen = |lines: &[Piece]| lines.iter().map(|line| line.seen.clone()).collect::<Vec<_>>();
    let each = move |lines: Vec<Piece>, mark: fn(usize) -> String| {
        let written: Vec<_> = lines.iter().enumerate().map(|(at, line)| mark(at) + &line.written).collect();
        (written.join("\n"), seen(&lines))
    };
    prop_oneof![
        3 => lines().prop_map(move |lines| each(lines, |_| String::new())),
        1 => (line(), select(vec!["", " #", " ##"]))
            .prop_map(|(line, end)| (format!("## {}{end}", line.written), vec![line.seen])),
        1 => line().prop_map(|line| (format!("{}\n===", line.written), vec![line.seen])),
        2 => environment(),
        2 => lines().prop_map(move |lines| each(lines, |_| "- ".to_owned())),
        1 => lines().prop_map(move |lines| each(lines, |at| format!("{}. ", at + 1))),
        1 => lines().prop_map(move |lines| each(lines, |_| "> ".to_owned())),
        2 => lines().prop_map(move |lines| table(&lines)),
        1 => lines().prop_map(move |lines| {
            let items: Vec<_> = lines.iter().map(|line| format!("  <li>{}</li>", line.written)).collect();
            (format!("<ul>\n{}\n</ul>", items.join("\n")), seen(&lines))
        }),
        1 => lines().prop_map(move |lines| {
            let paragraphs: Vec<_> = lines.iter().map(|line| format!("<p>{}</p>", line.written)).collect();
            (paragraphs.join("\n"), seen(&lines))
        }),
        1 => lines().prop_map(move |lines| {
            let code: Vec<_> = lines.iter().map(|line| line.written.clone()).collect();
            (format!("```python\n{}\n```", code.join("\n")), code)
        }),
        1 => lines().prop_map(move |lines| {
            let code: Vec<_> = lines.iter().map(|line| line.written.clone()).collect();
            (format!("~~~~\n```py\n{}\n```\n~~~~", code.join("\n")), code)
        }),
        1 => (lines(), line()).prop_map(move |(lines, line)| {
            let mut code: Vec<_> = lines.iter().map(|line| line.written.clone()).collect();
            code.insert(0, "```js".to_owned());
            code.push("```".to_owned());
            code.push(line.written);
            (format!("````md\n{}\n````", code.join("\n")), code.clone())
        }),
        1 => lines().prop_map(move |lines| {
            let mut code: Vec<_> = lines.iter().map(|line| line.written.clone()).collect();
            code.extend(["```py".to_owned(), "x = 1".to_owned(), "```".to_owned(), "после".to_owned()]);
            (format!("```markdown\n{}\n```", code.join("\n")), code.clone())
        }),
        1 => lines().prop_map(move |lines| {
            let rows: Vec<_> = lines.iter().map(|line| format!("<tr><td>{}</td><td>x</td></tr>", line.written)).collect();
            (format!("<table>\n{}\n</table>", rows.join("\n")), seen(&lines))
        }),
        1 => lines().prop_map(move |lines| {
            let paragraphs: Vec<_> = lines.iter().map(|line| format!("<p>{}", line.written)).collect();
            (paragraphs.join("\n"), seen(&lines))
        }),
        1 => lines().prop_map(move |lines| {
            let written: Vec<_> = lines.iter().map(|line| line.written.clone()).collect();
            (written.join(" <br/> "), seen(&lines))
        }),
        1 => lines().prop_map(move |lines| each(lines, |at| "  ".repeat(at) + "- ")),
        1 => lines().prop_map(move |lines| each(lines, |at| format!("- [{}] ", if at % 2 == 0 { " " } else { "x" }))),
        1 => lines().prop_map(move |lines| each(lines, |at| ">".repeat(at + 1) + " ")),
        1 => (line(), line()).prop_map(|(a, b)| {
            let html = format!("<ul><li>{}<ol><li>{}</li></ol></li></ul>", a.written, b.written);
            (html, vec![a.seen, b.seen])
        }),
        1 => (line(), line()).prop_map(|(a, b)| {
            let html = format!("<details>\n<summary>{}</summary>\n\n{}\n</details>", a.written, b.written);
            (html, vec![a.seen, b.seen])
        }),
        1 => lines().prop_map(move |lines| {
            let (table, mut seen) = table(&lines);
            seen.push("Итог без черты".to_owned());
            (table + "Итог без черты", seen)
        }),
        1 => (2024..2030u32, line())
            .prop_map(|(year, line)| (format!("{year}. {}", line.written), vec![format!("{year}. {}", line.seen)])),
    ]
}

/// A formula in an environment or in marks of its own, over several lines.
fn environment() -> impl Strategy<Value = (String, Vec<String>)> {
    let term = "[a-z]_[1-9]|\\\\frac\\{[a-z]\\}\\{[1-9]\\}|[a-z]\\^\\{[1-9][a-z]\\}|\\\\sqrt\\{[a-z]\\}";
    let lines = prop::collection::vec((term, "[-+=*]", term), 1..4);
    let marks = select(vec!["$$", "\\[", "align", "align*", "cases", "gather", "pmatrix"]);
    (marks, lines).prop_map(|(marks, lines)| {
        let lines: Vec<_> = lines.iter().map(|(a, sign, b)| format!("{a} &= c {sign} {b}")).collect();
        let tex = lines.join(" \\\\\n");
        match marks {
            "$$" => (format!("$$\n{tex}\n$$"), vec![tex]),
            "\\[" => (format!("\\[\n{tex}\n\\]"), vec![tex]),
            name => {
                let whole = format!("\\begin{{{name}}}\n{tex}\n\\end{{{name}}}");
                (whole.clone(), vec![whole])
            }
        }
    })
}

/// A table of two headings, whose rows have two cells and one too many.
fn table(lines: &[Piece]) -> (String, Vec<String>) {
    let mut written = "| код | слово |\n|---|---|\n".to_owned();
    let mut seen = vec!["код".to_owned(), "слово".to_owned()];
    for line in lines {
        // A bar within a cell divides it, but for the one in code.
        let cell = line.written.replace('|', "\\|");
        written.extend(["| `a | b` | ", &cell, " | лишняя |\n"]);
        let bar = line.written != cell;
        seen.extend([
            "a | b".to_owned(),
            if bar { String::new() } else { line.seen.clone() },
            "лишняя".to_owned(),
        ]);
    }
    (written, seen)
}

/// The text without spaces and what lays it out.
fn ink(text: &str) -> String {
    text.replace('₂', "2").chars().filter(|c| !c.is_whitespace() && !"•◦▪│┼─".contains(*c)).collect()
}

/// Where links lead.
const TARGETS: [&str; 3] = ["x_y", "a_(b)_c", "x*y*z.png"];

/// What of the text stands behind this piece, at its beginning. The plain form tells where links lead, in the middle of a piece too.
fn behind<'a>(shown: &'a str, piece: &str) -> Option<&'a str> {
    let Some(first) = piece.chars().next() else { return Some(shown) };
    let as_it_is = shown.strip_prefix(first).and_then(|shown| behind(shown, &piece[first.len_utf8()..]));
    as_it_is.or_else(|| {
        let targets = TARGETS.map(|path| format!("(https://example.com/{path})"));
        targets.iter().find_map(|target| behind(shown.strip_prefix(target)?, piece))
    })
}

/// The first piece that does not stand behind those before it.
fn first_missed<'a>(shown: &str, pieces: &'a [String]) -> Option<&'a str> {
    let mut left = shown;
    pieces.iter().map(String::as_str).find(|piece| {
        let found = left.char_indices().find_map(|(at, _)| behind(&left[at..], piece));
        left = found.unwrap_or(left);
        found.is_none()
    })
}

#[test]
fn what_is_known_of_pieces_is_seen_of_whole_answers() {
    check(300, &prop::collection::vec(block(), 1..5), |blocks| {
        let written: Vec<&str> = blocks.iter().map(|(written, _)| written.as_str()).collect();
        let markdown = written.join("\n\n") + "\n\n[r]: https://example.com/x_y\n[^1]: сноска\n\nконец";
        for (way, shown) in checks::shown(&markdown).into_iter().enumerate() {
            let shown = ink(&shown);
            let seen: Vec<String> = blocks.iter().flat_map(|(_, seen)| seen).map(|seen| ink(seen)).collect();
            let missed = first_missed(&shown, &seen);
            assert!(
                missed.is_none(),
                "way {way} of\n{markdown}\nshows no {missed:?} in its place in {shown:?}"
            );
        }
    });
}
