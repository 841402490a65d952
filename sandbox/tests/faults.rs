//! Trouble at Telegram's edge: each fault does what its name says, to the calls it was set for.

mod common;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use common::{Caller, receive};
use sandbox::telegram::{Action, Calls, Reply};
use sandbox::{Person, Telegram};
use serde_json::json;

fn start() -> (Telegram, Caller) {
    let telegram = Telegram::start();
    let bot = Caller::of(&telegram);
    telegram.say(&Person::private(7), "hello");
    telegram.say(&Person::private(8), "hello");
    (telegram, bot)
}

#[test]
fn a_rule_hits_its_calls_and_no_others() {
    let (telegram, bot) = start();
    let calls = Calls::to("sendMessage").in_chat(7).skip(1).times(1);
    let fault = telegram.fault(calls, Action::RetryAfter(100_000));
    bot.say(8, "other chat");
    bot.say(7, "first passes");
    let refused = bot.try_call("sendMessage", &json!({"chat_id": 7, "text": "second"})).unwrap();
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["parameters"]["retry_after"], 100_000);
    bot.say(7, "third passes");
    assert_eq!(fault.hits(), 1);
    assert_eq!(telegram.texts(7), ["first passes", "third passes"]);
}

#[test]
fn a_chance_is_the_same_for_the_same_seed() {
    let run = || {
        let (telegram, bot) = start();
        telegram.fault(Calls::any().chance(0.5, 42), Action::Refuse(Reply::html(502)));
        (0..20).map(|_| bot.try_call("getMe", &json!({})).unwrap().status).collect::<Vec<_>>()
    };
    let statuses = run();
    assert_eq!(statuses, run());
    assert!(statuses.contains(&200) && statuses.contains(&502));
}

#[test]
fn answers_that_are_not_json_arrive_as_they_are() {
    let (telegram, bot) = start();
    for (reply, status, begins) in [
        (Reply::html(502), 502, &b"<html>"[..]),
        (Reply::garbage(200), 200, b"{\"ok\":tr\xff"),
        (Reply::empty(500), 500, b""),
    ] {
        telegram.fault(Calls::to("getMe").times(1), Action::Refuse(reply));
        let answer = bot.try_call("getMe", &json!({})).unwrap();
        assert_eq!(answer.status, status);
        assert!(answer.body.starts_with(begins));
    }
}

#[test]
fn a_reset_before_taking_loses_the_call_and_one_after_it_only_the_answer() {
    let (telegram, bot) = start();
    for (action, kind) in [
        (Action::Reset, ErrorKind::ConnectionReset),
        (Action::TakeThenReset, ErrorKind::ConnectionReset),
        (Action::TakeThenClose, ErrorKind::UnexpectedEof),
    ] {
        let text = format!("{action:?}");
        telegram.fault(Calls::to("sendMessage").times(1), action);
        let error = bot.try_call("sendMessage", &json!({"chat_id": 7, "text": text})).unwrap_err();
        assert_eq!(error.kind(), kind, "{text}");
    }
    assert_eq!(telegram.texts(7), ["TakeThenReset", "TakeThenClose"]);
    let taken: Vec<_> = telegram.calls("sendMessage").iter().map(|call| (call.taken, call.status)).collect();
    assert_eq!(taken, [(false, None), (true, None), (true, None)]);
}

#[test]
fn a_truncated_answer_breaks_off_in_the_body() {
    let (telegram, bot) = start();
    telegram.fault(Calls::to("sendMessage").times(1), Action::TakeThenTruncate);
    let answer = bot.try_call("sendMessage", &json!({"chat_id": 7, "text": "x"})).unwrap();
    assert!(!answer.whole && answer.body.starts_with(b"{\"ok\":true"));
}

#[test]
fn a_gateway_error_may_come_after_the_message_was_taken() {
    let (telegram, bot) = start();
    telegram.fault(Calls::to("sendMessage").times(1), Action::TakeThenReply(Reply::html(504)));
    assert_eq!(bot.try_call("sendMessage", &json!({"chat_id": 7, "text": "x"})).unwrap().status, 504);
    assert_eq!(telegram.texts(7), ["x"]);
}

#[test]
fn a_hanging_call_goes_on_when_it_is_released() {
    let (telegram, bot) = start();
    let fault = telegram.fault(Calls::to("sendMessage"), Action::Hang);
    let mut hanging = bot.begin("sendMessage", &json!({"chat_id": 7, "text": "x"}));
    fault.wait_hits(1, Duration::from_secs(5));
    assert!(telegram.texts(7).is_empty());
    fault.release();
    assert_eq!(receive(&mut hanging).unwrap().status, 200);
    telegram.fault(Calls::to("sendMessage").times(1), Action::Delay(Duration::from_millis(150)));
    let begun = Instant::now();
    bot.say(7, "y");
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[test]
fn an_outage_refuses_connections_and_keeps_what_waits() {
    let (telegram, bot) = start();
    let mut polling = bot.begin("getUpdates", &json!({"offset": i64::from(i32::MAX), "timeout": 50}));
    telegram.down();
    let _ = receive(&mut polling);
    assert_eq!(bot.try_call("getMe", &json!({})).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    telegram.say(&Person::private(7), "meanwhile");
    telegram.up();
    assert_eq!(bot.poll(0, 0).len(), 3);
}

#[test]
fn a_stand_in_stops_when_dropped_whatever_hangs_in_it() {
    let (telegram, bot) = start();
    let fault = telegram.fault(Calls::to("getMe"), Action::Hang);
    let _hanging = bot.begin("getMe", &json!({}));
    fault.wait_hits(1, Duration::from_secs(5));
    let begun = Instant::now();
    drop(telegram);
    assert!(begun.elapsed() < Duration::from_secs(2));
}
