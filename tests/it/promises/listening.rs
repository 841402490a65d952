//! While a recording is listened to, what that costs, and a real server that listens.

use sandbox::model::{Behaviour, Gate, When};
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

use super::voices::{LEDGER, hearing, last_asked, say};

#[test]
fn a_draft_says_that_the_bot_listens_where_that_takes_its_time() {
    for (thinking, shown) in [("plain", "Listening…"), ("block", "")] {
        let mut env = hearing();
        env.set("THINKING", thinking);
        env.set("SHORT_WAITS", "thinking=0.1");
        let gate = Gate::default();
        env.model.on_speech(When::any().times(1), Behaviour::default().hold(&gate));
        let _bot = env.start();
        say(&env, &Person::private(1).speaking("en"), "soup");
        gate.wait_arrived();
        env.telegram.wait_until(PATIENCE, |state| {
            let draft = state.live_drafts(1).next()?;
            let rich = draft.shown[0].1.rich.as_ref().map(ToString::to_string).unwrap_or_default();
            (draft.can_stop && (draft.text() == shown || rich.contains("Listening…"))).then_some(())
        });
        gate.release();
        env.telegram.wait_for_text(1, |text| text.starts_with("soup\n\n"));
    }
}

#[test]
fn a_minute_of_a_recording_has_a_price_where_the_endpoint_tells_no_cost() {
    let mut env = hearing();
    env.set("TRANSCRIBE_PRICE", "0.006");
    env.model.on_speech(When::asked("tea"), Behaviour::json(200, r#"{"text":"tea"}"#));
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    for (words, cost) in [("soup", "0.0001|price"), ("tea", "0.0014|price")] {
        env.telegram.post(&person, &env.telegram.voice(words, 14));
        env.telegram.wait_for_text(1, |text| text.starts_with(&format!("{words}\n\n")));
        env.wait_settled();
        let told =
            "SELECT cost, cost_source FROM model_calls WHERE purpose = 'transcript' ORDER BY id DESC LIMIT 1";
        assert_eq!(env.psql(told), cost, "{words}");
    }
}

/// By hand: docs/configuration.md, "Voice messages", says how to start the server and what to set.
#[test]
#[ignore = "it needs a real server for speech, TRANSCRIBE_URL, and a recording, RECORDING, in which WORDS are said"]
fn a_real_server_hears_what_is_said_in_a_voice_message() {
    let [url, recording, words] = ["TRANSCRIBE_URL", "RECORDING", "WORDS"]
        .map(|name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set")));
    let mut env = TestEnv::new();
    env.set("TRANSCRIBE_MODEL", "en-us");
    env.set("TRANSCRIBE_URL", url);
    env.set("TRANSCRIBE_PRICE", "0.006");
    let _bot = env.start();
    let mut voice = env.telegram.keep(&std::fs::read(recording).unwrap());
    (voice["duration"], voice["mime_type"]) = (json!(3), json!("audio/ogg"));
    env.telegram.post(&Person::private(1).speaking("en"), &json!({"voice": voice}));
    let sent = env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    println!("{}", sent[0].text());
    println!(
        "{}",
        env.psql("SELECT purpose, endpoint, outcome, duration_ms, cost FROM model_calls ORDER BY id")
    );
    assert!(sent[0].text().starts_with(&format!("{words}\n\n")), "{}", sent[0].text());
    assert_eq!(last_asked(&env).question(), format!("[voice 0:03]\n{words}"));
    assert_eq!(env.psql(LEDGER), "transcript answered, answer answered");
}
