//! `make demo`, without a terminal.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::terminal::terminal;

/// The demo in `folder`, in Russian.
pub(crate) fn command(folder: &Path) -> Command {
    let bot = Path::new(env!("CARGO_BIN_EXE_systech-aidd"));
    let demo = bot.parent().unwrap().join("examples/demo");
    assert!(demo.exists(), "build it first: cargo build --example demo");
    let mut command = Command::new(demo);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DEMO_DIR", folder)
        .env("LC_ALL", "ru_RU.UTF-8")
        .env_remove("OPENROUTER_API_KEY")
        .env_remove("LLM_BASE_URL")
        .env_remove("NO_COLOR");
    command
}

/// Talks to the demo and returns what it prints.
fn demo(folder: &Path, lines: &str) -> String {
    let mut child = command(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

/// The demo at a terminal, and the person's end of that.
fn demo_on_terminal(folder: &Path) -> (File, Child) {
    let (person, terminal) = terminal();
    let screen = terminal.try_clone().unwrap();
    let child = command(folder).stdin(terminal).stdout(screen).stderr(Stdio::null()).spawn().unwrap();
    (person, child)
}

#[test]
fn the_demo_shows_tables_formulas_and_code_as_well_as_text_can() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let said = demo(folder.path(), "Покажи таблицу\nПокажи формулу\nПокажи код\n");
    for expected in [
        "     ┌───┬─────┬────────┐\n     │ № │ Кто │ Знаков │\n     ├───┼─────┼────────┤\n     │ 1 │ Вы  │     14 │\n     └───┴─────┴────────┘\n",
        "\n         n = 2 + 1 = 3\n",
        "     ╭─ rust\n     │ fn main() {\n     │     println!(\"{}\", \"Покажи код\");\n     │ }\n     ╰─\n",
    ] {
        assert!(said.contains(expected), "{expected}\nis not in:\n{said}");
    }
    assert!(!said.contains('\x1b'), "escape codes in a pipe: {said:?}");
    assert_eq!(said.lines().filter(|line| line.starts_with("bot> ")).count(), 3, "{said}");
}

#[test]
fn a_spoken_answer_is_a_line_that_says_what_came() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let said = demo(folder.path(), "/voice on\nКак дела?\n");
    let line = said.lines().find(|line| line.starts_with("bot> (voice message, "));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains(" bytes of audio/ogg) ") && line.contains("Как дела?"), "{line}");
}

#[test]
fn the_demo_has_a_console_of_its_own_and_prints_a_link_into_it_beside_the_dialogue() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let mut child = command(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let link = told.find_map(|line| line.unwrap().strip_prefix("http://").map(str::to_owned)).unwrap();
    let (address, path) = link.split_once('/').unwrap();
    let (status, page) = crate::support::exposition::page(address, &format!("/{path} HTTP/1.0\r\nX:"));
    assert!(status == 200 && page.contains("<h1>Log in</h1>"), "{page}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_owners_side_is_played_after_owner_until_the_next_one() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let said = demo(folder.path(), "/who\n/owner\n[Разрешить]\n/who\n/usage\n/owner\nПривет\n");
    for expected in [
        "bot> Такой команды я не знаю",
        "bot to the owner> Разрешить пользоваться ботом?",
        "owner> [Разрешить]",
        "bot to the owner> (edited) Может пользоваться ботом.",
        "bot to a stranger> ",
        "bot to the owner> Решения никто не ждёт.",
        "bot to the owner> Сегодня (UTC): ",
        "bot to the owner> Расходы за 30 дней, доллары США",
        "you> Привет",
    ] {
        assert!(said.contains(expected), "{expected}\nis not in:\n{said}");
    }
    assert!(said.trim_end().contains("«Привет»"), "{said}");
}

#[test]
fn a_file_is_sent_by_its_path_and_the_model_says_what_it_received() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/demo/samples/borscht.png");
    let size = std::fs::metadata(sample).unwrap().len();
    let said = demo(
        folder.path(),
        &format!(
            "/file examples/demo/samples/borscht.png Что это?\n'{sample}'\n/file нет.png\n\
             /file examples/demo/samples/recipe.html Что купить?\nПривет\n"
        ),
    );
    assert!(said.contains("[Attached: the text of"), "{said}");
    assert!(said.contains("beetroot") && said.contains("[document recipe.html]"), "{said}");
    assert!(said.contains("«[picture borscht.png]\n     Что это?»"), "{said}");
    assert!(said.contains(&format!("Вижу картинки (байты): {size}.")), "{said}");
    // Its line alone has no Russian word in it.
    assert!(said.contains(&format!("I see pictures (bytes): {size}.")), "{said}");
    assert!(said.contains("(нет.png cannot be sent: "), "{said}");
    assert!(said.contains("«Привет»"), "{said}");
}

#[test]
fn on_a_terminal_the_same_is_in_colours() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let (person, mut child) = demo_on_terminal(folder.path());
    // The end of the input, as Ctrl-D says it.
    (&person).write_all("Покажи код\n\u{4}".as_bytes()).unwrap();
    let mut shown = Vec::new();
    // The last one who has the terminal open takes it along: an error then.
    let _ = (&person).read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("     │ \x1b[36mfn main() {\x1b[0m"), "{shown:?}");
}

#[test]
fn models_and_roles_are_chosen_by_typing_their_buttons_and_cost_what_they_say() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let said =
        demo(folder.path(), "/model\n[Вдумчивая]\n[много]\n/role\n[Рассказчик]\nПривет\n/settings\n/usage\n");
    for expected in [
        "     [✓ Быстрая]\n     [Вдумчивая]\n",
        "     [✓ Вдумчивая]\n     [мало]\n     [✓ средне]\n     [много]\n",
        "     [средне]\n     [✓ много]\n",
        "     [✓ Рассказчик]\n",
        "Модель: Вдумчивая (изменить: /model)\n     Раздумья перед ответом: много\n     Роль: Рассказчик",
        "Сегодня: обращений к модели — 1, токенов — ",
    ] {
        assert!(said.contains(expected), "{expected}\nis not in:\n{said}");
    }
    assert!(!said.contains("неизвестн"), "the catalogue has prices: {said}");
}

#[test]
fn an_answer_is_repeated_in_its_place() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let said = demo(folder.path(), "Привет\n/retry\nЧто я сказал?\n");
    assert!(said.contains("you> /retry\nbot> (the same again)\n"), "{said}");
    assert!(said.contains("bot> Вы сказали: «Привет»."), "{said}");
}

#[test]
fn on_a_terminal_ctrl_c_stops_a_growing_answer_and_what_was_written_stays() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let (person, mut child) = demo_on_terminal(folder.path());
    let mut bytes = Vec::new();
    let mut wait_for = |part: &str| {
        let mut some = [0; 4096];
        while !String::from_utf8_lossy(&bytes).contains(part) {
            let read = (&person).read(&mut some).unwrap();
            bytes.extend_from_slice(&some[..read]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    (&person).write_all(format!("Расскажи длинную историю {}\n", "про суп ".repeat(60)).as_bytes()).unwrap();
    wait_for("bot> Вы");
    let interrupt = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    let shown = wait_for("[Ответить заново]");
    assert!(!shown.contains("начало нашего разговора"), "{shown}");
    // Typed, the button answers again in the stopped one's place.
    (&person).write_all("[Ответить заново]\n".as_bytes()).unwrap();
    wait_for("(edited) Вы написали: «Расскажи длинную историю");
    (&person).write_all(b"\x04").unwrap();
    let _ = (&person).read_to_end(&mut Vec::new());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_demo_answers_what_is_piped_into_it_and_remembers_it_the_next_time() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let first = demo(folder.path(), "Привет\nЧто я сказал?\n");
    assert_eq!(first.lines().filter(|line| line.starts_with("bot> ")).count(), 2, "{first}");
    assert!(first.contains("bot> Вы сказали: «Привет»."), "{first}");
    assert!(first.contains("psql postgres://"), "{first}");
    let second = demo(folder.path(), "А что я сказал?\n/clear\n");
    assert!(second.contains("«Что я сказал?»"), "the dialogue goes on: {second}");
    assert!(second.contains("Вернуть прежний (6 сообщений)"), "{second}");
}

#[test]
fn psql_reads_the_dialogue_while_the_demo_is_running_and_afterwards() {
    let folder = tempfile::Builder::new().prefix("demo").tempdir_in("/var/tmp").unwrap();
    let mut child = command(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all("Привет\n".as_bytes()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("bot> ")));
    let psql = || {
        let mut psql = command(folder.path());
        // Debian's psql begins in Perl, which complains about a language that the machine does not have.
        psql.env("LC_ALL", "C.UTF-8");
        let mut child = psql.arg("psql").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"SELECT content FROM messages ORDER BY id LIMIT 1;").unwrap();
        let said = child.wait_with_output().unwrap();
        assert!(String::from_utf8_lossy(&said.stdout).contains("Привет"), "{said:?}");
    };
    psql();
    drop(input);
    assert_eq!(lines.filter(|line| line.as_ref().unwrap().contains("To read it: make")).count(), 1);
    assert!(child.wait().unwrap().success());
    psql();
}
