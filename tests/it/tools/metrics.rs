//! METRICS_ADDR: what happens is counted, health is told, and whoever asks cannot hold up anything.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use sandbox::env::{Bot, Operator};
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv, wait_until};
use serde_json::json;

use crate::support::exposition::{Exposition, http, page};
use crate::support::transaction::Transaction;

/// A env whose bots tell how they are.
pub(crate) fn env() -> TestEnv {
    measured(TestEnv::new())
}

fn measured(mut env: TestEnv) -> TestEnv {
    env.set("METRICS_ADDR", "127.0.0.1:0");
    env
}

/// Where a bot tells it.
pub(crate) fn address(bot: &Bot) -> String {
    let line = bot.wait_for_line("/healthz and /readyz");
    line.split("address=").nth(1).unwrap().trim().to_owned()
}

fn metrics(address: &str) -> Exposition {
    let (status, head, body) = http(address, "GET /metrics").unwrap();
    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    Exposition::read(&body)
}

/// Waits until a series, named without the prefix, has a value that fits.
#[track_caller]
fn wait_for(address: &str, series: &str, fits: impl Fn(f64) -> bool) -> f64 {
    let name = format!("systech_aidd_{series}");
    wait_until(series, || metrics(address).get(&name).filter(|value| fits(*value)))
}

fn is(expected: u32) -> impl Fn(f64) -> bool {
    move |value| (value - f64::from(expected)).abs() < f64::EPSILON
}

#[test]
fn what_happens_can_be_read_from_the_metrics() {
    let mut env = env();
    env.set("WORKERS", "1");
    let bot = env.start_ready();
    let address = address(&bot);
    wait_for(&address, "workers", is(1));
    wait_for(&address, &format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), is(1));
    wait_for(&address, "answers_total", is(0));

    // an answer that takes a while, and a draft that is refused for now
    let gate = env.model.hold(When::asked("first"));
    env.telegram.fault(Calls::to("sendMessageDraft").times(1), Action::RetryAfter(1));
    env.telegram.say(&Person::private(1), "first");
    gate.wait_arrived();
    env.telegram.say(&Person::private(2), "second");
    wait_for(&address, "workers_busy", is(1));
    wait_for(&address, "lanes_ready", is(1));
    wait_for(&address, "updates_waiting", is(2));
    wait_for(&address, "oldest_waiting_seconds", |age| age > 0.0 && age < 600.0);
    // a question that waits is no message that Telegram does not take
    wait_for(&address, "oldest_unsent_seconds", is(0));
    wait_for(&address, "drafts_total{outcome=\"refused\"}", is(1));
    wait_for(&address, "telegram_errors_total{method=\"sendMessageDraft\",code=\"429\"}", is(1));
    gate.release();
    env.wait_settled();
    wait_for(&address, "answers_total", is(2));
    wait_for(&address, "updates_total{kind=\"message\"}", is(2));
    wait_for(&address, "first_token_seconds_count", is(2));
    let seconds = wait_for(&address, "answer_seconds_sum", |seconds| seconds > 0.0);
    let stored: f64 = env.psql("SELECT sum(duration_ms) / 1000.0 FROM turns").parse().unwrap();
    assert!((seconds - stored).abs() < 0.01, "{seconds} s, and {stored} s in turns");
    for (direction, column) in [("read", "prompt_tokens"), ("written", "completion_tokens")] {
        let tokens: u32 = env.psql(&format!("SELECT sum({column}) FROM turns")).parse().unwrap();
        assert!(tokens > 0);
        wait_for(&address, &format!("tokens_total{{direction=\"{direction}\"}}"), is(tokens));
    }
    wait_for(&address, "telegram_calls_total{method=\"sendMessage\"}", is(2));
    wait_for(&address, "updates_waiting", is(0));
    wait_for(&address, "oldest_waiting_seconds", is(0));

    // a draft that is shown
    let gate = env.model.hold(When::asked("slow"));
    env.telegram.say(&Person::private(7), "slow");
    wait_for(&address, "drafts_total{outcome=\"shown\"}", |shown| shown >= 1.0);
    gate.release();
    env.telegram.wait_for_count(7, 1);

    // the model fails once in passing, then for good
    env.model.on(When::asked("shaky").once(), Behaviour::status(500, "oops"));
    env.model.on(When::asked("wrong"), Behaviour::status(401, "no"));
    env.telegram.say(&Person::private(3), "shaky");
    env.telegram.wait_for_count(3, 1);
    env.telegram.say(&Person::private(3), "wrong");
    env.telegram.wait_for_count(3, 2);
    wait_for(&address, "retries_total{neighbour=\"model\"}", is(1));
    wait_for(&address, "failures_total{class=\"misconfigured\"}", is(1));
    wait_for(&address, "failures_total{class=\"refused\"}", is(0));
    wait_for(&address, "answers_total", is(4));

    // an answer that its person stops
    let gate = env.model.hold(When::asked("endless"));
    env.telegram.say(&Person::private(8), "endless");
    gate.wait_arrived();
    env.telegram.say(&Person::private(8), "/stop");
    wait_for(&address, "stopped_total", is(1));

    // a button, and something that nobody has to answer
    env.telegram.say(&Person::private(3), "/forget");
    let asked = env.telegram.wait_for_count(3, 3).pop().unwrap();
    let data = asked.content.markup.as_ref().unwrap()["inline_keyboard"][0][0]["callback_data"].clone();
    env.telegram.press(&Person::private(3), asked.message_id, data.as_str().unwrap());
    env.telegram.post(&Person::in_group(4, -4), &json!({"new_chat_title": "us"}));
    wait_for(&address, "updates_total{kind=\"callback_query\"}", is(1));
    wait_for(&address, "updates_total{kind=\"other\"}", is(1));
    wait_for(&address, "telegram_calls_total{method=\"answerCallbackQuery\"}", is(1));

    // polling fails and works again
    let before = wait_for(&address, "last_poll_timestamp_seconds", |at| at > 1e9);
    let failing = env.telegram.fault(Calls::to("getUpdates").times(2), Action::Refuse(Reply::html(502)));
    env.others_are_served();
    failing.wait_hits(2, PATIENCE);
    env.others_are_served();
    wait_for(&address, "polling_restarts_total", is(1));
    wait_for(&address, "telegram_errors_total{method=\"getUpdates\",code=\"5xx\"}", is(2));
    assert!(wait_for(&address, "last_poll_timestamp_seconds", |at| at > before) < before + 600.0);

    // Telegram asks for a pause that is kept, and refuses another chat for good
    env.telegram.fault(Calls::to("sendMessage").in_chat(5).times(1), Action::RetryAfter(3600));
    env.telegram.say(&Person::private(5), "later");
    wait_for(&address, "lanes_waiting", is(1));
    wait_for(&address, "reply_parts_unsent", is(1));
    // who waits for Telegram waits too
    env.psql("UPDATE reply_parts SET created_at = created_at - interval '1 day' WHERE state = 'unsent'");
    wait_for(&address, "updates_waiting", is(0));
    wait_for(&address, "oldest_waiting_seconds", |age| age > 86_000.0 && age < 87_000.0);
    wait_for(&address, "oldest_unsent_seconds", |age| age > 86_000.0 && age < 87_000.0);
    wait_for(&address, "retries_total{neighbour=\"telegram\"}", is(1));
    let blocked = Reply::error(403, "Forbidden: bot was blocked by the user");
    env.telegram.fault(Calls::to("sendMessage").in_chat(6).times(1), Action::Refuse(blocked));
    env.telegram.say(&Person::private(6), "blocked");
    wait_for(&address, "telegram_errors_total{method=\"sendMessage\",code=\"403\"}", is(1));
    let unknown = metrics(&address).get("systech_aidd_telegram_calls_total{method=\"other\"}");
    assert!(unknown.is_none(), "a method of the Bot API has no name in the metrics");
    assert!(bot.stop().success());
}

#[test]
fn waits_for_a_connection_are_measured_and_the_queue_is_absent_while_nobody_can_ask() {
    let mut env = env();
    env.set("DATABASE_POOL_SIZE", "1");
    let bot = env.start_ready();
    let address = address(&bot);
    let waits = wait_for(&address, "database_pool_wait_seconds_count", |count| count > 0.0);
    let lock = Transaction::begin(&env.database, "LOCK TABLE messages, updates IN ACCESS EXCLUSIVE MODE");
    env.telegram.say(&Person::private(1), "hello");
    // poll and the look for this page want the only connection
    wait_for(&address, "database_pool_timeouts_total", |count| count > 0.0);
    let absent = wait_until("the queue to be absent", || {
        let metrics = metrics(&address);
        metrics.get("systech_aidd_updates_waiting").is_none().then_some(metrics)
    });
    assert!(absent.get("systech_aidd_oldest_waiting_seconds").is_none());
    assert!(absent.get("systech_aidd_oldest_unsent_seconds").is_none());
    assert!(absent.get("systech_aidd_database_pool_wait_seconds_count") > Some(waits));
    assert_eq!(page(&address, "/readyz"), (503, "the database does not answer\n".to_owned()));
    assert_eq!(page(&address, "/healthz").0, 200);
    drop(lock);
    env.telegram.wait_for_count(1, 1);
    wait_for(&address, "updates_waiting", is(0));
}

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
    // a poll may take so long and this: what succeeded longer ago is too old
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
    let mut env = env();
    // soon the last poll would be too old as well
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
    // the queue can be looked at all the while, and nothing waits in it
    let waits = wait_for(&address, "batch_waiting_seconds", |seconds| seconds > 4.0);
    assert!(waits < 600.0, "{waits}");
    wait_for(&address, "updates_waiting", is(0));
    wait_unready(&address, "the database has not taken what Telegram gave");
    read_only(false);
    env.telegram.wait_for_count(1, 1);
    wait_for(&address, "batch_waiting_seconds", is(0));
    // and it is known soon: no poll of 30 s has to pass first
    let stored = Instant::now();
    wait_ready(&address);
    assert!(stored.elapsed() < Duration::from_secs(15), "{:?}", stored.elapsed());
}

#[test]
fn a_lock_on_the_inbox_makes_the_bot_unready_too() {
    let env = env();
    let bot = env.start_ready();
    let address = address(&bot);
    wait_ready(&address);
    // whoever reads is let through: the queue can be looked at
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
    // somebody else is there, who even says that all is well
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    operator.set("METRICS_ADDR", other.local_addr().unwrap().to_string());
    // a proxy is not for what is on this machine
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
    // and somebody who never says anything
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    operator.set("METRICS_ADDR", silent.local_addr().unwrap().to_string());
    assert!(operator.run(&["health"]).fails_with(1).contains("answers within 5 s"));
}

#[test]
fn an_address_that_is_taken_ends_the_start_with_one_sentence_and_changes_nothing() {
    let mut env = TestEnv::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    env.set("METRICS_ADDR", address.clone());
    let (status, log) = env.start().wait_log();
    assert_eq!(status.code(), Some(1));
    let said = format!("METRICS_ADDR: {address} cannot be listened on; choose a free port of this machine");
    assert!(log.contains(&said) && log.lines().count() == 1, "{log}");
    assert_eq!(env.psql("SELECT to_regclass('messages') IS NULL"), "t");
}

#[test]
fn only_what_is_there_is_answered() {
    let env = env();
    let bot = env.start_ready();
    let address = address(&bot);
    assert_eq!(page(&address, "/"), (404, "there are /metrics, /healthz and /readyz\n".to_owned()));
    assert_eq!(page(&address, "/metrics?x=1").0, 200);
    assert_eq!(http(&address, "POST /metrics").unwrap().0, 405);
    let (status, _, body) = http(&address, "HEAD /metrics").unwrap();
    assert_eq!((status, body.as_str()), (200, ""));
}

#[test]
fn clients_who_never_end_their_request_or_never_read_hold_up_nothing() {
    let env = env();
    let bot = env.start_ready();
    let address = address(&bot);
    let files = || std::fs::read_dir(format!("/proc/{}/fd", bot.pid())).unwrap().count();
    env.others_are_served();
    let (files_before, memory_before) = (files(), bot.peak_memory());
    // three thousand of them, five hundred at a time
    let mut clients = VecDeque::new();
    let endless = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(100_000));
    for n in 0..3000 {
        let mut client = TcpStream::connect(&address).unwrap();
        client.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let words: &[u8] = match n % 4 {
            0 => b"",
            1 => b"GET /metr",
            // asks and never reads
            2 => b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            _ => endless.as_bytes(),
        };
        // being shown the door is an answer too
        let _ = client.write_all(words);
        clients.push_back(client);
        if clients.len() > 500 {
            clients.pop_front();
        }
    }
    let asked = Instant::now();
    assert_eq!(page(&address, "/healthz").0, 200);
    metrics(&address);
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    env.others_are_served();
    let (files_now, memory_now) = (files(), bot.peak_memory());
    println!("files {files_before} → {files_now}, memory {memory_before} → {memory_now} MB");
    assert!(files_now < files_before + 80, "{files_before} → {files_now}");
    assert!(memory_now < memory_before + 16, "{memory_before} → {memory_now} MB");
    // none of them holds up the end
    let ending = Instant::now();
    assert!(bot.stop().success());
    assert!(ending.elapsed() < Duration::from_secs(10), "{:?}", ending.elapsed());
    drop(clients);
}
