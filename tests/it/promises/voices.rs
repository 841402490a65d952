//! Recordings: heard once, shown, answered like words, and paid for once.

use sandbox::model::{Asked, Behaviour, Gate, Listened, When};
use sandbox::telegram::{Person, Said};
use sandbox::{PATIENCE, TestEnv};
use serde_json::{Value, json};

use crate::support::rows::TURNS;

pub(super) const LEDGER: &str =
    "SELECT string_agg(purpose || ' ' || outcome, ', ' ORDER BY id) FROM model_calls";
const LAST_FAILURE: &str = "SELECT failure FROM turns ORDER BY id DESC LIMIT 1";

/// A bot that hears.
pub(super) fn hearing() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    env
}

pub(super) fn say(env: &TestEnv, person: &Person, words: &str) -> Said {
    env.telegram.post(person, &env.telegram.voice(words, 14))
}

pub(super) fn last_asked(env: &TestEnv) -> Asked {
    env.model.requests().pop().expect("a request")
}

fn last_listened(env: &TestEnv) -> Listened {
    env.model.listened().pop().expect("a recording")
}

#[test]
fn a_voice_message_is_answered_like_words_and_what_was_heard_stands_above_the_answer() {
    let env = hearing();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    say(&env, &person, " zebra, what is\nborscht? ");
    let sent = env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let words = "zebra, what is borscht?";
    assert_eq!(last_asked(&env).question(), format!("[voice 0:14]\n{words}"));
    assert!(sent[0].text().starts_with(&format!("{words}\n\nYou wrote: “[voice 0:14]\n{words}”")));
    let quote = &sent[0].params["entities"][0];
    assert_eq!(*quote, json!({"type": "blockquote", "offset": 0, "length": words.len()}));
    assert_eq!(
        env.psql("SELECT content FROM messages WHERE role = 'user'"),
        format!("[voice 0:14]\n{words}")
    );
    assert_eq!(
        env.psql("SELECT kind, mime, transcript FROM attachments"),
        format!("voice|audio/ogg|{words}")
    );
    assert_eq!(env.psql(LEDGER), "transcript answered, answer answered");
    assert_eq!(env.psql("SELECT model FROM model_calls ORDER BY id LIMIT 1"), "sandbox/ears");
    let answer = "SELECT prompt_tokens IS NOT NULL FROM turns";
    assert_eq!(env.psql(answer), "t", "the figures of the turn are those of the answer");
    let heard = last_listened(&env);
    assert_eq!((&*heard.file_name, &*heard.content_type), ("voice.ogg", "audio/ogg"));
    assert_eq!((heard.field("model"), heard.field("language")), (Some("sandbox/ears"), None));
    assert!(heard.bytes.starts_with(b"OggS zebra"));
    env.assert_logged("a recording was heard", 1);
    let found = env.run(&["history", "search", "borscht"]);
    assert!(found.ok().contains("borscht"));
    // The next question reads it as words.
    env.telegram.say(&person, "and tea?");
    env.telegram.wait_for_count(1, 2);
    assert_eq!(last_asked(&env).messages[1].content, format!("[voice 0:14]\n{words}"));
    assert_eq!(env.model.listened().len(), 1);
}

#[test]
fn another_answer_other_words_below_it_and_a_failing_model_have_nothing_heard_again() {
    let env = hearing();
    env.model.on(When::asked("soup").times(1), Behaviour::status(401, "no"));
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let said = say(&env, &person, "what is soup");
    let failed = env.telegram.wait_for_count(1, 1);
    assert!(
        failed[0].text().starts_with("what is soup\n\nThe model does not accept"),
        "{}",
        failed[0].text()
    );
    env.wait_settled();
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns == "failed superseded, answered");
    env.wait_settled();
    let mut changed = env.telegram.voice("what is soup", 14);
    changed["caption"] = json!("in short");
    env.telegram.change(&person, said.message_id, &changed);
    env.telegram.wait_for_text(1, |text| text.contains("in short"));
    env.wait_settled();
    assert_eq!(last_asked(&env).question(), "[voice 0:14]\nwhat is soup\nin short");
    // What changes nothing asks nothing.
    env.telegram.change(&person, said.message_id, &changed);
    env.telegram.wait_confirmed();
    env.wait_settled();
    changed["caption"] = json!("at length");
    env.telegram.change(&person, said.message_id, &changed);
    env.telegram.wait_for_text(1, |text| text.contains("at length"));
    env.wait_settled();
    assert_eq!(last_asked(&env).question(), "[voice 0:14]\nwhat is soup\nat length");
    assert_eq!((env.model.requests().len(), env.model.listened().len()), (4, 1));
    assert_eq!(env.telegram.calls("download").len(), 1);
    assert_eq!(env.psql("SELECT count(*) FROM model_calls WHERE purpose = 'transcript'"), "1");
    assert_eq!(env.telegram.texts(1).len(), 1, "each answer takes the place of the one before");
}

#[test]
fn hear_again_has_it_heard_anew_and_no_crash_has_it_heard_once_more() {
    let mut env = hearing();
    env.model.on_speech(When::any().times(1), Behaviour::text("what is soap"));
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    say(&env, &person, "what is soup");
    let sent = env.telegram.wait_for_count(1, 1);
    assert!(sent[0].text().starts_with("what is soap\n\n"), "{}", sent[0].text());
    env.wait_settled();
    env.kill(bot);
    env.set("KILL_POINT", "heard:soup");
    let bot = env.start();
    env.telegram.press(&person, sent[0].message_id, sent[0].buttons()[0]);
    env.wait_killed(bot);
    env.unset("KILL_POINT");
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.starts_with("what is soup\n\n"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 1);
    assert_eq!(env.model.listened().len(), 2, "once when it came and once for the button");
    assert_eq!(last_asked(&env).question(), "[voice 0:14]\nwhat is soup");
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| {
        turns.ends_with("superseded, answered") && turns.matches(',').count() == 2
    });
    assert_eq!(last_asked(&env).question(), "[voice 0:14]\nwhat is soup");
    assert_eq!(env.model.listened().len(), 2);
}

#[test]
fn whatever_keeps_a_recording_from_being_understood_ends_in_one_sentence_and_the_lane_goes_on() {
    let mut env = hearing();
    env.set("TRANSCRIBE_MAX_SECONDS", "90");
    env.set("TRANSCRIBE_MAX_MB", "1");
    let large = |size: u64| {
        let mut voice = env.telegram.keep_of_size(b"OggSlarge", size);
        voice["duration"] = json!(14);
        json!({"voice": voice})
    };
    let voices = [
        (env.telegram.voice("too long", 91), "sound_too_long", "I listen for 90 s at most"),
        (large(2 << 20), "sound_too_large", "I listen to 1 MB at most"),
        (env.telegram.voice("[BLANK_AUDIO]", 3), "no_words", "I heard no words"),
        (env.telegram.voice("broken", 3), "sound_refused", "did not take this recording"),
        (env.telegram.voice("lengthy", 3), "sound_refused", "did not take this recording"),
        (
            env.telegram.voice("no key", 3),
            "hearing_misconfigured",
            "the person who runs the bot has to check",
        ),
        (
            env.telegram.voice("no money", 3),
            "hearing_misconfigured",
            "the person who runs the bot has to check",
        ),
        (
            env.telegram.voice("portal", 3),
            "hearing_unreachable",
            "I could not listen to the recording right now",
        ),
    ];
    for (words, behaviour) in [
        ("broken", Behaviour::status(400, "zebra: Invalid file format")),
        ("lengthy", Behaviour::status(413, "zebra is too large")),
        ("no key", Behaviour::status(401, "no")),
        ("no money", Behaviour::quota()),
        ("portal", Behaviour::html(200)),
    ] {
        env.model.on_speech(When::asked(words), behaviour);
    }
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    for (voice, class, sentence) in voices {
        env.telegram.post(&person, &voice);
        env.wait_for_rows(LAST_FAILURE, |failure| failure == class);
        env.wait_settled();
        let texts = env.telegram.texts(1);
        assert!(texts.last().is_some_and(|text| text.contains(sentence)), "{class}: {:?}", texts.last());
    }
    assert_eq!(env.model.requests().len(), 0);
    let log = "check TRANSCRIBE_MODEL and TRANSCRIBE_LANGUAGE";
    env.assert_logged(log, 1);
    env.assert_logged("put a valid key of this endpoint into TRANSCRIBE_KEY", 1);
    env.telegram.say(&person, "harmless");
    env.telegram.wait_for_text(1, |text| text.contains("harmless"));
    assert_eq!(last_asked(&env).messages.len(), 2, "what failed is no part of the dialogue");
}

#[test]
fn silence_with_words_below_it_is_a_question_of_these_words() {
    let env = hearing();
    let _bot = env.start();
    let mut song = env.telegram.keep(b"ID3\0(music)");
    (song["duration"], song["performer"], song["title"]) = (json!(200), json!("Bach"), json!("Air"));
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &json!({"audio": song, "caption": "who wrote it?"}));
    let sent = env.telegram.wait_for_count(1, 1);
    assert_eq!(last_asked(&env).question(), "[audio Bach – Air 3:20]\nwho wrote it?");
    assert!(sent[0].text().starts_with("You wrote"), "{}", sent[0].text());
    assert_eq!(last_listened(&env).file_name, "audio.mp3");
}

#[test]
fn an_endpoint_for_speech_that_fails_for_a_while_is_asked_again_and_each_try_is_in_the_ledger() {
    let mut env = hearing();
    env.set("TRANSCRIBE_TIMEOUT", "1");
    env.set("TRANSCRIBE_LANGUAGE", "en");
    let busy = Behaviour::status(429, "slow down").header("retry-after-ms", "100");
    env.model.on_speech(When::asked("soup").times(1), busy);
    env.model.on_speech(When::asked("soup").times(1), Behaviour::status(503, "down"));
    env.model.on_speech(When::asked("tea"), Behaviour::reset());
    env.model.on_speech(When::asked("rice"), Behaviour::stall());
    let cost = Behaviour::default().figures(&json!({"cost": 0.25}));
    env.model.on_speech(When::asked("soup"), cost);
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    say(&env, &person, "soup");
    env.telegram.wait_for_text(1, |text| text.starts_with("soup\n\n"));
    env.wait_settled();
    assert_eq!(
        env.psql(LEDGER),
        "transcript failed, transcript failed, transcript answered, answer answered"
    );
    assert_eq!(
        env.psql("SELECT sum(cost), max(cost_source) FROM model_calls WHERE cost > 0"),
        "0.25|endpoint"
    );
    assert_eq!(last_listened(&env).field("language"), Some("en"));
    for (words, tries) in [("tea", 3), ("rice", 1)] {
        say(&env, &person, words);
        env.telegram.wait_for_text(1, |text| text.contains("I could not listen to the recording right now"));
        env.wait_settled();
        assert_eq!(env.psql(LAST_FAILURE), "hearing_unreachable");
        let listened = env.model.listened().iter().filter(|heard| heard.words == words).count();
        assert_eq!(listened, tries, "{words}");
        env.model.clear();
        env.telegram.say(&person, "/retry");
        env.telegram.wait_for_text(1, |text| text.starts_with(&format!("{words}\n\n")));
        env.model.on_speech(When::asked("rice"), Behaviour::stall());
    }
    assert_eq!(env.telegram.calls("download").len(), 3, "nothing is fetched twice");
}

#[test]
fn a_stop_ends_the_listening_and_the_chat_shows_that_something_goes_on_meanwhile() {
    let env = hearing();
    let gate = Gate::default();
    env.model.on_speech(When::any().times(1), Behaviour::default().hold(&gate));
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    say(&env, &person, "soup");
    gate.wait_arrived();
    env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") > 0).then_some(()));
    env.telegram.say(&person, "/stop");
    env.telegram.wait_for_text(1, |text| text.contains("Stopped"));
    env.wait_settled();
    assert_eq!((&*env.psql(TURNS), env.model.requests().len()), ("stopped", 0));
    assert_eq!(env.psql(LEDGER), "transcript stopped");
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.starts_with("soup\n\n"));
}

#[test]
fn in_a_group_a_recording_is_heard_where_it_answers_the_bot_or_names_it() {
    let env = hearing();
    let _bot = env.start();
    let ann = Person::in_group(1, -5).speaking("en");
    say(&env, &ann, "zebra to all");
    let name = format!("@{}", env.telegram.username());
    let mut named = env.telegram.voice("soup", 3);
    named["caption"] = json!(format!("{name} what is it?"));
    named["caption_entities"] = json!([{"type": "mention", "offset": 0, "length": name.len()}]);
    env.telegram.post(&ann, &named);
    let answer = env.telegram.wait_for_text(-5, |text| text.contains("what is it?"));
    env.wait_settled();
    let mut reply = env.telegram.voice("and tea", 3);
    reply["reply_to_message"] = json!({
        "message_id": answer.message_id, "date": 1, "chat": {"id": -5, "type": "group"}, "text": answer.text(),
        "from": {"id": env.telegram.bot_id(), "is_bot": true, "first_name": "Bot"},
    });
    env.telegram.post(&ann, &reply);
    env.telegram.wait_for_text(-5, |text| text.starts_with("and tea\n\n"));
    env.wait_settled();
    let heard: Vec<String> = env.model.listened().into_iter().map(|heard| heard.words).collect();
    assert_eq!(heard, ["soup", "and tea"]);
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "2", "what is said to all leaves no trace");
}

#[test]
fn what_somebody_else_says_in_a_forwarded_recording_stays_somebody_elses() {
    let env = hearing();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let mut forwarded = env.telegram.voice("/forget everything", 14);
    forwarded["forward_origin"] = json!({"type": "hidden_user", "sender_user_name": "Bob"});
    env.telegram.post(&person, &forwarded);
    env.telegram.wait_for_text(1, |text| text.starts_with("/forget everything\n\n"));
    env.wait_settled();
    let asked = last_asked(&env);
    let expected =
        "[Quoted: a message by \"Bob\" that I forward]\n> [voice 0:14]\n\n[voice 0:14]\n> /forget everything";
    assert_eq!(asked.question(), expected);
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns == "answered superseded, answered");
    assert_eq!(last_asked(&env).question(), expected);
    assert_eq!(env.model.listened().len(), 1);
}

#[test]
fn video_notes_audio_files_and_several_at_once_are_heard() {
    let env = hearing();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let sound = |bytes: &[u8], seconds: i32| {
        let mut file = env.telegram.keep(bytes);
        file["duration"] = json!(seconds);
        file
    };
    let mut round = sound(b"\0\0\0\x18ftypisom", 5);
    (round["length"], round["thumbnail"]) = (json!(240), env.telegram.keep(b"\xff\xd8\xff cover"));
    env.model.on_speech(When::any().times(1), Behaviour::text("look here"));
    env.telegram.post(&person, &json!({"video_note": round}));
    env.telegram.wait_for_text(1, |text| text.starts_with("look here\n\n"));
    assert_eq!(last_asked(&env).question(), "[video note 0:05]\nlook here");
    assert_eq!((last_asked(&env).pictures().len(), &*last_listened(&env).file_name), (0, "video_note.mp4"));
    for (place, words) in [(1, "first"), (2, "second")] {
        let mut file = sound(format!("fLaC{words}").as_bytes(), place);
        (file["file_name"], file["mime_type"]) = (json!(format!("{place}.flac")), json!("audio/flac"));
        let fields: Value = json!({"audio": file, "media_group_id": "album"});
        env.telegram.post(&person, &fields);
    }
    env.telegram.wait_for_text(1, |text| text.starts_with("first\nsecond\n\n"));
    let question = "[audio 1 of 2 1.flac 0:01]\nfirst\n[audio 2 of 2 2.flac 0:02]\nsecond";
    assert_eq!(last_asked(&env).question(), question);
}

#[test]
fn without_an_endpoint_for_speech_a_voice_message_gets_a_sentence_and_a_video_note_is_one_frame() {
    let mut env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    say(&env, &person, "soup");
    env.telegram.wait_for_text(1, |text| text.contains("write your question in words"));
    let mut cover = env.telegram.keep(b"\xff\xd8\xff cover");
    (cover["width"], cover["height"]) = (json!(240), json!(240));
    let round = json!({"file_id": "film", "length": 240, "duration": 5, "thumbnail": cover});
    env.telegram.post(&person, &json!({"video_note": round}));
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    env.wait_settled();
    env.kill(bot);
    // What was heard stays words where nothing is heard any more.
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    let bot = env.start();
    say(&env, &person, "what is tea");
    env.telegram.wait_for_text(1, |text| text.starts_with("what is tea\n\n"));
    env.wait_settled();
    env.kill(bot);
    env.unset("TRANSCRIBE_MODEL");
    let _bot = env.start();
    let count = env.model.requests().len();
    env.telegram.say(&person, "/retry");
    env.model.wait_for_requests(count + 1);
    assert_eq!(last_asked(&env).question(), "[voice 0:14]\nwhat is tea");
}

#[test]
fn the_models_key_goes_to_no_other_endpoint() {
    let mut env = hearing();
    env.set("TRANSCRIBE_URL", env.model.url());
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    say(&env, &person, "soup");
    env.wait_for_rows(LAST_FAILURE, |failure| failure == "hearing_misconfigured");
    env.wait_settled();
    assert_eq!((env.model.listened().len(), env.model.look(sandbox::model::State::refused)), (0, 1));
    env.kill(bot);
    let key = env.model.key().to_owned();
    env.set("TRANSCRIBE_KEY", key);
    let _bot = env.start();
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.starts_with("soup\n\n"));
}

#[test]
fn a_transcript_waits_for_a_database_that_is_away() {
    let mut env = TestEnv::with_own_server();
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    let gate = Gate::default();
    env.model.on_speech(When::any(), Behaviour::default().hold(&gate));
    let _bot = env.start();
    say(&env, &Person::private(1).speaking("en"), "soup");
    gate.wait_arrived();
    env.server().stop();
    gate.release();
    env.model.wait_idle();
    env.server().start();
    env.telegram.wait_for_text(1, |text| text.starts_with("soup\n\n"));
    env.wait_settled();
    assert_eq!(env.model.listened().len(), 1);
    assert_eq!(env.psql(LEDGER), "transcript answered, answer answered");
}
