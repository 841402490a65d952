//! `systech-aidd takeover --check`: what a takeover would do, before it is done.

use sandbox::env::Operator;

use crate::support::predecessor;
use crate::support::transaction::Transaction;

/// The predecessor's settings and database.
fn predecessors() -> Operator {
    let mut operator = Operator::new();
    operator.set("TELEGRAM_BOT_TOKEN", "1:abcdefghijklmnopqrstuvwxyz_SECRETTOKEN");
    operator.set("OPENROUTER_API_KEY", "sk-or-SECRETKEY");
    std::fs::create_dir(operator.folder().join("prompts")).unwrap();
    std::fs::write(
        operator.folder().join("prompts/nutritionist.txt"),
        "You are a nutritionist.\n\nBe brief.",
    )
    .unwrap();
    operator.psql(&predecessor::database());
    operator
}

/// The report of a check that finds something in the way.
#[track_caller]
fn refused(operator: &Operator) -> String {
    let checked = operator.run(&CHECK);
    assert_eq!(checked.code, Some(1), "{}", checked.out);
    checked.out
}

const CHECK: [&str; 2] = ["takeover", "--check"];

#[test]
fn the_check_tells_what_will_change_and_changes_nothing() {
    let operator = predecessors();
    let rows = "SELECT id, user_id, chat_id, role, content, message_length, created_at, deleted_at FROM messages ORDER BY id";
    let objects =
        "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1";
    let (before, made) = (operator.psql(rows), operator.psql(objects));
    let said = operator.run(&CHECK).ok();
    for line in [
        "✓ settings   this bot can use all that are set\n",
        "! defaults   LLM_MODEL is not set: it was openai/gpt-oss-20b:free, which is free; now it is \
         ~openai/gpt-luna-latest, which costs money. To keep it: LLM_MODEL=openai/gpt-oss-20b:free\n",
        "! defaults   LLM_TIMEOUT is not set: it was 30; now it is 60. To keep it: LLM_TIMEOUT=30\n",
        "! defaults   MAX_HISTORY_MESSAGES is not set: it was 10; now it is 20.",
        "! /role      it answers: You are a nutritionist. (ROLE_TEXT sets another text)\n",
        "of the predecessor, at revision 0001\n",
        "✓ rehearsal  messages has the predecessor's shape; ",
        "✓ messages   3 rows, checksum ",
        "✓ stamps     none is ahead of the server's clock\n",
        "✓ roles      user and assistant only\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let sums: Vec<_> =
        said.lines().find(|line| line.contains("checksum")).unwrap().split("checksum ").skip(1).collect();
    assert_eq!(sums.len(), 2);
    assert_eq!(sums[0].split(';').next(), Some(sums[1]), "{said}");
    assert_eq!((operator.psql(rows), operator.psql(objects)), (before.clone(), made));
    for secret in ["Eve", "gone", "SECRET"] {
        assert!(!said.contains(secret), "{said}");
    }
    // And then it is done.
    let done = operator.run(&["takeover"]).ok();
    assert!(done.contains("\napply 2026-11-23-000001_create_messages\n"), "{done}");
    assert_eq!(operator.psql(rows), before);
    let again = operator.run(&CHECK).ok();
    assert!(again.contains("is this bot's already"), "{again}");
}

#[test]
fn what_an_operator_has_to_know_is_told_and_keeps_nobody_from_taking_over() {
    let mut operator = predecessors();
    operator.set("LLM_TIMEOUT", "30");
    std::fs::write(
        operator.folder().join(".env"),
        "LLM_MODEL=a\nmax_history_messages=10\nLLM_MODEL=b\nROLE_TEXT=I am Ivan\n",
    )
    .unwrap();
    operator.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at) VALUES
             (1, 1, 'system', 'Secret words', 12, localtimestamp), (1, 1, 'User', 'Secret words', 12, localtimestamp),
             (1, 1, 'user', 'Secret words', 12, localtimestamp + interval '2 hours')",
    );
    let said = operator.run(&CHECK).ok();
    for line in [
        "! settings   .env sets LLM_MODEL more than once, in lines 1 and 3; keep the line that you mean",
        "! settings   max_history_messages is not read here; write MAX_HISTORY_MESSAGES\n",
        "! /role      it answers: I am Ivan (ROLE_TEXT sets another text)\n",
        "! stamps     1 rows are ahead of the server's clock, the farthest by 120 min",
        "! roles      \"User\" in 1 rows, \"system\" in 1 rows: these rows stay",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("LLM_TIMEOUT") && !said.contains("LLM_MODEL is not set"), "{said}");
    assert!(!said.contains("Secret"), "{said}");
}

#[test]
fn what_would_stop_the_takeover_is_found_by_the_check() {
    for (sql, words) in [
        ("ALTER TABLE messages DROP COLUMN message_length", "column message_length is missing"),
        ("ALTER TABLE messages ALTER COLUMN user_id TYPE TEXT", "column user_id is text NOT NULL"),
        ("CREATE TABLE updates (theirs INTEGER)", "relation \"updates\" already exists"),
    ] {
        let operator = predecessors();
        operator.psql(sql);
        let said = refused(&operator);
        assert!(said.contains("✗ rehearsal  migration 2026-11-23-00000") && said.contains(words), "{said}");
        // Nothing is begun that cannot be ended.
        operator.run(&["takeover"]).fails_with(1);
        assert_eq!(operator.psql("SELECT to_regclass('__diesel_schema_migrations') IS NULL"), "t");
    }
    let mut operator = predecessors();
    operator.unset("OPENROUTER_API_KEY");
    let said = refused(&operator);
    assert!(said.contains("✗ settings   OPENROUTER_API_KEY is missing"), "{said}");
}

#[test]
fn the_check_gives_way_to_the_predecessor_within_seconds() {
    let operator = predecessors();
    let writing = Transaction::begin(
        &operator.database,
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2)",
    );
    let begun = std::time::Instant::now();
    let said = refused(&operator);
    assert!(
        said.contains("! database   1 other connections: stop the predecessor before the takeover"),
        "{said}"
    );
    assert!(said.contains("✗ rehearsal  ") && said.contains("lock timeout"), "{said}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    drop(writing);
    operator.run(&CHECK).ok();
}
