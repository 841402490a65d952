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
use std::time::{Duration, Instant};

use reqwest::Response;
use tracing::info;

use crate::base::cancel::CancelToken;
use crate::base::http::{Http, Interrupted, describe};
use crate::domain::failure::Failure;
use crate::domain::usage::{Call, CallId, Outcome, Purpose, Usage};

mod answer;
mod ask;
mod asked;
mod complaint;
mod completion;
mod delta;
mod error;
mod ends;
pub mod events;
mod fields;
mod figures;
mod finish;
mod learnt;
mod lines;
mod kind;
mod models;
mod pause;
mod request;
mod settings;
mod speaker;
mod stand_ins;
mod thoughts;
mod transcriber;
mod whole;
mod words;

use answer::Answer;
pub use ask::{Ask, Content, LONGEST_ANSWER, Message, Part, Pdf, Picture};
pub use asked::Asked;
use complaint::Complaint;
pub use completion::Completion;
pub use ends::announced;
pub use error::{Cause, LlmError};
use fields::Body;
pub use kind::Kind;
use learnt::Learnt;
pub use models::Listed;
pub use request::host;
pub use settings::Settings;
pub use speaker::{Speaker, SpeakerSettings, Voiced};
pub use stand_ins::{MOST as MOST_STAND_INS, who_wrote};
pub use thoughts::{Heard, without_thoughts};
pub use transcriber::{Sound, Transcribed, Transcriber, TranscriberSettings};

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

/// Why an answer could not be read to its end.
enum Unread {
    /// There is none, or it broke off.
    Failed(Failed),
    /// It was not waited for.
    Interrupted(Interrupted),
}

impl From<Failed> for Unread {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<LlmError> for Unread {
    fn from(error: LlmError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Interrupted> for Unread {
    fn from(why: Interrupted) -> Self {
        Self::Interrupted(why)
    }
}

impl Llm {
    /// A client with these settings.
    pub fn new(http: Http, settings: Settings) -> Self {
        Self { http, settings, learnt: Mutex::default() }
    }

    /// Whether this is how it asks.
    pub fn is_asked_by(&self, settings: &Settings) -> bool {
        self.settings == *settings
    }

    /// Asks and reads the answer to its end, until `stop` is requested. `hear` gets the text as it comes. Each form of the request is
    /// sent only if `stop` lets it begin.
    pub fn complete(&self, ask: &Ask<'_>, stop: &CancelToken, mut hear: impl FnMut(Heard<'_>)) -> Asked {
        for _ in 0..MOST_CHANGES {
            let began = Instant::now();
            let learnt = self.learnt().clone();
            let body = request::body(&self.settings, &learnt, ask);
            let (usage, answer) = self.ask(&body, &learnt, (ask.until, stop), &mut hear);
            let error = match answer {
                Ok(completion) => return self.asked(began, usage, Ok(completion)),
                Err(Failed::Error(error)) => error,
                Err(Failed::Refused(complaint)) => {
                    let is_learnt = self.learn(&learnt, &complaint, &body);
                    // A dialogue that is too long can be shortened, and only the caller can do that.
                    if is_learnt && !(complaint.is_too_long() && has_past(ask.messages)) {
                        continue;
                    }
                    complaint.error()
                }
            };
            return self.asked(began, usage, Err(error));
        }
        let problem = "the endpoint refuses the request in every form";
        let error = LlmError::last(Failure::Misconfigured, Cause::Field, problem);
        self.asked(Instant::now(), Usage::default(), Err(error))
    }

    fn asked(&self, began: Instant, usage: Usage, answer: Result<Completion, LlmError>) -> Asked {
        let outcome = match &answer {
            Ok(Completion { cut: true, .. }) => Outcome::Cut,
            Ok(_) => Outcome::Answered,
            Err(LlmError::Stopped(_)) => Outcome::Stopped,
            Err(error) => match error.failure() {
                Failure::Refused => Outcome::Refused,
                failure => Outcome::Failed(failure.class()),
            },
        };
        let Settings { endpoint, model, price, .. } = &self.settings;
        let usage = usage.priced(price.as_ref());
        let (purpose, endpoint, model) = (Purpose::Answer, endpoint.clone(), model.clone());
        let call = Call { id: CallId::random(), purpose, endpoint, model, began, outcome, usage };
        Asked { call, answer }
    }

    /// The name of the model, as its endpoint knows it.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// What the endpoint is called, and the model at it.
    pub fn key(&self) -> (&str, &str) {
        (&self.settings.endpoint, &self.settings.model)
    }

    /// Whether the endpoint of this model can ask the other one in its place.
    pub fn can_pass_on_to(&self, other: &Self) -> bool {
        stand_ins::can_stand_in(&self.settings, &other.settings)
    }

    /// Looks the model up in the endpoint's list.
    pub fn listed(&self) -> Listed {
        models::listed(&self.http, &self.settings)
    }

    /// Whether there is another way to ask, after a refusal of the one known until then.
    fn learn(&self, known: &Learnt, complaint: &Complaint, body: &Body) -> bool {
        let Some((next, what)) = known.after(complaint, body) else { return false };
        let mut learnt = self.learnt();
        // Another question may have learnt it in the meantime.
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
        (until, stop): (Instant, &CancelToken),
        hear: impl FnMut(Heard<'_>),
    ) -> (Usage, Result<Completion, Failed>) {
        let mut answer = Answer::new(self.settings.silence, until, learnt.thinks_first, hear);
        let read = self.read(body, stop, &mut answer);
        if answer.thought_first() {
            self.learnt().thinks_first = true;
        }
        let usage = answer.usage(&self.settings.model);
        let completion = match read {
            Ok(()) => answer.complete().map_err(Failed::Error),
            Err(Unread::Failed(failed)) => Err(failed),
            Err(Unread::Interrupted(Interrupted::Stopped)) => Err(LlmError::Stopped(answer.so_far()).into()),
            Err(Unread::Interrupted(Interrupted::TimedOut)) => {
                let problem = format!("the model was silent for {} s", self.settings.silence.as_secs_f32());
                Err(LlmError::last(Failure::TooSlow, Cause::Endpoint, problem).into())
            }
        };
        (usage, completion)
    }

    /// Sends the request and reads what comes into `answer`, to its end.
    fn read(
        &self,
        body: &Body,
        stop: &CancelToken,
        answer: &mut Answer<impl FnMut(Heard<'_>)>,
    ) -> Result<(), Unread> {
        let network = |error| LlmError::passing(Cause::Network, describe(error));
        let address = request::address(&self.settings.base_url, "chat/completions");
        let mut request = self.http.client.post(address).headers(self.settings.headers.clone()).json(body);
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key.expose());
        }
        if !stop.lets_begin() {
            return Err(Interrupted::Stopped.into());
        }
        let mut response = self.http.wait(answer.patience(), stop, request.send())?.map_err(network)?;
        if !response.status().is_success() {
            return Err(Failed::Refused(self.refusal(response, stop)).into());
        }
        let mut events = events::Reader::default();
        while !answer.is_over() {
            match self.http.wait(answer.patience(), stop, response.chunk()) {
                Ok(Ok(Some(chunk))) => events.push(&chunk, |event| answer.take(event)),
                Ok(Ok(None)) => break,
                // The answer itself was complete: only its figures are missing.
                Ok(Err(_)) | Err(_) if answer.has_ended() => break,
                Err(Interrupted::TimedOut) if answer.seems_ended() => break,
                Ok(Err(error)) => return Err(network(error).into()),
                Err(why) => return Err(why.into()),
            }
        }
        let is_foreign = events.end(|event| answer.take(event));
        if let Some(complaint) = answer.take_complaint() {
            return Err(Failed::Refused(complaint).into());
        }
        if is_foreign {
            let problem = "the server at LLM_BASE_URL is no OpenAI-compatible endpoint";
            return Err(LlmError::passing(Cause::Address, problem).into());
        }
        Ok(())
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
        // Whatever came of the body: the status alone says enough.
        let _ = self.http.wait(limit, stop, read);
        Complaint::of_response(response.status().as_u16(), response.headers(), &body)
    }
}

/// Whether there is more than a question in it.
fn has_past(messages: &[Message<'_>]) -> bool {
    messages.iter().any(|message| message.role == "assistant")
}
