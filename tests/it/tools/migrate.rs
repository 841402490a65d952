//! `systech-aidd migrate`: what an operator sees and does, and what a crash in the middle of it leaves.

use sandbox::env::Operator;

use crate::support::migrations::{self, LAST, ROWS, SCHEMA, migrated, states};
use crate::support::predecessor;
use crate::support::terminal::run_on_terminal;

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

#[test]
fn the_status_of_an_empty_database_is_all_pending_and_asking_changes_nothing() {
    let operator = Operator::new();
    let status = operator.run(&["migrate", "status"]).ok();
    assert!(status.contains(&format!("database  {}", operator.database.name())), "{status}");
    assert!(status.contains("version   none"), "{status}");
    let all = migrations::names().len();
    assert_eq!(status.matches("\npending   20").count(), all, "{status}");
    operator.run(&["migrate", "history", "--verbose"]).ok();
    operator.run(&["migrate", "up", "--dry-run"]).ok();
    assert_eq!(operator.psql(TABLES), "0");
}

#[test]
fn status_check_succeeds_only_when_nothing_is_pending_unknown_or_invalid() {
    let operator = Operator::new();
    let check = || operator.run(&["migrate", "status", "--check"]).code;
    assert_eq!(check(), Some(3));
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(check(), Some(0));
    operator.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
    assert_eq!(check(), Some(3));
    operator.psql("DELETE FROM __diesel_schema_migrations WHERE version = '20990101000000'");
    operator.psql("CREATE INDEX theirs ON messages (role); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'theirs'::regclass");
    assert_eq!(check(), Some(3));
    let status = operator.run(&["migrate", "status"]).ok();
    assert!(status.contains("invalid   index theirs  (not of a migration: REINDEX"), "{status}");
}

#[test]
fn up_applies_what_is_pending_and_says_so_and_then_there_is_nothing_to_do() {
    let operator = Operator::new();
    let said = operator.run(&["migrate", "up"]).ok();
    let steps: Vec<_> = said.lines().collect();
    assert_eq!(steps[0], "apply 2026-11-23-000001_create_messages");
    assert_eq!(steps[4], format!("apply {LAST}"));
    let end = steps.last().unwrap();
    assert!(end.starts_with("the database is at 20"), "{said}");
    assert_eq!(states(&operator), "aaaaa");
    assert_eq!(operator.run(&["migrate", "up"]).ok(), format!("nothing to do: {end}\n"));
}

#[test]
fn history_tells_why_each_migration_is_there_and_when_it_was_applied() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "2026-11-23-000001"]).ok();
    operator.psql("UPDATE __diesel_schema_migrations SET run_on = '2026-12-24 18:00:00'");
    let history = operator.run(&["migrate", "history"]).ok();
    let first = "2026-11-23-000001_create_messages  (applied 2026-12-24 18:00:00)\n    `messages` holds every dialogue";
    assert!(history.starts_with(first), "{history}");
    assert!(history.contains("\n\n2026-11-23-000003_create_updates  (pending)\n    the inbox."), "{history}");
    assert!(!history.contains("CREATE TABLE"), "{history}");
    let verbose = operator.run(&["migrate", "history", "--verbose"]).ok();
    assert!(verbose.contains("    CREATE TABLE updates (\n        seq BIGSERIAL PRIMARY KEY,"), "{verbose}");
    assert!(verbose.contains("    --- down ---\n    DROP TABLE updates;"), "{verbose}");
}

#[test]
fn the_sql_of_a_dry_run_does_in_psql_what_the_program_does() {
    let (by_hand, by_program) = (Operator::new(), Operator::up_to_date());
    by_hand.psql(&by_hand.run(&["migrate", "up", "--dry-run"]).ok());
    assert_eq!(by_hand.psql(SCHEMA), by_program.psql(SCHEMA));
    assert_eq!(states(&by_hand), "aaaaa");
    // And backwards.
    by_hand.psql(&by_hand.run(&["migrate", "to", "20261123000001", "--dry-run"]).ok());
    by_program.run(&["migrate", "to", "20261123000001", "--yes"]).ok();
    assert_eq!(by_hand.psql(SCHEMA), by_program.psql(SCHEMA));
    assert_eq!(states(&by_hand), "apppp");
}

#[test]
fn down_takes_back_the_newest_migration_and_nothing_else() {
    let operator = migrated();
    operator.run(&["migrate", "down", "--yes"]).ok();
    assert_eq!(states(&operator), "aaaap");
    assert_eq!(
        operator.psql("SELECT to_regclass('reply_parts') IS NULL, to_regclass('turns') IS NULL"),
        "t|f"
    );
}

#[test]
fn without_a_terminal_nothing_is_destroyed_and_the_tables_and_rows_that_would_go_are_named() {
    let operator = migrated();
    operator.psql(ROWS);
    let said = operator.run(&["migrate", "to", "20261123000003"]).fails_with(4);
    assert!(
        said.contains("  table reply_parts: 2 rows, 2 of them not sent yet\n  table turns: 1 row\n"),
        "{said}"
    );
    assert!(!said.contains("messages:"), "{said}");
    assert!(said.contains("No backup is made first: BACKUP_DIR is not set."), "{said}");
    assert!(said.contains("Nothing was done") && said.contains("--yes"), "{said}");
    for command in [&["migrate", "down"][..], &["migrate", "down", "--all"], &["migrate", "redo"]] {
        operator.run(command).fails_with(4);
    }
    assert_eq!(states(&operator), "aaaaa");
    assert_eq!(operator.psql("SELECT count(*) FROM reply_parts"), "2");
}

#[test]
fn on_a_terminal_a_person_is_asked_and_only_yes_is_yes() {
    let operator = migrated();
    operator.psql(ROWS);
    for answer in ["", "n", "maybe"] {
        let said = run_on_terminal(&operator, &["migrate", "down"], answer).fails_with(4);
        assert!(said.contains("table reply_parts: 2 rows") && said.contains("Continue? [y/N]"), "{said}");
        assert_eq!(states(&operator), "aaaaa");
    }
    run_on_terminal(&operator, &["migrate", "down"], "y").ok();
    assert_eq!(states(&operator), "aaaap");
}

#[test]
fn what_holds_no_data_goes_without_a_question() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "20261123000002"]).ok();
    operator.run(&["migrate", "down"]).ok();
    assert_eq!(states(&operator), "apppp");
    assert_eq!(operator.psql("SELECT to_regclass('idx_messages_history') IS NULL"), "t");
}

#[test]
fn to_goes_exactly_there_in_both_directions_however_the_version_is_typed() {
    let operator = Operator::new();
    operator.run(&["migrate", "to", "2026-11-23-000003"]).ok();
    assert_eq!(states(&operator), "aaapp");
    operator.run(&["migrate", "to", LAST]).ok();
    assert_eq!(states(&operator), "aaaaa");
    operator.run(&["migrate", "to", "20261123000002", "--yes"]).ok();
    assert_eq!(states(&operator), "aappp");
    let said = operator.run(&["migrate", "to", "20261123000002"]).ok();
    assert!(said.starts_with("nothing to do"), "{said}");
}

#[test]
fn to_fills_a_gap_below_and_takes_back_what_is_above() {
    let operator = migrated();
    operator
        .psql("DROP TABLE updates; DELETE FROM __diesel_schema_migrations WHERE version = '20261123000003'");
    operator.run(&["migrate", "to", "20261123000004", "--yes"]).ok();
    assert_eq!(states(&operator), "aaaap");
    assert_eq!(operator.psql("SELECT count(*) FROM updates"), "0");
}

#[test]
fn a_version_that_does_not_exist_is_answered_with_those_that_do() {
    let operator = Operator::new();
    let said = operator.run(&["migrate", "to", "20261123000009"]).fails_with(1);
    assert!(said.contains("no migration \"20261123000009\"") && said.contains(LAST), "{said}");
    assert_eq!(operator.psql(TABLES), "0");
}

#[test]
fn redo_takes_the_newest_migration_back_and_forth() {
    let operator = migrated();
    operator.psql(ROWS);
    let schema = operator.psql(SCHEMA);
    let said = operator.run(&["migrate", "redo", "--yes"]).ok();
    assert_eq!(said, format!("revert {LAST}\napply {LAST}\nthe database is at {LAST}\n"));
    assert_eq!(operator.psql("SELECT count(*) FROM reply_parts"), "0");
    assert_eq!(operator.psql(SCHEMA), schema);
}

#[test]
fn down_all_leaves_an_empty_database_that_can_be_migrated_again() {
    let operator = Operator::up_to_date();
    let schema = operator.psql(SCHEMA);
    operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    assert_eq!(states(&operator), "ppppp");
    assert_eq!(operator.psql(TABLES), "1", "Diesel's own");
    let said = operator.run(&["migrate", "down"]).ok();
    assert!(said.starts_with("nothing to do: no migration is applied"), "{said}");
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(operator.psql(SCHEMA), schema);
}

#[test]
fn a_database_of_a_newer_version_is_shown_and_not_touched() {
    let operator = migrated();
    operator.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
    let status = operator.run(&["migrate", "status"]).ok();
    assert!(status.contains("unknown   20990101000000"), "{status}");
    for command in [
        &["up"][..],
        &["down", "--yes"],
        &["down", "--all", "--yes"],
        &["redo", "--yes"],
        &["to", "20261123000001", "--yes"],
    ] {
        let said = operator.run(&[&["migrate"], command].concat()).fails_with(1);
        assert!(said.contains("20990101000000") && said.contains("newer version"), "{said}");
    }
    assert_eq!(operator.psql("SELECT count(*) FROM __diesel_schema_migrations"), "6");
}

#[test]
fn a_statement_that_fails_is_named_with_its_file_and_line_and_its_migration_leaves_nothing() {
    let operator = Operator::new();
    operator.psql("CREATE TABLE elsewhere (id INTEGER); CREATE INDEX idx_turns_answer ON elsewhere (id)");
    let said = operator.run(&["migrate", "up"]).fails_with(1);
    let up = include_str!("../../../migrations/2026-11-23-000004_create_turns/up.sql");
    let line = up.lines().position(|line| line.contains("CREATE INDEX idx_turns_answer")).unwrap() + 1;
    let place = format!("migrations/2026-11-23-000004_create_turns/up.sql:{line}: relation");
    assert!(said.contains(&place), "{said}");
    assert!(said.contains("in: CREATE INDEX idx_turns_answer ON turns (answer_id)"), "{said}");
    assert_eq!(states(&operator), "aaapp");
    assert_eq!(operator.psql("SELECT to_regclass('turns') IS NULL"), "t");
    operator.psql("DROP TABLE elsewhere");
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(states(&operator), "aaaaa");
}

#[test]
fn the_place_that_postgresql_points_at_within_a_statement_is_its_line_in_the_file() {
    use diesel::Connection;
    use systech_aidd::database::migrate::script::Script;
    let operator = Operator::new();
    let mut conn = diesel::PgConnection::establish(&operator.database.url()).unwrap();
    let script = Script::new(
        "some.sql".to_owned(),
        "-- why\nSELECT 1;\n\nSELECT 'ёж',\n    2,\n    nothing;\nSELECT 3;",
    );
    let error = script.run(&mut conn).unwrap_err().to_string();
    assert_eq!(error, "some.sql:6: column \"nothing\" does not exist\n  in: SELECT 'ёж', …");
}

#[test]
fn a_database_of_the_predecessor_is_taken_over_and_its_rows_are_never_dropped() {
    let operator = Operator::new();
    operator.psql(&predecessor::database());
    let theirs = "SELECT id, user_id, chat_id, role, content, message_length, created_at, deleted_at FROM messages ORDER BY id";
    let said_so_far = || operator.psql(theirs);
    let rows = said_so_far();
    let shape = "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum), NULL
                 FROM pg_attribute WHERE attrelid = 'messages'::regclass AND attnum > 0 AND NOT attisdropped
                 UNION ALL SELECT relname, relkind::text, obj_description(oid), NULL FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_\\_diesel%' ORDER BY 1";
    let as_it_was = operator.psql(shape);
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(said_so_far(), rows);
    operator.psql("INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state) VALUES (1, 1, 1, 1, 1, 'answered')");
    let warned = operator.run(&["migrate", "down", "--all"]).fails_with(4);
    let stays = "table messages: 3 rows; it was taken over from the predecessor\n";
    assert!(warned.contains("  table turns: 1 row\n"), "{warned}");
    assert!(warned.contains(&format!("\nThis stays:\n  {stays}")), "{warned}");
    let goes = warned.split("This stays").next().unwrap();
    assert!(!goes.contains("messages:") && !warned.contains("it stops at"), "{warned}");
    let said = operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    assert!(said.ends_with(&format!("no migration is applied\nthis stays: {stays}")), "{said}");
    assert_eq!(states(&operator), "ppppp");
    assert_eq!(operator.psql(shape), as_it_was);
    assert_eq!(said_so_far(), rows);
    assert_eq!(operator.psql("SELECT version_num FROM alembic_version"), "0001");
    // And forth again.
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(said_so_far(), rows);
}

#[test]
fn every_migration_is_redone_on_tables_with_data_and_what_was_there_before_it_survives() {
    let versions = migrations::names();
    let statements: Vec<_> = ROWS.split_inclusive(';').collect();
    // The table of the predecessor without its alembic_version is the state before the first one.
    let operator = Operator::new();
    operator.psql(&predecessor::database().replace("alembic_version", "other_version"));
    let mut seeded = vec!["messages", "other_version"];
    for version in &versions {
        // Without the columns that it adds.
        let columns = operator.psql(&format!(
            "SELECT format('SELECT %s FROM %s ORDER BY 1;', string_agg(attname, ', ' ORDER BY attnum), attrelid::regclass)
             FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid::regclass::text IN ('{}')
             GROUP BY attrelid",
            seeded.join("', '")
        ));
        let contents = || operator.psql(&columns);
        let before = contents();
        operator.run(&["migrate", "to", version]).ok();
        assert_eq!(contents(), before, "{version} up");
        let schema = operator.psql(SCHEMA);
        if *version != versions[0] {
            operator.run(&["migrate", "redo", "--yes"]).ok();
            assert_eq!(contents(), before, "{version} redone");
            assert_eq!(operator.psql(SCHEMA), schema, "{version} redone");
        }
        let table = operator.psql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('updates', 'turns', 'reply_parts')");
        for table in table.lines() {
            let table = ["updates", "turns", "reply_parts"].into_iter().find(|name| *name == table).unwrap();
            if !seeded.contains(&table) {
                let insert = statements.iter().find(|sql| sql.contains(&format!("INTO {table} "))).unwrap();
                operator.psql(insert);
                seeded.push(table);
            }
        }
    }
    for table in ["messages", "updates", "turns", "reply_parts"] {
        assert!(seeded.contains(&table), "{table} had no rows");
    }
}

#[test]
fn the_commands_need_nothing_but_the_database_and_name_what_is_wrong_with_their_settings() {
    let mut operator = Operator::up_to_date();
    // The disk for backups may be away, in an emergency above all; who makes none does not need it.
    operator.set("BACKUP_DIR", "no/such/folder");
    operator.run(&["migrate", "status"]).ok();
    operator.psql(ROWS);
    operator.run(&["history", "list"]).ok();
    let said = operator.run(&["migrate", "redo", "--yes"]).fails_with(1);
    assert!(said.contains("nothing was migrated") && said.contains("no/such/folder"), "{said}");
    operator.set("DATABASE_URL", "mysql://root:hunter2@localhost/x");
    let said = operator.run(&["migrate", "status"]).fails_with(1);
    assert!(said.contains("DATABASE_URL is not a URL of PostgreSQL"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("TELEGRAM"), "{said}");
}

#[test]
fn a_database_that_is_not_there_is_an_error_at_once() {
    let mut operator = Operator::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    operator.set("DATABASE_URL", format!("postgresql://u:hunter2@127.0.0.1:{free}/d"));
    let said = operator.run(&["migrate", "up"]).fails_with(1);
    assert!(said.contains("the database cannot be reached (DATABASE_URL)"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("waiting"), "{said}");
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let operator = Operator::new();
    let help = operator.run(&["migrate", "--help"]).ok();
    for code in ["0  done", "1  an error", "2  a wrong", "3  status --check", "4  not confirmed"] {
        assert!(help.contains(code), "{code}: {help}");
    }
    operator.run(&["migrate", "sideways"]).fails_with(2);
}
