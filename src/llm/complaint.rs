//! What an endpoint says in place of an answer, whatever its form: an object, a list or a text, one in the other, or a
//! sentence that quotes the JSON of somebody behind it.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::error::{Cause, LlmError, harmless};
use super::{pause, words};
use crate::domain::failure::Failure;

/// A longer pause than this is not waited for; the question fails.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// How deep an error is looked into.
const DEPTH: usize = 12;

/// An error of an endpoint, taken apart. Its words may quote the prompt: they are compared, and never shown.
#[derive(Default)]
pub(super) struct Complaint {
    pub(super) status: u16,
    /// What stands in fields such as `code` and `type`, in lower case.
    codes: Vec<String>,
    /// The first code as it was.
    code: Option<String>,
    /// What stands in `param`, or in `loc` with dots between.
    pub(super) named: Vec<String>,
    /// Everything else, in lower case.
    pub(super) words: String,
    pause: Option<Duration>,
    /// Something was flagged by a moderation before the model.
    flagged: bool,
}

impl Complaint {
    /// Reads what came with an HTTP status that is no success.
    pub(super) fn of_response(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut complaint = Self { status, ..Self::default() };
        match serde_json::from_slice::<Value>(body) {
            Ok(body) => complaint.read("", &body, DEPTH),
            Err(_) => complaint.say(&String::from_utf8_lossy(body)),
        }
        complaint.pause = pause::of_headers(headers).or(complaint.pause);
        complaint.finish()
    }

    /// Reads an event that is an error, in a stream or in a body with status 200. `None`: it is none.
    pub(super) fn of_event(event: &Value) -> Option<Self> {
        let has = |field: &str| event.get(field).is_some_and(|value| !value.is_null());
        let kind = |field: &str| event.get(field).and_then(Value::as_str) == Some("error");
        let bare = !has("choices")
            && (kind("object")
                || kind("type")
                || has("errors")
                || has("detail")
                || (has("message") && has("code")));
        Self::of_error(event).or_else(|| bare.then(|| Self::in_stream(event)))
    }

    /// Reads the field `error`, if it is there.
    pub(super) fn of_error(value: &Value) -> Option<Self> {
        value
            .get("error")
            .filter(|error| !error.is_null() && *error != &Value::Bool(false))
            .map(Self::in_stream)
    }

    fn in_stream(error: &Value) -> Self {
        let mut complaint = Self::default();
        complaint.read("error", error, DEPTH);
        let code = complaint
            .codes
            .iter()
            .find_map(|code| code.parse().ok())
            .filter(|code| (400..600).contains(code));
        // An error of no known kind after generation began: the provider broke off.
        complaint.status = code.unwrap_or(500);
        complaint.finish()
    }

    fn read(&mut self, name: &str, value: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        self.pause = self.pause.or_else(|| pause::of_field(name, value));
        match (name, value) {
            // What quotes the request says nothing about what is wrong with it.
            ("input" | "ctx" | "body" | "request" | "prompt" | "messages" | "url", _) | (_, Value::Null) => {}
            ("flagged_input", _) => self.flagged = true,
            ("param" | "loc" | "parameter" | "field", Value::String(param)) => {
                if !matches!(param.to_ascii_lowercase().as_str(), "" | "none" | "null") {
                    self.named.push(param.clone());
                }
            }
            ("loc", Value::Array(path)) => {
                let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
                let path: Vec<_> = path.iter().map(step).filter(|step| step != "body").collect();
                self.named.extend(Some(path.join(".")).filter(|path| !path.is_empty()));
            }
            (
                "code" | "type" | "status" | "reason" | "error_type" | "error_code" | "blockReason",
                Value::String(code),
            ) => {
                if self.code.is_none() && harmless(code).is_some() && code.parse::<u16>().is_err() {
                    self.code = Some(code.clone());
                }
                self.codes.push(code.to_ascii_lowercase());
                self.say(code);
            }
            ("code", Value::Number(code)) => self.codes.push(code.to_string()),
            (_, Value::String(text)) => match serde_json::from_str::<Value>(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => self.read(name, &inner, depth),
                _ => self.say(text),
            },
            (_, Value::Array(items)) => items.iter().for_each(|item| self.read(name, item, depth)),
            (_, Value::Object(fields)) => {
                fields.iter().for_each(|(name, value)| self.read(name, value, depth));
            }
            (_, Value::Bool(_) | Value::Number(_)) => {}
        }
    }

    fn say(&mut self, text: &str) {
        self.words.push_str(&text.to_lowercase());
        self.words.push('\n');
    }

    fn finish(mut self) -> Self {
        self.pause = self.pause.or_else(|| pause::of_words(&self.words));
        self
    }

    fn is_coded(&self, table: &[&str]) -> bool {
        self.codes.iter().any(|code| table.iter().any(|known| code.contains(known)))
    }

    pub(super) fn says(&self, table: &[&str]) -> bool {
        table.iter().any(|phrase| self.words.contains(phrase))
    }

    /// The prompt, or the prompt with the answer, is more than the model can read.
    pub(super) fn is_too_long(&self) -> bool {
        match self.status {
            413 => true,
            429 => self.says(words::TOO_LONG_AT_ONCE),
            _ if self.is_coded(words::TOO_LONG_CODES) || self.says(words::TOO_LONG) => true,
            400 | 422 => {
                self.named.is_empty()
                    && !self.says(words::RATES)
                    && words::TOO_LONG_PARTS.iter().all(|part| self.says(part))
            }
            _ => false,
        }
    }

    /// What an error is worth that nothing can be learnt from.
    pub(super) fn error(&self) -> LlmError {
        use Cause::{Account, Address, Endpoint, Field, Key, Model, Redirect, Request};
        use Failure::{Misconfigured, OutOfQuota, Refused};
        let problem = self.problem();
        let misconfigured = |cause| LlmError::last(Misconfigured, cause, problem.as_str());
        let status = self.status;
        if self.is_too_long() {
            return LlmError::ContextTooLong;
        }
        if status == 402 || self.is_coded(words::NO_QUOTA_CODES) || self.says(words::NO_QUOTA) {
            return LlmError::last(OutOfQuota, Account, problem);
        }
        if self.flagged || self.is_coded(words::REFUSED_CODES) || self.says(words::REFUSED) {
            return LlmError::last(Refused, Endpoint, problem);
        }
        if matches!(status, 408 | 409 | 429) || (status >= 500 && !self.blames_the_request()) {
            return if self.pause.is_some_and(|pause| pause > LONGEST_PAUSE) {
                LlmError::last(Failure::Unreachable, Endpoint, problem)
            } else {
                LlmError::Passing {
                    failure: Failure::Unreachable,
                    cause: Endpoint,
                    pause: self.pause,
                    problem,
                }
            };
        }
        if (300..400).contains(&status) {
            return misconfigured(Redirect);
        }
        if matches!(status, 401 | 403) || self.is_coded(words::KEY_CODES) || self.says(words::KEY) {
            return misconfigured(Key(status));
        }
        let names_it = self.named.iter().any(|name| name == "model");
        if names_it || self.is_coded(words::MODEL_CODES) || self.says(words::MODEL) {
            return misconfigured(Model);
        }
        if let Some(field) = self.named.iter().find_map(|name| harmless(name)) {
            let problem = format!("{problem}: it does not accept the field {field}");
            return LlmError::last(Misconfigured, Field, problem);
        }
        misconfigured(if matches!(status, 404 | 405) { Address } else { Request })
    }

    /// Errors of the key or the model that come in a stream, or from a server that calls everything an error of its own.
    fn blames_the_request(&self) -> bool {
        self.is_coded(words::KEY_CODES) || self.says(words::KEY) || self.is_coded(words::MODEL_CODES)
    }

    /// For the log: the status, and the code if there is one.
    pub(super) fn problem(&self) -> String {
        match &self.code {
            Some(code) => format!("the endpoint answers with status {} ({code})", self.status),
            None => format!("the endpoint answers with status {}", self.status),
        }
    }
}

#[cfg(test)]
mod tests;
