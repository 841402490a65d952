//! The catalogue of models and roles: who answers, at which endpoint, as whom, at what price.

use std::fs;
use std::time::Duration;

use sandbox::TestEnv;
use sandbox::model::{Behaviour, Message, When, expected_answer};
use sandbox::telegram::Person;
use serde_json::json;

use crate::support::exposition::{address, measured, wait_for};

/// A catalogue in the bot's folder, where it is found by its usual name.
pub(super) fn with_catalogue(text: &str) -> TestEnv {
    let env = TestEnv::new();
    fs::write(env.folder().join("cook.txt"), "You cook.\n\nMore.\n").unwrap();
    write_catalogue(&env, text);
    env
}

/// Puts this in the catalogue's place; `URL` stands for the endpoint.
pub(super) fn write_catalogue(env: &TestEnv, text: &str) {
    let text = text.replace("URL", &format!("{:?}", env.model.url()));
    fs::write(env.folder().join("assistant.toml"), text).unwrap();
}

const TWO: &str = r#"
    [endpoints.ours]
    url = URL
    key = "OPENROUTER_API_KEY"

    [models.dear]
    model = "vendor/dear"
    price = { input = 1000, output = 2000 }
    users = [1]

    [models.cheap]
    model = "vendor/cheap"

    [roles.cook]
    prompt = "cook.txt"
"#;

#[test]
fn the_first_model_that_a_person_may_use_answers_in_the_first_role() {
    let env = with_catalogue(TWO);
    let _bot = env.start();
    for person in [1, 2] {
        env.telegram.say(&Person::private(person), "rice");
        let answer = env.telegram.wait_for_count(person, 1)[0].text().to_owned();
        assert_eq!(answer, expected_answer(&[Message::system("You cook.\n\nMore."), Message::user("rice")]));
    }
    env.wait_settled();
    let asked = env.psql("SELECT user_id, endpoint, model FROM model_calls ORDER BY user_id");
    assert_eq!(asked, "1|ours|vendor/dear\n2|ours|vendor/cheap");
    env.telegram.say(&Person::private(1), "/role");
    assert_eq!(env.telegram.wait_for_count(1, 2)[1].text(), "You cook.");
}

#[test]
fn a_cost_that_the_endpoint_does_not_tell_is_the_price_of_its_tokens() {
    let env = with_catalogue(TWO);
    let _bot = env.start();
    for person in [1, 2] {
        env.telegram.say(&Person::private(person), "rice");
        env.telegram.wait_for_count(person, 1);
    }
    env.wait_settled();
    let costs = "SELECT user_id, cost_source, cost = prompt_tokens * 0.001 + completion_tokens * 0.002
                 FROM model_calls ORDER BY user_id";
    assert_eq!(env.psql(costs), "1|price|t\n2||");
}

#[test]
fn the_bot_does_not_start_with_a_catalogue_that_is_wrong_and_names_the_line() {
    let env = with_catalogue(&TWO.replace("price =", "prize ="));
    let said = env.run(&[]).fails_with(1);
    let wrong = "CATALOGUE_PATH names assistant.toml, where line 8 is wrong: models.dear.prize is not known";
    assert!(said.contains(wrong), "{said}");
    let doctor = env.run(&["doctor", "--only", "settings"]);
    assert!(doctor.code == Some(1) && doctor.out.contains("where line 8 is wrong"), "{}", doctor.out);
}

#[test]
fn doctor_asks_every_model_of_the_catalogue() {
    let env = with_catalogue(TWO);
    let said = env.run(&["doctor", "--only", "settings,model"]).ok();
    assert!(said.contains("models dear, cheap; roles cook"), "{said}");
    assert!(said.contains("vendor/dear answers") && said.contains("vendor/cheap answers"), "{said}");
}

pub(super) const CHAIN: &str = r#"
    [endpoints.ours]
    url = URL
    key = "OPENROUTER_API_KEY"

    [models.first]
    name = "First"
    model = "vendor/first"
    effort = "low"
    fallback = ["second"]

    [models.second]
    name = "Second"
    model = "vendor/second"

    [roles.cook]
    prompt = "cook.txt"
"#;

pub(super) fn first() -> When {
    When::body(|body| body["model"] == "vendor/first")
}

fn second() -> When {
    When::body(|body| body["model"] == "vendor/second")
}

/// Who was asked, and what came of it.
pub(super) fn calls(env: &TestEnv) -> String {
    env.psql("SELECT model, outcome, failure FROM model_calls ORDER BY id")
}

#[test]
fn a_model_that_fails_refuses_or_is_silent_is_stood_in_for_and_the_answer_says_so() {
    for (fault, class) in [
        (Behaviour::status(503, "down"), "failed|unreachable"),
        (Behaviour::status(401, "no"), "failed|misconfigured"),
        (Behaviour::text("").finish("content_filter"), "refused|refused"),
        (Behaviour::stall(), "failed|too_slow"),
    ] {
        let mut env = with_catalogue(CHAIN);
        env.set("LLM_TIMEOUT", "1");
        let _bot = env.start();
        env.model.on(first(), fault);
        env.telegram.say(&Person::private(1).speaking("en"), "rice");
        let said = env.telegram.wait_for_count(1, 2);
        assert_eq!(
            said[0].text(),
            expected_answer(&[Message::system("You cook.\n\nMore."), Message::user("rice")])
        );
        assert_eq!(said[1].text(), "Second answered, because First does not answer right now.");
        env.wait_settled();
        assert_eq!(calls(&env), format!("vendor/first|{class}\nvendor/second|answered|"));
    }
}

#[test]
fn nobody_stands_in_once_the_person_has_seen_words() {
    let env = with_catalogue(CHAIN);
    let _bot = env.start();
    env.model.on(first().once(), Behaviour::text("Boil the rice.").cut_after(1));
    env.telegram.say(&Person::private(1), "rice");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(calls(&env), "vendor/first|failed|unreachable\nvendor/first|answered|");
}

#[test]
fn where_nobody_answers_a_failure_that_may_pass_is_tried_again() {
    let env = with_catalogue(CHAIN);
    let _bot = env.start();
    env.model.on(first().once(), Behaviour::status(503, "down"));
    env.model.on(second().once(), Behaviour::status(401, "no"));
    env.telegram.say(&Person::private(1), "rice");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let expected =
        "vendor/first|failed|unreachable\nvendor/second|failed|misconfigured\nvendor/first|answered|";
    assert_eq!(calls(&env), expected);
}

/// The same at an endpoint of this kind.
fn at(kind: &str, more: &str) -> String {
    CHAIN.replace("    url = URL\n", &format!("    url = URL\n    kind = {kind:?}\n    {more}\n"))
}

#[test]
fn an_endpoint_is_told_who_asks_by_a_name_that_leads_to_nobody_and_is_always_the_same() {
    for (kind, asker, conversation) in [
        ("openrouter", "user", "session_id"),
        ("openai", "safety_identifier", "prompt_cache_key"),
        ("other", "user", "session_id"),
    ] {
        let env = with_catalogue(&at(kind, ""));
        let mut bot = env.start();
        let (ann, bob) = (Person::private(4242), Person::private(4343));
        let told = |person: &Person, n: usize| {
            let question = format!("question {n}");
            env.telegram.address(person, &question);
            env.telegram.wait_for_text(person.chat_id, |text| text.contains(&question));
            let body = env.asked(&question).pop().unwrap().body;
            assert!(!body.to_string().contains("4242"), "{body}");
            let name = |field: &str| body[field].as_str().map(str::to_owned);
            (name(asker), name(conversation))
        };
        let first = told(&ann, 1);
        let in_group = told(&Person::in_group(4242, -5), 2);
        let other = told(&bob, 3);
        bot.stop();
        bot = env.start();
        assert_eq!(told(&ann, 4), first);
        bot.stop();
        if kind == "other" {
            assert_eq!([first, in_group, other], [const { (None, None) }; 3], "it takes no such fields");
            continue;
        }
        assert!(first.0.is_some() && first.1.is_some());
        assert_eq!(in_group.0, first.0, "it is the same person");
        assert_ne!(in_group.1, first.1, "in another dialogue");
        assert!(other.0 != first.0 && other.1 != first.1);
    }
}

#[test]
fn openrouter_is_told_to_keep_nothing_where_the_catalogue_says_so() {
    for (private, told) in
        [("private = true", json!({"data_collection": "deny", "zdr": true})), ("", json!(null))]
    {
        let env = with_catalogue(&at("openrouter", private));
        let _bot = env.start();
        env.telegram.say(&Person::private(1), "rice");
        env.telegram.wait_for_count(1, 1);
        assert_eq!(env.asked("rice")[0].body["provider"], told);
    }
}

/// An answer that names the model that wrote it.
fn written_by(model: &str, text: &str) -> Behaviour {
    let chunk = json!({"model": model, "choices": [{"delta": {"content": text}, "finish_reason": "stop"}]});
    Behaviour::script([format!("data: {chunk}\n\ndata: [DONE]\n\n")])
}

#[test]
fn openrouter_asks_the_stand_ins_itself_and_the_answer_says_which_one_wrote_it() {
    let env = with_catalogue(&at("openrouter", "").replace("effort = \"low\"", ""));
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.model.on(When::asked("rice"), written_by("vendor/second-2026-08-07", "Boil it."));
    env.model.on(When::asked("soup"), written_by("vendor/first-2026-08-07", "Boil it, too."));
    env.telegram.say(&person, "rice");
    env.telegram.wait_for_count(1, 2);
    env.telegram.say(&person, "soup");
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    let expected = ["Boil it.", "Second answered, because First does not answer right now.", "Boil it, too."];
    assert_eq!(env.telegram.texts(1), expected);
    let body = &env.asked("rice")[0].body;
    assert_eq!((&body["model"], &body["models"]), (&json!("vendor/first"), &json!(["vendor/second"])));
    let ledger = env.psql("SELECT model, answered_by, outcome FROM model_calls ORDER BY id");
    assert_eq!(
        ledger,
        "vendor/first|vendor/second-2026-08-07|answered\nvendor/first|vendor/first-2026-08-07|answered"
    );
}

#[test]
fn openrouter_gets_no_stand_in_that_is_to_be_asked_in_another_way_and_others_get_none_at_all() {
    for text in [
        // The second one is not to think less.
        at("openrouter", ""),
        at("openrouter", "").replace("effort = \"low\"", "max_tokens = 77"),
        at("openrouter", "").replace("effort = \"low\"", "extra = { top_p = 0.5 }"),
        at("other", "").replace("effort = \"low\"", ""),
    ] {
        let env = with_catalogue(&text);
        let _bot = env.start();
        env.model.on(first(), Behaviour::status(503, "down"));
        env.telegram.say(&Person::private(1).speaking("en"), "rice");
        let said = env.telegram.wait_for_count(1, 2);
        assert_eq!(said[1].text(), "Second answered, because First does not answer right now.");
        assert!(env.asked("rice").iter().all(|asked| asked.body.get("models").is_none()), "{text}");
    }
}

#[test]
fn a_model_that_fails_again_and_again_is_left_alone_for_a_while_and_then_tried_once() {
    let mut env = measured(with_catalogue(CHAIN));
    env.set("SHORT_WAITS", "rest=2");
    let bot = env.start_ready();
    let address = address(&bot);
    let person = Person::private(1).speaking("en");
    let down = || env.model.on(first(), Behaviour::status(503, "down"));
    let ask = |n: usize| {
        let before = env.telegram.texts(1).len();
        env.telegram.say(&person, &format!("question {n}"));
        env.telegram.wait_for_count(1, before + 2)[before + 1].text().to_owned()
    };
    let asked_first =
        || env.model.requests().iter().filter(|asked| asked.body["model"] == "vendor/first").count();
    down();
    for n in 1..=9 {
        assert_eq!(ask(n), "Second answered, because First does not answer right now.");
    }
    assert_eq!(asked_first(), 5, "after that it is left alone");
    let of = "{endpoint=\"ours\",model=\"vendor/first\"}";
    wait_for(&address, &format!("model_resting{of}"), |told| (told - 1.0).abs() < 1e-9);
    wait_for(&address, &format!("model_rests_total{of}"), |told| (told - 1.0).abs() < 1e-9);
    // One trial after the rest; it fails, and the next rest is longer.
    std::thread::sleep(Duration::from_millis(2100));
    for n in 10..=12 {
        ask(n);
    }
    assert_eq!(asked_first(), 6);
    env.model.clear();
    std::thread::sleep(Duration::from_millis(4100));
    let before = env.telegram.texts(1).len();
    env.telegram.say(&person, "and now?");
    assert!(env.telegram.wait_for_count(1, before + 1)[before].text().contains("and now?"));
    wait_for(&address, &format!("model_resting{of}"), |told| told.abs() < 1e-9);
    let log = env.logs();
    for line in ["the model fails again and again", "the model answers again"] {
        assert_eq!(log.matches(line).count(), if line.ends_with("answers again") { 1 } else { 2 }, "{log}");
    }
}

#[test]
fn where_every_model_is_left_alone_they_are_asked_all_the_same() {
    let env = with_catalogue(CHAIN);
    let _bot = env.start();
    env.model.usually(Behaviour::status(503, "down"));
    let person = Person::private(1).speaking("en");
    for n in 1..=3 {
        env.telegram.say(&person, &format!("question {n}"));
        env.telegram.wait_for_count(1, n);
    }
    env.wait_settled();
    // Three tries for each question, each with both models.
    assert_eq!(
        env.psql("SELECT model, count(*) FROM model_calls GROUP BY 1 ORDER BY 1"),
        "vendor/first|9\nvendor/second|9"
    );
    env.model.usually(Behaviour::answer());
    env.telegram.say(&person, "rice");
    assert!(env.telegram.wait_for_count(1, 4)[3].text().contains("rice"));
}
