//! `make demo`, without a terminal.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Talks to the demo in `folder` and returns what it prints.
fn demo(folder: &Path, lines: &str) -> String {
    let bot = Path::new(env!("CARGO_BIN_EXE_systech-aidd"));
    let demo = bot.parent().unwrap().join("examples/demo");
    assert!(demo.exists(), "build it first: cargo build --example demo");
    let mut child = Command::new(demo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DEMO_DIR", folder)
        .env_remove("OPENROUTER_API_KEY")
        .env_remove("LLM_BASE_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
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
    assert!(second.contains("Забыто 6 сообщений"), "{second}");
}
