//! Budgets: how much may be spent on models in a day and in a month, by all together and by each person.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::Person;
use serde_json::json;

use crate::support::asking::ask;

/// An answer that costs so many dollars.
fn answer(dollars: f64) -> Behaviour {
    Behaviour::answer().figures(&json!({"cost": dollars}))
}

/// A bot with these budgets, whose answers cost ten cents.
fn with(budgets: &[(&str, &str)]) -> TestEnv {
    let mut env = TestEnv::new();
    for (name, dollars) in budgets {
        env.set(name, *dollars);
    }
    env.model.usually(answer(0.1));
    env
}

/// What was spent was spent so long ago.
fn earlier(env: &TestEnv, time: &str) {
    env.psql(&format!("UPDATE model_calls SET called_at = called_at - interval '{time}'"));
}

const RESERVED: &str = "SELECT count(reserved) + count(reserved_at) FROM updates";

/// As the bot says it.
fn date(env: &TestEnv, next: &str) -> String {
    let date = format!(
        "SELECT to_char(date_trunc('{next}', now() AT TIME ZONE 'UTC') + interval '1 {next}', 'FMDD FMMonth')"
    );
    env.psql(&date)
}

#[test]
fn a_question_beyond_a_budget_is_kept_costs_nothing_and_is_answered_by_retry_when_the_next_one_begins() {
    for (budget, next, english, russian) in [
        (
            "BUDGET_DAY",
            "day",
            "The bot has used up its budget for today.",
            "Бот израсходовал свой бюджет на сегодня.",
        ),
        (
            "BUDGET_MONTH",
            "month",
            "The bot has used up its budget for this month.",
            "Бот израсходовал свой бюджет на этот месяц.",
        ),
    ] {
        let env = with(&[(budget, "0.2")]);
        let _bot = env.start();
        let (person, other) = (Person::private(1).speaking("en"), Person::private(2).speaking("ru"));
        ask(&env, &person, "one");
        ask(&env, &other, "two");
        let told = ask(&env, &person, "three");
        let begins = format!("The next one begins on {} at 00:00 UTC.", date(&env, next));
        assert!(told.text().starts_with(&format!("{english} {begins} ")), "{}", told.text());
        assert!(told.text().contains("is saved") && told.text().contains("/retry"), "{}", told.text());
        let told = ask(&env, &other, "four");
        assert!(told.text().starts_with(russian) && told.text().contains(" в 00:00 UTC."), "{}", told.text());
        assert_eq!(env.times_asked("three") + env.times_asked("four"), 0);
        let turns = "SELECT string_agg(concat_ws(' ', content, state, failure), ', ' ORDER BY turns.id)
                     FROM turns JOIN messages ON messages.id = question_id";
        let expected = "one answered, two answered, three failed over_budget, four failed over_budget";
        assert_eq!(env.psql(turns), expected);
        assert!(!ask(&env, &person, "/help").text().contains("budget"));
        earlier(&env, if next == "day" { "1 day" } else { "1 month" });
        env.telegram.say(&person, "/retry");
        env.telegram.wait_for_text(1, |text| text.contains("three"));
        env.wait_settled();
        assert_eq!((env.times_asked("three"), &*env.psql(RESERVED)), (1, "0"));
        env.assert_logged("WARN", 0);
    }
}

#[test]
fn a_person_beyond_the_own_budget_reads_so_in_every_chat_and_others_do_not() {
    let env = with(&[("BUDGET_PERSON_DAY", "0.05"), ("BUDGET_PERSON_MONTH", "0.15"), ("BUDGET_DAY", "100")]);
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "one");
    let told = ask(&env, &Person::in_group(1, -5).speaking("en"), "two");
    assert!(told.text().starts_with("You have used up your budget for today."), "{}", told.text());
    assert!(ask(&env, &Person::private(2), "three").text().contains("three"));
    earlier(&env, "1 day");
    // On the first of a month yesterday was in another one.
    let is_first = env.psql("SELECT extract(day FROM now() AT TIME ZONE 'UTC') = 1") == "t";
    if !is_first {
        ask(&env, &person, "four");
        let told = ask(&env, &person, "five");
        assert!(told.text().starts_with("You have used up your budget for this month."), "{}", told.text());
    }
}

#[test]
fn an_answer_that_is_there_stays_when_its_repetition_is_beyond_the_budget() {
    let env = with(&[("BUDGET_DAY", "0.1")]);
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let answer = ask(&env, &person, "one");
    assert!(ask(&env, &person, "/retry").text().contains("used up"));
    assert_eq!(env.telegram.texts(1)[0], answer.text());
    assert_eq!(env.psql("SELECT count(*), count(*) FILTER (WHERE superseded_by IS NULL) FROM turns"), "1|1");
    assert_eq!(env.psql(RESERVED), "0");
}

#[test]
fn a_cost_that_nobody_tells_counts_by_its_tokens_or_as_a_cent() {
    let env = with(&[("BUDGET_DAY", "0.01")]);
    let _bot = env.start();
    // A thousand tokens written, at 15 dollars for a million, are one and a half cents.
    let figures = json!({"prompt_tokens": 0, "completion_tokens": 1000});
    env.model.on(When::asked("tokens"), Behaviour::answer().figures(&figures));
    env.model.on(When::asked("nothing"), Behaviour::answer().without_usage());
    env.model.on(When::asked("refused"), Behaviour::status(401, "no"));
    for (question, counts) in [("refused", false), ("tokens", true), ("nothing", true)] {
        let person = Person::private(1).speaking("en");
        ask(&env, &person, question);
        assert_eq!(env.psql("SELECT count(cost) FROM model_calls"), "0", "{question}");
        let told = ask(&env, &person, "and now?");
        assert_eq!(told.text().contains("used up"), counts, "{question}: {}", told.text());
        env.psql("DELETE FROM model_calls");
    }
}

/// Whoever asks while the rest of the budget is reserved waits, and is answered if the others cost less.
#[test]
fn a_question_waits_while_others_may_need_what_is_left_and_is_answered_if_they_do_not() {
    let env = with(&[("BUDGET_DAY", "0.05")]);
    let _bot = env.start();
    let gate = Gate::default();
    env.model.on(When::asked("first"), answer(0.001).hold(&gate));
    env.model.on(When::asked("second"), answer(0.001));
    env.telegram.say(&Person::private(1), "first");
    gate.wait_arrived();
    assert_eq!(env.psql("SELECT reserved > 0.05 FROM updates"), "t", "it may be as long as LLM_MAX_TOKENS");
    env.telegram.say(&Person::private(2), "second");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE not_before IS NOT NULL", |rows| rows == "1");
    assert_eq!(env.times_asked("second"), 0);
    gate.release();
    assert!(env.telegram.wait_for_count(2, 1)[0].text().contains("second"));
    env.wait_settled();
    assert_eq!(env.psql(RESERVED), "0");
    assert_eq!(env.psql("SELECT retries FROM updates WHERE retries > 0"), "");
}

#[test]
fn sixty_four_questions_at_once_and_a_kill_pass_the_budget_by_what_is_in_work_at_most() {
    let env = with(&[("BUDGET_DAY", "1"), ("WORKERS", "64"), ("LLM_MAX_TOKENS", "16000")]);
    let mut bot = env.start();
    let gate = Gate::default();
    // Each answer may cost a quarter of a dollar as far as is known, so five are in work at once; and each costs more.
    env.model.usually(answer(0.3).hold(&gate));
    for person in 1..=64 {
        env.telegram.say(&Person::private(person).speaking("en"), "dear");
    }
    gate.wait_arrivals(5);
    env.wait_for_rows("SELECT count(*) FROM updates WHERE not_before IS NOT NULL", |rows| rows == "59");
    assert_eq!(gate.arrived(), 5, "one is asked only while something is left");
    env.kill(bot);
    gate.release();
    bot = env.start();
    for person in 1..=64 {
        env.telegram.wait_for_count(person, 1);
    }
    env.wait_settled();
    bot.stop();
    let spent = env.psql("SELECT sum(cost) BETWEEN 1 AND 1 + 5 * 0.3 FROM model_calls");
    assert_eq!(spent, "t", "{}", env.psql("SELECT sum(cost), count(*) FROM model_calls"));
    let ends = "SELECT count(*), count(*) FILTER (WHERE failure = 'over_budget') FROM turns";
    let calls: usize = env.psql("SELECT count(*) FROM model_calls").parse().unwrap();
    assert_eq!(env.psql(ends), format!("64|{}", 64 - calls));
    assert_eq!(env.psql(RESERVED), "0", "nothing stays reserved");
}
