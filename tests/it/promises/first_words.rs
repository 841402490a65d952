//! The first words of an answer are shown as soon as the model has said them: nothing that was shown before costs them time.

use sandbox::model::{Behaviour, Gate};
use sandbox::telegram::{Limits, Person};
use sandbox::{PATIENCE, TestEnv};

const ANSWER: &str = "Take two carrots, salt and a pot. Then wait for a while.";

/// The model thinks until the first gate opens, says some words, and waits for the second one. Returns what the bot called
/// by then for the answer, in order, each with its text.
fn first_words(form: &str, person: &Person, method: &str) -> Vec<(String, String)> {
    let mut env = TestEnv::new();
    env.set("LIVE_ANSWERS", form);
    env.telegram.limit(Some(Limits::default()));
    let _bot = env.start();
    let (thinking, rest) = (Gate::default(), Gate::default());
    env.model.usually(Behaviour::text(ANSWER).hold_after(0, &thinking).hold_after(3, &rest));
    env.telegram.address(person, "soup");
    env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") > 0).then_some(()));
    thinking.wait_arrived();
    thinking.release();
    env.telegram.wait_until(PATIENCE, |state| (state.count(method) > 0).then_some(()));
    let calls = env.telegram.look(|state| state.calls().to_vec());
    rest.release();
    let of_chat = calls.into_iter().filter(|call| call.chat_id == Some(person.chat_id));
    of_chat.map(|call| (call.method, call.params["text"].as_str().unwrap_or_default().to_owned())).collect()
}

#[test]
fn nothing_is_shown_before_the_first_words_that_they_would_have_to_wait_for() {
    for (form, person, method) in [
        ("draft", Person::private(1), "sendMessageDraft"),
        ("edit", Person::private(1), "sendMessage"),
        ("edit", Person::in_group(1, -5), "sendMessage"),
    ] {
        let calls = first_words(form, &person, method);
        assert_eq!(calls.len(), 2, "{form}: {calls:?}");
        assert_eq!(calls[0].0, "sendchataction");
        assert_eq!(calls[1].0, method.to_lowercase());
        assert!(!calls[1].1.is_empty() && ANSWER.starts_with(&calls[1].1), "{form}: {calls:?}");
    }
}

#[test]
fn in_a_group_the_first_words_do_not_wait_for_those_of_somebody_else() {
    let mut env = TestEnv::new();
    env.set("LIVE_ANSWERS", "edit");
    let _bot = env.start();
    let rest = Gate::default();
    env.model.usually(Behaviour::text(ANSWER).hold_after(3, &rest));
    for user in 1..=3 {
        env.telegram.address(&Person::in_group(user, -5), "soup");
        env.telegram.wait_for_count(-5, usize::try_from(user).unwrap());
    }
    assert!(env.telegram.calls("editMessageText").is_empty(), "three came within the pace of one");
    rest.release();
    env.wait_settled();
    assert!(env.telegram.texts(-5).iter().all(|text| text == ANSWER));
}
