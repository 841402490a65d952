//! Words into speech (`/audio/speech`): a sound that begins as OGG with Opus does, or as MP3 does, and ends with the words, so that a
//! test reads what is said in it ([`said`]).

use std::time::{Duration, Instant};

use serde_json::Value;

use super::behaviour::{Behaviour, Kind};
use super::service::{Http, Refusal, answer};
use crate::http::{Exchange, Gone};

/// The most characters that OpenAI's endpoint speaks at once.
const MOST: usize = 4096;
/// What OpenAI's endpoint makes, and of what type it is.
const FORMS: [(&str, &str); 6] = [
    ("opus", "audio/ogg"),
    ("mp3", "audio/mpeg"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("pcm", "audio/pcm"),
];
/// The first page of OGG with Opus: a head of 27 bytes, a table of one, and the head of the stream.
const OPUS: &[u8] =
    b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0";

/// Words that the stand-in was asked to speak.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// What is said.
    pub words: String,
    /// The model that was asked for.
    pub model: String,
    /// The voice.
    pub voice: String,
    /// The form of the sound.
    pub form: String,
    /// When it arrived.
    pub at: Instant,
}

/// The sound of these words, as the stand-in makes it.
pub fn sound(form: &str, words: &str) -> Vec<u8> {
    let head = match form {
        "opus" => OPUS,
        "mp3" => b"ID3\x04\0\0\0\0\0\0",
        _ => b"RIFF\0\0\0\0WAVE",
    };
    [head, words.as_bytes()].concat()
}

/// What is said in a sound of the stand-in's; nothing in any other one.
pub fn said(sound: &[u8]) -> Option<&str> {
    let words = sound.strip_prefix(OPUS).or_else(|| sound.strip_prefix(b"ID3\x04\0\0\0\0\0\0"))?;
    std::str::from_utf8(words).ok()
}

/// What an endpoint checks in a body.
pub(super) fn read(body: &[u8]) -> Result<Spoken, Refusal> {
    let bad = |what: &str| (400, what.to_owned());
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("the body is not JSON"))?;
    let text = |name: &str| {
        let text = body[name].as_str().filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| bad(&format!("{name} is missing")))
    };
    let spoken = Spoken {
        words: text("input")?,
        model: text("model")?,
        voice: text("voice")?,
        form: body["response_format"].as_str().unwrap_or("mp3").to_owned(),
        at: Instant::now(),
    };
    if spoken.words.chars().count() > MOST {
        return Err(bad("input should have at most 4096 characters"));
    }
    if FORMS.iter().all(|(form, _)| *form != spoken.form) {
        return Err(bad("response_format is none of mp3, opus, aac, flac, wav and pcm"));
    }
    Ok(spoken)
}

impl Http {
    /// Answers with the sound, or as a rule says.
    pub(super) fn speak(&self, spoken: Spoken, exchange: &mut Exchange<'_>) -> Result<(), Gone> {
        let (words, form) = (spoken.words.clone(), spoken.form.clone());
        let body = serde_json::json!({"response_format": form});
        let mut behaviour = self.0.state.change(|state| {
            let mut rules = state.rules_of_voice.iter_mut();
            let rule = rules.find_map(|rule| rule.applies(&words, &body).then(|| rule.behaviour.clone()));
            state.spoken.push(spoken);
            rule.unwrap_or_default()
        });
        if let Kind::Answer(_) = &behaviour.kind {
            let kind = FORMS.iter().find(|(known, _)| *known == form).map_or("audio/mpeg", |(_, kind)| kind);
            behaviour.kind = Behaviour::http(200, kind, &sound(&form, &words)).kind;
        }
        answer(0, &[], &body, Duration::ZERO, &behaviour, exchange)
    }
}
