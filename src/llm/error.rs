//! What can go wrong at the model's endpoint, sorted by what is to be done about it.
//!
//! The problem's text is made of statuses and short codes only: endpoints quote the prompt in their messages.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::completion::Completion;
use crate::domain::failure::Failure;

/// A longer pause than this is not waited for; the question fails.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Why a call of the model has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// Worth another try, after `pause` if the endpoint named one.
    #[error("{problem}")]
    Passing {
        /// What it is when every try ended like this.
        failure: Failure,
        /// The pause asked for.
        pause: Option<Duration>,
        /// For the log.
        problem: String,
    },
    /// Another try would end the same way.
    #[error("{problem}")]
    Final {
        /// Its class.
        failure: Failure,
        /// For the log.
        problem: String,
    },
    /// The prompt is longer than the model can read.
    #[error("the prompt is too long for the model")]
    ContextTooLong,
    /// The call was given up because the end was asked for. This is what had come by then; its text may be empty.
    #[error("the call was given up because the answer is not wanted any more")]
    Stopped(Completion),
}

impl LlmError {
    pub(super) fn passing(problem: impl Into<String>) -> Self {
        Self::Passing { failure: Failure::Unreachable, pause: None, problem: problem.into() }
    }

    pub(super) fn last(failure: Failure, problem: impl Into<String>) -> Self {
        Self::Final { failure, problem: problem.into() }
    }

    /// Reads the error that an HTTP status and body stand for.
    pub fn of_response(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = body.get("error").unwrap_or(&body);
        Self::classify(status, error, pause(headers))
    }

    /// Reads an `error` object that came in the stream, or in a body with status 200.
    pub fn of_event(error: &Value) -> Self {
        let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        // an error of no known kind after generation began: the provider broke off
        Self::classify(code.filter(|code| (400..600).contains(code)).unwrap_or(500), error, None)
    }

    fn classify(status: u16, error: &Value, pause: Option<Duration>) -> Self {
        let field = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let named = |needle: &str| [field("code"), field("type")].iter().any(|text| text.contains(needle));
        let said = |needle: &str| field("message").to_ascii_lowercase().contains(needle);
        let code = [field("code"), field("type")].into_iter().find(|text| is_code(text));
        let problem = match code {
            Some(code) => format!("the endpoint answers with status {status} ({code})"),
            None => format!("the endpoint answers with status {status}"),
        };
        let too_long = || {
            named("context_length_exceeded")
                || ((400..500).contains(&status)
                    && [
                        "context length",
                        "maximum context",
                        "context window",
                        "context size",
                        "prompt is too long",
                    ]
                    .into_iter()
                    .any(said))
                || named("exceed_context_size")
        };
        let filtered = || {
            named("content_filter")
                || named("content_policy")
                || error.pointer("/metadata/flagged_input").is_some()
        };
        match status {
            413 => Self::ContextTooLong,
            _ if too_long() => Self::ContextTooLong,
            _ if named("insufficient_quota") => Self::last(Failure::OutOfQuota, problem),
            _ if filtered() => Self::last(Failure::Refused, problem),
            402 => Self::last(Failure::OutOfQuota, problem),
            408 | 409 | 429 | 500.. if pause.is_some_and(|pause| pause > LONGEST_PAUSE) => {
                Self::last(Failure::Unreachable, problem)
            }
            408 | 409 | 429 | 500.. => Self::Passing { failure: Failure::Unreachable, pause, problem },
            300..400 => Self::last(
                Failure::Misconfigured,
                format!(
                    "{problem}: a redirect, which is not followed; LLM_BASE_URL has to be the endpoint's own address"
                ),
            ),
            _ => Self::last(Failure::Misconfigured, problem),
        }
    }
}

/// A word fit for a log: codes are, sentences are not.
fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// The pause asked for by `retry-after-ms`, or by `Retry-After` as seconds or as a date (RFC 9110, 10.2.3).
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |text: &str, unit: f64| {
        text.parse().ok().and_then(|number: f64| Duration::try_from_secs_f64(number * unit).ok())
    };
    if let Some(pause) = text("retry-after-ms").and_then(|text| seconds(text, 0.001)) {
        return Some(pause);
    }
    let text = text("retry-after")?;
    seconds(text, 1.0).or_else(|| {
        let date = httpdate::parse_http_date(text).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, headers: &[(&'static str, &str)], body: &str) -> LlmError {
        let headers = headers
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        LlmError::of_response(status, &headers, body.as_bytes())
    }

    #[test]
    fn permanent_errors_have_their_class() {
        for (status, body, class) in [
            (400, "{}", Failure::Misconfigured),
            (401, r#"{"error":{"message":"No auth","code":401}}"#, Failure::Misconfigured),
            (402, "", Failure::OutOfQuota),
            (403, "<html>", Failure::Misconfigured),
            (404, r#"{"error":{"message":"no such model"}}"#, Failure::Misconfigured),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, Failure::OutOfQuota),
            (400, r#"{"error":{"code":"content_filter"}}"#, Failure::Refused),
            (403, r#"{"error":{"code":403,"metadata":{"flagged_input":"x"}}}"#, Failure::Refused),
        ] {
            match of(status, &[], body) {
                LlmError::Final { failure, .. } => assert_eq!(failure, class, "{status} {body}"),
                other => panic!("{status} {body}: {other:?}"),
            }
        }
    }

    #[test]
    fn passing_errors_are_worth_another_try_and_carry_the_pause() {
        let hour = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
        for (status, headers, least, most) in [
            (408, vec![], None, None),
            (500, vec![], None, None),
            (529, vec![], None, None),
            (429, vec![("retry-after", "7")], Some(7.0), Some(7.0)),
            (429, vec![("retry-after", "7"), ("retry-after-ms", "250")], Some(0.25), Some(0.25)),
            (503, vec![("retry-after", hour.as_str())], Some(85.0), Some(90.0)),
            (429, vec![("retry-after", "soon")], None, None),
        ] {
            match of(status, &headers, "") {
                LlmError::Passing { pause, .. } => {
                    let pause = pause.map(|pause| pause.as_secs_f64());
                    assert!(pause >= least && pause <= most, "{status} {headers:?}: {pause:?}");
                }
                other => panic!("{status} {headers:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_pause_of_more_than_two_minutes_is_a_failure() {
        for status in [408, 429, 502, 503] {
            let error = of(status, &[("retry-after", "121")], "");
            assert!(matches!(error, LlmError::Final { failure: Failure::Unreachable, .. }), "{status}");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_is_known_by_code_or_by_words() {
        for (status, body) in [
            (400, r#"{"error":{"code":"context_length_exceeded"}}"#),
            (400, r#"{"error":{"message":"This endpoint's maximum context length is 8192 tokens"}}"#),
            (413, ""),
        ] {
            assert!(matches!(of(status, &[], body), LlmError::ContextTooLong), "{status} {body}");
        }
    }

    #[test]
    fn the_problem_never_quotes_the_endpoint() {
        let error = of(400, &[], r#"{"error":{"message":"bad: secret question","type":"secret question"}}"#);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
