//! A text longer than a message: several messages, one question.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use sandbox::model::{Behaviour, Gate};
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv};
use systech_aidd::domain::address::Address;
use systech_aidd::domain::choice::Choice;
use systech_aidd::domain::lane::Lane;
use systech_aidd::domain::reply::ReplyPart;
use systech_aidd::store::finish::{self, Ending, Turn};
use systech_aidd::store::inbox;
use systech_aidd::store::take_in::{self, Received};

#[test]
fn a_paste_that_telegram_cut_is_answered_once_as_one_question() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let words: Vec<_> = (0..1300).map(|n| format!("word{n:05}")).collect();
    let text = words.join(" ");
    let said = env.telegram.paste(&person, &text);
    assert_eq!(said.len(), 4);
    // Whoever writes at the same time is not part of it.
    env.telegram.say(&Person::private(2), "hello");
    env.telegram.wait_for_count(2, 1);
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let asked: Vec<_> = env.asked("word").iter().map(|asked| asked.question().to_owned()).collect();
    assert_eq!(asked, [text], "put together as it was");
    assert_eq!(env.psql("SELECT count(*), count(DISTINCT turn_id) FROM updates WHERE user_id = 1"), "4|1");
    let ids: Vec<_> = said.iter().map(|said| said.message_id.to_string()).collect();
    assert_eq!(
        env.psql("SELECT array_to_string(message_ids, ',') FROM turns WHERE user_id = 1"),
        ids.join(",")
    );
    // An edit of one of them cannot be applied, and its person reads so.
    env.telegram.edit(&person, said[1].message_id, "another");
    env.telegram.wait_for_text(1, |text| text.contains("несколькими сообщениями"));
}

#[test]
fn a_long_message_that_nothing_follows_is_answered_by_itself() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let said_at = Instant::now();
    env.telegram.say(&person, &"я".repeat(4096));
    env.model.wait_for_requests(1);
    let waited = env.asked("я")[0].at - said_at;
    assert!(waited >= Duration::from_millis(1500), "something may follow for {waited:?}");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "1");
    env.telegram.say(&person, "и ещё");
    env.telegram.wait_for_text(1, |text| text.contains("и ещё"));
    assert_eq!(env.asked("ещё")[0].question(), "и ещё");
}

#[test]
fn the_stop_button_of_a_draft_stops_all_of_a_paste() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let gate = Gate::default();
    env.model.usually(Behaviour::status(429, "slow down").header("retry-after", "100").hold(&gate));
    env.telegram.paste(&person, &"я".repeat(5000));
    let draft_id = env.telegram.wait_until(PATIENCE, |state| Some(state.drafts(1).next()?.draft_id));
    gate.release();
    env.wait_for_rows("SELECT count(*) FROM updates WHERE retries = 1", |rows| rows == "1");
    env.telegram.press_stop(&person, draft_id);
    env.telegram.wait_for_text(1, |text| text.contains("Stopped"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 1);
    assert_eq!(env.times_asked("я"), 1);
    assert_eq!(env.psql("SELECT state, array_length(message_ids, 1) FROM turns"), "stopped|2");
}

#[test]
fn all_rows_of_a_question_are_finished_or_none() {
    let env = TestEnv::new();
    env.kill(env.start_ready());
    let mut conn = PgConnection::establish(&env.database.url()).unwrap();
    let lane = Lane { bot_id: 1, chat_id: 2, user_id: 3, thread_id: None };
    let batch: Vec<_> = (1..=3)
        .map(|id| Received {
            bot_id: 1,
            update_id: id,
            chat_id: 2,
            user_id: 3,
            thread_id: None,
            kind: "message",
            message_id: Some(id),
            payload: "{}".to_owned(),
        })
        .collect();
    take_in::ingest(&mut conn, &batch).unwrap();
    let address = inbox::oldest(&mut conn, lane).unwrap().unwrap().address(lane);
    let joined: Vec<_> = inbox::following(&mut conn, lane, address.update_seq, 9)
        .unwrap()
        .iter()
        .map(|waiting| waiting.key(lane))
        .collect();
    assert_eq!(joined.len(), 2);
    let ending = Ending::Answered { answer: "a".to_owned() };
    let turn = Turn {
        question: "q",
        message_ids: &[1, 2, 3],
        quotes: &[],
        asked_at: None,
        joined: &joined,
        files: &[],
        replaces: None,
        sender: None,
        reading: None,
        began: Instant::now(),
        ending: &ending,
        calls: &[],
        gone: &Choice::NONE,
    };
    // Another run was faster with one of them.
    let other = Address { update_seq: joined[1].seq, update_id: joined[1].update_id, ..address };
    finish::reply(&mut conn, other, &[], |_, _| Ok(Vec::new())).unwrap().done().unwrap();
    assert!(finish::turn(&mut conn, address, &turn, &[ReplyPart::plain("a")]).unwrap().done().is_none());
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "0");
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE done_at IS NULL"), "2");
    let turn = Turn { joined: &joined[..1], ..turn };
    assert!(finish::turn(&mut conn, address, &turn, &[ReplyPart::plain("a")]).unwrap().done().is_some());
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE done_at IS NULL"), "0");
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE turn_id IS NOT NULL"), "2");
}
