//! A person stops: the answer in the making, what waits behind it, what is left to send.

use sandbox::model::{Behaviour, Ended, Gate, Message, When, expected_answer};
use sandbox::telegram::{Action, Calls, Person, Sent};

use crate::support::env::{PATIENCE, PROMPT, World};
use crate::support::operator::Operator;

const ANSWER: &str = "Take two carrots, salt and a pot. Then wait for a while.";

/// What the buttons below a message bring back.
pub(crate) fn buttons(sent: &Sent) -> Vec<String> {
    let keyboard = sent.content.markup.as_ref().map(|markup| markup["inline_keyboard"].clone());
    let rows = keyboard.and_then(|rows| rows.as_array().cloned()).unwrap_or_default();
    let buttons = rows.iter().flat_map(|row| row.as_array().cloned().unwrap_or_default());
    buttons.map(|button| button["callback_data"].as_str().unwrap().to_owned()).collect()
}

/// The model writes some words and then says nothing for ever; the person sees them.
fn silent_in_mid_answer(world: &World, person: &Person) -> (String, i64) {
    let silence = Gate::default();
    world.model.on(When::asked("soup"), Behaviour::text(ANSWER).hold_after(3, &silence));
    world.telegram.say(person, "soup");
    world.telegram.wait_until(PATIENCE, |state| {
        let draft = state.live_drafts(person.chat_id).find(|draft| !draft.text().is_empty())?;
        Some((draft.text().to_owned(), draft.draft_id))
    })
}

#[test]
fn the_stop_button_of_a_draft_ends_a_silent_answer_and_what_was_written_stays() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1);
    let (_, draft_id) = silent_in_mid_answer(&world, &person);
    let drafts = world.telegram.calls("sendMessageDraft");
    assert!(
        drafts.iter().all(|draft| draft.params["can_stop"] == true && draft.params["keep_on_stop"] == true)
    );
    world.telegram.press_stop(&person, draft_id);
    let sent = world.telegram.wait_for_count(1, 1);
    world.wait_settled();
    let written = &ANSWER[..18];
    assert_eq!(sent[0].text(), written.trim_end());
    assert_eq!(world.psql("SELECT state, answer_id IS NOT NULL, failure IS NULL FROM turns"), "stopped|t|t");
    assert_eq!(world.psql("SELECT content FROM messages ORDER BY id"), format!("soup\n{written}"));
    world
        .model
        .wait_until(PATIENCE, |state| (state.requests()[0].ended == Some(Ended::ClientClosed)).then_some(()));
    // the stop is an update like any other, and nothing is said to it
    assert_eq!(world.telegram.texts(1).len(), 1);
    // what was written is part of the dialogue
    world.telegram.say(&person, "go on");
    let answer = world.telegram.wait_for_count(1, 2)[1].text().to_owned();
    let dialogue =
        [Message::system(PROMPT), Message::user("soup"), Message::assistant(written), Message::user("go on")];
    assert_eq!(answer, expected_answer(&dialogue));
}

#[test]
fn stop_before_the_first_word_says_so_and_the_model_does_not_meet_the_question_again() {
    let world = World::new();
    let _bot = world.start();
    let gate = world.model.hold(When::asked("soup"));
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "soup");
    gate.wait_arrived();
    world.telegram.say(&person, "/stop");
    let sent = world.telegram.wait_for_count(1, 1);
    assert_eq!(sent[0].text(), "Stopped; there is no answer.");
    world.wait_settled();
    assert_eq!(world.telegram.texts(1).len(), 1, "the stopped question speaks for the stop");
    assert_eq!(world.psql("SELECT state, answer_id IS NULL FROM turns"), "stopped|t");
    world.telegram.say(&person, "tea");
    let answer = world.telegram.wait_for_count(1, 2)[1].text().to_owned();
    assert_eq!(answer, expected_answer(&[Message::system(PROMPT), Message::user("tea")]));
}

#[test]
fn what_waits_when_its_person_stops_ends_without_a_model_call_and_what_comes_after_it_is_answered() {
    let world = World::new();
    let _bot = world.start();
    let gate = world.model.hold(When::asked("first"));
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "first");
    gate.wait_arrived();
    for text in ["second", "third", "/stop", "fourth"] {
        world.telegram.say(&person, text);
    }
    world.telegram.wait_for_text(1, |text| text.contains("fourth"));
    world.wait_settled();
    assert_eq!(world.telegram.texts(1)[..3], ["Stopped; there is no answer."; 3]);
    assert_eq!(world.telegram.texts(1).len(), 4);
    let asked: Vec<_> = world.model.requests().iter().map(|asked| asked.question().to_owned()).collect();
    assert_eq!(asked, ["first", "fourth"]);
    assert_eq!(
        world.psql("SELECT string_agg(state, ',' ORDER BY id) FROM turns"),
        "stopped,stopped,stopped,answered"
    );
    // and somebody else's lane was not touched
    world.others_are_served();
}

#[test]
fn a_stop_that_was_stored_holds_over_a_restart() {
    let world = World::new();
    let bot = world.start();
    let gate = world.model.hold(When::any());
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "first");
    gate.wait_arrived();
    world.telegram.say(&person, "second");
    world.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    world.telegram.wait_confirmed();
    bot.kill();
    world.telegram.say(&person, "/stop");
    // what poll commits with the stop, before the program ends once more
    world.psql("UPDATE updates SET stopped_at = clock_timestamp()");
    let _bot = world.start();
    world.telegram.wait_for_count(1, 2);
    world.wait_settled();
    assert_eq!(world.model.requests().len(), 1);
    assert_eq!(world.psql("SELECT string_agg(state, ',') FROM turns"), "stopped,stopped");
}

#[test]
fn a_stop_ends_the_wait_for_a_model_that_asked_for_a_pause() {
    let world = World::new();
    let _bot = world.start();
    world.model.usually(Behaviour::status(429, "slow down").header("retry-after", "100"));
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "soup");
    world.wait_for_rows("SELECT count(*) FROM updates WHERE retries = 1", |rows| rows == "1");
    world.telegram.say(&person, "/stop");
    world.telegram.wait_for_text(1, |text| text.contains("Stopped"));
}

#[test]
fn what_is_left_of_an_answer_is_not_sent_after_a_stop() {
    let world = World::new();
    let _bot = world.start();
    let part = format!("{}\n\n", "word ".repeat(700));
    world.model.usually(Behaviour::text(&part.repeat(3)));
    let second = world.telegram.fault(Calls::to("sendMessage").skip(1).times(1), Action::Hang);
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "soup");
    second.wait_hits(1, PATIENCE);
    world.telegram.say(&person, "/stop");
    world.wait_for_rows("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'", |rows| rows == "2");
    second.release();
    world.telegram.wait_for_text(1, |text| text.starts_with("The rest of the answer will not be sent"));
    world.wait_settled();
    // the one that was on its way arrived
    assert_eq!(world.telegram.texts(1).len(), 3);
    assert_eq!(
        world.psql(
            "SELECT string_agg(state, ',' ORDER BY position) FROM reply_parts WHERE turn_id IS NOT NULL"
        ),
        "sent,sent,abandoned"
    );
    // the whole answer is in the history
    assert_eq!(world.psql("SELECT state FROM turns"), "answered");
}

#[test]
fn a_second_stop_does_not_take_back_what_the_first_one_kept() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    let (_, draft_id) = silent_in_mid_answer(&world, &person);
    let slow = world.telegram.fault(Calls::to("sendMessage").times(1), Action::Hang);
    world.telegram.press_stop(&person, draft_id);
    slow.wait_hits(1, PATIENCE);
    world.telegram.say(&person, "/stop");
    // both stops wait for their turn
    world.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "2");
    // before it is taken: one that is taken counts as sent, whatever it was
    assert_eq!(world.psql("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'"), "0");
    slow.release();
    world.wait_settled();
    assert_eq!(world.telegram.texts(1)[0], ANSWER[..18].trim_end());
    assert_eq!(world.psql("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'"), "0");
}

#[test]
fn a_stop_with_nothing_to_stop_says_so_and_a_stale_button_says_nothing() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "/stop");
    world.telegram.wait_for_text(1, |text| text == "There is nothing to stop: I am not answering.");
    // an answer that is there at once has no draft
    let shown = world.model.hold(When::asked("soup"));
    world.telegram.say(&person, "soup");
    let draft_id = world.telegram.wait_until(PATIENCE, |state| Some(state.drafts(1).next()?.draft_id));
    shown.release();
    world.telegram.wait_for_count(1, 2);
    world.wait_settled();
    world.telegram.press_stop(&person, draft_id);
    world.telegram.press_stop(&person, 12345);
    world.telegram.wait_confirmed();
    world.wait_settled();
    assert_eq!(world.psql("SELECT count(*) FROM updates WHERE stopped_at IS NOT NULL"), "0");
    // not even for a question that waits at that moment
    let gate = world.model.hold(When::asked("tea"));
    world.telegram.say(&person, "tea");
    gate.wait_arrived();
    world.telegram.press_stop(&person, draft_id);
    world.telegram.wait_confirmed();
    gate.release();
    world.telegram.wait_for_text(1, |text| text.contains("tea"));
    world.wait_settled();
    assert_eq!(world.telegram.texts(1).len(), 3);
    assert_eq!(world.psql("SELECT string_agg(state, ',') FROM turns"), "answered,answered");
}

#[test]
fn a_stop_that_is_delivered_again_stops_nothing_new() {
    let world = World::new();
    let _bot = world.start();
    let gate = world.model.hold(When::asked("first"));
    let person = Person::private(1).speaking("en");
    world.telegram.say(&person, "first");
    gate.wait_arrived();
    let stop = world.telegram.say(&person, "/stop");
    world.telegram.wait_for_count(1, 1);
    let second = world.model.hold(When::asked("second"));
    world.telegram.say(&person, "second");
    second.wait_arrived();
    world.telegram.wait_confirmed();
    assert_eq!(world.telegram.redeliver(stop.update_id..=stop.update_id), 1);
    world.telegram.wait_confirmed();
    second.release();
    world.telegram.wait_for_text(1, |text| text.contains("second"));
}

#[test]
fn a_stop_that_comes_while_the_answer_is_being_stored_stops_it_still() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    let gate = world.model.hold(When::asked("soup"));
    world.telegram.say(&person, "soup");
    gate.wait_arrived();
    let in_the_way =
        Operator::transaction_on(&world.database_url(), "LOCK TABLE messages IN ACCESS EXCLUSIVE MODE");
    gate.release();
    world.wait_blocked(1);
    world.telegram.say(&person, "/stop");
    world.wait_for_rows("SELECT count(*) FROM updates WHERE stopped_at IS NOT NULL", |rows| rows == "1");
    drop(in_the_way);
    let sent = world.telegram.wait_for_count(1, 1);
    world.wait_settled();
    assert!(sent[0].text().contains("soup"), "{}", sent[0].text());
    assert_eq!(buttons(&sent[0]).len(), 1, "it can be asked again");
    assert_eq!(world.psql("SELECT state, answer_id IS NOT NULL FROM turns"), "stopped|t");
    assert_eq!(world.telegram.texts(1).len(), 1, "nobody reads that there was nothing to stop");
    assert_eq!(world.model.requests().len(), 1);
}
