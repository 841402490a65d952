//! `pg_dump -t messages`, into an empty database: the bot starts on it, and nothing is missing.

use std::process::{Command, Stdio};

use sandbox::env::{Operator, TestEnv};

use crate::support::migrations::ROWS;

const MESSAGES: &str = "SELECT * FROM messages ORDER BY id";

/// A tool of PostgreSQL that reads `input`: what it printed, and what it complained of.
fn tool(name: &str, arguments: &[&str], input: &str) -> (String, String) {
    use std::io::Write;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A tool that reads nothing may be gone before.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    })
}

/// A database with messages, and what pg_dump makes of that table.
fn dumped(arguments: &[&str]) -> (Operator, String) {
    let from = Operator::up_to_date();
    from.psql(ROWS);
    from.psql("UPDATE messages SET content = E'Привет\\n\\\\.\\tмир'");
    let url = from.database.url();
    let (dump, complaint) = tool("pg_dump", &[&["-t", "messages"], arguments, &[&url]].concat(), "");
    assert_eq!(complaint, "");
    (from, dump)
}

#[test]
fn a_dump_of_the_table_lacks_one_index_which_the_start_of_the_bot_builds() {
    let (from, dump) = dumped(&[]);
    let env = TestEnv::empty();
    let (_, complaint) = tool("psql", &["-q", &env.database.url()], &dump);
    assert_eq!(complaint.matches("ERROR").count(), 1, "{complaint}");
    assert!(complaint.contains("message_words(text) does not exist"), "{complaint}");
    env.kill(env.start_ready());
    assert_eq!(env.psql(MESSAGES), from.psql(MESSAGES));
    env.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn a_dump_of_the_data_alone_goes_into_a_migrated_database() {
    let (from, dump) = dumped(&["--data-only"]);
    let to = Operator::up_to_date();
    let (_, complaint) = tool("psql", &["-q", &to.database.url()], &dump);
    assert_eq!(complaint, "");
    assert_eq!(to.psql(MESSAGES), from.psql(MESSAGES));
    to.run(&["migrate", "status", "--check"]).ok();
    let next = "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2) RETURNING id";
    assert_eq!(to.psql(next).lines().next(), Some("2"), "it counts on");
}
