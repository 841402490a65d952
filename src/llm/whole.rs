//! A request whose answer is read as a whole, and not as a stream: sound into words, words into sound.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;

use super::complaint::Complaint;
use super::completion::Completion;
use super::error::{Cause, LlmError};
use crate::base::cancel::CancelToken;
use crate::base::http::{Http, Interrupted, describe};
use crate::domain::failure::Failure;

/// How much of an answer is read, and how long it may take.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

/// An answer with a status of success.
pub(super) struct Whole {
    pub(super) body: Vec<u8>,
    /// When its first bytes came, in milliseconds from the beginning.
    pub(super) first_ms: Option<i32>,
}

/// Carries the request out, if `stop` lets it begin, until it is requested. An answer that is longer than `most` ends there.
pub(super) fn fetch(
    http: &Http,
    request: RequestBuilder,
    most: Most,
    stop: &CancelToken,
) -> Result<Whole, LlmError> {
    if !stop.lets_begin() {
        return Err(LlmError::Stopped(Completion::default()));
    }
    let began = Instant::now();
    let network = |error| LlmError::passing(Cause::Network, describe(error));
    let answer = http.wait(most.time, stop, async {
        let mut response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let (mut body, mut first_ms) = (Vec::new(), None);
        while let Some(chunk) = response.chunk().await? {
            first_ms = first_ms.or_else(|| i32::try_from(began.elapsed().as_millis()).ok());
            body.extend_from_slice(&chunk);
            if body.len() > most.bytes {
                break;
            }
        }
        Ok((status, headers, Whole { body, first_ms }))
    });
    let (status, headers, whole) = match answer {
        Ok(answer) => answer.map_err(network)?,
        Err(Interrupted::Stopped) => return Err(LlmError::Stopped(Completion::default())),
        Err(Interrupted::TimedOut) => {
            // Of what is left after a try that failed, tenths are enough.
            let seconds = (most.time.as_secs_f32() * 10.0).round() / 10.0;
            let problem = format!("no answer within {seconds} s");
            return Err(LlmError::last(Failure::TooSlow, Cause::Endpoint, problem));
        }
    };
    if !status.is_success() {
        return Err(Complaint::of_response(status.as_u16(), &headers, &whole.body).error());
    }
    Ok(whole)
}
