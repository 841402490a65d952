//! An answer that the limit of tokens cut says so, and goes on at a button: as a turn of its own, for its asker only.

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};
use sandbox::{PATIENCE, TestEnv};
use systech_aidd::domain::phrases::Language;

const CUT: &str = "The answer is not finished: it reached the length limit.";

fn cut(text: &str) -> Behaviour {
    Behaviour::text(text).finish("length")
}

fn go_on() -> &'static str {
    Language::English.go_on()
}

/// Asks for an answer that is cut, and waits for its button.
fn ask_for_half(env: &TestEnv, person: &Person, question: &str) -> Sent {
    env.model.on(When::asked(question).once(), cut("It begins and"));
    if person.chat_id == person.user_id {
        env.telegram.say(person, question);
    } else {
        env.telegram.address(person, question);
    }
    env.telegram.wait_for_count(person.chat_id, 2)[1].clone()
}

fn press(env: &TestEnv, person: &Person, below: &Sent) -> String {
    env.telegram.press(person, below.message_id, below.buttons()[0])
}

#[test]
fn a_cut_answer_says_so_in_one_line_and_goes_on_at_its_button() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let half = ask_for_half(&env, &person, "tell me");
    assert_eq!(env.telegram.texts(1), ["It begins and", CUT]);
    env.wait_settled();
    assert_eq!(env.psql("SELECT state, finish_reason FROM turns"), "answered|length");
    env.assert_logged("LLM_MAX_TOKENS", 1);

    env.model.on(When::asked(go_on()).once(), cut("goes on and"));
    press(&env, &person, &half);
    let more = env.telegram.wait_for_count(1, 4)[3].clone();
    let asked = env.asked(go_on()).pop().unwrap();
    let read: Vec<_> = asked.messages[1..].iter().map(|message| &*message.content).collect();
    assert_eq!(read, ["tell me", "It begins and", go_on()]);
    // And once more, to its end.
    env.model.on(When::asked(go_on()).once(), Behaviour::text("ends."));
    press(&env, &person, &more);
    env.telegram.wait_for_count(1, 5);
    assert_eq!(env.telegram.texts(1)[2..], ["goes on and", CUT, "ends."]);
    env.wait_settled();
    let said = "SELECT string_agg(content, '|' ORDER BY id) FROM messages WHERE role = 'assistant' AND deleted_at IS NULL";
    assert_eq!(env.psql(said), "It begins and|goes on and|ends.");
    assert_eq!(env.psql("SELECT count(*) FROM turns WHERE superseded_by IS NULL"), "3");
}

#[test]
fn every_endpoints_word_for_the_limit_is_understood() {
    let env = TestEnv::new();
    let _bot = env.start();
    for (user, word) in (1..).zip(["max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens"]) {
        env.model.on(When::asked(word), Behaviour::text("half").finish(word));
        env.telegram.say(&Person::private(user).speaking("en"), word);
        env.telegram.wait_for_count(user, 2);
        assert_eq!(env.telegram.texts(user), ["half", CUT], "{word}");
    }
}

#[test]
fn a_button_whose_answer_is_not_the_last_one_says_that_it_is_old() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let half = ask_for_half(&env, &person, "tell me");
    env.telegram.say(&person, "something else");
    env.telegram.wait_for_count(1, 3);
    press(&env, &person, &half);
    env.telegram.wait_for_text(1, |text| text.contains("This button is old"));
    assert_eq!(env.times_asked(go_on()), 0);
}

#[test]
fn in_a_group_only_the_asker_can_have_it_go_on() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (asker, other) = (Person::in_group(1, -5).speaking("en"), Person::in_group(2, -5).speaking("en"));
    let half = ask_for_half(&env, &asker, "tell me");
    let foreign = press(&env, &other, &half);
    let told = env.telegram.wait_until(PATIENCE, |state| state.callback_answer(&foreign).cloned());
    assert_eq!(told["text"], Language::English.foreign_button());
    press(&env, &asker, &half);
    env.telegram.wait_for_count(-5, 3);
    assert_eq!(env.times_asked(go_on()), 1);
}

#[test]
fn the_button_works_after_a_restart_and_a_kill_while_it_goes_on_loses_nothing() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    let half = ask_for_half(&env, &person, "tell me");
    env.wait_settled();
    env.kill(bot);
    let bot = env.start();
    let gate = env.model.hold(When::asked(go_on()).once());
    press(&env, &person, &half);
    gate.wait_arrived();
    env.kill(bot);
    gate.release();
    env.model.on(When::asked(go_on()), Behaviour::text("and ends."));
    let _bot = env.start();
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    assert_eq!(env.telegram.texts(1)[2..], ["and ends."]);
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "2");
}

#[test]
fn an_answer_goes_on_whatever_the_settings_say_about_history() {
    let mut env = TestEnv::new();
    env.set("MAX_HISTORY_MESSAGES", "0");
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let half = ask_for_half(&env, &person, "tell me");
    press(&env, &person, &half);
    env.telegram.wait_for_count(1, 3);
    let asked = env.asked(go_on()).pop().unwrap();
    assert_eq!(asked.messages.len(), 4, "instructions, question, half an answer, and to go on");
}

#[test]
fn where_the_conversation_is_too_long_to_go_on_that_is_what_the_person_reads() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let half = ask_for_half(&env, &person, "tell me");
    env.model.limit_context(Some(100));
    press(&env, &person, &half);
    env.telegram.wait_for_text(1, |text| text.contains("Our conversation is too long for the model"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT failure FROM turns ORDER BY id DESC LIMIT 1"), "conversation_too_long");
    assert_eq!(env.times_asked(go_on()), 1, "it is not asked to go on from nothing");
    env.model.limit_context(None);
    env.telegram.say(&person, "something else");
    env.telegram.wait_for_text(1, |text| text.contains("something else"));
}
