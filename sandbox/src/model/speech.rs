//! Speech into words (`/audio/transcriptions`): a recording says whatever text stands behind its first four bytes. Any other
//! one says how large it is, and one of zeros nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::behaviour::{Behaviour, Kind};
use super::service::{Http, Refusal, answer};
use crate::http::{Exchange, Gone, Request, fields as form_fields};

/// What OpenAI's endpoint takes, by the end of the name.
const FORMS: [&str; 10] = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"];

/// A recording that the stand-in was asked to turn into words.
#[derive(Clone, Debug)]
pub struct Listened {
    /// What is said in it.
    pub words: String,
    /// The name of the file.
    pub file_name: String,
    /// Its type.
    pub content_type: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// The other fields of the form.
    pub fields: Vec<(String, String)>,
    /// When it arrived.
    pub at: Instant,
}

impl Listened {
    /// A field of the form.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn words(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes.get(4..).unwrap_or_default());
    match text {
        Ok(text) if !text.contains(|c: char| c.is_control() && c != '\n') => text.to_owned(),
        _ if bytes.iter().skip(44).all(|byte| *byte == 0) => String::new(),
        _ => format!("a recording of {} bytes", bytes.len()),
    }
}

/// What an endpoint checks in a form.
pub(super) fn read(request: &Request) -> Result<Listened, Refusal> {
    let bad = |what: &str| (400, what.to_owned());
    let form = request.header("content-type").and_then(|kind| form_fields(kind, &request.body));
    let form = form.ok_or_else(|| bad("the body is no form"))?;
    let (mut files, fields): (Vec<_>, Vec<_>) = form.into_iter().partition(|field| field.file_name.is_some());
    let file = files.pop().filter(|file| file.name == "file").ok_or_else(|| bad("file is missing"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let listened = Listened {
        words: words(&file.bytes),
        file_name: file.file_name.unwrap_or_default(),
        content_type: file.content_type.unwrap_or_default(),
        bytes: file.bytes,
        fields: fields.into_iter().map(|field| (field.name, text(&field.bytes))).collect(),
        at: Instant::now(),
    };
    if listened.field("model").is_none_or(str::is_empty) {
        return Err(bad("you must provide a model parameter"));
    }
    if listened.field("response_format") != Some("json") {
        return Err(bad("response_format is none of json"));
    }
    let end = listened.file_name.rsplit_once('.').map_or("", |(_, end)| end);
    if !FORMS.contains(&end) {
        return Err(bad("Unrecognized file format."));
    }
    Ok(listened)
}

impl Http {
    /// Answers with the words, or as a rule says.
    pub(super) fn transcribe(&self, listened: Listened, exchange: &mut Exchange<'_>) -> Result<(), Gone> {
        let (words, body) = (listened.words.clone(), Value::Null);
        let mut behaviour = self.0.state.change(|state| {
            let mut rules = state.rules_of_speech.iter_mut();
            let rule = rules.find_map(|rule| rule.applies(&words, &body).then(|| rule.behaviour.clone()));
            state.listened.push(listened);
            rule.unwrap_or_default()
        });
        if let Kind::Answer(usual) = &behaviour.kind {
            let text = usual.text.clone().unwrap_or(words);
            let mut usage = json!({"type": "duration", "seconds": 1});
            for (name, value) in &usual.figures {
                usage[name] = value.clone();
            }
            let said = json!({"text": text, "usage": usage}).to_string();
            behaviour.kind = Behaviour::json(200, &said).kind;
        }
        answer(0, &[], &body, Duration::ZERO, &behaviour, exchange)
    }
}
