//! An answer in the making: events in, text and figures out.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::complaint::Complaint;
use super::completion::Completion;
use super::delta::{self, Piece};
use super::error::{Cause, LlmError};
use super::events::Event;
use super::figures;
use super::finish::{self, End, Reason};
use super::thoughts::{Filter, Heard};
use crate::domain::failure::Failure;
use crate::domain::usage::Usage;

/// How long the figures may follow the end of the answer.
const USAGE_TIMEOUT: Duration = Duration::from_secs(2);
/// An answer of this many bytes is cut: no person reads more, and memory is not for sale.
const ANSWER_LIMIT: usize = 1 << 20;

/// An answer in the making. `hear` gets its text as it comes, without thoughts.
pub(super) struct Answer<H> {
    hear: H,
    began: Instant,
    first_token: Option<Duration>,
    silence: Duration,
    /// However much the model thinks aloud, its answer has to be there by then.
    until: Instant,
    deadline: Instant,
    words: Filter,
    /// It came as one document.
    whole: bool,
    refused: bool,
    reason: Reason,
    over: Option<Over>,
    usage: Usage,
}

/// Why nothing that may still come matters.
enum Over {
    /// The endpoint said so.
    Done,
    /// Something of the answer is lost.
    Broken,
    /// There is an error in its place.
    Complaint(Complaint),
}

impl<H: FnMut(Heard<'_>)> Answer<H> {
    /// `thinks_first`: the model is known to mark only the end of its thoughts.
    pub(super) fn new(silence: Duration, until: Instant, thinks_first: bool, hear: H) -> Self {
        let began = Instant::now();
        Self {
            hear,
            began,
            first_token: None,
            silence,
            until,
            deadline: (began + silence).min(until),
            words: Filter::new(thinks_first),
            whole: false,
            refused: false,
            reason: Reason::default(),
            over: None,
            usage: Usage::default(),
        }
    }

    /// How long its next sign of life may take.
    pub(super) fn patience(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether nothing that may still come matters.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Whether it is known to be complete, whatever becomes of the connection.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.over, Some(Over::Done))
            || self.reason.is_sure()
            || (self.whole && self.reason.word.is_some())
    }

    /// Whether it is as good as complete when nothing more comes.
    pub(super) fn seems_ended(&self) -> bool {
        self.has_ended() || self.reason.is_likely()
    }

    /// What the endpoint said instead of an answer.
    pub(super) fn take_complaint(&mut self) -> Option<Complaint> {
        match self.over.take_if(|over| matches!(over, Over::Complaint(_)) && self.words.len() == 0) {
            Some(Over::Complaint(complaint)) => Some(complaint),
            _ => None,
        }
    }

    /// The model marked only the end of its thoughts.
    pub(super) fn thought_first(&self) -> bool {
        self.words.ended_alone()
    }

    pub(super) fn take(&mut self, event: Event) {
        match event {
            _ if self.is_over() => {}
            Event::Done => self.over = Some(Over::Done),
            Event::Json(Value::Array(chunks)) => {
                for chunk in chunks {
                    self.take(Event::Json(chunk));
                }
            }
            Event::Json(chunk @ Value::Object(_)) => self.take_chunk(&chunk),
            // After the end the answer is complete, whatever happens to its figures.
            Event::Json(_) | Event::Broken if self.has_ended() => {}
            Event::Json(_) | Event::Broken => self.over = Some(Over::Broken),
        }
    }

    fn take_chunk(&mut self, chunk: &Value) {
        let choice = chunk.get("choices").and_then(first);
        if let Some(error) = Complaint::of_event(chunk).or_else(|| Complaint::of_error(choice?)) {
            if !self.has_ended() {
                self.over = Some(Over::Complaint(error));
            }
            return;
        }
        self.take_usage(chunk);
        let Some(choice) = choice else { return };
        let given = |field| choice.get(field).filter(|value: &&Value| !value.is_null());
        let (delta, message) = (given("delta"), given("message"));
        let Some(mut piece) = delta::read(delta.or(message).unwrap_or(&Value::Null)) else {
            self.over = Some(Over::Broken);
            return;
        };
        let object = chunk.get("object").and_then(Value::as_str);
        let is_document = delta.is_none() && message.is_some() && object != Some("chat.completion.chunk");
        let known = self.words.len() > 0;
        let repeated = known && is_document && (object.is_some() || piece.text == self.words.text());
        if repeated {
            // Some endpoints send the whole answer once more at the end.
            piece.text.clear();
        }
        self.whole = is_document && (repeated || !known);
        let reason =
            choice.get("finish_reason").and_then(Value::as_str).filter(|reason| finish::is_end(reason));
        let had_ended = self.has_ended();
        self.reason.take(reason.map(storable), !piece.text.is_empty());
        self.take_piece(&piece);
        if !self.has_ended() {
            if piece.alive {
                self.deadline = (Instant::now() + self.silence).min(self.until);
            }
        } else if !had_ended {
            self.deadline = Instant::now() + USAGE_TIMEOUT;
        }
        if self.words.len() > ANSWER_LIMIT {
            self.reason.word = Some("length".to_owned());
            self.over = Some(Over::Done);
        }
    }

    fn take_piece(&mut self, piece: &Piece) {
        self.refused |= piece.refused;
        if piece.text.is_empty() {
            return;
        }
        let (first_token, began) = (&mut self.first_token, self.began);
        let hear = &mut self.hear;
        self.words.push(&piece.text, &mut |heard| {
            first_token.get_or_insert(began.elapsed());
            hear(heard);
        });
    }

    fn take_usage(&mut self, chunk: &Value) {
        figures::add(chunk, &mut self.usage);
        if let Some(model) = chunk.get("model").and_then(Value::as_str) {
            self.usage.model = Some(storable(model));
        }
    }

    /// Its figures by now.
    pub(super) fn usage(&self, asked_model: &str) -> Usage {
        let millis = |duration: Duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
        let usage = self.usage.clone();
        Usage {
            model: usage.model.or_else(|| self.first_token.map(|_| asked_model.to_owned())),
            first_token_ms: self.first_token.map(millis),
            duration_ms: Some(millis(self.began.elapsed())),
            finish_reason: self.reason.word.clone(),
            ..usage
        }
    }

    /// Judges what has come; nothing more will.
    pub(super) fn complete(mut self) -> Result<Completion, LlmError> {
        match self.over {
            Some(Over::Complaint(complaint)) => return Err(complaint.error()),
            Some(Over::Broken) => {
                let problem = "the answer holds an event that cannot be read";
                return Err(LlmError::passing(Cause::Endpoint, problem));
            }
            Some(Over::Done) | None => {}
        }
        let is_done = self.over.is_some() && self.words.len() > 0;
        let reason = self.reason.word.as_deref();
        let end = match reason {
            Some(reason) => finish::end(reason),
            // Some gateways send [DONE] without a reason. An answer in one document is complete, too.
            None if is_done || self.whole => End::Whole,
            None => return Err(LlmError::passing(Cause::Endpoint, "the answer broke off")),
        };
        let named = super::error::harmless(reason.unwrap_or_default()).unwrap_or("a word unfit for a log");
        match end {
            End::Whole | End::Cut => {}
            End::Refused => {
                let problem = format!("the answer was filtered (finish_reason {named})");
                return Err(LlmError::last(Failure::Refused, Cause::Endpoint, problem));
            }
            End::Broken => {
                let problem = format!("the endpoint broke the answer off (finish_reason {named})");
                return Err(LlmError::passing(Cause::Endpoint, problem));
            }
        }
        let cut = end == End::Cut;
        self.words.end(cut, &mut self.hear);
        if self.words.text().trim().is_empty() {
            return Err(match (self.refused, cut) {
                (true, _) => LlmError::last(Failure::Refused, Cause::Endpoint, "the model refused to answer"),
                (false, true) => LlmError::last(
                    Failure::OutOfTokens,
                    Cause::Limit,
                    "thinking used up LLM_MAX_TOKENS before the answer began",
                ),
                (false, false) => LlmError::last(Failure::Empty, Cause::Endpoint, "the answer is empty"),
            });
        }
        Ok(Completion { cut, ..self.so_far() })
    }

    /// What has come by now.
    pub(super) fn so_far(self) -> Completion {
        Completion { text: storable(self.words.text()), cut: false }
    }
}

/// The answer, where several were made.
fn first(choices: &Value) -> Option<&Value> {
    let is_first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
    choices.as_array()?.iter().find(is_first)
}

/// PostgreSQL's text has no NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_no_more_time_than_its_question_however_short_the_silence() {
        let (long, now) = (Duration::from_secs(3600), Instant::now());
        let mut answer = Answer::new(long, now + Duration::from_secs(60), false, |_| {});
        assert!(answer.patience() <= Duration::from_secs(60));
        answer.take(Event::Json(serde_json::json!({"choices": [{"delta": {"content": "a"}}]})));
        assert!(answer.patience() <= Duration::from_secs(60));
        assert_eq!(Answer::new(long, now, false, |_| {}).patience(), Duration::ZERO);
    }
}
