//! Speech into words: POST /audio/transcriptions, as OpenAI, OpenRouter, whisper.cpp, faster-whisper and others serve it.
//!
//! One call is one recording. The file goes as it is; its form is the endpoint's business.

use std::time::{Duration, Instant};

use bigdecimal::BigDecimal;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::complaint::Complaint;
use super::error::{Cause, LlmError};
use super::whole::{self, Most};
use super::{figures, request};
use crate::base::cancel::CancelToken;
use crate::base::http::{Http, describe};
use crate::base::secret::Secret;
use crate::domain::failure::Failure;
use crate::domain::sound;
use crate::domain::usage::{Call, CallId, Outcome, Purpose, Usage};

/// The most that is read of an answer. Hours of speech are less.
const MOST_BYTES: usize = 4 << 20;

/// How speech is turned into words.
#[derive(Clone, PartialEq, Debug)]
pub struct TranscriberSettings {
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
    /// The language that is spoken (ISO 639-1). `None`: the model finds out.
    pub language: Option<String>,
    /// US dollars for a minute; `None`: nobody knows.
    pub price: Option<BigDecimal>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A recording.
pub struct Sound {
    /// A name, whose end tells endpoints the form.
    pub name: String,
    /// Its type.
    pub mime: String,
    /// How long it plays, where that is known.
    pub seconds: Option<u32>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What came of listening.
pub struct Transcribed {
    /// For the ledger.
    pub call: Call,
    /// What was said, or why that is not known.
    pub words: Result<String, LlmError>,
}

/// The client of an endpoint that turns speech into words.
pub struct Transcriber {
    http: Http,
    settings: TranscriberSettings,
}

impl Transcriber {
    /// A client with these settings.
    pub fn new(http: Http, settings: TranscriberSettings) -> Self {
        Self { http, settings }
    }

    /// The name of the model, as its endpoint knows it.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// What to look at, where the recording was not turned into words for this reason.
    pub fn remedy(cause: Cause) -> &'static str {
        match cause {
            Cause::Network => "check TRANSCRIBE_URL, the network of this machine and HTTPS_PROXY",
            Cause::Address | Cause::Redirect => {
                "correct TRANSCRIBE_URL: /audio/transcriptions is put behind it, and most addresses end with /v1"
            }
            Cause::Key(_) => "put a valid key of this endpoint into TRANSCRIBE_KEY",
            Cause::Account => "top up the account, or raise the limit of the key at the endpoint",
            Cause::Model => "correct TRANSCRIBE_MODEL",
            Cause::Request | Cause::Field | Cause::Limit => {
                "check TRANSCRIBE_MODEL and TRANSCRIBE_LANGUAGE; the endpoint may not take this form of sound"
            }
            Cause::Endpoint => "wait a little; the endpoint's own status page may say more",
        }
    }

    /// Has the recording turned into words, until `stop` is requested.
    pub fn transcribe(&self, sound: Sound, stop: &CancelToken) -> Transcribed {
        let began = Instant::now();
        let (mut usage, mut seconds) = (Usage::default(), sound.seconds.map(f64::from));
        let words = self.listen(sound, stop, &mut usage, &mut seconds);
        if let (Ok(_), Some(price), Some(seconds)) = (&words, &self.settings.price, seconds) {
            usage = usage.or_computed(Some(sound::price_of(seconds, price)));
        }
        usage.duration_ms = i32::try_from(began.elapsed().as_millis()).ok();
        let outcome = match &words {
            Ok(_) => Outcome::Answered,
            Err(LlmError::Stopped(_)) => Outcome::Stopped,
            Err(error) => Outcome::Failed(error.failure().class()),
        };
        let TranscriberSettings { endpoint, model, .. } = &self.settings;
        let (endpoint, model) = (endpoint.clone(), model.clone());
        let call = Call {
            id: CallId::random(),
            purpose: Purpose::Transcript,
            endpoint,
            model,
            began,
            outcome,
            usage,
        };
        Transcribed { call, words }
    }

    /// What was said; `seconds` is what the endpoint says about how long it listened, if it does.
    fn listen(
        &self,
        sound: Sound,
        stop: &CancelToken,
        usage: &mut Usage,
        seconds: &mut Option<f64>,
    ) -> Result<String, LlmError> {
        let TranscriberSettings { base_url, key, headers, timeout, .. } = &self.settings;
        let address = request::address(base_url, "audio/transcriptions");
        let mut request =
            self.http.client.post(address).headers(headers.clone()).multipart(self.form(sound)?);
        if let Some(key) = key {
            request = request.bearer_auth(key.expose());
        }
        let most = Most { bytes: MOST_BYTES, time: *timeout };
        let whole = whole::fetch(&self.http, request, most, stop)?;
        usage.first_token_ms = whole.first_ms;
        words(&whole.body, usage, seconds)
    }

    fn form(&self, sound: Sound) -> Result<Form, LlmError> {
        let Sound { name, mime, bytes, .. } = sound;
        let file = Part::bytes(bytes).file_name(name).mime_str(&mime);
        let file =
            file.map_err(|error| LlmError::last(Failure::Misconfigured, Cause::Request, describe(error)))?;
        let form = Form::new().text("model", self.settings.model.clone()).text("response_format", "json");
        let form = match &self.settings.language {
            Some(language) => form.text("language", language.clone()),
            None => form,
        };
        Ok(form.part("file", file))
    }
}

/// What the answer says was said; with figures, where it has any.
fn words(body: &[u8], usage: &mut Usage, seconds: &mut Option<f64>) -> Result<String, LlmError> {
    let foreign = || {
        let problem = "its answer is none of an OpenAI-compatible endpoint for speech";
        LlmError::passing(Cause::Address, problem)
    };
    let answer: Value = serde_json::from_slice(body).map_err(|_| foreign())?;
    if let Some(complaint) = Complaint::of_event(&answer).filter(|_| answer.get("text").is_none()) {
        return Err(complaint.error());
    }
    figures::add(&answer, usage);
    let told = ["/usage/seconds", "/usage/duration", "/duration"].iter();
    let told = told.filter_map(|path| answer.pointer(path)?.as_f64()).find(|told| *told > 0.0);
    *seconds = told.or(*seconds);
    usage.model = answer.get("model").and_then(Value::as_str).map(str::to_owned);
    answer.get("text").and_then(Value::as_str).map(str::to_owned).ok_or_else(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::usage::Cost;

    fn read(body: &str) -> (Result<String, LlmError>, Usage) {
        let mut usage = Usage::default();
        (words(body.as_bytes(), &mut usage, &mut None), usage)
    }

    #[test]
    fn words_and_figures_are_found_in_every_endpoints_answer() {
        for (body, said, tokens, cost) in [
            (r#"{"text":"hello"}"#, "hello", None, None),
            (r#"{"text":" hello\n","usage":{"type":"duration","seconds":3}}"#, " hello\n", None, None),
            (
                r#"{"text":"hello","usage":{"type":"tokens","input_tokens":14,"output_tokens":45}}"#,
                "hello",
                Some(14),
                None,
            ),
            (r#"{"text":"","usage":{"seconds":9.2,"cost":0.0005}}"#, "", None, Some("0.0005")),
            (
                r#"{"task":"transcribe","language":"english","duration":2.9,"text":"hi","error":null}"#,
                "hi",
                None,
                None,
            ),
        ] {
            let (words, usage) = read(body);
            assert_eq!(words.unwrap(), said);
            assert_eq!(usage.prompt_tokens, tokens, "{body}");
            assert_eq!(usage.cost, cost.map(|cost: &str| Cost::Told(cost.parse().unwrap())), "{body}");
        }
    }

    #[test]
    fn the_price_is_for_as_long_as_the_endpoint_listened_and_else_for_as_long_as_the_recording_plays() {
        for (body, expected) in [
            (r#"{"text":"hello"}"#, 14.0),
            (r#"{"text":"hello","usage":{"type":"duration","seconds":3}}"#, 3.0),
            (r#"{"text":"hello","duration":2.9}"#, 2.9),
            (r#"{"text":"hello","duration":-1,"usage":{"seconds":"long"}}"#, 14.0),
        ] {
            let mut seconds = Some(14.0);
            words(body.as_bytes(), &mut Usage::default(), &mut seconds).unwrap();
            assert_eq!(seconds, Some(expected), "{body}");
        }
    }

    #[test]
    fn what_is_no_transcript_is_an_error_and_never_somebodys_words() {
        for body in ["", "<html>Sorry</html>", "hello", "{}", r#"{"text":7}"#, "[]", "\"hello\""] {
            assert!(matches!(read(body).0, Err(LlmError::Passing { cause: Cause::Address, .. })), "{body}");
        }
        let quota = r#"{"error":{"message":"no","code":"insufficient_quota"}}"#;
        assert_eq!(read(quota).0.unwrap_err().failure(), Failure::OutOfQuota);
        let busy = r#"{"error":{"message":"overloaded","code":503}}"#;
        assert!(matches!(read(busy).0, Err(LlmError::Passing { cause: Cause::Endpoint, .. })));
    }
}
