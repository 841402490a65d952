//! `systech-aidd history export`: complete or not there, and never large in memory.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;

use sandbox::env::Operator;
use serde_json::Value;

use crate::support::rows::DIALOGUES;
use crate::support::terminal::terminal;
use crate::support::transaction::Transaction;

#[test]
fn both_formats_hold_every_selected_message_as_it_is() {
    let operator = Operator::up_to_date();
    operator.psql(DIALOGUES);
    operator.psql("UPDATE messages SET content = E'a,\"b\"\\n;\\tпривет' WHERE content = 'Salt'");
    let jsonl = operator.run(&["history", "export", "--cleared"]).ok();
    let records: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = records.iter().map(|record| record["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(records[3]["content"], "a,\"b\"\n;\tпривет");
    assert_eq!(records[4]["deleted_at"], "2026-01-04T08:00:00.250000");

    let csv = operator.run(&["history", "export", "--cleared", "--format", "csv"]).ok();
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let heading = csv.headers().unwrap().clone();
    let columns = [
        "id",
        "user_id",
        "chat_id",
        "role",
        "content",
        "message_length",
        "created_at",
        "deleted_at",
        "thread_id",
        "quoted",
    ];
    assert_eq!(heading.iter().collect::<Vec<_>>(), columns);
    for (row, record) in csv.records().map(Result::unwrap).zip(&records) {
        for (column, value) in columns.iter().zip(row.iter()) {
            let expected = match &record[column] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(value, expected, "{column}");
        }
    }
    let count =
        |arguments: &[&str]| operator.run(&[&["history", "export"], arguments].concat()).ok().lines().count();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--user", "1"]), 2);
    assert_eq!(count(&["--cleared", "--chat", "-7"]), 2);
    assert_eq!(count(&["--cleared", "--until", "2026-01-02 12:00"]), 4);
    assert_eq!(count(&["--user", "9"]), 0);
}

fn many(rows: usize) -> Operator {
    let operator = Operator::up_to_date();
    operator.psql(&format!(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT n % 100, n % 100, 'user', repeat('слово ', 30), 180 FROM generate_series(1, {rows}) AS n;
         INSERT INTO messages (user_id, chat_id, role, content, message_length)
         VALUES (1, 1, 'user', repeat('end ', 100000), 400000)"
    ));
    operator
}

#[test]
fn two_hundred_thousand_messages_take_less_than_64_mb() {
    let operator = many(200_000);
    for format in ["jsonl", "csv"] {
        let mut child = operator.command(&["history", "export", "--format", format]).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = Vec::new();
        let lines = 200_000 + usize::from(format == "csv");
        for _ in 0..lines {
            line.clear();
            assert!(output.read_until(b'\n', &mut line).unwrap() > 100 || format == "csv");
        }
        // The last message does not fit in the pipe: the program is still there, and has seen everything.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u32 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 64 * 1024, "{format}: {kilobytes} kB");
        line.clear();
        output.read_to_end(&mut line).unwrap();
        assert!(line.len() > 400_000);
        assert!(child.wait().unwrap().success());
    }
}

/// From now on the message of this number is read only when nobody holds the lock.
fn held_up_at(operator: &Operator, id: u32) -> Transaction {
    operator.psql(&format!(
        "ALTER TABLE messages RENAME TO kept;
         CREATE FUNCTION held_up(id int, content text) RETURNS text LANGUAGE plpgsql AS
            'BEGIN IF id = {id} THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN content; END';
         CREATE VIEW messages AS SELECT id, user_id, chat_id, role, held_up(id, content) AS content, message_length,
            created_at, deleted_at, thread_id FROM kept"
    ));
    Transaction::begin(&operator.database, "SELECT pg_advisory_xact_lock(4711)")
}

fn files(operator: &Operator) -> Vec<String> {
    let names = fs::read_dir(operator.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| !name.starts_with("stderr")).collect()
}

#[test]
fn a_killed_export_leaves_no_file_and_the_next_one_begins_anew() {
    let operator = many(20_000);
    let in_the_way = held_up_at(&operator, 15_000);
    let before = files(&operator);
    let running = operator.begin(&["history", "export", "--to", "all.jsonl"]);
    operator.database.wait_blocked(1);
    operator.kill(running);
    assert_eq!(files(&operator), before);
    drop(in_the_way);
    operator.run(&["history", "export", "--to", "all.jsonl"]).ok();
    let file = operator.folder().join("all.jsonl");
    let lines = fs::read_to_string(&file).unwrap();
    assert_eq!(lines.lines().count(), 20_001);
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_export_overwrites_no_file_unasked_not_even_one_that_came_meanwhile() {
    let operator = many(20_000);
    let file = operator.folder().join("mine.csv");
    let export = ["history", "export", "--format", "csv", "--to", "mine.csv"];
    fs::write(&file, "mine").unwrap();
    let refused = operator.run(&export).fails_with(1);
    assert!(refused.contains("mine.csv is there already") && refused.contains("--force"), "{refused}");
    fs::remove_file(&file).unwrap();
    let in_the_way = held_up_at(&operator, 15_000);
    let running = operator.begin(&export);
    operator.database.wait_blocked(1);
    fs::write(&file, "mine").unwrap();
    drop(in_the_way);
    let refused = running.wait().fails_with(1);
    assert!(refused.contains("mine.csv is there already"), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let before = files(&operator);
    operator.run(&[&export[..], &["--force"]].concat()).ok();
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 20_002);
    assert_eq!(files(&operator), before);
    let refused = operator.run(&["history", "export", "--to", ".", "--force"]).fails_with(1);
    assert!(refused.contains("no regular file"), "{refused}");
    operator.run(&["history", "export", "--force"]).fails_with(2);
}

#[test]
fn a_spreadsheet_shows_russian_and_runs_no_formula_and_json_is_exact() {
    let operator = Operator::up_to_date();
    let texts = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "привет", "1-1"];
    for text in texts {
        operator.psql(&format!(
            "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (-7, -7, 'user', '{}', 1)",
            text.replace('\'', "''")
        ));
    }
    let csv = operator.run(&["history", "export", "--format", "csv"]).ok();
    assert!(csv.starts_with("\u{feff}id,user_id,"), "{csv}");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
    for (row, text) in rows.iter().zip(texts) {
        let cell = &row[4];
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), text);
        assert_eq!(&row[1], "-7", "an id stays a number");
    }
    let jsonl = operator.run(&["history", "export"]).ok();
    let contents: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(contents.iter().map(|record| record["content"].as_str().unwrap()).eq(texts));
}

#[test]
fn who_stops_reading_is_no_error() {
    let operator = many(20_000);
    let mut child = operator.command(&["history", "export"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn a_terminal_shows_how_far_the_export_is_and_a_pipe_shows_nothing() {
    let mut operator = many(20_000);
    operator.set("TERM", "xterm");
    let (person, program) = terminal();
    let mut child = operator
        .command(&["history", "export", "--to", "all.csv", "--format", "csv"])
        .stderr(program)
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
    let mut screen = vec![0; 1 << 16];
    let read = rustix::io::read(&person, &mut screen).unwrap();
    let screen = String::from_utf8_lossy(&screen[..read]).into_owned();
    assert!(screen.contains("of 20,001 messages"), "{screen}");
    assert_eq!(operator.run(&["history", "export", "--to", "again.csv"]).err, "");
}
