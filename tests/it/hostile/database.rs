//! Whatever PostgreSQL goes through: nothing is lost, no answer is paid for twice, and the end is always possible.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv, wait_until};
use systech_aidd::base::secret::Secret;
use systech_aidd::store::Store;

use crate::support::transaction::Transaction;

/// So many people write so many messages each.
fn say(env: &TestEnv, people: i64, messages: usize) {
    for n in 0..messages {
        for user in 1..=people {
            env.telegram.say(&Person::private(user), &format!("zebra-{user}-{n}-"));
        }
    }
}

/// Each message was answered once, in order, and the model was asked once for each.
#[track_caller]
fn assert_all_answered(env: &TestEnv, people: i64, messages: usize) {
    let all = usize::try_from(people).unwrap() * messages;
    env.telegram.wait_until(4 * PATIENCE, |state| (state.sent().len() >= all).then_some(()));
    env.wait_settled();
    for user in 1..=people {
        let texts = env.telegram.texts(user);
        assert_eq!(texts.len(), messages, "person {user}");
        for (n, text) in texts.iter().enumerate() {
            assert!(text.contains(&format!("zebra-{user}-{n}-")), "person {user}, answer {n}: {text}");
        }
    }
    let mut asked = BTreeMap::<_, usize>::new();
    for request in env.asked("zebra-") {
        *asked.entry(request.question().to_owned()).or_default() += 1;
    }
    assert_eq!((asked.len(), asked.values().max()), (all, Some(&1)), "nothing is generated twice");
    assert_eq!(env.psql("SELECT count(*) FROM messages"), (2 * all).to_string());
}

#[test]
fn a_database_that_stops_in_mid_work_delays_answers_and_loses_none() {
    const SEED: u64 = 11;
    let env = TestEnv::with_own_server();
    env.model.usually(Behaviour::answer().random_delay(Duration::from_millis(300), SEED));
    let bot = env.start();
    say(&env, 20, 5);
    wait_until("some answers", || (env.telegram.sent().len() >= 20).then_some(()));
    env.server().stop();
    bot.wait_for_line("the database is unreachable");
    // Whoever is waited for now is answered by the model, and kept.
    env.model.wait_idle();
    env.server().start();
    assert_all_answered(&env, 20, 5);
    env.assert_logged("the database is unreachable", 1);
    env.assert_logged("ERROR", 0);
}

#[test]
fn connections_that_are_terminated_all_the_time_cost_no_message() {
    const SEED: u64 = 12;
    let env = TestEnv::new();
    env.model.usually(Behaviour::answer().random_delay(Duration::from_millis(100), SEED));
    let bot = env.start_ready();
    say(&env, 40, 5);
    let mut terminated = 0;
    wait_until("every answer under fire", || {
        terminated += env.server().terminate_connections(env.database.name());
        std::thread::sleep(Duration::from_millis(100));
        (env.telegram.sent().len() >= 200).then_some(())
    });
    println!("{terminated} connections terminated");
    assert!(terminated > 20, "{terminated}");
    assert_all_answered(&env, 40, 5);
    env.assert_logged("ERROR", 0);
    assert!(bot.stop().success());
}

#[test]
fn a_frozen_database_is_waited_for_and_does_not_hold_up_the_end() {
    let mut env = TestEnv::with_own_server();
    env.set("SHUTDOWN_GRACE", "1");
    let bot = env.start_ready();
    let gate = env.model.hold(When::any());
    say(&env, 20, 1);
    gate.wait_arrivals(20);
    env.server().freeze();
    gate.release();
    env.model.wait_idle();
    env.server().thaw();
    assert_all_answered(&env, 20, 1);

    // Again, and this time it never comes back before the end.
    env.model.clear();
    let gate = env.model.hold(When::asked("last words"));
    env.telegram.say(&Person::private(1), "last words");
    gate.wait_arrived();
    env.server().freeze();
    gate.release();
    env.model.wait_idle();
    let began = Instant::now();
    assert!(bot.stop().success());
    // So long the service manager waits (docs/operations.md): SHUTDOWN_GRACE and 20 s.
    assert!(began.elapsed() < Duration::from_secs(1 + 20), "{:?}", began.elapsed());
    assert_eq!(env.telegram.texts(1).len(), 1);
    env.server().thaw();
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("last words"));
}

#[test]
fn a_database_that_is_frozen_at_the_start_is_waited_for_with_one_line() {
    let env = TestEnv::with_own_server();
    env.server().freeze();
    let bot = env.start();
    bot.wait_for_line("the database is not there yet; waiting up to 60 s for it");
    assert!(bot.stop().success());
    let bot = env.start();
    wait_until("a second one", || bot.log().contains("not there yet").then_some(()));
    env.server().thaw();
    bot.wait_ready();
    env.assert_logged("not there yet", 2);
}

#[test]
fn a_database_that_never_comes_is_given_up_with_an_error() {
    let mut env = TestEnv::with_own_server();
    env.set("SHORT_WAITS", "database=1");
    env.server().stop();
    let bot = env.start();
    bot.wait_for_line("the database is not there yet; waiting up to 1 s for it");
    let (status, log) = bot.wait_log();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("the database cannot be reached (DATABASE_URL)"), "{log}");
}

#[test]
fn a_lock_that_takes_every_connection_delays_answers_and_loses_none() {
    let mut env = TestEnv::new();
    env.set("DATABASE_POOL_SIZE", "3");
    let bot = env.start_ready();
    let gate = env.model.hold(When::any());
    say(&env, 12, 1);
    gate.wait_arrivals(12);
    let in_the_way = Transaction::begin(&env.database, "LOCK TABLE messages IN ACCESS EXCLUSIVE MODE");
    gate.release();
    env.database.wait_blocked(3);
    bot.wait_for_line("the database is unreachable");
    drop(in_the_way);
    assert_all_answered(&env, 12, 1);
    env.assert_logged("ERROR", 0);
    assert!(bot.stop().success());
}

#[test]
fn a_database_that_answers_others_is_not_called_unreachable_by_who_waits_for_a_connection() {
    let env = TestEnv::new();
    let store = Store::new(&Secret::new(env.database.url()), 1);
    let log = tempfile::NamedTempFile::new().unwrap();
    let capture = tracing_subscriber::fmt().with_writer(Arc::new(log.reopen().unwrap())).finish();
    let waited_in_vain = AtomicBool::new(false);
    let busy = || {
        while !waited_in_vain.load(Ordering::Relaxed) {
            let sleep = |conn: &mut _| diesel::sql_query("SELECT pg_sleep(0.02)").execute(conn);
            store.run_within(PATIENCE, sleep).unwrap();
        }
    };
    std::thread::scope(|scope| {
        (0..80).for_each(|_| _ = scope.spawn(busy));
        tracing::subscriber::with_default(capture, || {
            // Some of the others are served in this time, and hardly ever we.
            while store.run_within(Duration::from_secs(1), |_| Ok(())).is_ok() {}
        });
        waited_in_vain.store(true, Ordering::Relaxed);
    });
    assert_eq!(std::fs::read_to_string(log.path()).unwrap(), "");
}

#[test]
fn a_full_disk_is_waited_out_by_poll_and_by_finished_answers() {
    let mut env = TestEnv::with_own_server();
    env.set("SHUTDOWN_GRACE", "1");
    let bot = env.start_ready();
    // No room for what comes in: it stays with Telegram.
    let full = env.server().fill_disk(env.database.name(), "updates");
    say(&env, 10, 1);
    bot.wait_for_line("No space left on device");
    assert_eq!(env.telegram.unconfirmed(), 10);
    let gate = env.model.hold(When::any());
    env.server().free_disk(full);
    gate.wait_arrivals(10);
    env.telegram.wait_confirmed();

    // No room for the answers: they stay in memory.
    let full = env.server().fill_disk(env.database.name(), "messages");
    gate.release();
    env.model.wait_idle();
    wait_until("a refused answer", || bot.log().contains("trying again").then_some(()));
    assert!(env.telegram.sent().is_empty());
    env.server().free_disk(full);
    assert_all_answered(&env, 10, 1);
    assert!(bot.stop().success());
    env.assert_logged("the inbox does not take a batch", 1);
    env.assert_logged("panic", 0);
}

#[test]
fn a_full_disk_does_not_hold_up_the_end_and_the_next_start_goes_on() {
    let mut env = TestEnv::with_own_server();
    env.set("SHUTDOWN_GRACE", "1");
    let bot = env.start_ready();
    let full = env.server().fill_disk(env.database.name(), "messages");
    env.telegram.say(&Person::private(1), "zebra");
    bot.wait_for_line("No space left on device");
    assert!(bot.stop().success());
    env.server().free_disk(full);
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("zebra"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 1);
    env.assert_logged("panic", 0);
}

/// Fills the inbox with messages of `lanes` people, and starts.
fn with_waiting(lanes: u32) -> (TestEnv, u64) {
    let mut env = TestEnv::new();
    env.set("RUST_LOG", "info");
    env.set("WORKERS", "64");
    assert!(env.start_ready().stop().success());
    env.psql(&format!(
        "INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, message_id, payload)
         SELECT {bot}, n, n % {lanes} + 1, n % {lanes} + 1, 'message', n,
                format('{{\"update_id\":%s,\"message\":{{\"message_id\":%s,\"chat\":{{\"id\":%s,\"type\":\"private\"}},
                         \"from\":{{\"id\":%s}},\"text\":\"%s\"}}}}', n, n, n % {lanes} + 1, n % {lanes} + 1, repeat('zebra ', 500))
         FROM generate_series(1, 100000) AS n",
        bot = env.telegram.bot_id(),
    ));
    let gate = env.model.hold(When::any());
    let bot = env.start_ready();
    gate.wait_arrivals(usize::try_from(lanes.min(64)).unwrap());
    (env, bot.peak_memory())
}

#[test]
fn a_hundred_thousand_waiting_messages_hold_memory_bounded() {
    // The same 64 workers at the same point: what differs is what waits.
    let (_world, few) = with_waiting(64);
    let (_world, many) = with_waiting(100_000);
    println!("peak memory: {few} MB with 64 lanes, {many} MB with 100,000");
    assert!(few < 100, "100,000 messages in 64 lanes: {few} MB");
    assert!(many < few + 50, "100,000 lanes: {many} MB, 64 lanes: {few} MB");
}

#[test]
fn a_question_whose_statements_are_refused_at_each_attempt_ends_as_a_failure_that_can_be_repeated() {
    let env = TestEnv::new();
    let bot = env.start();
    bot.wait_ready();
    // From now on the database refuses to read the dialogue; what stores a failure, it takes.
    env.psql("ALTER TABLE quotes RENAME COLUMN whose TO renamed");
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "How long does rice cook?");
    env.telegram.wait_for_text(1, |text| text.contains("went wrong inside me") && text.contains("/retry"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT state, failure FROM turns"), "failed|crashed");
    env.assert_logged("each attempt crashed, or the database refused a statement of it", 1);
    env.assert_logged("panic", 0);
    // The question is saved, as it was said.
    env.psql("ALTER TABLE quotes RENAME COLUMN renamed TO whose");
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("How long does rice cook?"));
    assert_eq!(env.times_asked("How long does rice cook?"), 1);
}
