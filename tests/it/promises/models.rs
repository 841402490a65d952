//! The catalogue of models and roles: who answers, at which endpoint, as whom, at what price.

use std::fs;

use sandbox::TestEnv;
use sandbox::model::{Behaviour, Message, When, expected_answer};
use sandbox::telegram::Person;

/// A catalogue in the bot's folder, where it is found by its usual name.
pub(super) fn with_catalogue(text: &str) -> TestEnv {
    let env = TestEnv::new();
    fs::write(env.folder().join("cook.txt"), "You cook.\n\nMore.\n").unwrap();
    let text = text.replace("URL", &format!("{:?}", env.model.url()));
    fs::write(env.folder().join("assistant.toml"), text).unwrap();
    env
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

const CHAIN: &str = r#"
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

fn first() -> When {
    When::body(|body| body["model"] == "vendor/first")
}

fn second() -> When {
    When::body(|body| body["model"] == "vendor/second")
}

/// Who was asked, and what came of it.
fn calls(env: &TestEnv) -> String {
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
