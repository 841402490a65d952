//! A person stops: the answer in the making, what waits behind it, what is left to send.

use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, Ended, Gate, Message, When, expected_answer};
use sandbox::telegram::{Action, Calls, Person};
use sandbox::{PATIENCE, TestEnv};

use crate::support::transaction::Transaction;

const ANSWER: &str = "Take two carrots, salt and a pot. Then wait for a while.";

/// The model writes some words and then says nothing for ever; the person sees them.
fn silent_in_mid_answer(env: &TestEnv, person: &Person) -> (String, i64) {
    let silence = Gate::default();
    env.model.on(When::asked("soup"), Behaviour::text(ANSWER).hold_after(3, &silence));
    env.telegram.say(person, "soup");
    env.telegram.wait_until(PATIENCE, |state| {
        let draft = state.live_drafts(person.chat_id).find(|draft| !draft.text().is_empty())?;
        Some((draft.text().to_owned(), draft.draft_id))
    })
}

#[test]
fn the_stop_button_of_a_draft_ends_a_silent_answer_and_what_was_written_stays() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let (_, draft_id) = silent_in_mid_answer(&env, &person);
    let drafts = env.telegram.calls("sendMessageDraft");
    assert!(
        drafts.iter().all(|draft| draft.params["can_stop"] == true && draft.params["keep_on_stop"] == true)
    );
    env.telegram.press_stop(&person, draft_id);
    let sent = env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let written = &ANSWER[..18];
    assert_eq!(sent[0].text(), written.trim_end());
    assert_eq!(env.psql("SELECT state, answer_id IS NOT NULL, failure IS NULL FROM turns"), "stopped|t|t");
    assert_eq!(env.psql("SELECT content FROM messages ORDER BY id"), format!("soup\n{written}"));
    env.model
        .wait_until(PATIENCE, |state| (state.requests()[0].ended == Some(Ended::ClientClosed)).then_some(()));
    // The stop is an update like any other, and nothing is said to it.
    assert_eq!(env.telegram.texts(1).len(), 1);
    // What was written is part of the dialogue.
    env.telegram.say(&person, "go on");
    let answer = env.telegram.wait_for_count(1, 2)[1].text().to_owned();
    let dialogue =
        [Message::system(PROMPT), Message::user("soup"), Message::assistant(written), Message::user("go on")];
    assert_eq!(answer, expected_answer(&dialogue));
}

#[test]
fn stop_before_the_first_word_says_so_and_the_model_does_not_meet_the_question_again() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("soup"));
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "soup");
    gate.wait_arrived();
    env.telegram.say(&person, "/stop");
    let sent = env.telegram.wait_for_count(1, 1);
    assert_eq!(sent[0].text(), "Stopped; there is no answer.");
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 1, "the stopped question speaks for the stop");
    assert_eq!(env.psql("SELECT state, answer_id IS NULL FROM turns"), "stopped|t");
    env.telegram.say(&person, "tea");
    let answer = env.telegram.wait_for_count(1, 2)[1].text().to_owned();
    assert_eq!(answer, expected_answer(&[Message::system(PROMPT), Message::user("tea")]));
}

#[test]
fn what_waits_when_its_person_stops_ends_without_a_model_call_and_what_comes_after_it_is_answered() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("first"));
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "first");
    gate.wait_arrived();
    for text in ["second", "third", "/stop", "fourth"] {
        env.telegram.say(&person, text);
    }
    env.telegram.wait_for_text(1, |text| text.contains("fourth"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1)[..3], ["Stopped; there is no answer."; 3]);
    assert_eq!(env.telegram.texts(1).len(), 4);
    let asked = ["first", "second", "third", "fourth"].map(|text| env.times_asked(text));
    assert_eq!(asked, [1, 0, 0, 1]);
    assert_eq!(
        env.psql("SELECT string_agg(state, ',' ORDER BY id) FROM turns"),
        "stopped,stopped,stopped,answered"
    );
    // And somebody else's lane was not touched.
    env.others_are_served();
}

#[test]
fn a_stop_that_was_stored_holds_over_a_restart() {
    let env = TestEnv::new();
    let bot = env.start();
    let gate = env.model.hold(When::any());
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "first");
    gate.wait_arrived();
    env.telegram.say(&person, "second");
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    env.telegram.wait_confirmed();
    env.kill(bot);
    env.telegram.say(&person, "/stop");
    // What poll commits with the stop, before the program ends once more.
    env.psql("UPDATE updates SET stopped_at = clock_timestamp()");
    let _bot = env.start();
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    assert_eq!((env.times_asked("first"), env.times_asked("second")), (1, 0));
    assert_eq!(env.psql("SELECT string_agg(state, ',') FROM turns"), "stopped,stopped");
}

#[test]
fn a_stop_ends_the_wait_for_a_model_that_asked_for_a_pause() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.usually(Behaviour::status(429, "slow down").header("retry-after", "100"));
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "soup");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE retries = 1", |rows| rows == "1");
    env.telegram.say(&person, "/stop");
    env.telegram.wait_for_text(1, |text| text.contains("Stopped"));
}

#[test]
fn what_is_left_of_an_answer_is_not_sent_after_a_stop() {
    let env = TestEnv::new();
    let _bot = env.start();
    let part = format!("{}\n\n", "word ".repeat(700));
    env.model.usually(Behaviour::text(&part.repeat(3)));
    let second = env.telegram.fault(Calls::to("sendMessage").skip(1).times(1), Action::Hang);
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "soup");
    second.wait_hits(1, PATIENCE);
    env.telegram.say(&person, "/stop");
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'", |rows| rows == "2");
    second.release();
    env.telegram.wait_for_text(1, |text| text.starts_with("The rest of the answer will not be sent"));
    env.wait_settled();
    // The one that was on its way arrived.
    assert_eq!(env.telegram.texts(1).len(), 3);
    assert_eq!(
        env.psql(
            "SELECT string_agg(state, ',' ORDER BY position) FROM reply_parts WHERE turn_id IS NOT NULL"
        ),
        "sent,sent,abandoned"
    );
    // The whole answer is in the history.
    assert_eq!(env.psql("SELECT state FROM turns"), "answered");
}

#[test]
fn a_second_stop_does_not_take_back_what_the_first_one_kept() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let (_, draft_id) = silent_in_mid_answer(&env, &person);
    let slow = env.telegram.fault(Calls::to("sendMessage").times(1), Action::Hang);
    env.telegram.press_stop(&person, draft_id);
    slow.wait_hits(1, PATIENCE);
    env.telegram.say(&person, "/stop");
    // Both stops wait for their turn.
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "2");
    // Before it is taken: one that is taken counts as sent, whatever it was.
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'"), "0");
    slow.release();
    env.wait_settled();
    assert_eq!(env.telegram.texts(1)[0], ANSWER[..18].trim_end());
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'"), "0");
}

#[test]
fn a_stop_with_nothing_to_stop_says_so_and_a_stale_button_says_nothing() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "/stop");
    env.telegram.wait_for_text(1, |text| text == "There is nothing to stop: I am not answering.");
    // An answer that is there at once has no draft.
    let shown = env.model.hold(When::asked("soup"));
    env.telegram.say(&person, "soup");
    let draft_id = env.telegram.wait_until(PATIENCE, |state| Some(state.drafts(1).next()?.draft_id));
    shown.release();
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    env.telegram.press_stop(&person, draft_id);
    env.telegram.press_stop(&person, 12345);
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE stopped_at IS NOT NULL"), "0");
    // Not even for a question that waits at that moment.
    let gate = env.model.hold(When::asked("tea"));
    env.telegram.say(&person, "tea");
    gate.wait_arrived();
    env.telegram.press_stop(&person, draft_id);
    env.telegram.wait_confirmed();
    gate.release();
    env.telegram.wait_for_text(1, |text| text.contains("tea"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 3);
    assert_eq!(env.psql("SELECT string_agg(state, ',') FROM turns"), "answered,answered");
}

#[test]
fn a_stop_that_is_delivered_again_stops_nothing_new() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("first"));
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "first");
    gate.wait_arrived();
    let stop = env.telegram.say(&person, "/stop");
    env.telegram.wait_for_count(1, 1);
    let second = env.model.hold(When::asked("second"));
    env.telegram.say(&person, "second");
    second.wait_arrived();
    env.telegram.wait_confirmed();
    assert_eq!(env.telegram.redeliver(stop.update_id..=stop.update_id), 1);
    env.telegram.wait_confirmed();
    second.release();
    env.telegram.wait_for_text(1, |text| text.contains("second"));
}

#[test]
fn a_stop_that_comes_while_the_answer_is_being_stored_stops_it_still() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let gate = env.model.hold(When::asked("soup"));
    env.telegram.say(&person, "soup");
    gate.wait_arrived();
    let in_the_way = Transaction::begin(&env.database, "LOCK TABLE messages IN ACCESS EXCLUSIVE MODE");
    gate.release();
    env.database.wait_blocked(1);
    env.telegram.say(&person, "/stop");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE stopped_at IS NOT NULL", |rows| rows == "1");
    drop(in_the_way);
    let sent = env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert!(sent[0].text().contains("soup"), "{}", sent[0].text());
    assert_eq!(sent[0].buttons().len(), 1, "it can be asked again");
    assert_eq!(env.psql("SELECT state, answer_id IS NOT NULL FROM turns"), "stopped|t");
    assert_eq!(env.telegram.texts(1).len(), 1, "nobody reads that there was nothing to stop");
    assert_eq!(env.times_asked("soup"), 1);
}
