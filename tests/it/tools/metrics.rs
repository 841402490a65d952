//! METRICS_ADDR: what happens is counted, and whoever asks cannot hold up anything.

use std::collections::VecDeque;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv, wait_until};
use serde_json::json;

use crate::support::exposition::{address, http, is, measured, metrics, page, wait_for};
use crate::support::transaction::Transaction;

#[test]
fn what_happens_can_be_read_from_the_metrics() {
    let mut env = measured(TestEnv::new());
    env.set("WORKERS", "1");
    let bot = env.start_ready();
    let address = address(&bot);
    wait_for(&address, "workers", is(1));
    wait_for(&address, &format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), is(1));
    wait_for(&address, "answers_total", is(0));

    // An answer that takes a while, and a draft that is refused for now.
    let gate = env.model.hold(When::asked("first"));
    env.telegram.fault(Calls::to("sendMessageDraft").times(1), Action::RetryAfter(1));
    env.telegram.say(&Person::private(1), "first");
    gate.wait_arrived();
    env.telegram.say(&Person::private(2), "second");
    wait_for(&address, "workers_busy", is(1));
    wait_for(&address, "lanes_ready", is(1));
    wait_for(&address, "updates_waiting", is(2));
    wait_for(&address, "oldest_waiting_seconds", |age| age > 0.0 && age < 600.0);
    // A question that waits is no message that Telegram does not take.
    wait_for(&address, "oldest_unsent_seconds", is(0));
    // The first message took none, and the sequence begins with 1.
    wait_for(&address, "message_ids_left", |left| left > 2_147_483_000.0 && left < 2_147_483_648.0);
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

    // A draft that is shown.
    let gate = env.model.hold(When::asked("slow"));
    env.telegram.say(&Person::private(7), "slow");
    wait_for(&address, "drafts_total{outcome=\"shown\"}", |shown| shown >= 1.0);
    gate.release();
    env.telegram.wait_for_count(7, 1);

    // The model fails once in passing, then for good.
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

    // An answer that its person stops.
    let gate = env.model.hold(When::asked("endless"));
    env.telegram.say(&Person::private(8), "endless");
    gate.wait_arrived();
    env.telegram.say(&Person::private(8), "/stop");
    wait_for(&address, "stopped_total", is(1));

    // A button, and something that nobody has to answer.
    env.telegram.say(&Person::private(3), "/forget");
    let asked = env.telegram.wait_for_count(3, 3).pop().unwrap();
    let data = asked.content.markup.as_ref().unwrap()["inline_keyboard"][0][0]["callback_data"].clone();
    env.telegram.press(&Person::private(3), asked.message_id, data.as_str().unwrap());
    env.telegram.post(&Person::in_group(4, -4), &json!({"new_chat_title": "us"}));
    wait_for(&address, "updates_total{kind=\"callback_query\"}", is(1));
    wait_for(&address, "updates_total{kind=\"other\"}", is(1));
    wait_for(&address, "telegram_calls_total{method=\"answerCallbackQuery\"}", is(1));

    // Polling fails and works again.
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
    // Who waits for Telegram waits too.
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
    let mut env = measured(TestEnv::new());
    env.set("DATABASE_POOL_SIZE", "1");
    let bot = env.start_ready();
    let address = address(&bot);
    let waits = wait_for(&address, "database_pool_wait_seconds_count", |count| count > 0.0);
    let lock = Transaction::begin(&env.database, "LOCK TABLE messages, updates IN ACCESS EXCLUSIVE MODE");
    env.telegram.say(&Person::private(1), "hello");
    // Poll and the look for this page want the only connection.
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

#[test]
fn only_what_is_there_is_answered() {
    let env = measured(TestEnv::new());
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
    let env = measured(TestEnv::new());
    let bot = env.start_ready();
    let address = address(&bot);
    let files = || std::fs::read_dir(format!("/proc/{}/fd", bot.pid())).unwrap().count();
    env.others_are_served();
    let (files_before, memory_before) = (files(), bot.peak_memory());
    // Three thousand of them, five hundred at a time.
    let mut clients = VecDeque::new();
    let endless = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(100_000));
    for n in 0..3000 {
        let mut client = TcpStream::connect(&address).unwrap();
        client.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let words: &[u8] = match n % 4 {
            0 => b"",
            1 => b"GET /metr",
            // Asks and never reads.
            2 => b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            _ => endless.as_bytes(),
        };
        // Being shown the door is an answer too.
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
    // None of them holds up the end.
    let ending = Instant::now();
    assert!(bot.stop().success());
    assert!(ending.elapsed() < Duration::from_secs(10), "{:?}", ending.elapsed());
    drop(clients);
}
