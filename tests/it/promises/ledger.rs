//! The ledger: each call of the model that may cost has a row, whatever became of it.

use std::time::{Duration, Instant};

use diesel::{PgConnection, QueryResult, RunQueryDsl, sql_query};
use sandbox::TestEnv;
use sandbox::env::Operator;
use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::Person;
use serde_json::json;
use systech_aidd::base::secret::Secret;
use systech_aidd::domain::address::Address;
use systech_aidd::domain::lane::Lane;
use systech_aidd::domain::usage::{Call, CallId, Outcome, Purpose, Usage};
use systech_aidd::store::ledger::{self, Calls};
use systech_aidd::store::{Store, inbox, summaries, topics};

use super::erasure::operator_of;
use crate::support::exposition::{address, measured, wait_for};

/// What the ledger says of each call, in their order.
fn ledger(env: &TestEnv) -> String {
    env.psql("SELECT outcome, failure, cost, cost_source FROM model_calls ORDER BY id")
}

#[test]
fn an_answer_has_its_figures_in_the_ledger_as_the_endpoint_told_them() {
    let mut env = TestEnv::new();
    env.set("LLM_MODEL", "a-model");
    let _bot = env.start();
    let figures = json!({
        "cost": 0.000_123_45,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    });
    env.model.usually(Behaviour::text("Boil it.").figures(&figures));
    env.telegram.say(&Person::private(1), "rice");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let row = env.psql(
        "SELECT c.bot_id = t.bot_id, c.update_seq = t.update_seq, c.user_id, c.chat_id, purpose, endpoint, c.model, answered_by,
                outcome, c.failure, c.prompt_tokens = t.prompt_tokens, cached_tokens, c.completion_tokens = t.completion_tokens,
                thinking_tokens, cost, cost_source, c.first_token_ms = t.first_token_ms, c.duration_ms = t.duration_ms,
                called_at BETWEEN now() - interval '10 min' AND t.created_at
         FROM model_calls c, turns t",
    );
    let expected = "t|t|1|1|answer|127.0.0.1|a-model|a-model|answered||t|3|t|2|0.00012345|endpoint|t|t|t";
    assert_eq!(row, expected);
    assert_eq!(
        env.psql("SELECT model, calls, failed, cost, unknown FROM daily_costs"),
        "a-model|1|0|0.00012345|0"
    );
    assert_eq!(env.psql("SELECT user_id, calls, cost, unknown FROM costs_by_person"), "1|1|0.00012345|0");
}

#[test]
fn the_metrics_count_calls_and_cost_by_model() {
    let mut env = measured(TestEnv::new());
    env.set("LLM_MODEL", "a-model");
    let bot = env.start_ready();
    let address = address(&bot);
    env.model.on(When::asked("rice"), Behaviour::text("Boil it.").figures(&json!({"cost": 0.25})));
    env.model.on(When::asked("soup"), Behaviour::status(401, "no"));
    for question in ["rice", "rice", "soup"] {
        env.telegram.say(&Person::private(1), question);
    }
    env.telegram.wait_for_count(1, 3);
    let of = "endpoint=\"127.0.0.1\",model=\"a-model\"";
    for (series, value) in [
        (format!("model_calls_total{{{of},outcome=\"answered\"}}"), 2.0),
        (format!("model_calls_total{{{of},outcome=\"failed\"}}"), 1.0),
        (format!("model_cost_dollars_total{{{of}}}"), 0.5),
    ] {
        wait_for(&address, &series, |told| (told - value).abs() < 1e-9);
    }
}

#[test]
fn what_failed_and_was_repeated_is_in_the_ledger_too() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.usually(Behaviour::status(503, "down"));
    env.telegram.say(&Person::private(1), "rice");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(ledger(&env), ["failed|unreachable||"; 3].join("\n"));
    assert_eq!(env.psql("SELECT count(DISTINCT update_seq), count(answered_by) FROM model_calls"), "1|0");
}

#[test]
fn an_answer_that_broke_off_keeps_the_figures_that_came() {
    let env = TestEnv::new();
    let _bot = env.start();
    let whole = Behaviour::text("Boil it.").figures(&json!({"cost": 0.5}));
    env.model.usually(whole.clone().finish("error"));
    env.telegram.say(&Person::private(1), "rice");
    env.telegram.wait_for_count(1, 1);
    env.model.usually(whole.finish("content_filter"));
    env.telegram.say(&Person::private(1), "soup");
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    let broken = "failed|unreachable|0.5|endpoint";
    assert_eq!(ledger(&env), [broken, broken, broken, "refused|refused|0.5|endpoint"].join("\n"));
}

#[test]
fn a_cost_that_is_not_told_is_unknown_and_not_nothing() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.usually(Behaviour::text("Boil it.").without_usage());
    env.telegram.say(&Person::private(1), "rice");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(ledger(&env), "answered|||");
    assert_eq!(env.psql("SELECT cost, unknown FROM daily_costs"), "0|1");
}

#[test]
fn a_cut_answer_and_a_stopped_one_are_told_apart() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.model.on(When::asked("rice"), Behaviour::text("Boil").finish("length"));
    env.telegram.say(&person, "rice");
    env.telegram.wait_for_count(1, 2);
    let silence = Gate::default();
    env.model.on(When::asked("soup"), Behaviour::text("Take two carrots.").hold_after(1, &silence));
    env.telegram.say(&person, "soup");
    silence.wait_arrived();
    env.telegram.say(&person, "/stop");
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    assert_eq!(env.psql("SELECT outcome FROM model_calls ORDER BY id"), "cut\nstopped");
}

#[test]
fn a_question_that_was_changed_while_it_was_answered_has_two_calls() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let gate = env.model.hold(When::asked("rise"));
    let said = env.telegram.say(&person, "rise");
    gate.wait_arrived();
    env.telegram.edit(&person, said.message_id, "rice");
    env.telegram.wait_for_text(1, |text| text.contains("rice"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT outcome FROM model_calls ORDER BY id"), "stopped\nanswered");
}

#[test]
fn a_dialogue_that_is_too_long_has_a_row_for_each_try() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "first");
    env.telegram.wait_for_count(1, 1);
    let too_long =
        Behaviour::status(400, r#"{"error": {"code": "context_length_exceeded", "message": "too long"}}"#);
    env.model.on(When::asked("second").once(), too_long);
    env.telegram.say(&Person::private(1), "second");
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT outcome, failure FROM model_calls ORDER BY id"),
        "answered|\nfailed|too_long\nanswered|"
    );
}

#[test]
fn people_read_what_their_own_questions_cost() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (spender, other) = (Person::private(1).speaking("en"), Person::private(2).speaking("ru"));
    let usage = |person: &Person| {
        let before = env.telegram.texts(person.chat_id).len();
        env.telegram.say(person, "/usage");
        env.telegram.wait_for_count(person.chat_id, before + 1)[before].text().to_owned()
    };
    assert_eq!(
        usage(&other),
        "Сегодня: обращений к модели не было.\nВ этом месяце: обращений к модели не было."
    );
    env.model.on(
        When::asked("rice"),
        Behaviour::text("Boil it.").figures(&json!({"cost": 0.0123, "prompt_tokens": 90})),
    );
    env.telegram.say(&spender, "rice");
    env.telegram.wait_for_count(1, 1);
    let once = "calls of the model: 1, tokens: 93, $0.012";
    assert_eq!(usage(&spender), format!("Today: {once}.\nThis month: {once}."));
    env.model.on(When::asked("soup"), Behaviour::text("Boil it.").figures(&json!({"prompt_tokens": 90})));
    env.telegram.say(&spender, "soup");
    env.telegram.wait_for_count(1, 3);
    let twice = "calls of the model: 2, tokens: 186, $0.012, and 1 more of unknown cost";
    assert_eq!(usage(&spender), format!("Today: {twice}.\nThis month: {twice}."));
    env.telegram.say(&other, "soup");
    env.telegram.wait_for_count(2, 2);
    let unknown = "обращений к модели — 1, токенов — 93, цена неизвестна";
    assert_eq!(usage(&other), format!("Сегодня: {unknown}.\nВ этом месяце: {unknown}."));
}

#[test]
fn a_crash_before_the_commit_repeats_the_call_and_leaves_one_row() {
    let mut env = TestEnv::new();
    env.set("KILL_POINT", "finishing");
    let bot = env.start();
    env.telegram.say(&Person::private(1), "rice");
    env.wait_killed(bot);
    assert_eq!(ledger(&env), "", "the row is part of the transaction that ends the question");
    env.unset("KILL_POINT");
    let _bot = env.start();
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(env.psql("SELECT outcome FROM model_calls"), "answered");
}

#[test]
fn an_erasure_takes_the_person_out_of_the_ledger_and_leaves_the_cost() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.usually(Behaviour::text("Boil it.").figures(&json!({"cost": 0.25})));
    for person in [1, 2] {
        env.telegram.say(&Person::private(person), "rice");
        env.telegram.wait_for_count(person, 1);
    }
    env.wait_settled();
    operator_of(&env).run(&["history", "erase", "--user", "1", "--yes"]).ok();
    let people =
        "SELECT user_id, chat_id, update_seq IS NULL, cost FROM model_calls ORDER BY user_id NULLS FIRST";
    assert_eq!(env.psql(people), "||t|0.25\n2|2|f|0.25");
    assert_eq!(env.psql("SELECT sum(cost) FROM daily_costs"), "0.50");
}

/// A call of the model that nobody has stored yet.
fn call() -> Call {
    Call {
        id: CallId::random(),
        purpose: Purpose::Answer,
        endpoint: "endpoint".to_owned(),
        model: "model".to_owned(),
        began: Instant::now(),
        outcome: Outcome::Answered,
        usage: Usage::default(),
    }
}

#[test]
fn a_call_whose_commit_was_not_learnt_stands_in_the_ledger_once() {
    let operator = Operator::up_to_date();
    operator.psql("INSERT INTO messages (id, user_id, chat_id, role, content, message_length) VALUES (1, 1, 1, 'user', 'x', 1)");
    let store = Store::new(&Secret::new(operator.database.url()), 1);
    let lane = Lane { bot_id: 1, chat_id: 1, user_id: 1, thread_id: Some(7) };
    let address =
        Address { lane, update_seq: 1, update_id: 1, thread_id: None, reply_to: None, live_message_id: None };
    // What it does is committed; then the connection breaks, and it is done once more.
    let unacknowledged = |act: &dyn Fn(&mut PgConnection) -> QueryResult<()>| {
        let mut times = 0;
        let done = store.run(|conn| {
            times += 1;
            act(conn)?;
            if times == 1 {
                sql_query("SELECT pg_terminate_backend(pg_backend_pid())").execute(conn)?;
            }
            Ok(())
        });
        done.unwrap();
        assert_eq!(times, 2);
    };
    let count = |table: &str| operator.psql(&format!("SELECT count(*) FROM {table}"));
    let [one, two, three, four] = [call(), call(), call(), call()];
    let of = |call| Calls { address, calls: std::slice::from_ref(call) };
    unacknowledged(&|conn| ledger::store(conn, of(&one)).map(drop));
    assert_eq!(count("model_calls"), "1");
    unacknowledged(&|conn| inbox::put_off(conn, of(&two), 1, Duration::from_secs(1)).map(drop));
    assert_eq!(count("model_calls"), "2");
    unacknowledged(&|conn| topics::find(conn, of(&three), "Soup").map(drop));
    assert_eq!(count("model_calls"), "3");
    let new = summaries::New {
        calls: of(&four),
        follows: None,
        messages: &[1],
        instructions: "",
        content: "soup",
        model: None,
    };
    unacknowledged(&|conn| summaries::store(conn, &new).map(drop));
    assert_eq!((&*count("model_calls"), &*count("summaries")), ("4", "1"));
}
