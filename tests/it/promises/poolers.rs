//! A connection pooler before PostgreSQL, the real `PgBouncer`: with sessions of its own the bot works as without it; without
//! them it starts nowhere and waits, and nothing is lost.

use std::sync::Arc;

use sandbox::env::Printed;
use sandbox::postgres::{Pooler, shared};
use sandbox::{Person, TestEnv};

use sandbox::tool;

/// How the refusal begins and what it names.
const REFUSAL: &str = "a connection pooler (PgBouncer or another one) in transaction or statement mode";

/// A bot whose database is behind a pooler.
fn behind(mode: &str) -> (TestEnv, Pooler) {
    let server = shared();
    let pooler = Pooler::start(&tool("pgbouncer"), &server, mode).unwrap();
    let mut env = TestEnv::on(Arc::clone(&server));
    env.set("DATABASE_URL", pooler.url(env.database.name()));
    (env, pooler)
}

/// Everybody asks; the messages are numbered from here on.
fn ask(env: &TestEnv, people: std::ops::Range<i64>) {
    for person in people {
        env.telegram.say(&Person::private(person), &format!("question {person}"));
    }
}

/// Each of these has one answer, and the table has each pair once.
fn all_are_answered(env: &TestEnv, people: std::ops::Range<i64>) {
    for person in people.clone() {
        env.telegram.wait_for_count(person, 1);
    }
    env.wait_settled();
    let answered = env.psql(
        "SELECT count(*), count(DISTINCT question_id), count(answer_id) FROM turns WHERE state = 'answered'",
    );
    let count = people.end - people.start;
    assert_eq!(answered, format!("{count}|{count}|{count}"));
    let foreign = env.psql(
        "SELECT count(*) FROM messages WHERE role = 'user' AND content <> 'question ' || user_id::text",
    );
    assert_eq!(foreign, "0", "a question is stored with somebody else");
}

#[test]
fn behind_a_pooler_in_session_mode_the_bot_works_from_its_first_migration_on() {
    let (mut env, _pooler) = behind("session");
    env.set("SHORT_WAITS", "poller=0");
    let bot = env.start_ready();
    ask(&env, 1..41);
    all_are_answered(&env, 1..41);
    let person = Person::private(1);
    env.telegram.say(&person, "/clear");
    env.telegram.wait_for_count(1, 2);
    env.telegram.say(&person, "/restore");
    env.telegram.wait_for_count(1, 3);
    let looked = env.run(&["doctor", "--only", "database"]).ok();
    assert!(looked.contains("through a pooler"), "{looked}");
    env.kill(bot);
    assert!(env.run(&["migrate", "status", "--check"]).ok().contains("applied"));
    assert!(env.run(&["history", "list"]).ok().contains('1'));
}

#[test]
fn a_pooler_without_sessions_of_ones_own_is_refused_by_whatever_would_use_it() {
    let (env, pooler) = behind("transaction");
    for settings in [
        &[("pool_mode", "transaction")][..],
        // Others take turns with the connections, or clean up after each.
        &[("pool_mode", "transaction"), ("server_round_robin", "1")],
        &[("pool_mode", "transaction"), ("server_reset_query_always", "1")],
        &[("pool_mode", "transaction"), ("default_pool_size", "1")],
        &[("pool_mode", "statement")],
    ] {
        pooler.reload(settings);
        for command in [
            &[][..],
            &["migrate", "up"],
            &["migrate", "status"],
            &["history", "list"],
            &["backup", "--to", "."],
        ] {
            let refused = env.run(command);
            assert!(is_refusal(&refused, "pool_mode = session"), "{settings:?} {command:?}: {refused:?}");
            assert!(!refused.err.contains("panicked"), "{}", refused.err);
        }
        let doctor = env.run(&["doctor", "--only", "database"]);
        assert_eq!(doctor.code, Some(1));
        let line = doctor.out.lines().find(|line| line.starts_with("✗ database")).unwrap_or(&doctor.out);
        assert!(line.contains(REFUSAL) && line.contains("→ set pool_mode = session"), "{settings:?}: {line}");
    }
    assert_eq!(env.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0", "it began");
    assert!(env.telegram.calls("getUpdates").is_empty(), "it asked for messages that it could not store");
}

fn is_refusal(printed: &Printed, remedy: &str) -> bool {
    printed.code == Some(1) && printed.err.contains(REFUSAL) && printed.err.contains(remedy)
}

#[test]
fn a_pooler_that_changes_its_mode_makes_the_bot_wait_and_say_so_and_loses_nothing() {
    let (env, pooler) = behind("session");
    let _bot = env.start_ready();
    ask(&env, 1..9);
    all_are_answered(&env, 1..9);
    // Under its connections.
    pooler.reload(&[("pool_mode", "transaction")]);
    ask(&env, 9..21);
    wait_for_refusals(&env, 1);
    pooler.reload(&[("pool_mode", "session")]);
    all_are_answered(&env, 1..21);
    // And behind its back.
    pooler.kill();
    pooler.reload_at_rest(&[("pool_mode", "transaction")]);
    pooler.resume().unwrap();
    ask(&env, 21..33);
    wait_for_refusals(&env, 2);
    pooler.kill();
    pooler.reload_at_rest(&[("pool_mode", "session")]);
    pooler.resume().unwrap();
    all_are_answered(&env, 1..33);
    assert!(!env.logs().contains("prepared statement"), "a statement ran on another session");
}

/// The log has told the reason so many times: once for each time that the mode was changed.
fn wait_for_refusals(env: &TestEnv, count: usize) {
    sandbox::wait_until("the log to name the pooler", || {
        (env.logs().matches(REFUSAL).count() >= count).then_some(())
    });
}
