//! An instance that begins to lead, and a database that goes away just then: freezes, ends, or comes back on another server.

use sandbox::TestEnv;
use sandbox::env::{Bot, Database};
use sandbox::telegram::Person;

use super::pair::pair;
use super::standby::Frozen;
use crate::support::transaction::Transaction;

/// The lock of whoever migrates.
const LOCK: &str = "SELECT pg_advisory_lock(107105283735553)";

/// Takes the newest migration back and holds the lock of migrations, so that an instance that leads waits before it applies it.
fn hold_migrations(env: &TestEnv) -> Transaction {
    env.run(&["migrate", "down"]).ok();
    Transaction::begin(&env.database, LOCK)
}

/// Starts an instance that comes no further than that.
fn start_held(env: &TestEnv) -> Bot {
    let bot = env.start();
    bot.wait_for_line("another instance is migrating; waiting for it");
    bot
}

fn with_tables(env: &TestEnv) {
    assert!(env.start_ready().stop().success());
}

fn is_answered(env: &TestEnv) {
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
}

#[test]
fn a_server_that_freezes_under_a_new_leader_is_left_for_the_promoted_one() {
    let (env, standby) = pair();
    with_tables(&env);
    let _held = hold_migrations(&env);
    let bot = start_held(&env);
    wait_same_lease(&env, &standby);
    env.server().freeze();
    bot.wait_for_line("the database server does not answer any more");
    standby.server().promote();
    bot.wait_ready();
    is_answered(&env);
    assert!(bot.stop().success());
    env.server().thaw();
    assert_eq!(standby.psql("SELECT count(*) FROM turns"), "1");
}

#[test]
fn a_new_leader_whose_server_is_frozen_ends_at_the_first_signal() {
    let mut env = TestEnv::with_own_server();
    env.set("SHORT_WAITS", "statement=1");
    with_tables(&env);
    let _held = hold_migrations(&env);
    let bot = start_held(&env);
    env.server().freeze();
    bot.wait_for_line("the database server does not answer any more");
    bot.signal("TERM");
    assert!(bot.wait().success());
    env.server().thaw();
}

#[test]
fn a_server_that_ends_under_a_new_leader_is_waited_for_however_long_it_takes() {
    let mut env = TestEnv::with_own_server();
    // A start that does not lead would give up.
    env.set("SHORT_WAITS", "database=0.1 statement=1");
    with_tables(&env);
    let held = hold_migrations(&env);
    let bot = start_held(&env);
    env.server().stop();
    bot.wait_for_line("the database is not there yet; waiting for it");
    drop(held);
    env.server().start();
    bot.wait_ready();
    is_answered(&env);
}

#[test]
fn an_operator_who_has_yet_to_answer_a_question_keeps_nobody_from_leading() {
    let env = TestEnv::new();
    let _asked = Transaction::begin(&env.database, LOCK);
    let bot = env.start_ready();
    is_answered(&env);
    assert!(bot.stop().success());
}

#[test]
fn a_leader_that_freezes_while_it_migrates_holds_up_nobody() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "lease=2 frozen=2");
    env.run(&["migrate", "to", "20261127000996"]).ok();
    let somebody = Transaction::begin(&env.database, "LOCK TABLE reply_parts IN SHARE MODE");
    let first = env.start();
    first.wait_for_line("another transaction holds a lock that the migration needs; trying again");
    let frozen = Frozen::new(&first);
    drop(somebody);
    let next = env.start();
    next.wait_ready();
    is_answered(&env);
    drop(frozen);
    first.wait_for_line("on standby: another instance leads");
    assert!(next.stop().success());
    first.wait_ready();
    assert!(first.stop().success());
}

#[test]
fn a_start_migrates_the_server_that_was_promoted_last_and_never_the_former_one() {
    let (env, promoted) = pair();
    with_tables(&env);
    wait_same_lease(&env, &promoted);
    promoted.server().promote();
    let version = "20261124000031";
    let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
    let applied = format!("SELECT count(*) FROM __diesel_schema_migrations WHERE version = '{version}'");
    // Both take writes, and both lack a migration; first for a command, then for a start.
    env.psql(&forget);
    for by_command in [true, false] {
        promoted.psql(&forget);
        if by_command {
            env.run(&["migrate", "up"]).ok();
        } else {
            assert!(env.start_ready().stop().success());
        }
        assert_eq!(promoted.psql(&applied), "1", "by a command: {by_command}");
        assert_eq!(env.psql(&applied), "0", "by a command: {by_command}");
    }
}

#[test]
fn a_backup_is_one_of_the_server_that_was_promoted_last() {
    let (env, promoted) = pair();
    with_tables(&env);
    wait_same_lease(&env, &promoted);
    promoted.server().promote();
    promoted.psql("CREATE TABLE of_the_promoted_one ()");
    let folder = env.folder().join("backups");
    std::fs::create_dir(&folder).unwrap();
    env.run(&["backup", "--to", folder.to_str().unwrap()]).ok();
    let tables = env.run(&["sql", "-XAtc", "SELECT to_regclass('of_the_promoted_one')"]).ok();
    assert_eq!(tables.trim(), "of_the_promoted_one");
    let dump = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let dump = dump.filter(|path| path.extension().is_some_and(|kind| kind == "dump")).last().unwrap();
    let listed = std::process::Command::new("pg_restore").arg("--list").arg(dump).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("of_the_promoted_one"));
}

/// Waits until the standby knows who led last, and so all that came before.
fn wait_same_lease(env: &TestEnv, standby: &Database) {
    let lease = "SELECT epoch FROM leases";
    let epoch = env.psql(lease);
    standby.wait_for_rows(lease, |rows| rows == epoch);
}
