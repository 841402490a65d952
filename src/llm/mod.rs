//! The model: any OpenAI-compatible endpoint, read as a stream.
//!
//! One call of [`Llm::complete`] is one request. Whether to try again is for the caller to say; what the error is
//! worth is said here.

use std::time::{Duration, Instant};

use reqwest::Response;
use serde::Serialize;
use serde_json::Value;

use crate::base::cancel::CancelToken;
use crate::base::http::{Http, Interrupted, describe};
use crate::base::secret::Secret;
use crate::domain::failure::Failure;
use crate::domain::usage::Usage;

mod completion;
mod error;
pub mod sse;

pub use completion::Completion;
pub use error::LlmError;

/// How long the figures may follow the end of the answer.
const USAGE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the body of an error may take, and how much of it is read.
const ERROR_BODY: (Duration, usize) = (Duration::from_secs(5), 64 << 10);
/// However much the model thinks aloud, its answer has to be there by then.
const LONGEST_ANSWER: Duration = Duration::from_secs(30 * 60);
/// An answer of this many bytes is cut: no person reads more, and memory is not for sale.
const ANSWER_LIMIT: usize = 1 << 20;

/// What to ask, and whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL with its `/v1`.
    pub base_url: String,
    /// Key, if the endpoint wants one.
    pub key: Option<Secret>,
    /// Name of the model.
    pub model: String,
    /// Sampling temperature, 0 to 2.
    pub temperature: f64,
    /// The most tokens an answer may have.
    pub max_tokens: u32,
    /// The longest silence of the model: since the request, then since the last token.
    pub silence: Duration,
}

/// One message of a prompt.
#[derive(Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'a str,
    /// The text.
    pub content: &'a str,
}

/// The client of one endpoint.
pub struct Llm {
    http: Http,
    url: String,
    settings: Settings,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message<'a>],
    stream: bool,
    stream_options: StreamOptions,
    temperature: f64,
    max_tokens: u32,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Llm {
    /// A client with these settings.
    pub fn new(http: Http, settings: Settings) -> Self {
        let url = format!("{}/chat/completions", settings.base_url.trim_end_matches('/'));
        Self { http, url, settings }
    }

    /// Asks once and reads the answer to its end, until `stop` is requested. `hear` gets the text as it comes.
    pub fn complete(
        &self,
        messages: &[Message<'_>],
        stop: &CancelToken,
        hear: impl FnMut(&str),
    ) -> Result<Completion, LlmError> {
        let mut answer = Answer::new(self.settings.silence, hear);
        let body = Body {
            model: &self.settings.model,
            messages,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            temperature: self.settings.temperature,
            max_tokens: self.settings.max_tokens,
        };
        let mut request = self.http.client.post(&self.url).json(&body);
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key.expose());
        }
        let mut response = match self.wait(&answer, stop, request.send()) {
            Ok(sent) => sent.map_err(|error| LlmError::passing(describe(error)))?,
            Err(why) => return Err(self.given_up(answer, why)),
        };
        if !response.status().is_success() {
            return Err(self.refusal(response, stop));
        }
        let mut events = sse::Reader::default();
        let mut whole = is_json(&response).then(Vec::new);
        while !answer.is_over() {
            let chunk = match self.wait(&answer, stop, response.chunk()) {
                Ok(Ok(chunk)) => chunk,
                // the answer itself was complete: only its figures are missing
                Ok(Err(_)) | Err(_) if answer.finish_reason.is_some() => None,
                Ok(Err(error)) => return Err(LlmError::passing(describe(error))),
                Err(why) => return Err(self.given_up(answer, why)),
            };
            match (chunk, &mut whole) {
                (Some(chunk), Some(whole)) if whole.len() + chunk.len() <= ANSWER_LIMIT => {
                    whole.extend(chunk);
                }
                (Some(chunk), None) => events.push(&chunk, |data| answer.take(data)),
                (Some(_), Some(_)) | (None, _) => break,
            }
        }
        match whole {
            Some(whole) => answer.take(&String::from_utf8_lossy(&whole)),
            None => events.end(|data| answer.take(data)),
        }
        answer.complete(&self.settings.model)
    }

    /// Waits for the endpoint for as long as the answer's silence may last.
    fn wait<T>(
        &self,
        answer: &Answer<impl FnMut(&str)>,
        stop: &CancelToken,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        self.http.wait(answer.deadline.saturating_duration_since(Instant::now()), stop, work)
    }

    fn given_up(&self, answer: Answer<impl FnMut(&str)>, why: Interrupted) -> LlmError {
        match why {
            Interrupted::Stopped => LlmError::Stopped(answer.so_far(&self.settings.model)),
            Interrupted::TimedOut => LlmError::last(
                Failure::TooSlow,
                format!("the model was silent for {} s", self.settings.silence.as_secs_f32()),
            ),
        }
    }

    fn refusal(&self, mut response: Response, stop: &CancelToken) -> LlmError {
        let mut body = Vec::new();
        let (limit, most) = ERROR_BODY;
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                body.extend(chunk);
                if body.len() > most {
                    break;
                }
            }
        };
        // whatever came of the body: the status alone says enough
        let _ = self.http.wait(limit, stop, read);
        LlmError::of_response(response.status().as_u16(), response.headers(), &body)
    }
}

/// Endpoints that do not stream answer with one JSON document.
fn is_json(response: &Response) -> bool {
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// An answer in the making.
struct Answer<H> {
    hear: H,
    began: Instant,
    first_token: Option<Duration>,
    silence: Duration,
    deadline: Instant,
    text: String,
    refused: bool,
    finish_reason: Option<String>,
    error: Option<LlmError>,
    done: bool,
    usage: Usage,
}

impl<H: FnMut(&str)> Answer<H> {
    fn new(silence: Duration, hear: H) -> Self {
        let began = Instant::now();
        Self {
            hear,
            began,
            first_token: None,
            silence,
            deadline: began + silence,
            text: String::new(),
            refused: false,
            finish_reason: None,
            error: None,
            done: false,
            usage: Usage::default(),
        }
    }

    fn is_over(&self) -> bool {
        self.done || self.error.is_some()
    }

    /// Takes the data of one event, or a whole document. What is not JSON is passed over: a stream of nothing else
    /// ends without a finish reason, and that is what it is judged by.
    fn take(&mut self, data: &str) {
        if self.is_over() {
            return;
        }
        if data == "[DONE]" {
            self.done = true;
            return;
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else { return };
        if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
            // after the finish reason, the answer is complete whatever happens to its figures
            if self.finish_reason.is_none() {
                self.error = Some(LlmError::of_event(error));
            }
            return;
        }
        self.take_usage(&event);
        let Some(choice) = event.pointer("/choices/0") else { return };
        let message = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null);
        let said = |field: &str| message.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(text) = said("content") {
            self.first_token.get_or_insert(self.began.elapsed());
            self.text.push_str(text);
            (self.hear)(text);
        }
        self.refused |= said("refusal").is_some();
        // thoughts are not the answer, but they are a sign of life
        if ["content", "refusal", "reasoning", "reasoning_content"]
            .into_iter()
            .any(|field| said(field).is_some())
        {
            self.deadline = (Instant::now() + self.silence).min(self.began + LONGEST_ANSWER);
        }
        // some gateways send an empty one with every piece
        let reason = choice.get("finish_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
        if let Some(reason) = reason {
            self.finish_reason = Some(storable(reason));
            self.deadline = Instant::now() + USAGE_TIMEOUT;
        }
        if self.text.len() > ANSWER_LIMIT {
            self.finish_reason = Some("length".to_owned());
            self.done = true;
        }
    }

    fn take_usage(&mut self, event: &Value) {
        let tokens = |path| event.pointer(path).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok());
        let usage = &mut self.usage;
        usage.prompt_tokens = tokens("/usage/prompt_tokens").or(usage.prompt_tokens);
        usage.completion_tokens = tokens("/usage/completion_tokens").or(usage.completion_tokens);
        if let Some(model) = event.get("model").and_then(Value::as_str) {
            usage.model = Some(storable(model));
        }
    }

    /// Judges what has come.
    fn complete(self, asked_model: &str) -> Result<Completion, LlmError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.finish_reason.as_deref() {
            None => return Err(LlmError::passing("the answer broke off")),
            Some("content_filter") => {
                return Err(LlmError::last(Failure::Refused, "the answer was filtered"));
            }
            Some("error") => return Err(LlmError::passing("the endpoint broke the answer off")),
            Some(_) => {}
        }
        if self.text.trim().is_empty() {
            return Err(if self.refused {
                LlmError::last(Failure::Refused, "the model refused to answer")
            } else {
                LlmError::last(Failure::Empty, "the answer is empty")
            });
        }
        Ok(self.so_far(asked_model))
    }

    /// What has come by now.
    fn so_far(self, asked_model: &str) -> Completion {
        let millis = |duration: Duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
        let usage = Usage {
            model: self.usage.model.or_else(|| Some(asked_model.to_owned())),
            first_token_ms: self.first_token.map(millis),
            duration_ms: Some(millis(self.began.elapsed())),
            finish_reason: self.finish_reason,
            ..self.usage
        };
        Completion { text: storable(&self.text), usage }
    }
}

/// PostgreSQL's text has no NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
