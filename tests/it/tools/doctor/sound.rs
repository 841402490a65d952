//! The endpoints for speech: one listens, the other one speaks.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When, voice};

use super::healthy;

fn with_sound() -> TestEnv {
    let mut env = healthy();
    env.set("TRANSCRIBE_MODEL", "sandbox/ears");
    env.set("SPEECH_MODEL", "sandbox/mouth");
    env
}

/// What doctor says where something is wrong.
fn failing(env: &TestEnv) -> String {
    let said = env.run(&["doctor", "--only", "speech"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    said.out
}

#[test]
fn it_has_the_one_listen_and_the_other_one_speak_and_says_what_came_back() {
    let env = with_sound();
    let said = env.run(&["doctor", "--only", "speech"]).ok();
    let bytes = voice::sound("opus", "Hello.").len();
    let [speech, voice] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert_eq!(speech, "✓ speech       sandbox/ears listens, and hears no words in a second of silence");
    let spoke =
        format!("✓ voice        sandbox/mouth speaks: a word came as {bytes} bytes of audio/ogg within ");
    assert!(voice.starts_with(&spoke), "{voice}");
    assert_eq!((env.model.spoken().len(), env.model.listened().len()), (1, 1));
}

#[test]
fn it_says_what_is_wrong_with_either_and_what_to_do() {
    let env = with_sound();
    for (behaviour, found, remedy) in [
        (Behaviour::status(401, "no"), "status 401", "put a valid key of this endpoint into SPEECH_KEY"),
        (
            Behaviour::html(200),
            "its answer is no sound",
            "correct SPEECH_URL: /audio/speech is put behind it",
        ),
        (Behaviour::http(200, "audio/ogg", b""), "its answer is empty", "wait a little"),
        (
            Behaviour::http(200, "audio/wav", &voice::sound("wav", "words")),
            "its answer is wav, and a voice message is OGG with Opus, MP3 or M4A",
            "check SPEECH_MODEL and SPEECH_VOICE",
        ),
    ] {
        env.model.on_voice(When::any(), behaviour);
        let said = failing(&env);
        let line = said.lines().find(|line| line.starts_with("✗ voice"));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(found) && line.contains(&format!(" → {remedy}")), "{line}");
        env.model.clear();
    }
    env.model.on_speech(When::any(), Behaviour::status(404, "zebra"));
    let said = failing(&env);
    assert!(said.contains("✗ speech       sandbox/ears: ") && said.contains("✓ voice "), "{said}");
}
