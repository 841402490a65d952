//! A pair of PostgreSQL servers: what becomes of the bot when the first one freezes, takes no writes any more, or comes back.

use std::sync::Arc;
use std::time::Instant;

use sandbox::TestEnv;
use sandbox::env::Database;
use sandbox::telegram::Person;
use sandbox::wait_until;

/// An environment whose database has a standby, and the standby.
pub(crate) fn pair() -> (TestEnv, Database) {
    let mut env = TestEnv::with_own_server();
    let standby = Database::existing(Arc::new(env.server().standby().unwrap()), env.database.name());
    let place = |url: &str| url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (first, second) = (env.database.url(), standby.url());
    let (of_first, of_second) = (place(&first), place(&second));
    // No parameter: of several servers the one that takes writes is meant.
    env.set("DATABASE_URL", first.replace(&of_first, &format!("{of_first},{of_second}")));
    env.set("SHORT_WAITS", "statement=1");
    (env, standby)
}

fn is_answered(env: &TestEnv, user: i64) {
    env.telegram.say(&Person::private(user), "hello");
    env.telegram.wait_for_count(user, 1);
}

/// Waits until the standby knows all of this.
fn wait_replicated(standby: &Database, users: usize) {
    let sql = "SELECT count(DISTINCT chat_id) FROM reply_parts WHERE state = 'sent'";
    standby.wait_for_rows(sql, |rows| rows == users.to_string());
}

#[test]
fn a_frozen_primary_is_left_for_the_promoted_standby_and_not_written_to_when_it_wakes() {
    let (env, standby) = pair();
    let bot = env.start_ready();
    is_answered(&env, 1);
    wait_replicated(&standby, 1);
    env.server().freeze();
    // All connections wait for it.
    for user in 2..=20 {
        env.telegram.say(&Person::private(user), "hello");
    }
    bot.wait_for_line("the database server does not answer any more");
    standby.server().promote();
    let began = Instant::now();
    for user in 2..=20 {
        env.telegram.wait_for_count(user, 1);
    }
    println!("all answered {:?} after the promotion", began.elapsed());
    env.server().thaw();
    let before = env.psql("SELECT count(*) FROM updates");
    for user in 21..=30 {
        is_answered(&env, user);
    }
    standby.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "0");
    assert_eq!(standby.psql("SELECT count(*) FROM updates"), "30");
    assert_eq!(env.psql("SELECT count(*) FROM updates"), before);
    assert_eq!(env.telegram.sent().len(), 30);
    // Both take writes: a new process finds the one that was promoted.
    env.telegram.wait_confirmed();
    bot.kill();
    let bot = env.start_ready();
    is_answered(&env, 31);
    assert_eq!(env.psql("SELECT count(*) FROM updates"), before);
    assert!(bot.stop().success());
}

#[test]
fn a_primary_that_takes_no_writes_any_more_is_left_for_the_one_that_does() {
    let (env, standby) = pair();
    let _bot = env.start_ready();
    is_answered(&env, 1);
    wait_replicated(&standby, 1);
    env.psql("ALTER SYSTEM SET default_transaction_read_only = on");
    env.psql("SELECT pg_reload_conf()");
    // The server tells its sessions in its own time; a new one knows it when all were told.
    wait_until("a server that takes no writes", || {
        (env.psql("SHOW default_transaction_read_only") == "on").then_some(())
    });
    env.telegram.say(&Person::private(2), "hello");
    standby.server().promote();
    env.telegram.wait_for_count(2, 1);
    is_answered(&env, 3);
    assert_eq!(standby.psql("SELECT count(*) FROM updates"), "3");
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "1");
}

#[test]
fn a_frozen_server_that_has_no_standby_holds_nothing_up_for_good() {
    let mut env = TestEnv::with_own_server();
    env.set("SHORT_WAITS", "statement=1");
    let bot = env.start_ready();
    is_answered(&env, 1);
    env.server().freeze();
    for user in 2..=20 {
        env.telegram.say(&Person::private(user), "hello");
    }
    bot.wait_for_line("the database server does not answer any more");
    env.server().thaw();
    for user in 2..=20 {
        env.telegram.wait_for_count(user, 1);
    }
    env.wait_settled();
    assert_eq!(env.telegram.sent().len(), 20);
}

/// A statement waits for a lock, and nobody's connection is ended for that.
fn a_lock_is_waited_for(env: &TestEnv) {
    let lock = crate::support::transaction::Transaction::begin(
        &env.database,
        "LOCK TABLE messages IN EXCLUSIVE MODE",
    );
    env.telegram.say(&Person::private(2), "hello");
    env.database.wait_blocked(1);
    std::thread::sleep(std::time::Duration::from_secs(2));
    env.database.wait_blocked(1);
    drop(lock);
    env.telegram.wait_for_count(2, 1);
    assert!(!env.logs().contains("does not answer any more"));
}

#[test]
fn a_statement_that_waits_for_a_lock_of_a_server_that_answers_is_left_alone() {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "statement=0.2");
    let _bot = env.start_ready();
    is_answered(&env, 1);
    a_lock_is_waited_for(&env);
}

#[test]
fn a_server_that_has_no_connection_left_answers() {
    let mut env = TestEnv::with_own_server();
    env.psql("CREATE ROLE limited LOGIN; GRANT postgres TO limited");
    env.set("DATABASE_URL", env.database.url().replace("postgres@", "limited@"));
    env.set("SHORT_WAITS", "statement=0.2");
    let _bot = env.start_ready();
    is_answered(&env, 1);
    env.psql("ALTER ROLE limited CONNECTION LIMIT 1");
    a_lock_is_waited_for(&env);
}
