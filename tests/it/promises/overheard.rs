//! A chat in which everybody's recordings are answered with their words: those alone, once, and nothing else that people say to each
//! other there.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};
use serde_json::json;

use crate::support::rows::TURNS;

const CHAT: i64 = -5;
const LEDGER: &str = "SELECT string_agg(purpose || ' ' || outcome, ', ' ORDER BY id) FROM model_calls";

fn overhearing() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    env.set("TRANSCRIPT_CHATS", CHAT.to_string());
    env
}

fn ann() -> Person {
    Person::in_group(1, CHAT).speaking("en")
}

#[test]
fn everybodys_recording_there_is_answered_with_its_words_and_no_model_is_asked() {
    let env = overhearing();
    let _bot = env.start();
    let (ann, bob) = (ann(), Person::in_group(2, CHAT).speaking("en"));
    let said = env.telegram.post(&ann, &env.telegram.voice("zebra, hello all", 3));
    let answer = env.telegram.wait_for_count(CHAT, 1).remove(0);
    assert_eq!((answer.text(), answer.reply_to), ("zebra, hello all", Some(said.message_id)));
    assert_eq!(answer.params["entities"][0]["type"], "blockquote");
    assert_eq!(answer.buttons(), Vec::<&str>::new());
    let long = "so it goes on and on ".repeat(400);
    env.telegram.post(&bob, &env.telegram.voice(&long, 300));
    let all = env.telegram.wait_for_count(CHAT, 4);
    let told: Vec<&str> = all[1..].iter().map(Sent::text).collect();
    assert_eq!(told.join(" "), long.trim_end(), "all of it, in as many messages as it takes");
    let mut round = env.telegram.keep(b"fLaCand I");
    (round["length"], round["duration"]) = (json!(240), json!(5));
    env.telegram.post(&bob, &json!({"video_note": round}));
    env.telegram.wait_for_text(CHAT, |text| text == "and I");
    env.wait_settled();
    assert_eq!((env.model.listened().len(), env.model.requests().len()), (3, 0));
    assert_eq!(env.psql(LEDGER), "transcript answered, transcript answered, transcript answered");
    assert_eq!(env.psql(TURNS), "answered, answered, answered");
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE role = 'assistant'"), "0");
    // What the bot is asked there it answers as everywhere, and it reads nothing of what was only written down.
    env.telegram.address(&ann, "what is soup?");
    env.telegram.wait_for_text(CHAT, |text| text.contains("what is soup?"));
    env.wait_settled();
    assert_eq!(env.model.requests()[0].messages.len(), 2);
    env.assert_logged("a recording was heard", 3);
}

#[test]
fn nothing_else_that_is_said_there_and_nothing_beside_a_recording_leaves_a_trace() {
    let env = overhearing();
    let _bot = env.start();
    let ann = ann();
    env.telegram.say(&ann, "zebra to all");
    env.telegram.post(&ann, &env.telegram.photo(&[(b"\xff\xd8\xff", 800, 600)]));
    let mut voice = env.telegram.voice("hello", 3);
    voice["caption"] = json!("zebra below it");
    voice["reply_to_message"] = json!({
        "message_id": 1, "date": 1, "chat": {"id": CHAT, "type": "group"}, "text": "zebra of another one",
        "from": {"id": 9, "is_bot": false, "first_name": "Zebra"},
    });
    let said = env.telegram.post(&ann, &voice);
    let mut forwarded = env.telegram.voice("forwarded", 3);
    forwarded["forward_origin"] = json!({"type": "hidden_user", "sender_user_name": "Zebra"});
    env.telegram.post(&ann, &forwarded);
    env.telegram.say(&ann, "zebra after it");
    voice["caption"] = json!("zebra changed");
    env.telegram.change(&ann, said.message_id, &voice);
    env.telegram.wait_for_text(CHAT, |text| text == "forwarded");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.telegram.texts(CHAT), ["hello", "forwarded"]);
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "2");
    assert_eq!(
        env.psql("SELECT string_agg(replace(content, E'\\n', '/'), ', ' ORDER BY id) FROM messages"),
        "[voice 0:03]/hello, [voice 0:03]/forwarded"
    );
    assert_eq!(env.psql("SELECT count(*) FROM quotes"), "0");
    // In another group nobody is overheard.
    let other = Person::in_group(1, -6).speaking("en");
    env.telegram.post(&other, &env.telegram.voice("zebra elsewhere", 3));
    env.telegram.wait_confirmed();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "2");
    assert_eq!(env.model.requests().len(), 0);
}

#[test]
fn who_may_not_use_the_bot_is_not_listened_to_and_reads_nothing() {
    let mut env = overhearing();
    env.set("OWNER", "9");
    let _bot = env.start();
    env.telegram.post(&ann(), &env.telegram.voice("zebra", 3));
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!((env.model.listened().len(), env.telegram.sent().len()), (0, 0));
    assert_eq!(env.psql("SELECT count(*) FROM attachments"), "0");
    let owner = Person::in_group(9, CHAT).speaking("en");
    env.telegram.post(&owner, &env.telegram.voice("soup", 3));
    env.telegram.wait_for_text(CHAT, |text| text == "soup");
}

#[test]
fn limits_hold_there_too_and_whatever_fails_is_one_sentence_without_a_button() {
    let mut env = overhearing();
    env.set("RATE_LIMIT", "4");
    env.set("TRANSCRIBE_MAX_SECONDS", "60");
    env.model.on_speech(When::asked("broken"), Behaviour::status(400, "no"));
    let _bot = env.start();
    let ann = ann();
    for (words, seconds, told) in [
        ("broken", 3, "did not take this recording"),
        ("[noise]", 3, "I heard no words"),
        ("long", 61, "I listen for 1 min at most"),
        ("soup", 3, "soup"),
        ("one more", 3, "in an hour"),
    ] {
        let before = env.telegram.texts(CHAT).len();
        env.telegram.post(&ann, &env.telegram.voice(words, seconds));
        let sent = env.telegram.wait_for_count(CHAT, before + 1).remove(before);
        assert!(sent.text().contains(told), "{words}: {}", sent.text());
        assert!(sent.buttons().is_empty(), "{words}");
        env.wait_settled();
    }
    assert_eq!(env.model.requests().len(), 0);
}

#[test]
fn a_kill_has_nothing_written_down_twice_or_paid_twice() {
    for point in ["received:hello", "fetched:hello", "heard:hello", "finishing:hello", "finished:hello"] {
        let point = if point.starts_with("received") || point.starts_with("fetched") {
            point.split(':').next().unwrap()
        } else {
            point
        };
        let mut env = overhearing();
        env.set("KILL_POINT", point);
        let bot = env.start();
        env.telegram.post(&ann(), &env.telegram.voice("hello", 3));
        env.wait_killed(bot);
        env.unset("KILL_POINT");
        let _bot = env.start();
        env.telegram.wait_for_text(CHAT, |text| text == "hello");
        env.wait_settled();
        assert_eq!((env.telegram.texts(CHAT).len(), env.model.listened().len()), (1, 1), "{point}");
        assert_eq!(env.psql(LEDGER), "transcript answered", "{point}");
    }
}
