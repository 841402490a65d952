//! A question that gets no answer gets an end all the same.

use std::time::Duration;

use sandbox::TestEnv;
use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, Message, When, expected_answer};
use sandbox::telegram::Person;

/// Asks with the model behaving so, and checks class, state and what the person reads.
#[track_caller]
fn fails_as(behaviour: Behaviour, class: &str, russian: &str, english: &str) {
    let mut env = TestEnv::new();
    env.set("LLM_TIMEOUT", "1");
    let _bot = env.start();
    env.model.usually(behaviour);
    env.telegram.say(&Person::private(1).speaking("ru"), "вопрос");
    env.telegram.say(&Person::private(2).speaking("en"), "question");
    let russian_text = env.telegram.wait_for_count(1, 1)[0].text().to_owned();
    let english_text = env.telegram.wait_for_count(2, 1)[0].text().to_owned();
    let refused = class == "refused";
    let (go_on, in_english) = if refused {
        ("исправить сообщение", "edit your message")
    } else {
        ("/retry", "/retry")
    };
    assert!(russian_text.contains(russian) && russian_text.contains(go_on), "{russian_text}");
    assert!(english_text.contains(english) && english_text.contains(in_english), "{english_text}");
    env.wait_settled();
    let state = if refused { "refused" } else { "failed" };
    let turns = "SELECT DISTINCT state, failure, answer_id IS NULL FROM turns";
    assert_eq!(env.psql(turns), format!("{state}|{class}|t"));
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE role = 'user' AND deleted_at IS NULL"), "2");

    // The failed question is kept, but the model does not meet it again.
    env.model.usually(Behaviour::answer());
    env.telegram.say(&Person::private(2), "again");
    let again = env.telegram.wait_for_count(2, 2)[1].text().to_owned();
    assert_eq!(again, expected_answer(&[Message::system(PROMPT), Message::user("again")]));
}

#[test]
fn an_endpoint_that_fails_again_and_again_is_unreachable() {
    fails_as(Behaviour::status(503, "down"), "unreachable", "недоступна", "cannot be reached");
}

#[test]
fn an_endpoint_that_closes_the_connection_is_unreachable() {
    fails_as(Behaviour::reset(), "unreachable", "недоступна", "cannot be reached");
}

#[test]
fn an_answer_that_breaks_off_each_time_is_never_stored() {
    fails_as(Behaviour::answer().cut_after(2), "unreachable", "недоступна", "cannot be reached");
}

#[test]
fn a_model_that_never_begins_is_too_slow() {
    fails_as(Behaviour::stall(), "too_slow", "слишком долго", "silent for too long");
}

#[test]
fn a_model_that_stops_in_mid_answer_is_too_slow() {
    fails_as(Behaviour::answer().stall_after(2), "too_slow", "слишком долго", "silent for too long");
}

#[test]
fn comments_are_no_sign_of_life() {
    fails_as(
        Behaviour::answer().comment_for_ever_after(1),
        "too_slow",
        "слишком долго",
        "silent for too long",
    );
}

#[test]
fn a_filtered_answer_is_a_refusal() {
    fails_as(Behaviour::answer().finish("content_filter"), "refused", "отказалась", "declined");
}

#[test]
fn an_account_without_money_is_out_of_quota() {
    fails_as(Behaviour::quota(), "out_of_quota", "лимит", "quota");
}

#[test]
fn a_key_that_is_not_valid_is_a_misconfiguration() {
    fails_as(Behaviour::status(401, "No auth"), "misconfigured", "настройки", "settings");
}

#[test]
fn an_answer_without_a_word_is_empty() {
    fails_as(Behaviour::text(""), "empty", "пустой", "empty");
}

#[test]
fn an_answer_that_thinking_left_no_room_for_is_told_as_that() {
    let thought = Behaviour::text("").reasoning("zebra").finish("length");
    fails_as(thought, "out_of_tokens", "думала", "thought for so long");
}

#[test]
fn a_passing_error_is_retried_and_the_person_never_hears_of_it() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.on(When::any().once(), Behaviour::status(500, "oops"));
    env.model.on(When::any().once(), Behaviour::status(429, "slow down").header("Retry-After", "1"));
    env.telegram.say(&Person::private(1), "hi");
    let answer = env.telegram.wait_for_count(1, 1)[0].text().to_owned();
    assert_eq!(answer, expected_answer(&[Message::system(PROMPT), Message::user("hi")]));
    let requests = env.asked("hi");
    assert_eq!(requests.len(), 3);
    assert!(requests[2].at - requests[1].at >= Duration::from_secs(1), "Retry-After is honoured");
}

#[test]
fn a_lane_that_waits_for_a_retry_frees_its_worker() {
    let mut env = TestEnv::new();
    env.set("WORKERS", "1");
    let _bot = env.start();
    env.model.on(When::asked("slow"), Behaviour::status(429, "slow down").header("Retry-After", "100"));
    env.telegram.say(&Person::private(1), "slow");
    env.model.wait_for_requests(1);
    env.telegram.say(&Person::private(2), "quick");
    env.telegram.wait_for_count(2, 1);
    assert!(env.telegram.texts(1).is_empty());
}
