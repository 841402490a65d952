//! Words into speech: POST /audio/speech, as OpenAI, OpenRouter, Kokoro, Piper's servers and others serve it.
//!
//! One call is one voice message. What comes is OGG with Opus, which Telegram plays as a voice message; an endpoint that has no
//! Opus is asked for MP3, which Telegram takes as well, from then on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bigdecimal::BigDecimal;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::complaint::Complaint;
use super::error::{Cause, LlmError};
use super::transcriber::Sound;
use super::whole::{self, Most};
use super::{figures, request};
use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::base::secret::Secret;
use crate::domain::sound;
use crate::domain::speech;
use crate::domain::usage::{Call, CallId, Outcome, Purpose, Usage};

/// The most that is read of an answer. Five minutes of Opus are a tenth of it.
const MOST_BYTES: usize = 16 << 20;

/// How words are spoken.
#[derive(Clone, PartialEq, Debug)]
pub struct SpeakerSettings {
    /// What the endpoint is called in the ledger.
    pub endpoint: String,
    /// Base URL with its `/v1`.
    pub base_url: String,
    /// Key, if the endpoint wants one.
    pub key: Option<Secret>,
    /// Headers for each request.
    pub headers: HeaderMap,
    /// Name of the model.
    pub model: String,
    /// Name of the voice.
    pub voice: String,
    /// US dollars for a million characters; `None`: nobody knows.
    pub price: Option<BigDecimal>,
    /// How long one voice message may take.
    pub timeout: Duration,
}

/// What came of speaking.
pub struct Voiced {
    /// For the ledger.
    pub call: Call,
    /// The sound, or why there is none.
    pub sound: Result<Sound, LlmError>,
}

/// The client of an endpoint that speaks.
pub struct Speaker {
    http: Http,
    settings: SpeakerSettings,
    /// It has no Opus.
    speaks_mp3: AtomicBool,
}

impl Speaker {
    /// A client with these settings.
    pub fn new(http: Http, settings: SpeakerSettings) -> Self {
        Self { http, settings, speaks_mp3: AtomicBool::new(false) }
    }

    /// The name of the model, as its endpoint knows it.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// How long one voice message may take.
    pub fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// What so many characters cost, if that is known.
    pub fn price_of(&self, characters: usize) -> Option<BigDecimal> {
        let price = self.settings.price.as_ref()?;
        Some(speech::price_of(characters, price))
    }

    /// What to look at, where words were not spoken for this reason.
    pub fn remedy(cause: Cause) -> &'static str {
        match cause {
            Cause::Network => "check SPEECH_URL, the network of this machine and HTTPS_PROXY",
            Cause::Address | Cause::Redirect => {
                "correct SPEECH_URL: /audio/speech is put behind it, and most addresses end with /v1"
            }
            Cause::Key(_) => "put a valid key of this endpoint into SPEECH_KEY",
            Cause::Account => "top up the account, or raise the limit of the key at the endpoint",
            Cause::Model => "correct SPEECH_MODEL",
            Cause::Request | Cause::Field | Cause::Limit => {
                "check SPEECH_MODEL and SPEECH_VOICE; the endpoint may not know this voice, or may take shorter texts only"
            }
            Cause::Endpoint => "wait a little; the endpoint's own status page may say more",
        }
    }

    /// Has the words spoken, until `stop` is requested or this time is over.
    pub fn speak(&self, words: &str, limit: Duration, stop: &CancelToken) -> Voiced {
        let began = Instant::now();
        let mut usage = Usage::default();
        let form = if self.speaks_mp3.load(Ordering::Relaxed) { "mp3" } else { "opus" };
        let mut sound = self.ask(words, form, limit, stop, &mut usage);
        if form == "opus" && sound.as_ref().is_err_and(is_about_the_form) {
            let left = limit.saturating_sub(began.elapsed());
            sound = self.ask(words, "mp3", left, stop, &mut usage);
            self.speaks_mp3.store(sound.is_ok(), Ordering::Relaxed);
        } else if matches!(sound, Err(LlmError::Passing { cause: Cause::Field, .. })) {
            // What came was paid for: another form is asked for the next time.
            self.speaks_mp3.store(form == "opus", Ordering::Relaxed);
        }
        usage.duration_ms = i32::try_from(began.elapsed().as_millis()).ok();
        let outcome = match &sound {
            Ok(_) => Outcome::Answered,
            Err(LlmError::Stopped(_)) => Outcome::Stopped,
            Err(error) => Outcome::Failed(error.failure().class()),
        };
        if sound.is_ok() {
            usage = usage.or_computed(self.price_of(words.chars().count()));
        }
        let SpeakerSettings { endpoint, model, .. } = &self.settings;
        let (endpoint, model) = (endpoint.clone(), model.clone());
        Voiced {
            call: Call {
                id: CallId::random(),
                purpose: Purpose::Speech,
                endpoint,
                model,
                began,
                outcome,
                usage,
            },
            sound,
        }
    }

    fn ask(
        &self,
        words: &str,
        form: &str,
        time: Duration,
        stop: &CancelToken,
        usage: &mut Usage,
    ) -> Result<Sound, LlmError> {
        let SpeakerSettings { base_url, key, headers, model, voice, .. } = &self.settings;
        let address = request::address(base_url, "audio/speech");
        let body = json!({"model": model, "voice": voice, "input": words, "response_format": form});
        let mut request = self.http.client.post(address).headers(headers.clone()).json(&body);
        if let Some(key) = key {
            request = request.bearer_auth(key.expose());
        }
        let whole = whole::fetch(&self.http, request, Most { bytes: MOST_BYTES, time }, stop)?;
        usage.first_token_ms = whole.first_ms;
        sound_of(whole.body, usage)
    }
}

/// Whether an endpoint may refuse a request for the form of the sound; few of them name the field. What is refused costs nothing.
fn is_about_the_form(error: &LlmError) -> bool {
    matches!(error, LlmError::Final { cause: Cause::Field | Cause::Request, .. })
}

/// The sound that the answer is. Whatever Telegram would not play as a voice message is none.
fn sound_of(body: Vec<u8>, usage: &mut Usage) -> Result<Sound, LlmError> {
    if let Ok(answer) = serde_json::from_slice::<Value>(&body) {
        figures::add(&answer, usage);
        if let Some(complaint) = Complaint::of_event(&answer) {
            return Err(complaint.error());
        }
    }
    if body.is_empty() {
        return Err(LlmError::passing(Cause::Endpoint, "its answer is empty"));
    }
    if body.len() > MOST_BYTES {
        return Err(LlmError::passing(Cause::Endpoint, "its answer is longer than any voice message"));
    }
    match sound::form(&body) {
        Some((end, mime)) if sound::is_voice(&body) => {
            Ok(Sound { name: format!("voice.{end}"), mime: mime.to_owned(), seconds: None, bytes: body })
        }
        Some((end, _)) => {
            let problem = format!("its answer is {end}, and a voice message is OGG with Opus, MP3 or M4A");
            Err(LlmError::passing(Cause::Field, problem))
        }
        None => Err(LlmError::passing(Cause::Address, "its answer is no sound")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::Failure;

    fn read(body: &[u8]) -> Result<Sound, LlmError> {
        sound_of(body.to_vec(), &mut Usage::default())
    }

    #[test]
    fn what_telegram_plays_as_a_voice_message_is_one_and_has_a_name_that_tells_its_form() {
        for (body, name) in [
            (&b"OggS\0\x02................OpusHead"[..], "voice.ogg"),
            (b"ID3\x04", "voice.mp3"),
            (b"\0\0\0 ftypM4A ", "voice.m4a"),
        ] {
            assert_eq!(read(body).unwrap().name, name);
        }
    }

    #[test]
    fn what_is_no_sound_is_an_error_and_never_a_voice_message() {
        for body in [
            &b""[..],
            b"<html>Sorry</html>",
            b"{}",
            b"OggS\0\x02................\x01vorbis",
            b"RIFF\0\0\0\0WAVEfmt ",
            b"fLaC",
        ] {
            assert!(matches!(read(body), Err(LlmError::Passing { .. })), "{}", String::from_utf8_lossy(body));
        }
        let quota = br#"{"error":{"message":"no","code":"insufficient_quota"}}"#;
        assert_eq!(read(quota).map(drop).unwrap_err().failure(), Failure::OutOfQuota);
    }
}
