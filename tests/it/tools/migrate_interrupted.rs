//! Migrations in somebody's way, and migrations that are killed: what is left, and how the next run goes on.

use std::io::Read;

use sandbox::env::Operator;
use sandbox::wait_until;

use crate::support::migrations::{LAST, ROWS, SCHEMA, migrated, states};
use crate::support::terminal::{run_on_terminal, terminal};
use crate::support::transaction::Transaction;

const INDEX: &str = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('idx_messages_history')";
#[test]
fn a_migration_never_queues_for_long_behind_somebodys_transaction() {
    let mut operator = Operator::new();
    operator.set("SHORT_WAITS", "lock=0.2");
    operator.run(&["migrate", "to", "20261123000003"]).ok();
    let somebody = Transaction::begin(&operator.database, "LOCK TABLE messages IN SHARE MODE");
    let said = operator.run(&["migrate", "up"]).fails_with(1);
    assert!(said.contains("create_turns/up.sql:6: ") && said.contains("lock timeout"), "{said}");
    assert!(said.contains("pg_stat_activity"), "{said}");
    assert_eq!(states(&operator), "aaapp");
    drop(somebody);
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(states(&operator), "aaaaa");
}

#[test]
fn a_migration_behind_a_long_reader_holds_up_nobody_and_goes_on_when_the_reader_ends() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261127000003"]).ok();
    let reader = Transaction::begin(&operator.database, "SELECT count(*) FROM messages");
    let running = operator.begin(&["migrate", "up"]);
    wait_until("the migration to meet the reader's lock", || {
        running.errors().contains("another transaction holds a lock").then_some(())
    });
    for _ in 0..10 {
        operator.database.psql("SET lock_timeout TO '3s'; SELECT count(*) FROM messages");
    }
    drop(reader);
    running.wait().ok();
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn an_index_that_takes_long_is_told_while_it_is_built() {
    let mut operator = Operator::new();
    operator.set("SHORT_WAITS", "progress=0.05");
    operator.run(&["migrate", "to", "20261123000014"]).ok();
    // The build waits for everybody who might write under the old state of things.
    let writer = "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'x', 1)";
    let somebody = Transaction::begin(&operator.database, writer);
    let running = operator.begin(&["migrate", "up"]);
    let line = "index=\"idx_messages_words\"";
    wait_until("a line about the index", || {
        running
            .errors()
            .lines()
            .any(|said| said.contains(line) && said.contains("waiting for writers before build"))
            .then_some(())
    });
    drop(somebody);
    running.wait().ok();
    // On a terminal it is one line, which is gone in the end.
    operator.run(&["migrate", "to", "20261123000014", "--yes"]).ok();
    let somebody = Transaction::begin(&operator.database, writer);
    let (mut person, program) = terminal();
    let mut child = operator.command(&["migrate", "up"]).stderr(program).spawn().unwrap();
    let mut screen = Vec::new();
    let mut read = || {
        let mut some = [0; 4096];
        let read = person.read(&mut some).unwrap_or(0);
        screen.extend_from_slice(&some[..read]);
        String::from_utf8_lossy(&screen).into_owned()
    };
    let line = "\r\u{1b}[Kidx_messages_words: waiting for writers before build";
    wait_until("a line on the terminal", || read().contains(line).then_some(()));
    drop(somebody);
    assert!(child.wait().unwrap().success());
    wait_until("the end of the line", || read().ends_with("\r\u{1b}[K").then_some(()));
}

#[test]
fn nothing_is_destroyed_unasked_because_somebodys_lock_hid_what_there_is() {
    let mut operator = migrated();
    operator.set("SHORT_WAITS", "lock=0.2");
    operator.psql(ROWS);
    for table in ["reply_parts", "turns"] {
        let somebody =
            Transaction::begin(&operator.database, &format!("LOCK TABLE {table} IN ACCESS SHARE MODE"));
        let said = operator.run(&["migrate", "to", "20261123000003"]).fails_with(1);
        assert!(said.contains("lock timeout") && said.contains("pg_stat_activity"), "{said}");
        drop(somebody);
    }
    assert_eq!(states(&operator), "aaaaa");
}

#[test]
fn what_was_refused_in_passing_when_its_operator_was_asked_is_not_destroyed_after_the_consent() {
    let operator = migrated();
    operator.psql(ROWS);
    // As a deadlock with the bot would: once, and not again.
    operator.psql(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION refuse_once() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
             IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() WHERE object_identity = 'public.turns') THEN
                 IF nextval('tries') = 1 THEN RAISE EXCEPTION 'in passing'; END IF;
             END IF;
         END $$;
         CREATE EVENT TRIGGER refuse_once ON sql_drop EXECUTE FUNCTION refuse_once()",
    );
    let to_the_second = ["migrate", "to", "20261123000002"];
    let said = run_on_terminal(&operator, &to_the_second, "y").fails_with(1);
    assert!(said.contains("table reply_parts: 2 rows, 2 of them not sent yet"), "{said}");
    assert!(said.contains("and then it stops at 2026-11-23-000004_create_turns"), "{said}");
    assert!(!said.contains("table turns"), "{said}");
    assert_eq!(states(&operator), "aaaap");
    assert_eq!(operator.psql("SELECT count(*) FROM turns"), "1");
    // Asked again, it is all named.
    let said = run_on_terminal(&operator, &to_the_second, "n").fails_with(4);
    assert!(said.contains("table turns: 1 row\n"), "{said}");
    assert!(said.contains("table updates: 1 row, 1 of them not answered yet\n"), "{said}");
}

#[test]
fn a_build_that_gives_up_says_so_and_the_next_one_succeeds() {
    let mut operator = Operator::new();
    operator.set("SHORT_WAITS", "lock=0.2");
    operator.run(&["migrate", "to", "20261123000001"]).ok();
    let writer = "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2)";
    let somebody = Transaction::begin(&operator.database, writer);
    let said = operator.run(&["migrate", "up"]).fails_with(1);
    assert!(said.contains("lock timeout") && said.contains("the next run replaces or drops it"), "{said}");
    drop(somebody);
    operator.run(&["migrate", "to", LAST]).ok();
    assert_eq!(operator.psql(INDEX), "t");
}

#[test]
fn of_two_that_migrate_at_once_one_works_and_the_other_waits() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000003"]).ok();
    let somebody = Transaction::begin(&operator.database, "LOCK TABLE messages IN SHARE MODE");
    let first = operator.begin(&["migrate", "up"]);
    operator.wait_for_rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", |rows| rows == "1");
    let second = operator.begin(&["migrate", "up"]);
    second.wait_for_line("another instance is migrating");
    drop(somebody);
    assert!(first.wait().ok().contains("apply 2026-11-23-000004_create_turns"));
    assert!(second.wait().ok().starts_with("nothing to do"));
}

fn killed_while_waiting(operator: &Operator, lock: &str, arguments: &[&str]) {
    let somebody = Transaction::begin(&operator.database, lock);
    let running = operator.begin(arguments);
    operator.database.wait_blocked(1);
    running.kill();
    // Its statement would wait for the lock, and then go on.
    operator.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'systech-aidd'",
    );
    operator.database.wait_disconnected();
    drop(somebody);
}

#[test]
fn a_killed_up_is_continued_by_the_next_one() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000002"]).ok();
    killed_while_waiting(&operator, "LOCK TABLE messages IN SHARE MODE", &["migrate", "up"]);
    assert_eq!(states(&operator), "aaapp");
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(states(&operator), "aaaaa");
    assert_eq!(operator.psql(SCHEMA), Operator::up_to_date().psql(SCHEMA));
}

#[test]
fn a_killed_way_back_is_continued_by_the_next_one() {
    let operator = migrated();
    operator.psql(ROWS);
    let back = ["migrate", "to", "20261123000001", "--yes"];
    killed_while_waiting(&operator, "LOCK TABLE updates IN SHARE MODE", &back);
    assert_eq!(states(&operator), "aaapp");
    operator.run(&back).ok();
    assert_eq!(states(&operator), "apppp");
    assert_eq!(operator.psql("SELECT count(*) FROM messages"), "1");
}

#[test]
fn killed_at_any_step_of_the_way_forth_or_back_the_next_run_arrives() {
    let schema = |operator: &Operator| operator.psql(SCHEMA);
    let (there, back) = (Operator::up_to_date(), Operator::new());
    back.run(&["migrate", "to", "20261123000001"]).ok();
    let (there, back) = (schema(&there), schema(&back));
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000001"]).ok();
    for step in ["000002", "000003", "000004", "000005"] {
        operator.kill_when_it_says(operator.begin(&["migrate", "up"]), step);
        operator.run(&["migrate", "up"]).ok();
        assert_eq!(schema(&operator), there, "killed at {step} of the way forth");
        operator.kill_when_it_says(operator.begin(&["migrate", "to", "20261123000001", "--yes"]), step);
        operator.run(&["migrate", "to", "20261123000001", "--yes"]).ok();
        assert_eq!(schema(&operator), back, "killed at {step} of the way back");
    }
}

#[test]
fn an_index_whose_building_was_killed_is_reported_and_built_anew() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000001"]).ok();
    // CONCURRENTLY waits for every transaction that writes to the table
    let writer = "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2)";
    killed_while_waiting(&operator, writer, &["migrate", "up"]);
    assert_eq!(operator.psql(INDEX), "f");
    let status = operator.run(&["migrate", "status"]).ok();
    assert!(
        status.contains("invalid   index idx_messages_history  (systech-aidd migrate up builds it anew)"),
        "{status}"
    );
    let said = operator.run(&["migrate", "to", LAST]).ok();
    assert!(said.starts_with("drop idx_messages_history, left by an interrupted build\napply"), "{said}");
    assert_eq!(operator.psql(INDEX), "t");
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(operator.run(&["migrate", "status", "--check"]).code, Some(0));
}

#[test]
fn an_index_that_the_server_finished_after_its_client_was_killed_is_in_nobodys_way() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000001"]).ok();
    operator.psql("CREATE INDEX idx_messages_history ON messages (user_id, chat_id, created_at DESC, id DESC) WHERE deleted_at IS NULL");
    assert_eq!(states(&operator), "apppp");
    operator.run(&["migrate", "to", LAST]).ok();
    assert_eq!(states(&operator), "aaaaa");
    assert_eq!(operator.psql(INDEX), "t");
}

#[test]
fn an_index_whose_dropping_was_killed_can_be_dropped_on_or_built_anew() {
    for (next, status, index) in
        [(&["migrate", "to", LAST][..], "aaaaa", "t"), (&["migrate", "down"], "apppp", "")]
    {
        let operator = Operator::new();
        operator.run(&["migrate", "to", "20261123000002"]).ok();
        let reader = "SELECT count(*) FROM messages";
        killed_while_waiting(&operator, reader, &["migrate", "down"]);
        assert_eq!(operator.psql(INDEX), "f");
        assert_eq!(states(&operator), "appppi", "recorded, but not whole");
        operator.run(next).ok();
        assert_eq!(states(&operator), status);
        assert_eq!(operator.psql(INDEX), index);
    }
}

#[test]
fn a_revert_killed_before_it_was_recorded_is_recorded_by_the_next_one_and_reverts_nothing_more() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000002"]).ok();
    operator.psql("DROP INDEX idx_messages_history");
    let status = operator.run(&["migrate", "status"]).ok();
    assert!(
        status.contains("pending   2026-11-23-000002_add_history_index")
            && status.contains("gone or invalid"),
        "{status}"
    );
    let said = operator.run(&["migrate", "down"]).ok();
    assert!(said.starts_with("forget 2026-11-23-000002_add_history_index"), "{said}");
    assert_eq!(states(&operator), "apppp");
    assert_eq!(operator.psql("SELECT count(*) FROM __diesel_schema_migrations"), "1");
}

/// The migration that drops the index, and the one before it.
const DROPS: &str = "2026-11-24-000032_drop_history_index";
const BEFORE_IT: &str = "2026-11-24-000031";

#[test]
fn an_index_whose_giving_up_was_killed_is_dropped_on_and_not_built_anew() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", BEFORE_IT]).ok();
    let reader = "SELECT count(*) FROM messages";
    killed_while_waiting(&operator, reader, &["migrate", "to", DROPS]);
    assert_eq!(operator.psql(INDEX), "f");
    let status = operator.run(&["migrate", "status"]).ok();
    assert_eq!(states(&operator), "aaaaai", "{status}");
    assert!(status.contains("index idx_messages_history  (systech-aidd migrate up drops it)"), "{status}");
    let said = operator.run(&["migrate", "to", DROPS]).ok();
    assert_eq!(said, format!("apply {DROPS}\nthe database is at {DROPS}\n"));
    assert_eq!(operator.psql(INDEX), "");
    // And killed between the dropping and its record.
    operator.psql("DELETE FROM __diesel_schema_migrations WHERE version = '20261124000032'");
    assert_eq!(states(&operator), "aaaaa");
    assert_eq!(operator.run(&["migrate", "to", DROPS]).ok(), said);
    operator.run(&["migrate", "up"]).ok();
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn an_index_whose_coming_back_was_killed_can_be_dropped_again_or_built_anew() {
    for (next, said, index) in [
        (&["migrate", "to", DROPS][..], format!("forget {DROPS}, which is not whole\napply {DROPS}\n"), ""),
        (
            &["migrate", "to", BEFORE_IT],
            format!("drop idx_messages_history, left by an interrupted build\nrevert {DROPS}\n"),
            "t",
        ),
    ] {
        let operator = Operator::new();
        operator.run(&["migrate", "to", DROPS]).ok();
        let writer = "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2)";
        killed_while_waiting(&operator, writer, &["migrate", "to", BEFORE_IT]);
        assert_eq!(operator.psql(INDEX), "f");
        let status = operator.run(&["migrate", "status"]).ok();
        assert!(
            status.contains(&format!(
                "pending   {DROPS}  (idx_messages_history, which it dropped, is there again)"
            )),
            "{status}"
        );
        assert!(operator.run(next).ok().starts_with(&said), "{status}");
        assert_eq!(operator.psql(INDEX), index);
        operator.run(&["migrate", "up"]).ok();
        operator.run(&["migrate", "status", "--check"]).ok();
    }
}
