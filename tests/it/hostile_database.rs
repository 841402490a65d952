//! Whatever PostgreSQL goes through: nothing is lost, no answer is paid for twice, and the end is always possible.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use systech_aidd::base::secret::Secret;
use systech_aidd::store::Store;

use crate::world::{PATIENCE, World, wait_until};

/// So many people write so many messages each.
fn say(world: &World, people: i64, messages: usize) {
    for n in 0..messages {
        for user in 1..=people {
            world.telegram.say(&Person::private(user), &format!("zebra-{user}-{n}-"));
        }
    }
}

/// Each message was answered once, in order, and the model was asked once for each.
#[track_caller]
fn assert_all_answered(world: &World, people: i64, messages: usize) {
    let all = usize::try_from(people).unwrap() * messages;
    world.telegram.wait_until(4 * PATIENCE, |state| (state.sent().len() >= all).then_some(()));
    world.wait_settled();
    for user in 1..=people {
        let texts = world.telegram.texts(user);
        assert_eq!(texts.len(), messages, "person {user}");
        for (n, text) in texts.iter().enumerate() {
            assert!(text.contains(&format!("zebra-{user}-{n}-")), "person {user}, answer {n}: {text}");
        }
    }
    let mut asked = BTreeMap::<_, usize>::new();
    for request in world.model.requests() {
        *asked.entry(request.question().to_owned()).or_default() += 1;
    }
    assert_eq!((asked.len(), asked.values().max()), (all, Some(&1)), "nothing is generated twice");
    assert_eq!(world.psql("SELECT count(*) FROM messages"), (2 * all).to_string());
}

#[test]
fn a_database_that_stops_in_mid_work_delays_answers_and_loses_none() {
    const SEED: u64 = 11;
    let world = World::with_own_server();
    world.model.usually(Behaviour::answer().random_delay(Duration::from_millis(300), SEED));
    let bot = world.start();
    say(&world, 20, 5);
    wait_until("some answers", || (world.telegram.sent().len() >= 20).then_some(()));
    world.server().stop();
    bot.wait_for_line("the database is unreachable");
    // whoever is waited for now is answered by the model, and kept
    world.model.wait_idle();
    world.server().start();
    assert_all_answered(&world, 20, 5);
    world.assert_logged("the database is unreachable", 1);
    world.assert_logged("ERROR", 0);
}

#[test]
fn connections_that_are_terminated_all_the_time_cost_no_message() {
    const SEED: u64 = 12;
    let world = World::new();
    world.model.usually(Behaviour::answer().random_delay(Duration::from_millis(100), SEED));
    let bot = world.start_ready();
    say(&world, 40, 5);
    let mut terminated = 0;
    wait_until("every answer under fire", || {
        terminated += world.server().terminate_connections(&world.database);
        std::thread::sleep(Duration::from_millis(100));
        (world.telegram.sent().len() >= 200).then_some(())
    });
    println!("{terminated} connections terminated");
    assert!(terminated > 20, "{terminated}");
    assert_all_answered(&world, 40, 5);
    world.assert_logged("ERROR", 0);
    assert!(bot.stop().success());
}

#[test]
fn a_frozen_database_is_waited_for_and_does_not_hold_up_the_end() {
    let mut world = World::with_own_server();
    world.set("SHUTDOWN_GRACE", "1");
    let bot = world.start_ready();
    let gate = world.model.hold(When::any());
    say(&world, 20, 1);
    gate.wait_arrivals(20);
    world.server().freeze();
    gate.release();
    world.model.wait_idle();
    world.server().thaw();
    assert_all_answered(&world, 20, 1);

    // again, and this time it never comes back before the end
    world.model.clear();
    let gate = world.model.hold(When::asked("last words"));
    world.telegram.say(&Person::private(1), "last words");
    gate.wait_arrived();
    world.server().freeze();
    gate.release();
    world.model.wait_idle();
    assert!(bot.stop().success());
    assert_eq!(world.telegram.texts(1).len(), 1);
    world.server().thaw();
    let _bot = world.start();
    world.telegram.wait_for_text(1, |text| text.contains("last words"));
}

#[test]
fn a_database_that_is_frozen_at_the_start_is_waited_for_with_one_line() {
    let world = World::with_own_server();
    world.server().freeze();
    let bot = world.start();
    bot.wait_for_line("the database is not there yet; waiting up to 60 s for it");
    assert!(bot.stop().success());
    let bot = world.start();
    wait_until("a second one", || bot.log().contains("not there yet").then_some(()));
    world.server().thaw();
    bot.wait_for_line("ready");
    world.assert_logged("not there yet", 2);
}

#[test]
fn a_database_that_never_comes_is_given_up_with_an_error() {
    let world = World::with_own_server();
    world.server().stop();
    let bot = world.start();
    bot.wait_for_line("the database is not there yet; waiting up to 60 s for it");
    let (status, log) = bot.wait_log();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("the database cannot be reached (DATABASE_URL)"), "{log}");
}

#[test]
fn a_lock_that_takes_every_connection_delays_answers_and_loses_none() {
    let mut world = World::new();
    world.set("DATABASE_POOL_SIZE", "3");
    let bot = world.start_ready();
    let gate = world.model.hold(When::any());
    say(&world, 12, 1);
    gate.wait_arrivals(12);
    let mut blocker = PgConnection::establish(&world.database_url()).unwrap();
    diesel::sql_query("BEGIN").execute(&mut blocker).unwrap();
    diesel::sql_query("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE").execute(&mut blocker).unwrap();
    gate.release();
    world.wait_blocked(3);
    bot.wait_for_line("the database is unreachable");
    drop(blocker);
    assert_all_answered(&world, 12, 1);
    world.assert_logged("ERROR", 0);
    assert!(bot.stop().success());
}

#[test]
fn a_database_that_answers_others_is_not_called_unreachable_by_who_waits_for_a_connection() {
    let world = World::new();
    let store = Store::new(&Secret::new(world.database_url()), 1);
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
            // some of the others are served in this time, and hardly ever we
            while store.run_within(Duration::from_secs(1), |_| Ok(())).is_ok() {}
        });
        waited_in_vain.store(true, Ordering::Relaxed);
    });
    assert_eq!(std::fs::read_to_string(log.path()).unwrap(), "");
}

#[test]
fn a_full_disk_is_waited_out_by_poll_and_by_finished_answers() {
    let mut world = World::with_own_server();
    world.set("SHUTDOWN_GRACE", "1");
    let bot = world.start_ready();
    // no room for what comes in: it stays with Telegram
    let full = world.server().fill_disk(&world.database, "updates");
    say(&world, 10, 1);
    bot.wait_for_line("No space left on device");
    assert_eq!(world.telegram.unconfirmed(), 10);
    let gate = world.model.hold(When::any());
    world.server().free_disk(full);
    gate.wait_arrivals(10);
    world.telegram.wait_confirmed();

    // no room for the answers: they stay in memory
    let full = world.server().fill_disk(&world.database, "messages");
    gate.release();
    world.model.wait_idle();
    wait_until("a refused answer", || bot.log().contains("trying again").then_some(()));
    assert!(world.telegram.sent().is_empty());
    world.server().free_disk(full);
    assert_all_answered(&world, 10, 1);
    assert!(bot.stop().success());
    world.assert_logged("the inbox does not take a batch", 1);
    world.assert_logged("panic", 0);
}

#[test]
fn a_full_disk_does_not_hold_up_the_end_and_the_next_start_goes_on() {
    let mut world = World::with_own_server();
    world.set("SHUTDOWN_GRACE", "1");
    let bot = world.start_ready();
    let full = world.server().fill_disk(&world.database, "messages");
    world.telegram.say(&Person::private(1), "zebra");
    bot.wait_for_line("No space left on device");
    assert!(bot.stop().success());
    world.server().free_disk(full);
    let _bot = world.start();
    world.telegram.wait_for_text(1, |text| text.contains("zebra"));
    world.wait_settled();
    assert_eq!(world.telegram.texts(1).len(), 1);
    world.assert_logged("panic", 0);
}

/// Fills the inbox with messages of `lanes` people, and starts.
fn with_waiting(lanes: u32) -> (World, u64) {
    let mut world = World::new();
    world.set("RUST_LOG", "info");
    assert!(world.start_ready().stop().success());
    world.psql(&format!(
        "INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, message_id, payload)
         SELECT {bot}, n, n % {lanes} + 1, n % {lanes} + 1, 'message', n,
                format('{{\"update_id\":%s,\"message\":{{\"message_id\":%s,\"chat\":{{\"id\":%s,\"type\":\"private\"}},
                         \"from\":{{\"id\":%s}},\"text\":\"%s\"}}}}', n, n, n % {lanes} + 1, n % {lanes} + 1, repeat('zebra ', 500))
         FROM generate_series(1, 100000) AS n",
        bot = world.telegram.bot_id(),
    ));
    let gate = world.model.hold(When::any());
    let bot = world.start_ready();
    gate.wait_arrivals(usize::try_from(lanes.min(64)).unwrap());
    (world, bot.peak_memory())
}

#[test]
fn a_hundred_thousand_waiting_messages_hold_memory_bounded() {
    // the same 64 workers at the same point: what differs is what waits
    let (_world, few) = with_waiting(64);
    let (_world, many) = with_waiting(100_000);
    println!("peak memory: {few} MB with 64 lanes, {many} MB with 100,000");
    assert!(few < 100, "100,000 messages in 64 lanes: {few} MB");
    assert!(many < few + 50, "100,000 lanes: {many} MB, 64 lanes: {few} MB");
}
