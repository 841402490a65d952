//! The migrations themselves: each has a reason and a way back, and locks nobody out.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use sandbox::env::Operator;
use systech_aidd::database::migrate::embedded::{MIGRATIONS, Migration};
use systech_aidd::database::migrate::script::Script;

use sandbox::tool;

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn file(migration: &Migration, file: &str) -> PathBuf {
    root("migrations").join(migration.name).join(file)
}

/// Runs the linter with the settings of `.squawk.toml`.
fn squawk(arguments: &[&str], file: &PathBuf) -> Output {
    assert!(file.is_file(), "{}", file.display());
    Command::new(tool("squawk"))
        .current_dir(root(""))
        .args(["--reporter", "gcc"])
        .args(arguments)
        .arg(file)
        .output()
        .unwrap()
}

#[test]
fn the_linter_finds_nothing_in_any_migration() {
    for migration in MIGRATIONS.iter() {
        // What is created in the same transaction has no users yet that could be locked out.
        let mode: &[_] = if migration.is_transactional() { &["--assume-in-transaction"] } else { &[] };
        for (name, expected) in [("up.sql", None), ("down.sql", Some("warning: ban-drop-"))] {
            let output = squawk(mode, &file(migration, name));
            assert!(output.status.code().is_some_and(|code| code < 2), "squawk did not run: {output:?}");
            let said = String::from_utf8(output.stdout).unwrap();
            // A way back drops what the way there created; the operator is asked about it.
            let found: Vec<_> =
                said.lines().filter(|line| expected.is_none_or(|rule| !line.contains(rule))).collect();
            assert_eq!(found, Vec::<&str>::new());
        }
    }
}

#[test]
fn the_linter_finds_what_would_lock_people_out_or_lose_their_data() {
    let folder = tempfile::tempdir().unwrap();
    for (sql, rule) in [
        ("CREATE INDEX idx_x ON messages (role);", "require-concurrent-index-creation"),
        ("ALTER TABLE messages ADD COLUMN x INTEGER NOT NULL;", "adding-required-field"),
        ("ALTER TABLE messages ALTER COLUMN role TYPE TEXT;", "changing-column-type"),
        ("ALTER TABLE messages ALTER COLUMN deleted_at SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE messages DROP COLUMN role;", "ban-drop-column"),
        ("DROP TABLE messages;", "ban-drop-table"),
    ] {
        let file = folder.path().join("up.sql");
        fs::write(&file, sql).unwrap();
        let output = squawk(&["--assume-in-transaction"], &file);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && said.contains(rule), "{sql}: {said}");
    }
}

#[test]
fn each_migration_opens_with_its_reason() {
    for migration in MIGRATIONS.iter() {
        assert!(migration.up.text().starts_with("-- Why: "), "{migration}");
        assert!(migration.why().len() > 40, "{migration}: {}", migration.why());
    }
}

#[test]
fn an_exception_from_the_linter_has_its_reason_above_it() {
    for migration in MIGRATIONS.iter() {
        for text in [migration.up.text(), migration.down.text()] {
            let lines: Vec<_> = text.lines().collect();
            for pair in lines.windows(2).filter(|pair| pair[1].contains("squawk-ignore")) {
                assert!(
                    pair[0].trim_start().starts_with("-- ") && pair[0].len() > 20,
                    "{migration}: {}",
                    pair[1]
                );
            }
        }
    }
}

#[test]
fn outside_a_transaction_there_is_one_statement_that_can_be_repeated() {
    for migration in MIGRATIONS.iter().filter(|migration| !migration.is_transactional()) {
        let only = |script: &Script| {
            let statements: Vec<_> = script.statements().map(|statement| statement.sql).collect();
            assert_eq!(statements.len(), 1, "{migration}");
            statements[0]
        };
        let (up, down) = (only(&migration.up), only(&migration.down));
        if let Some(index) = migration.concurrent_indexes().next() {
            assert!(!up.contains("IF NOT EXISTS"), "{migration}");
            assert_eq!(down, format!("DROP INDEX CONCURRENTLY {index}"), "{migration}");
        } else {
            let index = migration.dropped_indexes().next().unwrap();
            assert_eq!(up, format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"), "{migration}");
            // The way back builds what was there, beside everybody's work also where it was built with its table.
            let beside = |sql: &str| sql.replacen("CREATE INDEX idx", "CREATE INDEX CONCURRENTLY idx", 1);
            let built = MIGRATIONS.iter().flat_map(|other| other.up.statements());
            let built = built.map(|statement| beside(statement.sql)).find(|sql| {
                sql.starts_with("CREATE INDEX") && sql.split_whitespace().any(|word| word == index)
            });
            assert_eq!(Some(down.to_owned()), built, "{migration}");
        }
    }
    // And inside one there is none that refuses to be.
    for migration in MIGRATIONS.iter().filter(|migration| migration.is_transactional()) {
        assert_eq!(
            migration.concurrent_indexes().count() + migration.dropped_indexes().count(),
            0,
            "{migration}"
        );
    }
}

#[test]
fn each_table_and_column_has_a_comment() {
    let operator = Operator::up_to_date();
    let bare = operator.psql(
        "SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> '__diesel_schema_migrations'
           AND attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL
         UNION ALL
         SELECT relname FROM pg_class
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> '__diesel_schema_migrations'
           AND obj_description(oid, 'pg_class') IS NULL",
    );
    assert_eq!(bare, "");
}
