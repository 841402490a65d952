//! The model: any OpenAI-compatible endpoint, read as a stream.
//!
//! One call of [`Llm::complete`] is one answer. Whether to try again is for the caller to say; what the error is worth is
//! said here. Only what the endpoint refuses to read, for the form of it, is asked again at once in another form.
//!
//! ```text
//! request ← learnt ← complaint        (what is asked, and how this endpoint wants it)
//! events → answer → completion        (what comes: bytes, pieces, text without thoughts)
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Response;
use tracing::info;

use crate::base::cancel::CancelToken;
use crate::base::http::{Http, Interrupted, describe};
use crate::domain::failure::Failure;

mod answer;
mod complaint;
mod completion;
mod delta;
mod error;
pub mod events;
mod fields;
mod finish;
mod learnt;
mod lines;
mod models;
mod pause;
mod request;
mod settings;
mod thoughts;
mod words;

use answer::Answer;
use complaint::Complaint;
pub use completion::Completion;
pub use error::{Cause, LlmError};
use fields::Body;
use learnt::Learnt;
pub use models::Listed;
pub use settings::{Message, Settings};
pub use thoughts::{Heard, without_thoughts};

/// How long the body of an error may take, and how much of it is read.
const ERROR_BODY: (Duration, usize) = (Duration::from_secs(5), 64 << 10);
/// So often a request is changed for an endpoint that refuses it; there is not more that could be changed.
const MOST_CHANGES: usize = 8;

/// The client of one model at one endpoint.
pub struct Llm {
    http: Http,
    settings: Settings,
    learnt: Mutex<Learnt>,
}

/// An answer that did not come about: as an error, or with a refusal to learn from.
enum Failed {
    Error(LlmError),
    Refused(Complaint),
}

impl From<LlmError> for Failed {
    fn from(error: LlmError) -> Self {
        Self::Error(error)
    }
}

impl Llm {
    /// A client with these settings.
    pub fn new(http: Http, settings: Settings) -> Self {
        Self { http, settings, learnt: Mutex::default() }
    }

    /// Asks and reads the answer to its end, until `stop` is requested. `hear` gets the text as it comes.
    pub fn complete(
        &self,
        messages: &[Message<'_>],
        stop: &CancelToken,
        mut hear: impl FnMut(Heard<'_>),
    ) -> Result<Completion, LlmError> {
        for _ in 0..MOST_CHANGES {
            let learnt = self.learnt().clone();
            let body = request::body(&self.settings, &learnt, messages);
            match self.ask(&body, &learnt, stop, &mut hear) {
                Ok(completion) => return Ok(completion),
                Err(Failed::Error(error)) => return Err(error),
                Err(Failed::Refused(complaint)) => {
                    let is_learnt = self.learn(&learnt, &complaint, &body);
                    // a dialogue that is too long can be shortened, and only the caller can do that
                    if !is_learnt || (complaint.is_too_long() && has_past(messages)) {
                        return Err(complaint.error());
                    }
                }
            }
        }
        let problem = "the endpoint refuses the request in every form";
        Err(LlmError::last(Failure::Misconfigured, Cause::Field, problem))
    }

    /// Looks the model up in the endpoint's list.
    pub fn listed(&self) -> Listed {
        models::listed(&self.http, &self.settings)
    }

    /// Whether there is another way to ask, after a refusal of the one known until then.
    fn learn(&self, known: &Learnt, complaint: &Complaint, body: &Body) -> bool {
        let Some((next, what)) = known.after(complaint, body) else { return false };
        let mut learnt = self.learnt();
        // another question may have learnt it in the meantime
        if *learnt == *known {
            let problem = complaint.problem();
            info!(
                model = self.settings.model,
                problem, "the endpoint refuses {what}; remembered until the next start"
            );
            *learnt = next;
        }
        true
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(
        &self,
        body: &Body,
        learnt: &Learnt,
        stop: &CancelToken,
        hear: impl FnMut(Heard<'_>),
    ) -> Result<Completion, Failed> {
        let mut answer = Answer::new(self.settings.silence, learnt.thinks_first, hear);
        let address = request::address(&self.settings.base_url, "chat/completions");
        let mut request = self.http.client.post(address).json(body);
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key.expose());
        }
        let mut response = match self.http.wait(answer.patience(), stop, request.send()) {
            Ok(sent) => sent.map_err(|error| LlmError::passing(Cause::Network, describe(error)))?,
            Err(why) => return Err(self.given_up(answer, why).into()),
        };
        if !response.status().is_success() {
            return Err(Failed::Refused(self.refusal(response, stop)));
        }
        let mut events = events::Reader::default();
        while !answer.is_over() {
            match self.http.wait(answer.patience(), stop, response.chunk()) {
                Ok(Ok(Some(chunk))) => events.push(&chunk, |event| answer.take(event)),
                Ok(Ok(None)) => break,
                // the answer itself was complete: only its figures are missing
                Ok(Err(_)) | Err(_) if answer.has_ended() => break,
                Err(Interrupted::TimedOut) if answer.seems_ended() => break,
                Ok(Err(error)) => return Err(LlmError::passing(Cause::Network, describe(error)).into()),
                Err(why) => return Err(self.given_up(answer, why).into()),
            }
        }
        let is_foreign = events.end(|event| answer.take(event));
        if answer.thought_first() {
            self.learnt().thinks_first = true;
        }
        if let Some(complaint) = answer.take_complaint() {
            return Err(Failed::Refused(complaint));
        }
        if is_foreign {
            let problem = "the server at LLM_BASE_URL is no OpenAI-compatible endpoint";
            return Err(LlmError::passing(Cause::Address, problem).into());
        }
        Ok(answer.complete(&self.settings.model)?)
    }

    fn given_up(&self, answer: Answer<impl FnMut(Heard<'_>)>, why: Interrupted) -> LlmError {
        match why {
            Interrupted::Stopped => LlmError::Stopped(answer.so_far(&self.settings.model)),
            Interrupted::TimedOut => LlmError::last(
                Failure::TooSlow,
                Cause::Endpoint,
                format!("the model was silent for {} s", self.settings.silence.as_secs_f32()),
            ),
        }
    }

    fn refusal(&self, mut response: Response, stop: &CancelToken) -> Complaint {
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
        Complaint::of_response(response.status().as_u16(), response.headers(), &body)
    }
}

/// Whether there is more than a question in it.
fn has_past(messages: &[Message<'_>]) -> bool {
    messages.iter().any(|message| message.role == "assistant")
}
