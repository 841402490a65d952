//! The way back from a backup.

use std::fs;
use std::process::Command;

use sandbox::env::Operator;

use super::backup::{CONTENTS, files, halfway, install};
use crate::support::migrations::states;
use crate::support::transaction::Transaction;

#[test]
fn a_restore_never_overwrites_anything() {
    let (operator, folder) = halfway();
    operator.run(&["backup"]).ok();
    let backup = files(&folder).0.remove(0);
    operator.psql("DELETE FROM messages WHERE id > 10");
    let said = operator.run(&["restore", backup.to_str().unwrap()]).fails_with(1);
    assert!(said.contains("is not empty") && said.contains("createdb"), "{said}");
    assert_eq!(operator.psql("SELECT count(*) FROM messages"), "10");
    // Not even a table of somebody else.
    let other = Operator::new();
    other.psql("CREATE SCHEMA theirs; CREATE TABLE theirs.notes (id INTEGER)");
    other.run(&["restore", backup.to_str().unwrap()]).fails_with(1);
}

#[test]
fn a_database_emptied_by_down_all_can_be_restored_to() {
    let (operator, folder) = halfway();
    let contents = operator.psql(CONTENTS);
    operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    let backup = files(&folder).0.remove(0);
    operator.run(&["restore", backup.to_str().unwrap()]).ok();
    assert_eq!(operator.psql(CONTENTS), contents);
    assert_eq!(states(&operator), "aaapp");
}

#[test]
fn a_backup_that_is_cut_off_or_none_at_all_restores_nothing() {
    let (operator, folder) = halfway();
    operator.run(&["backup"]).ok();
    let whole = fs::read(files(&folder).0.remove(0)).unwrap();
    let other = Operator::new();
    for bytes in [&whole[..whole.len() - 100], &whole[..200], b"not a dump", b""] {
        let broken = operator.folder().join("broken.dump");
        fs::write(&broken, bytes).unwrap();
        let said = other.run(&["restore", broken.to_str().unwrap()]).fails_with(1);
        assert!(said.contains("pg_restore failed"), "{said}");
        assert_eq!(
            other.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
            "0",
            "{} bytes",
            bytes.len()
        );
    }
    let said = other.run(&["restore", "nowhere.dump"]).fails_with(1);
    assert!(said.contains("nowhere.dump cannot be read"), "{said}");
}

#[test]
fn a_pg_restore_that_is_newer_than_the_server_restores_all_the_same() {
    let (mut operator, folder) = halfway();
    let contents = operator.psql(CONTENTS);
    operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    let backup = files(&folder).0.remove(0);
    // What pg_restore 17 says to a server that may be older.
    let newer = "[ \"$1\" = --list ] || echo 'SET transaction_timeout = 0;'\nexec $real \"$@\"";
    install(&mut operator, "pg_restore", newer);
    operator.run(&["restore", backup.to_str().unwrap()]).ok();
    assert_eq!(operator.psql(CONTENTS), contents);
}

#[test]
fn a_restore_killed_midway_leaves_an_empty_database_that_can_be_restored_to() {
    let (mut operator, folder) = halfway();
    let contents = operator.psql(CONTENTS);
    operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    let backup = files(&folder).0.remove(0);
    let fifo = operator.folder().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let script = "[ \"$1\" != --list ] || exec $real \"$@\"\n$real \"$@\" | sed '/^COPY public.messages/,$d'\ncat fifo >/dev/null";
    install(&mut operator, "pg_restore", script);
    let stopped = fs::File::options().read(true).write(true).open(fifo).unwrap();
    let running = operator.begin(&["restore", backup.to_str().unwrap()]);
    let psql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql'";
    operator.wait_for_rows(&format!("{psql} AND state = 'idle in transaction'"), |rows| rows == "1");
    operator.kill(running);
    // The psql that counts is one itself.
    operator.wait_for_rows(psql, |rows| rows == "1");
    drop(stopped);
    assert_eq!(operator.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    install(&mut operator, "pg_restore", "exec $real \"$@\"");
    operator.run(&["restore", backup.to_str().unwrap()]).ok();
    assert_eq!(operator.psql(CONTENTS), contents);
}

#[test]
fn a_restore_and_a_start_never_work_on_one_database_at_once() {
    let (operator, folder) = halfway();
    operator.run(&["backup"]).ok();
    let backup = files(&folder).0.remove(0);
    let other = Operator::new();
    let somebody = Transaction::begin(&other.database, "SELECT pg_advisory_lock(107105283735553)");
    let restore = other.begin(&["restore", backup.to_str().unwrap()]);
    restore.wait_for_line("another instance is migrating");
    drop(somebody);
    restore.wait().ok();
}
