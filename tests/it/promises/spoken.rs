//! Answers that are spoken: the text comes first and always, the voice message behind it, and nothing that goes wrong with it costs more
//! than one sentence.

use sandbox::model::{Behaviour, Gate, Spoken, When, voice};
use sandbox::telegram::{Action, Calls, Person, Reply, Sent};
use sandbox::{PATIENCE, TestEnv};

use super::choosing::{data, labels};
use crate::support::rows::TURNS;

const LEDGER: &str = "SELECT string_agg(purpose || ' ' || outcome, ', ' ORDER BY id) FROM model_calls";
const UNSPOKEN: &str = "I could not speak this answer";

/// A bot that speaks, and hears.
pub(super) fn speaking() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("SPEECH_MODEL", "sandbox/mouth");
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    env
}

pub(super) fn ann() -> Person {
    Person::private(1).speaking("en")
}

/// Has the answers of this person spoken.
pub(super) fn choose(env: &TestEnv, person: &Person, what: &str) {
    let before = env.telegram.texts(person.chat_id).len();
    env.telegram.address(person, &format!("/voice {what}"));
    env.telegram.wait_for_count(person.chat_id, before + 1);
    env.wait_settled();
}

pub(super) fn wait_for_voices(env: &TestEnv, count: usize) -> Vec<Sent> {
    env.telegram.wait_until(PATIENCE, |state| {
        let voices: Vec<Sent> = state.in_chat(1).filter(|sent| sent.said().is_some()).cloned().collect();
        (voices.len() >= count).then_some(voices)
    })
}

fn last_spoken(env: &TestEnv) -> Spoken {
    env.model.spoken().pop().expect("words that were to be spoken")
}

#[test]
fn answers_are_spoken_where_their_person_wants_it_and_the_text_comes_first() {
    let mut env = speaking();
    env.set("SPEECH_VOICE", "nova");
    let bot = env.start();
    let person = ann();
    env.telegram.say(&person, "/voice");
    let list = env.telegram.wait_for_count(1, 1).remove(0);
    assert_eq!(labels(&list), [["always"], ["voice to voice"], ["✓ never"]]);
    env.telegram.say(&person, "zebra one");
    env.telegram.wait_for_text(1, |text| text.contains("zebra one"));
    env.wait_settled();
    assert_eq!(env.model.spoken().len(), 0);
    env.telegram.press(&person, list.message_id, &data(&list, "always"));
    env.telegram.wait_for_text(1, |text| text.contains("spoken in this conversation: always"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT voice FROM dialogue_settings"), "always");
    // The choice outlives the process.
    env.kill(bot);
    let _bot = env.start();
    env.telegram.say(&person, "zebra two");
    let voice = wait_for_voices(&env, 1).remove(0);
    env.wait_settled();
    let sent = env.telegram.sent();
    let text = &sent[sent.len() - 2];
    assert!(text.text().contains("zebra two") && text.message_id < voice.message_id);
    assert_eq!((voice.said(), voice.text()), (Some(text.text()), ""));
    let file = voice.document.as_ref().unwrap();
    assert_eq!(file.content_type.as_deref(), Some("audio/ogg"));
    let spoken = last_spoken(&env);
    assert_eq!((&*spoken.model, &*spoken.voice, &*spoken.form), ("sandbox/mouth", "nova", "opus"));
    assert_eq!(env.psql(LEDGER), "answer answered, answer answered, speech answered");
    let of_speech = "SELECT model, user_id, cost IS NULL FROM model_calls WHERE purpose = 'speech'";
    assert_eq!(env.psql(of_speech), "sandbox/mouth|1|t");
    // Words and sound are kept nowhere but in the dialogue.
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE payload IS NOT NULL"), "0");
    env.telegram.say(&person, "/settings");
    env.telegram.wait_for_text(1, |text| text.contains("Answers spoken: always (change: /voice)"));
    env.assert_logged("an answer was spoken", 1);
    // Another dialogue chose nothing.
    let group = Person::in_group(1, -5).speaking("en");
    env.telegram.address(&group, "zebra three");
    env.telegram.wait_for_text(-5, |text| text.contains("zebra three"));
    env.wait_settled();
    assert_eq!(env.model.spoken().len(), 1);
}

#[test]
fn voice_to_voice_answers_what_was_said_aloud_and_what_was_written_in_writing() {
    let env = speaking();
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "voice");
    env.telegram.say(&person, "in writing");
    env.telegram.wait_for_text(1, |text| text.contains("in writing"));
    env.wait_settled();
    assert_eq!(env.model.spoken().len(), 0);
    env.telegram.post(&person, &env.telegram.voice("what is soup", 3));
    let voice = wait_for_voices(&env, 1).remove(0);
    assert!(voice.said().unwrap().contains("what is soup"));
    env.wait_settled();
    assert_eq!(env.psql(LEDGER), "answer answered, transcript answered, answer answered, speech answered");
}

#[test]
fn a_long_answer_is_several_voice_messages_and_what_is_left_out_is_told_below_the_last() {
    let env = speaking();
    let long = "Soup is made of water. ".repeat(1000);
    env.model.on(When::asked("at length"), Behaviour::text(&long));
    env.model.on(
        When::asked("code"),
        Behaviour::text("Do this:\n\n```\nrm -rf\n```\n\n| a |\n|---|\n| b |\n\nDone."),
    );
    env.model.on(When::asked("nothing"), Behaviour::text("```\nrm -rf\n```"));
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    env.telegram.say(&person, "at length");
    let voices = wait_for_voices(&env, 3);
    env.wait_settled();
    assert!(voices.iter().all(|voice| voice.said().unwrap().ends_with("of water.")));
    let captions: Vec<_> = voices.iter().map(Sent::text).collect();
    assert_eq!(captions, ["", "", "Only the beginning is spoken; the whole answer is above."]);
    assert!(env.model.spoken().iter().all(|spoken| spoken.words.chars().count() <= 4096));
    env.telegram.say(&person, "code");
    assert_eq!(wait_for_voices(&env, 4)[3].said(), Some("Do this:\n\nDone."));
    env.wait_settled();
    env.telegram.say(&person, "nothing");
    env.telegram.wait_for_text(1, |text| text.contains("rm -rf") && !text.contains("Do this"));
    env.wait_settled();
    assert_eq!(
        env.model.spoken().len(),
        4,
        "where there is nothing to say nobody speaks, and nobody is told"
    );
}

#[test]
fn whatever_keeps_an_answer_from_being_spoken_ends_in_one_short_sentence_below_the_text() {
    let mut env = speaking();
    env.set("SPEECH_TIMEOUT", "2");
    env.set("MAX_HISTORY_MESSAGES", "0");
    let wav = Behaviour::http(200, "audio/wav", &voice::sound("wav", "words"));
    let error = Behaviour::json(200, r#"{"error":{"message":"zebra","code":"insufficient_quota"}}"#);
    let busy = || Behaviour::status(429, "slow").header("retry-after", "60");
    let cases = [
        ("no key", Behaviour::status(401, "no"), 1),
        ("too long", Behaviour::status(413, "zebra"), 1),
        ("no voice", Behaviour::status(400, "zebra: no such voice"), 2),
        ("busy", busy(), 1),
        ("down", Behaviour::status(503, "zebra"), 2),
        ("reset", Behaviour::reset(), 2),
        ("frozen", Behaviour::stall(), 1),
        ("empty", Behaviour::http(200, "audio/ogg", b""), 2),
        ("portal", Behaviour::html(200), 2),
        ("no opus", wav, 2),
        ("no money", error, 1),
    ];
    for (words, behaviour, _) in &cases {
        env.model.on_voice(When::asked(words), behaviour.clone());
    }
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    for (number, (words, _, calls)) in cases.iter().enumerate() {
        env.telegram.say(&person, &format!("zebra {words}"));
        env.telegram.say(&person, "/voice");
        let before = 1 + 3 * number;
        let texts = env.telegram.wait_for_count(1, before + 3);
        let [answer, sentence, next] = &texts[before..] else { panic!("three messages: {words}") };
        assert!(answer.text().contains(words), "{words}");
        assert!(sentence.text().starts_with(UNSPOKEN), "{words}: {}", sentence.text());
        assert!(next.text().starts_with("Answers spoken"), "{words}: {}", next.text());
        env.wait_settled();
        let asked = env.model.spoken().iter().filter(|spoken| spoken.words.contains(words)).count();
        assert_eq!(asked, *calls, "{words}");
    }
    let turns = env.psql(TURNS);
    assert!(turns.split(", ").all(|turn| turn == "answered"), "{turns}");
    assert!(env.psql(LEDGER).ends_with("speech failed"));
    env.assert_logged("put a valid key of this endpoint into SPEECH_KEY", 1);
    env.model.clear();
    env.telegram.say(&person, "all is well");
    assert!(wait_for_voices(&env, 1)[0].said().unwrap().contains("all is well"));
}

#[test]
fn an_endpoint_that_fails_once_is_asked_again_and_one_without_opus_speaks_mp3_from_then_on() {
    let mut env = speaking();
    env.set("SPEECH_PRICE", "15");
    env.model.on_voice(When::asked("soup").times(1), Behaviour::status(503, "down"));
    let no_opus = r#"{"error":{"message":"zebra","param":"response_format"}}"#;
    env.model.on_voice(When::body(|body| body["response_format"] == "opus"), Behaviour::json(400, no_opus));
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    for count in 1..=2 {
        env.telegram.say(&person, "soup");
        let voices = wait_for_voices(&env, count);
        let file = voices[count - 1].document.as_ref().unwrap();
        assert_eq!((&*file.file_name, file.content_type.as_deref()), ("voice.mp3", Some("audio/mpeg")));
        env.wait_settled();
    }
    let forms: Vec<String> = env.model.spoken().into_iter().map(|spoken| spoken.form).collect();
    assert_eq!(forms, ["opus", "opus", "mp3", "mp3"]);
    assert_eq!(
        env.psql(LEDGER),
        "answer answered, speech failed, speech answered, answer answered, speech answered"
    );
    let price = "SELECT bool_and(cost = round(length(content) * 15 / 1000000.0, 12)), max(cost_source)
                 FROM model_calls JOIN messages ON role = 'assistant' AND messages.id = (SELECT max(id) FROM messages)
                 WHERE purpose = 'speech' AND outcome = 'answered' AND model_calls.id = (SELECT max(id) FROM model_calls)";
    assert_eq!(env.psql(price), "t|price");
}

#[test]
fn where_telegram_takes_no_voice_message_a_sentence_says_so_and_the_chat_stays_open() {
    let env = speaking();
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    let refusals = [
        (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"),
        (400, "Bad Request: not enough rights to send voice notes to the chat"),
        (403, "Forbidden: VOICE_MESSAGES_FORBIDDEN"),
    ];
    for (number, (code, words)) in refusals.into_iter().enumerate() {
        env.telegram.fault(Calls::to("sendVoice").times(1), Action::Refuse(Reply::error(code, words)));
        env.telegram.say(&person, "soup");
        let texts = env.telegram.wait_for_count(1, 3 + 2 * number);
        let told = texts[2 + 2 * number].text();
        assert!(told.starts_with("Telegram's settings forbid voice messages here"), "{words}: {told}");
        env.wait_settled();
    }
    // What is wrong with the call itself is told in another sentence.
    let wrong = Reply::error(400, "Bad Request: wrong type of the voice message");
    env.telegram.fault(Calls::to("sendVoice").times(1), Action::Refuse(wrong));
    env.telegram.say(&person, "soup");
    let texts = env.telegram.wait_for_count(1, 9);
    assert!(texts[8].text().starts_with(UNSPOKEN), "{}", texts[8].text());
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE state <> 'sent'"), "0");
    env.telegram.say(&person, "soup");
    wait_for_voices(&env, 1);
}

#[test]
fn a_pause_of_telegrams_and_a_failing_server_have_nothing_spoken_again_and_hold_nothing_up_for_long() {
    let env = speaking();
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    env.telegram.fault(Calls::to("sendVoice").times(1), Action::RetryAfter(1));
    env.telegram.fault(Calls::to("sendVoice").times(1), Action::Refuse(Reply::html(502)));
    env.telegram.say(&person, "soup");
    wait_for_voices(&env, 1);
    env.wait_settled();
    assert_eq!((env.model.spoken().len(), env.telegram.calls("sendVoice").len()), (1, 3));
    // A server that can take texts only.
    let fault = env.telegram.fault(Calls::to("sendVoice"), Action::Refuse(Reply::html(502)));
    env.telegram.say(&person, "tea");
    env.telegram.wait_for_text(1, |text| text.starts_with(UNSPOKEN));
    env.wait_settled();
    assert_eq!((fault.hits(), env.model.spoken().len()), (4, 2));
    env.telegram.clear_faults();
    // A pause that is too long for a voice message is kept all the same, and the text waits for none of it.
    let fault = env.telegram.fault(Calls::to("sendVoice"), Action::RetryAfter(600));
    for words in ["rice", "corn"] {
        let before = env.telegram.texts(1).len();
        env.telegram.say(&person, words);
        let sent = env.telegram.wait_for_count(1, before + 2);
        assert!(sent[before].text().contains(words) && sent[before + 1].text().starts_with(UNSPOKEN));
        env.wait_settled();
    }
    assert_eq!(fault.hits(), 1);
}

#[test]
fn a_kill_between_sound_and_sending_costs_one_more_call_at_most_and_no_words() {
    let mut env = speaking();
    env.set("KILL_POINT", "spoken:soup");
    let bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    env.telegram.say(&person, "soup");
    env.wait_killed(bot);
    env.unset("KILL_POINT");
    assert_eq!(env.psql(LEDGER), "answer answered, speech answered", "what was paid for is in the ledger");
    let _bot = env.start();
    let voices = wait_for_voices(&env, 1);
    env.wait_settled();
    assert_eq!((voices.len(), env.model.spoken().len(), env.model.requests().len()), (1, 2, 1));
    assert_eq!(env.psql(LEDGER), "answer answered, speech answered, speech answered");
    assert_eq!(env.telegram.texts(1).len(), 3, "the list, the answer, the voice message");
}

#[test]
fn the_chat_shows_that_the_bot_speaks_and_a_stop_ends_it() {
    let mut env = speaking();
    env.set("SHORT_WAITS", "typing=0.05");
    let gate = Gate::default();
    env.model.on_voice(When::any().times(1), Behaviour::default().hold(&gate));
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    let doing = |action: &str| {
        env.telegram.wait_until(PATIENCE, |state| {
            let shown = |call: &&sandbox::telegram::Call| call.params["action"] == action;
            state.calls().iter().filter(|call| call.method == "sendchataction").find(shown).map(drop)
        });
    };
    env.telegram.say(&person, "soup");
    gate.wait_arrived();
    doing("record_voice");
    assert!(env.telegram.texts(1)[1].contains("soup"), "the text is there already");
    env.telegram.say(&person, "/stop");
    env.telegram.wait_for_text(1, |text| text.starts_with("The rest of the answer will not be sent"));
    env.wait_settled();
    assert_eq!(env.psql(LEDGER), "answer answered, speech stopped");
    let hang = env.telegram.fault(Calls::to("sendVoice").times(1), Action::Hang);
    env.telegram.say(&person, "tea");
    hang.wait_hits(1, PATIENCE);
    doing("upload_voice");
    hang.release();
    wait_for_voices(&env, 1);
}

#[test]
fn another_answer_takes_the_place_of_the_text_and_of_the_voice_message_of_the_one_before() {
    let env = speaking();
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    env.telegram.say(&person, "soup");
    let first = wait_for_voices(&env, 1).remove(0);
    env.wait_settled();
    // It is longer than the one before: what was a voice message becomes no text.
    env.model.on(When::asked("soup").times(1), Behaviour::text(&"It is soup. ".repeat(600)));
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns == "answered superseded, answered");
    env.wait_settled();
    let shown = |env: &TestEnv| -> Vec<Sent> {
        env.telegram.look(|state| state.in_chat(1).filter(|sent| !sent.deleted).cloned().collect())
    };
    let now = shown(&env);
    let voices: Vec<_> = now.iter().filter(|sent| sent.said().is_some()).collect();
    assert_eq!((now.len(), voices.len()), (5, 2), "the list, two texts and two voice messages");
    assert!(voices.iter().all(|voice| voice.message_id > first.message_id));
    // And where speech fails the old sound goes as well, and the sentence stands.
    env.model.on_voice(When::any(), Behaviour::status(401, "no"));
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.starts_with(UNSPOKEN));
    env.wait_settled();
    assert!(shown(&env).iter().all(|sent| sent.said().is_none()));
}

#[test]
fn a_budget_counts_what_is_spoken() {
    let mut env = speaking();
    env.set("SPEECH_PRICE", "10000");
    env.set("BUDGET_PERSON_DAY", "1000");
    let _bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    env.telegram.say(&person, "soup");
    wait_for_voices(&env, 1);
    env.wait_settled();
    let cost = "SELECT sum(cost) > 0.1 FROM model_calls WHERE purpose = 'speech'";
    assert_eq!(env.psql(cost), "t");
    env.psql("UPDATE model_calls SET cost = 1000 WHERE purpose = 'speech'");
    env.telegram.say(&person, "tea");
    env.wait_for_rows("SELECT failure FROM turns ORDER BY id DESC LIMIT 1", |failure| {
        failure == "over_budget"
    });
}

#[test]
fn where_nothing_speaks_the_command_says_so_and_a_choice_of_before_costs_nothing() {
    let mut env = speaking();
    let bot = env.start();
    let person = ann();
    choose(&env, &person, "on");
    env.kill(bot);
    env.unset("SPEECH_MODEL");
    let _bot = env.start();
    env.telegram.say(&person, "/voice");
    env.telegram.wait_for_text(1, |text| text.starts_with("I cannot speak answers here"));
    env.telegram.say(&person, "soup");
    env.telegram.wait_for_text(1, |text| text.contains("soup"));
    env.wait_settled();
    assert_eq!((env.model.spoken().len(), env.telegram.texts(1).len()), (0, 3));
}
