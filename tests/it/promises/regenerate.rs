//! The last question answered again, in place of its old answer: after an edit, by /retry, by the button.

use sandbox::env::PROMPT;
use sandbox::model::{Behaviour, Ended, Gate, Message, When, expected_answer};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv};

use crate::support::rows::TURNS;

/// What people wrote and what is live of it.
const LIVE: &str = "SELECT string_agg(content, ' | ' ORDER BY id) FROM messages WHERE deleted_at IS NULL";

fn answer_to(dialogue: &[Message]) -> String {
    expected_answer(&[&[Message::system(PROMPT)], dialogue].concat())
}

#[test]
fn a_question_that_is_edited_while_it_waits_is_answered_as_it_is_now_and_once() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("first"));
    let person = Person::private(1);
    env.telegram.say(&person, "first");
    gate.wait_arrived();
    let said = env.telegram.say(&person, "secnd");
    env.telegram.edit(&person, said.message_id, "second");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE payload LIKE '%second%'", |rows| rows == "2");
    gate.release();
    env.telegram.wait_for_text(1, |text| text.contains("«second»") || text.contains("“second”"));
    env.wait_settled();
    assert_eq!(["first", "secnd", "second"].map(|text| env.times_asked(text)), [1, 0, 1]);
    assert_eq!(env.telegram.texts(1).len(), 2);
    assert_eq!(env.psql(TURNS), "answered, answered");
}

#[test]
fn a_question_that_is_edited_while_it_is_answered_is_asked_anew_at_once() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::asked("secnd"));
    let person = Person::private(1);
    let said = env.telegram.say(&person, "secnd");
    gate.wait_arrived();
    // An announcement of a change that is none of the text's.
    env.telegram.edit(&person, said.message_id, "secnd");
    env.telegram.wait_confirmed();
    assert_eq!(env.model.in_flight(), 1);
    env.telegram.edit(&person, said.message_id, "second");
    env.telegram.wait_for_text(1, |text| text.contains("second"));
    env.wait_settled();
    assert_eq!(env.times_asked("second"), 1);
    env.model.wait_idle();
    let mistyped: Vec<_> = env.asked("secnd").iter().map(|asked| asked.ended).collect();
    assert_eq!(mistyped, [Some(Ended::ClientClosed)]);
    assert_eq!(env.telegram.texts(1).len(), 1);
    assert_eq!(env.psql(TURNS), "answered");
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'user'"), "second");
}

#[test]
fn editing_the_last_question_puts_a_new_answer_in_the_old_ones_place() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.telegram.say(&person, "one");
    env.telegram.wait_for_count(1, 1);
    // An answer that is there at once has no preview.
    let (draft, typing) = (env.model.hold(When::asked("tow")), env.model.hold(When::asked("two")));
    let said = env.telegram.say(&person, "tow");
    env.telegram.wait_until(PATIENCE, |state| state.live_drafts(1).next().map(drop));
    draft.release();
    let old = env.telegram.wait_for_count(1, 2)[1].clone();
    env.wait_settled();
    env.telegram.edit(&person, said.message_id, "two");
    env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") > 0).then_some(()));
    let drafts = env.telegram.calls("sendMessageDraft").len();
    typing.release();
    let new = env.telegram.wait_for_text(1, |text| text.contains("two"));
    env.wait_settled();
    assert_eq!(new.message_id, old.message_id);
    assert_eq!(env.telegram.texts(1).len(), 2);
    let first = answer_to(&[Message::user("one")]);
    let dialogue = [Message::user("one"), Message::assistant(&first), Message::user("two")];
    assert_eq!(new.text(), answer_to(&dialogue), "the model did not meet the old pair");
    // Which stays in the table.
    assert_eq!(env.psql(TURNS), "answered, answered superseded, answered");
    assert_eq!(env.psql(LIVE), format!("one | {first} | two | {}", new.text()));
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "6");
    // Is no clearing that could be undone.
    env.telegram.say(&person, "/restore");
    env.telegram.wait_for_count(1, 3);
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE deleted_at IS NULL"), "4");
    // While it was made the chat showed "typing": a draft would not have made way for an edit.
    let newest_draft = env.telegram.calls("sendMessageDraft").last().unwrap().at;
    assert!(newest_draft < new.edits[0].0);
    assert_eq!(env.telegram.calls("sendMessageDraft").len(), drafts);
}

#[test]
fn an_edit_that_changes_no_text_or_is_not_the_last_questions_does_nothing() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let one = env.telegram.say(&person, "one");
    env.telegram.wait_for_count(1, 1);
    let two = env.telegram.say(&person, "two");
    env.telegram.wait_for_count(1, 2);
    env.telegram.edit(&person, two.message_id, "two");
    env.telegram.edit(&person, one.message_id, "another");
    env.telegram.edit(&person, two.message_id, "/clear");
    env.telegram.say(&person, "three");
    env.telegram.wait_for_text(1, |text| text.contains("three"));
    env.wait_settled();
    for text in ["one", "two", "three"] {
        assert_eq!(env.times_asked(text), 1, "{text}");
    }
    assert_eq!(env.times_asked("another"), 0);
    assert_eq!(env.telegram.texts(1).len(), 3);
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE deleted_at IS NULL"), "6");
}

/// An answer of so many messages.
fn answer_of(parts: usize, word: &str) -> Behaviour {
    Behaviour::text(&format!("{}\n\n", format!("{word} ").repeat(500)).repeat(parts))
}

#[test]
fn common_parts_are_edited_and_the_rest_is_sent_or_deleted() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.model.usually(answer_of(4, "first"));
    env.telegram.say(&person, "soup");
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    let shown = || -> Vec<(i64, String)> {
        let first = |text: &str| text.split(' ').next().unwrap().to_owned();
        env.telegram
            .look(|state| state.in_chat(1).map(|sent| (sent.message_id, first(sent.text()))).collect())
    };
    let old: Vec<_> = shown().into_iter().map(|(id, _)| id).collect();
    env.model.usually(answer_of(1, "second"));
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("second"));
    env.wait_settled();
    assert_eq!(shown(), [(old[0], "second".to_owned())]);
    env.model.usually(answer_of(3, "third"));
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("third"));
    env.wait_settled();
    let now = shown();
    assert!(now.len() > 1 && now[0].0 == old[0] && now.iter().all(|(_, word)| word == "third"), "{now:?}");
    assert!(now.windows(2).all(|two| two[0].0 < two[1].0), "the order on the screen is that of the parts");
}

#[test]
fn past_48_hours_the_old_answer_stays_and_the_new_one_follows() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let said = env.telegram.say(&person, "soup");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    // Telegram alone knows how old the message is: it refuses, and the answer comes all the same
    env.telegram.advance_clock(std::time::Duration::from_secs(49 * 3600));
    env.telegram.edit(&person, said.message_id, "tea");
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    assert_eq!(env.telegram.calls("editMessageText").len(), 1);
    assert!(env.telegram.texts(1)[1].contains("tea"));
    // The bot knows.
    env.psql("UPDATE reply_parts SET settled_at = settled_at - interval '49 hours'");
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    assert_eq!(env.telegram.calls("editMessageText").len(), 1);
    assert_eq!(env.psql(TURNS), "answered superseded, answered superseded, answered");
}

#[test]
fn a_refused_edit_falls_back_as_a_refused_message_does() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.telegram.say(&person, "soup");
    let old = env.telegram.wait_for_count(1, 1)[0].message_id;
    env.wait_settled();
    env.model.usually(Behaviour::text("**bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"));
    let refused = Action::Refuse(Reply::error(400, "Bad Request: can't parse entities"));
    env.telegram.fault(Calls::to("editMessageText").times(2), refused);
    env.telegram.say(&person, "/retry");
    let new = env.telegram.wait_for_text(1, |text| text.contains("bold"));
    env.wait_settled();
    assert_eq!(new.message_id, old);
    assert!(new.content.rich.is_none() && new.content.entities.is_empty(), "the plain form is left");
}

#[test]
fn a_failure_never_takes_the_place_of_an_answer() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let said = env.telegram.say(&person, "soup");
    let old = env.telegram.wait_for_count(1, 1)[0].clone();
    env.wait_settled();
    env.model.usually(Behaviour::status(401, "no"));
    env.telegram.edit(&person, said.message_id, "tea");
    let failed = env.telegram.wait_for_count(1, 2)[1].clone();
    env.wait_settled();
    assert_eq!(env.telegram.texts(1)[0], old.text());
    assert_eq!(env.psql(TURNS), "answered, failed");
    // An answer takes the place of both.
    env.model.usually(Behaviour::answer());
    env.telegram.press(&person, failed.message_id, failed.buttons()[0]);
    let answer = env.telegram.wait_for_text(1, |text| text.contains("“tea”"));
    env.wait_settled();
    assert_eq!(answer.message_id, old.message_id);
    assert_eq!(answer.text(), answer_to(&[Message::user("tea")]), "the model did not meet what it replaces");
    assert_eq!(env.telegram.texts(1).len(), 1, "the failure is gone, its button too");
    assert_eq!(env.psql(TURNS), "answered superseded, failed superseded, answered");
    assert_eq!(env.psql(LIVE), format!("tea | {}", answer.text()));
}

#[test]
fn of_several_edits_that_come_together_the_last_counts() {
    let env = TestEnv::new();
    let person = Person::private(1);
    let said = env.telegram.say(&person, "one");
    env.telegram.edit(&person, said.message_id, "two");
    let last = env.telegram.edit(&person, said.message_id, "three");
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("three"));
    env.telegram.wait_confirmed();
    env.wait_settled();
    // And one that was heeded changes nothing when it is delivered again.
    env.telegram.redeliver(..last.update_id);
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(["one", "two", "three"].map(|text| env.times_asked(text)), [0, 0, 1]);
    assert_eq!(env.telegram.texts(1).len(), 1);
}

#[test]
fn in_a_topic_of_a_group_a_question_is_edited_and_stopped_like_anywhere_else() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_supergroup(1, -1005).in_thread(7).speaking("en");
    let said = env.telegram.address(&person, "soup");
    let old = env.telegram.wait_for_count(-1005, 1)[0].clone();
    env.wait_settled();
    let name = env.telegram.username().to_owned();
    let gate = env.model.hold(When::asked("tea"));
    env.telegram.edit(&person, said.message_id, &format!("@{name} tea"));
    gate.wait_arrived();
    env.telegram.say(&person, &format!("/stop@{name}"));
    // Nothing was written yet: the old answer stays.
    let stopped = env.telegram.wait_for_count(-1005, 2)[1].clone();
    env.wait_settled();
    assert_eq!((stopped.thread, stopped.reply_to), (Some(7), Some(said.message_id)));
    env.model.clear();
    env.telegram.press(&person, stopped.message_id, stopped.buttons()[0]);
    let answer = env.telegram.wait_for_text(-1005, |text| text.contains("“tea”"));
    env.wait_settled();
    assert_eq!(answer.message_id, old.message_id);
    assert_eq!(env.telegram.texts(-1005).len(), 1);
    assert_eq!(env.psql(TURNS), "answered superseded, stopped superseded, answered");
}

#[test]
fn the_button_under_a_failed_answer_repeats_the_question_and_is_acknowledged_at_once() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, -5).speaking("en");
    env.model.on(When::any().times(1), Behaviour::status(401, "no"));
    let said = env.telegram.address(&person, "soup");
    let failed = env.telegram.wait_for_count(-5, 1)[0].clone();
    assert_eq!(failed.reply_to, Some(said.message_id));
    env.wait_settled();
    let gate = Gate::default();
    env.model.usually(Behaviour::answer().hold(&gate));
    let data = failed.buttons()[0].to_owned();
    // Nobody else may press it, and reads so.
    let other = env.telegram.press(&Person::in_group(2, -5).speaking("en"), failed.message_id, &data);
    let told = env.telegram.wait_until(PATIENCE, |state| state.callback_answer(&other).cloned());
    assert_eq!(told["text"], "This button is not for you.");
    let pressed = env.telegram.press(&person, failed.message_id, &data);
    gate.wait_arrived();
    let told = env.telegram.wait_until(PATIENCE, |state| state.callback_answer(&pressed).cloned());
    assert!(told.get("text").is_none());
    // Pressed again meanwhile: by then it is old.
    env.telegram.press(&person, failed.message_id, &data);
    env.telegram.wait_confirmed();
    gate.release();
    env.telegram.wait_for_text(-5, |text| text.starts_with("This button is old"));
    env.wait_settled();
    let answer = env.telegram.look(|state| state.message(-5, failed.message_id).cloned()).unwrap();
    assert_eq!(answer.text(), answer_to(&[Message::user("soup")]));
    assert_eq!(env.psql(TURNS), "failed superseded, answered");
    assert_eq!(env.times_asked("soup"), 2);
}

#[test]
fn the_button_under_a_stopped_answer_answers_again() {
    let env = TestEnv::new();
    let _bot = env.start();
    let gate = env.model.hold(When::any().times(1));
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "soup");
    gate.wait_arrived();
    env.telegram.say(&person, "/stop");
    let stopped = env.telegram.wait_for_count(1, 1)[0].clone();
    env.wait_settled();
    env.telegram.press(&person, stopped.message_id, stopped.buttons()[0]);
    let answer = env.telegram.wait_for_text(1, |text| text.contains("soup"));
    assert_eq!(answer.message_id, stopped.message_id);
    env.wait_settled();
    assert_eq!(env.psql(TURNS), "stopped superseded, answered");
}

#[test]
fn retry_repeats_the_last_question_and_says_when_there_is_none() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.starts_with("There is nothing to repeat"));
    env.telegram.say(&person, "soup");
    env.telegram.wait_for_count(1, 2);
    env.telegram.say(&person, "/clear");
    env.telegram.wait_for_count(1, 3);
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_count(1, 4);
    assert!(env.telegram.texts(1)[3].starts_with("There is nothing to repeat"));
    assert_eq!(env.times_asked("soup"), 1);
}

#[test]
fn what_is_stored_of_a_repetition_is_sent_after_a_crash_and_the_model_is_not_asked_again() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1);
    env.telegram.say(&person, "soup");
    let old = env.telegram.wait_for_count(1, 1)[0].clone();
    env.wait_settled();
    env.model.usually(Behaviour::text("better"));
    let hang = env.telegram.fault(Calls::to("editMessageText").times(1), Action::Hang);
    env.telegram.say(&person, "/retry");
    hang.wait_hits(1, PATIENCE);
    env.kill(bot);
    let _bot = env.start();
    let new = env.telegram.wait_for_text(1, |text| text == "better");
    env.wait_settled();
    assert_eq!(new.message_id, old.message_id);
    assert_eq!(env.times_asked("soup"), 2);
    assert_eq!(env.psql(TURNS), "answered superseded, answered");
}

#[test]
fn what_becomes_a_question_by_an_edit_is_answered() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (person, member) = (Person::private(1).speaking("en"), Person::in_group(2, -5));
    let mistyped = env.telegram.say(&person, "/hlep");
    env.telegram.wait_for_count(1, 1);
    env.telegram.edit(&person, mistyped.message_id, "help with soup");
    env.telegram.wait_for_text(1, |text| text.contains("help with soup"));
    // Said to everybody first, and now to the bot.
    let unaddressed = env.telegram.say(&member, "tea?");
    env.telegram.wait_confirmed();
    let name = env.telegram.username().to_owned();
    env.telegram.edit(&member, unaddressed.message_id, &format!("@{name} tea?"));
    let answer = env.telegram.wait_for_text(-5, |text| text.contains("tea?"));
    env.telegram.edit(&member, unaddressed.message_id, &format!("@{name} coffee?"));
    let again = env.telegram.wait_for_text(-5, |text| text.contains("coffee?"));
    assert_eq!(again.message_id, answer.message_id, "a question like any other from then on");
    env.wait_settled();
    for text in ["help with soup", "tea?", "coffee?"] {
        assert_eq!(env.times_asked(text), 1, "{text}");
    }
}

#[test]
fn an_edit_after_a_stop_is_answered_also_if_both_come_at_once() {
    let env = TestEnv::new();
    let person = Person::private(1).speaking("en");
    let said = env.telegram.say(&person, "soup");
    env.telegram.say(&person, "/stop");
    env.telegram.edit(&person, said.message_id, "tea");
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("tea"));
    env.wait_settled();
    assert_eq!((env.times_asked("soup"), env.times_asked("tea")), (0, 1));
    assert_eq!(env.psql(TURNS), "stopped superseded, answered");
}
