//! Whether the bot is alive and ready: `/healthz`, `/readyz` and `systech-aidd health`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use sandbox::env::Operator;
use sandbox::model::When;
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{TestEnv, wait_until};

use crate::support::exposition::{address, is, measured, metrics, page, wait_for};
use crate::support::transaction::Transaction;

/// Waits until the bot says that it is not ready, for this reason.
#[track_caller]
fn wait_unready(address: &str, reason: &str) {
    wait_until(reason, || {
        let (status, body) = page(address, "/readyz");
        (status == 503 && body.contains(reason) && body.lines().count() == 1).then_some(())
    });
}

#[track_caller]
fn wait_ready(address: &str) {
    wait_until("ready", || (page(address, "/readyz") == (200, "ready\n".to_owned())).then_some(()));
}

#[test]
fn the_bot_is_ready_only_while_the_database_answers_and_polling_succeeds() {
    let mut env = measured(TestEnv::with_own_server());
    // A poll may take so long and this: what succeeded longer ago is too old.
    env.set("SHORT_WAITS", "poll=1");
    env.set("TELEGRAM_TIMEOUT", "2");
    env.set("SHUTDOWN_GRACE", "60");
    let away = env.telegram.fault(Calls::to("getMe"), Action::Refuse(Reply::html(502)));
    let failing = env.telegram.fault(Calls::to("getUpdates"), Action::Refuse(Reply::html(502)));
    let bot = env.start();
    let address = address(&bot);
    env.set("METRICS_ADDR", address.clone());
    let health = |code: i32, said: &str| {
        let health = env.run(&["health"]);
        assert_eq!(health.code, Some(code), "{}{}", health.out, health.err);
        let line = if code == 0 { health.out } else { health.err };
        assert!(line.contains(said) && line.lines().count() == 1, "{line}");
    };
    assert_eq!(page(&address, "/healthz"), (200, "alive\n".to_owned()));
    wait_unready(&address, "the bot is starting");
    health(1, "not ready: the bot is starting");
    away.release();
    wait_unready(&address, "Telegram has not answered getUpdates yet");
    failing.release();
    wait_ready(&address);
    health(0, "ready");

    env.server().stop();
    wait_unready(&address, "the database does not answer");
    assert_eq!(page(&address, "/healthz").0, 200);
    assert!(metrics(&address).get("systech_aidd_updates_waiting").is_none());
    health(1, "not ready: the database does not answer");
    env.server().start();
    wait_ready(&address);

    env.telegram.down();
    wait_unready(&address, "the last getUpdates that succeeded is ");
    env.telegram.up();
    wait_ready(&address);

    let gate = env.model.hold(When::any());
    env.telegram.say(&Person::private(1), "hello");
    gate.wait_arrived();
    bot.signal("TERM");
    wait_unready(&address, "the bot is shutting down");
    gate.release();
    assert!(bot.wait().success());
    health(1, "no bot answers at METRICS_ADDR");
}

#[test]
fn a_database_that_takes_no_writes_makes_the_bot_unready_and_is_not_blamed_on_telegram() {
    let mut env = measured(TestEnv::empty());
    // Soon the last poll would be too old as well.
    env.set("SHORT_WAITS", "stale=3");
    let bot = env.start_ready();
    let address = address(&bot);
    wait_ready(&address);
    wait_for(&address, "batch_waiting_seconds", is(0));
    let read_only = |on: bool| {
        let sql =
            format!("ALTER DATABASE \"{}\" SET default_transaction_read_only TO {on}", env.database.name());
        env.server().psql("postgres", &sql);
        env.server().terminate_connections(env.database.name());
    };
    read_only(true);
    env.telegram.say(&Person::private(1), "hello");
    wait_unready(&address, " s the database has not taken what Telegram gave: see the log");
    bot.wait_for_line("the inbox does not take a batch");
    // The queue can be looked at all the while, and nothing waits in it.
    let waits = wait_for(&address, "batch_waiting_seconds", |seconds| seconds > 4.0);
    assert!(waits < 600.0, "{waits}");
    wait_for(&address, "updates_waiting", is(0));
    wait_unready(&address, "the database has not taken what Telegram gave");
    read_only(false);
    env.telegram.wait_for_count(1, 1);
    wait_for(&address, "batch_waiting_seconds", is(0));
    // And it is known soon: no poll of 30 s has to pass first.
    let stored = Instant::now();
    wait_ready(&address);
    assert!(stored.elapsed() < Duration::from_secs(15), "{:?}", stored.elapsed());
}

#[test]
fn a_bot_that_answers_nobody_although_all_seems_well_is_not_ready_and_doctor_says_so() {
    let mut env = measured(TestEnv::empty());
    env.set("SHORT_WAITS", "silence=1");
    let bot = env.start_ready();
    let address = address(&bot);
    wait_ready(&address);
    let gate = env.model.hold(When::asked("hello"));
    env.telegram.say(&Person::private(1), "hello");
    gate.wait_arrived();
    wait_unready(&address, "the oldest question has waited for");
    let doctor = env.run(&["doctor", "--only", "database"]);
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.out.contains("✗ answers      the oldest question has waited for"), "{}", doctor.out);
    gate.release();
    env.telegram.wait_for_count(1, 1);
    wait_ready(&address);
    assert!(env.run(&["doctor", "--only", "database"]).out.contains("✓ answers      no question waits"));
}

#[test]
fn a_lock_on_the_inbox_makes_the_bot_unready_too() {
    let env = measured(TestEnv::empty());
    let bot = env.start_ready();
    let address = address(&bot);
    wait_ready(&address);
    // Whoever reads is let through: the queue can be looked at.
    let lock = Transaction::begin(&env.database, "LOCK TABLE updates IN EXCLUSIVE MODE");
    env.telegram.say(&Person::private(1), "hello");
    wait_unready(&address, "the database has not taken what Telegram gave");
    drop(lock);
    env.telegram.wait_for_count(1, 1);
    wait_ready(&address);
}

#[test]
fn health_says_in_one_sentence_what_keeps_it_from_asking() {
    let mut operator = Operator::new();
    let said = operator.run(&["health"]).fails_with(1);
    assert!(said.contains("METRICS_ADDR is not set") && said.lines().count() == 1, "{said}");
    operator.set("METRICS_ADDR", "9464");
    assert!(
        operator.run(&["health"]).fails_with(1).contains("METRICS_ADDR is \"9464\"; expected: host:port")
    );
    // Somebody else is there, who even says that all is well.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    operator.set("METRICS_ADDR", other.local_addr().unwrap().to_string());
    // A proxy is not for what is on this machine.
    operator.set("HTTP_PROXY", "http://127.0.0.1:9");
    let answers = [
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ];
    let thread = std::thread::spawn(move || {
        for answer in answers {
            let (mut client, _) = other.accept().unwrap();
            let _ = client.read(&mut [0; 1000]).unwrap();
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    for status in [404, 200] {
        let said = operator.run(&["health"]).fails_with(1);
        assert!(
            said.contains("another program answers") && said.contains(&format!("with status {status}")),
            "{said}"
        );
    }
    thread.join().unwrap();
    // And somebody who never says anything.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    operator.set("METRICS_ADDR", silent.local_addr().unwrap().to_string());
    assert!(operator.run(&["health"]).fails_with(1).contains("answers within 5 s"));
}

#[test]
fn an_address_that_is_taken_ends_the_start_with_one_sentence_and_changes_nothing() {
    let mut env = TestEnv::empty();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    env.set("METRICS_ADDR", address.clone());
    let (status, log) = env.start().wait_log();
    assert_eq!(status.code(), Some(1));
    let said = format!("METRICS_ADDR: {address} cannot be listened on; choose a free port of this machine");
    assert!(log.contains(&said) && log.lines().count() == 1, "{log}");
    assert_eq!(env.psql("SELECT to_regclass('messages') IS NULL"), "t");
}
