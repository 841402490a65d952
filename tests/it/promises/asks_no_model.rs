//! A former leader that wakes up calls nobody: what it was about to ask of a model, whoever leads has asked meanwhile.

use std::time::Duration;

use sandbox::TestEnv;
use sandbox::model::{Behaviour, Gate};
use sandbox::telegram::Person;
use systech_aidd::base::cancel::{self, CancelToken};
use systech_aidd::base::http::Http;
use systech_aidd::telegram::{FileError, Settings, Telegram, TelegramError};

use super::models::{CHAIN, calls, first, with_catalogue};
use super::spoken::{ann, choose, speaking, wait_for_voices};
use super::standby::{Frozen, have_lead_again, start_standby, with_short_leases};
use super::voices::{LEDGER, hearing, say};

/// Freezes the leader while it asks the first model, until the next one has asked it as well and has sent so many messages; has the
/// former one lead again.
fn freeze_while_it_asks(env: &TestEnv, gate: &Gate, messages: usize) {
    let one = env.start_ready();
    let two = start_standby(env);
    env.telegram.say(&Person::private(1), "rice");
    gate.wait_arrived();
    let frozen = Frozen::new(&one);
    two.wait_ready();
    gate.wait_arrivals(2);
    gate.release();
    env.telegram.wait_for_count(1, messages);
    env.wait_settled();
    drop(frozen);
    have_lead_again(env, &one, two);
}

#[test]
fn what_it_was_about_to_have_heard_is_heard_by_the_next_one_alone() {
    let env = with_short_leases(hearing());
    let one = env.start_with(&[("STOP_POINT", "fetched")]);
    one.wait_ready();
    let two = start_standby(&env);
    say(&env, &Person::private(1), "zebra");
    two.wait_ready();
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    have_lead_again(&env, &one, two);
    assert_eq!(env.model.listened().len(), 1);
    assert_eq!(env.psql(LEDGER), "transcript answered, answer answered, answer answered");
}

#[test]
fn a_model_that_failed_while_it_was_frozen_is_stood_in_for_by_the_next_one_alone() {
    let env = with_short_leases(with_catalogue(CHAIN));
    let (gate, down) = (Gate::default(), Behaviour::status(503, "down"));
    env.model.on(first(), down.hold(&gate));
    freeze_while_it_asks(&env, &gate, 2);
    let stood_in = env.model.requests().iter().filter(|asked| asked.body["model"] == "vendor/second").count();
    assert_eq!(stood_in, 2, "once for each question");
    // What it paid for it tells all the same.
    assert_eq!(calls(&env).matches("vendor/first").count(), 3, "{}", calls(&env));
}

#[test]
fn an_answer_that_came_while_it_was_frozen_is_not_stored_and_its_cost_is() {
    let env = with_short_leases(with_catalogue(CHAIN));
    let gate = env.model.hold(first());
    freeze_while_it_asks(&env, &gate, 1);
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "2");
    assert_eq!(env.psql("SELECT count(*) FROM model_calls"), "3");
}

#[test]
fn what_it_was_about_to_have_spoken_is_spoken_by_the_next_one_alone() {
    let env = with_short_leases(speaking());
    let one = env.start_with(&[("STOP_POINT", "recorded:zebra")]);
    one.wait_ready();
    choose(&env, &ann(), "on");
    let two = start_standby(&env);
    env.telegram.say(&ann(), "zebra");
    two.wait_ready();
    wait_for_voices(&env, 1);
    env.wait_settled();
    have_lead_again(&env, &one, two);
    assert_eq!(env.model.spoken().len(), 1);
}

#[test]
fn behind_a_closed_gate_no_method_of_telegram_is_called() {
    let env = TestEnv::new();
    let (http, _runtime) = Http::start().unwrap();
    let settings = Settings {
        token: env.telegram.token().parse().unwrap(),
        url: env.telegram.url(),
        timeout: Duration::from_secs(30),
    };
    let gate = cancel::Gate::new(|| false);
    let telegram = Telegram::new(http, &settings, CancelToken::new()).behind(&gate);
    for telegram in [telegram.clone(), telegram.until(&CancelToken::new())] {
        assert_eq!(telegram.delete(1, 2), Err(TelegramError::NotLeading));
        assert_eq!(telegram.name_topic(1, 2, "a title".to_owned()), Err(TelegramError::NotLeading));
        assert_eq!(telegram.leave(-1), Err(TelegramError::NotLeading));
        let file = env.telegram.keep(b"content");
        let file = telegram.file(file["file_id"].as_str().unwrap(), 100);
        assert_eq!(file, Err(FileError::Telegram(TelegramError::NotLeading)));
    }
    assert_eq!(env.telegram.look(|state| state.calls().len()), 0);
}
