//! LIVE_ANSWERS: an answer that grows in a message, and one that does not grow at all.

use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::{Action, Calls, Person, Sent};
use sandbox::{PATIENCE, TestEnv};

const ANSWER: &str = "Take **two** carrots, salt and a pot. Then wait for a while.";
const SHOWN: &str = "Take two carrots, salt and a pot. Then wait for a while.";
const TOPIC: i64 = 77;

fn growing_in(form: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.set("LIVE_ANSWERS", form);
    env
}

/// Where an answer may grow: a private chat, a group, a topic of a group.
fn places() -> [(Person, Option<i64>); 3] {
    let in_forum = Person::in_supergroup(3, -1_000_000_000_009);
    [(Person::private(1), None), (Person::in_group(2, -5), None), (in_forum.in_thread(TOPIC), Some(TOPIC))]
}

/// Somebody asks, reads the first words, and the model says nothing more before the gate is opened.
fn in_mid_answer(env: &TestEnv, person: &Person) -> (Gate, Sent) {
    let gate = Gate::default();
    env.model.on(When::asked("soup"), Behaviour::text(ANSWER).hold_after(3, &gate));
    env.telegram.address(person, "soup");
    (gate, env.telegram.wait_for_text(person.chat_id, |text| !text.is_empty()))
}

/// The chat shows the answer in one message of this id, and the tables say the same.
fn is_answered_in(env: &TestEnv, person: &Person, message_id: i64) -> Sent {
    let answer = env.telegram.wait_for_text(person.chat_id, |text| text == SHOWN);
    env.wait_settled();
    assert_eq!(env.telegram.texts(person.chat_id), [SHOWN]);
    assert_eq!(answer.message_id, message_id);
    let parts = format!("SELECT op, state, message_id FROM reply_parts WHERE chat_id = {}", person.chat_id);
    assert_eq!(env.psql(&parts), format!("edit|sent|{message_id}"));
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE live_message_id IS NOT NULL"), "0");
    answer
}

#[test]
fn an_answer_grows_in_a_message_in_every_kind_of_chat() {
    let env = growing_in("edit");
    let _bot = env.start();
    for (person, thread) in places() {
        let (gate, shown) = in_mid_answer(&env, &person);
        assert!(SHOWN.starts_with(shown.text()), "{:?}", shown.text());
        assert_eq!(shown.thread, thread);
        let private = person.chat_id > 0;
        assert_eq!(shown.reply_to.is_some(), !private, "in a group it says whom it answers");
        gate.release();
        let answer = is_answered_in(&env, &person, shown.message_id);
        assert!(!answer.content.entities.is_empty(), "the answer has its looks");
        env.model.clear();
    }
    assert!(env.telegram.calls("sendMessageDraft").is_empty());
    assert_eq!(env.telegram.sent().len(), 3);
}

#[test]
fn an_answer_that_was_growing_when_the_program_died_is_finished_in_the_same_message() {
    for (person, thread) in places() {
        let env = growing_in("edit");
        env.model.usually(Behaviour::text(ANSWER).hold_after(3, &Gate::default()));
        let bot = env.start_with(&[("KILL_POINT", "shown")]);
        env.telegram.address(&person, "soup");
        env.wait_killed(bot);
        let half = env.telegram.wait_for_count(person.chat_id, 1)[0].clone();
        assert!(half.text().len() < SHOWN.len());
        env.model.usually(Behaviour::text(ANSWER));
        let _bot = env.start();
        let answer = is_answered_in(&env, &person, half.message_id);
        assert_eq!(answer.thread, thread);
        assert_eq!(env.telegram.sent().len(), 1, "nothing is doubled");
    }
}

#[test]
fn an_answer_killed_between_finish_and_its_last_edit_is_shown_whole_by_the_next_start() {
    let env = growing_in("edit");
    let person = Person::private(1);
    let bot = env.start_with(&[("KILL_POINT", "finished")]);
    let (gate, half) = in_mid_answer(&env, &person);
    gate.release();
    env.wait_killed(bot);
    let _bot = env.start();
    is_answered_in(&env, &person, half.message_id);
    assert_eq!((env.times_asked("soup"), env.telegram.sent().len()), (1, 1));
}

#[test]
fn with_off_nothing_is_shown_but_typing_and_the_answer() {
    let env = growing_in("off");
    let _bot = env.start();
    for (number, (person, thread)) in places().into_iter().enumerate() {
        let gate = Gate::default();
        env.model.usually(Behaviour::text(ANSWER).hold_after(3, &gate));
        env.telegram.address(&person, "soup");
        let typing = number as u64 + 1;
        env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") >= typing).then_some(()));
        gate.release();
        let sent = env.telegram.wait_for_count(person.chat_id, 1);
        assert_eq!((sent[0].text(), sent[0].thread), (SHOWN, thread));
    }
    env.wait_settled();
    assert!(
        env.telegram.calls("sendMessageDraft").is_empty() && env.telegram.calls("editMessageText").is_empty()
    );
    assert_eq!(env.telegram.sent().len(), 3);
}

#[test]
fn a_stop_keeps_what_was_written_in_its_message() {
    let env = growing_in("edit");
    let _bot = env.start();
    let person = Person::in_group(2, -5);
    let (_, half) = in_mid_answer(&env, &person);
    env.telegram.address(&person, "/stop");
    env.telegram.wait_until(PATIENCE, |state| {
        state.message(-5, half.message_id).filter(|sent| !sent.buttons().is_empty()).map(drop)
    });
    env.wait_settled();
    assert_eq!(env.psql("SELECT state FROM turns"), "stopped");
    assert_eq!(env.telegram.texts(-5).len(), 1);
}

#[test]
fn whatever_takes_the_answers_place_takes_its_message_too() {
    let env = growing_in("edit");
    let _bot = env.start();
    // A failure.
    let failing = Person::private(1);
    env.model.on(When::asked("soup"), Behaviour::text(ANSWER).error_after(3, 401, "zebra"));
    env.telegram.say(&failing, "soup");
    // A command, into which the question was changed.
    let changing = Person::private(2);
    let gate = Gate::default();
    env.model.on(When::asked("salad"), Behaviour::text(ANSWER).hold_after(3, &gate));
    let said = env.telegram.say(&changing, "salad");
    let half = env.telegram.wait_for_text(2, |text| !text.is_empty());
    env.telegram.edit(&changing, said.message_id, "/role");
    env.telegram.wait_until(PATIENCE, |state| {
        state.message(2, half.message_id).filter(|sent| !SHOWN.starts_with(sent.text())).map(drop)
    });
    env.wait_settled();
    for chat in [1, 2] {
        let texts = env.telegram.texts(chat);
        assert!(
            texts.iter().all(|text| !SHOWN.starts_with(&**text)),
            "half an answer stands in {chat}: {texts:?}"
        );
    }
    assert_eq!(env.telegram.texts(1).len(), 1);
}

#[test]
fn of_a_long_answer_the_message_that_grew_is_the_first_part() {
    let env = growing_in("edit");
    let _bot = env.start();
    let gate = Gate::default();
    let long = "word and word. ".repeat(900);
    env.model.usually(Behaviour::text(&long).token_characters(3000).hold_after(1, &gate));
    env.telegram.say(&Person::private(1), "soup");
    let half = env.telegram.wait_for_text(1, |text| !text.is_empty());
    gate.release();
    let sent = env.telegram.wait_for_count(1, 4);
    env.wait_settled();
    assert_eq!(sent[0].message_id, half.message_id);
    let words = |text: &str| text.split_whitespace().count();
    let shown = env.telegram.texts(1).join("\n");
    assert_eq!(words(&shown), words(&long));
}

#[test]
fn what_was_forgotten_while_it_grew_is_taken_away() {
    let env = growing_in("edit");
    let bot = env.start();
    let person = Person::private(1);
    let (gate, half) = in_mid_answer(&env, &person);
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    gate.release();
    env.telegram.wait_until(PATIENCE, |state| {
        state.message(1, half.message_id).filter(|sent| sent.deleted).map(drop)
    });
    assert!(env.telegram.texts(1).is_empty());
    assert!(bot.stop().success());
}

#[test]
fn a_message_that_was_deleted_while_it_grew_is_sent_anew() {
    let env = growing_in("edit");
    let _bot = env.start();
    let person = Person::private(1);
    let (gate, half) = in_mid_answer(&env, &person);
    let gone = sandbox::telegram::Reply::error(400, "Bad Request: message to edit not found");
    env.telegram.fault(Calls::to("editMessageText"), Action::Refuse(gone));
    gate.release();
    let answer = env.telegram.wait_for_text(1, |text| text == SHOWN);
    assert_ne!(answer.message_id, half.message_id);
}

#[test]
fn a_first_message_whose_fate_is_unknown_is_not_shown_twice() {
    let env = growing_in("edit");
    let _bot = env.start();
    let gate = Gate::default();
    env.model.usually(Behaviour::text(ANSWER).hold_after(3, &gate));
    let fault = env.telegram.fault(Calls::to("sendMessage").times(1), Action::TakeThenReset);
    env.telegram.say(&Person::private(1), "soup");
    fault.wait_hits(1, PATIENCE);
    // Somebody else's answer grows meanwhile.
    env.telegram.say(&Person::private(2), "soup");
    env.telegram.wait_for_text(2, |text| !text.is_empty());
    gate.release();
    env.telegram.wait_for_text(1, |text| text == SHOWN);
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 2, "the window of one send, and no more");
}
