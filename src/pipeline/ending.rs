//! How a question ends, or is put off: what is said, and what is stored.

use std::time::Duration;

use tracing::{info, warn};

use crate::base::backoff::Backoff;
use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::choice::Choice;
use crate::domain::failure::Failure;
use crate::domain::reply::ReplyPart;
use crate::domain::usage::Call;
use crate::llm::{Cause, Completion, LlmError};
use crate::metrics::{self, Neighbour};
use crate::pipeline::asked::Question;
use crate::pipeline::lull::Wanted;
use crate::pipeline::outcome::Answered;
use crate::pipeline::pace::{Form, Shows};
use crate::pipeline::prompt::Reply;
use crate::pipeline::services::Services;
use crate::render;
use crate::store::StoreError;
use crate::store::finish::{self, Ending, Finished, Turn};
use crate::store::inbox;
use crate::store::ledger;
use crate::store::outbox;
use crate::telegram::{Method, TelegramError};

/// A topic gets its title after one of its first answers: before so many messages are read with a question.
const TITLED_BY: usize = 6;

impl Services {
    pub(super) fn answered(&self, question: &Question<'_>, reply: Reply) -> Result<Answered, StoreError> {
        failpoints::pass("generated", question.text);
        let note = question.note(&reply);
        let Completion { text: answer, cut } = reply.completion;
        let mut parts = render::answer(&answer, self.rich_messages);
        if parts.is_empty() {
            let (seq, class) = (question.address.update_seq, Failure::Empty.class());
            warn!(seq, class, "question failed: there is nothing to see in the answer");
            return self.fail(question, Failure::Empty);
        }
        if cut {
            info!(
                seq = question.address.update_seq,
                "the answer was cut at its limit of tokens (LLM_MAX_TOKENS)"
            );
        }
        parts.extend(note);
        if let Some(last) = parts.pop_if(|last| question.is_one_recording() && last.keyboard.is_empty()) {
            parts.push(question.with_hear_again(last));
        }
        parts.extend(self.spoken(question, &answer));
        self.finish(question, Ending::Answered { answer }, &parts)
    }

    /// The model was interrupted: by the end of the program, by the user's stop, or by an edit.
    pub(super) fn interrupted(
        &self,
        question: &Question<'_>,
        so_far: Completion,
    ) -> Result<Answered, StoreError> {
        if question.stop.is_shutdown() {
            self.keep_calls(question)?;
            return Ok(Answered::Interrupted);
        }
        // This waits for the database: what was written until then is kept.
        let stopped = self.store.retry_forever(|conn| inbox::is_stopped(conn, question.address.key()))?;
        if stopped {
            return self.stopped(question, so_far);
        }
        self.keep_calls(question)?;
        Ok(Answered::Changed)
    }

    /// Stores the calls of a question that does not end yet, or has ended without them.
    pub(super) fn keep_calls(&self, question: &Question<'_>) -> Result<(), StoreError> {
        self.store.run(|conn| ledger::store(conn, question.ledger())).map(drop)
    }

    /// The model is asked again, after the pause that `failed` asked for or one of our own.
    pub(super) fn put_off(
        &self,
        question: &Question<'_>,
        failed: Neighbour,
        pause: Option<Duration>,
        problem: &str,
    ) -> Result<Answered, StoreError> {
        let &Question { address, retries, .. } = question;
        let wait = pause.unwrap_or_else(|| {
            Backoff::nth(retries.unsigned_abs(), Duration::from_millis(500), Duration::from_secs(8))
        });
        let (seq, seconds) = (address.update_seq, wait.as_secs_f32());
        match failed {
            Neighbour::Model => info!(seq, problem, seconds, "the model failed; the bot asks it again later"),
            Neighbour::Telegram => {
                info!(seq, problem, seconds, "a file did not come; the bot asks for it again later");
            }
        }
        let written = self.store.run(|conn| inbox::put_off(conn, question.ledger(), retries + 1, wait));
        self.unless_lost(question, written)?;
        metrics::retried(failed);
        Ok(Answered::PutOff(wait))
    }

    pub(super) fn failed(&self, question: &Question<'_>, error: &LlmError) -> Result<Answered, StoreError> {
        let failure = match *error {
            LlmError::ContextTooLong if question.goes_on() => Failure::ConversationTooLong,
            // What the endpoint says about the request may be about what it was shown.
            LlmError::Final { failure: Failure::Misconfigured, cause, .. }
                if question.files.iter().any(|file| file.file.is_picture())
                    && matches!(cause, Cause::Request | Cause::Field | Cause::Address) =>
            {
                Failure::PictureRefused
            }
            _ => error.failure(),
        };
        let (seq, class) = (question.address.update_seq, failure.class());
        warn!(seq, class, problem = %error, "question failed");
        self.fail(question, failure)
    }

    /// The question is kept, and not asked now: its user has to wait for as long as a limit of the operator says.
    pub(super) fn refuse(&self, question: &Question<'_>, failure: Failure) -> Result<Answered, StoreError> {
        let Address { update_seq: seq, lane, .. } = question.address;
        info!(seq, user = lane.user_id, class = failure.class(), "question refused: a limit is reached");
        match question.replaces {
            // The answer that is there stays.
            Some(last) if last.is_answered() && last.question() == question.text => {
                self.say(question.address, question.language.failure(failure))
            }
            _ => self.fail(question, failure),
        }
    }

    /// What was written so far is the answer.
    pub(super) fn stopped(
        &self,
        question: &Question<'_>,
        so_far: Completion,
    ) -> Result<Answered, StoreError> {
        let Completion { text: answer, .. } = so_far;
        let mut parts = render::answer(&answer, self.rich_messages);
        // An answer that shows nothing yet counts as none.
        let answer = if parts.is_empty() { String::new() } else { answer };
        let last = parts.pop().unwrap_or_else(|| ReplyPart::plain(question.language.stopped()));
        parts.push(question.with_retry(last));
        info!(seq = question.address.update_seq, parts = parts.len(), "question stopped by its user");
        self.finish(question, Ending::Stopped { answer }, &parts)
    }

    pub(super) fn fail(&self, question: &Question<'_>, failure: Failure) -> Result<Answered, StoreError> {
        self.fail_saying(question, failure, question.language.failure(failure))
    }

    pub(super) fn fail_saying(
        &self,
        question: &Question<'_>,
        failure: Failure,
        text: String,
    ) -> Result<Answered, StoreError> {
        let part = ReplyPart::plain(text);
        let parts = [match failure {
            // Another answer would be the same as long as nothing else is heard.
            Failure::NoWords if question.is_one_recording() => question.with_hear_again(part),
            _ => question.with_retry(part),
        }];
        let ending = Ending::Failed { class: failure.class(), refused: failure == Failure::Refused };
        self.finish(question, ending, &parts)
    }

    /// The update was finished by somebody else. Unless that was an answer in the place of the message that has shown this
    /// one while it grew, the message is of no use any more: its user erased everything.
    pub(super) fn take_away(&self, address: Address) -> Result<(), StoreError> {
        let (chat_id, method) = (address.lane.chat_id, Method::DeleteMessage);
        let Some(message_id) = address.live_message_id else { return Ok(()) };
        if self.store.run(|conn| outbox::replaces(conn, address.key(), message_id))? {
            return Ok(());
        }
        let stays = |problem: &str| {
            info!(seq = address.update_seq, "half an answer stays in the chat: {problem}");
        };
        // Nobody waits for it: where there is no turn for it now, it stays.
        if self.pace.preview(chat_id, Form::Message(method), Shows::FirstWords).is_err() {
            stays("Telegram takes no more calls now");
            return Ok(());
        }
        match self.telegram.delete(chat_id, message_id) {
            Ok(()) => self.pace.taken(),
            Err(problem) => {
                if let TelegramError::RetryAfter(pause) = problem {
                    self.pace.refused(chat_id, method, pause);
                }
                stays(&problem.to_string());
            }
        }
        Ok(())
    }

    /// What came of writing down how the question goes on. Whoever leads by now writes that; what was paid for it is told all the
    /// same.
    pub(super) fn unless_lost<T>(
        &self,
        question: &Question<'_>,
        written: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if matches!(written, Err(StoreError::LeaseLost)) {
            self.keep_calls(question)?;
        }
        written
    }

    /// Has the dialogue looked at, once nobody asks, if something of it may soon leave the window, or has left it, or if its
    /// topic may have no title yet.
    fn look_when_quiet(&self, question: &Question<'_>) {
        let Some(reading) = question.reading else { return };
        let (catalogue, in_force) = (question.assistant.catalogue(), question.in_force);
        let (model, role) = (&catalogue.models[in_force.model], &catalogue.roles[in_force.role]);
        // This turn and the next one.
        let soon = u32::try_from(reading.messages.len()).unwrap_or(u32::MAX).saturating_add(4);
        let leaves = soon > self.max_history || model.context.is_some() || !question.summaries.is_empty();
        let lane = question.address.lane;
        let untitled =
            lane.thread_id.is_some() && lane.chat_id == lane.user_id && reading.messages.len() < TITLED_BY;
        if self.summaries && leaves || self.titles && untitled {
            let (model, role) = (Some(model.id.clone()), Some(role.id.clone()));
            let choice = Choice { model, role, ..Choice::NONE };
            self.lull.want(Wanted { address: question.address, choice, language: question.language });
        }
    }

    /// Stores a turn. What was paid for is not given up because the database is away, or takes nothing from anybody.
    pub(super) fn finish(
        &self,
        question: &Question<'_>,
        ending: Ending,
        parts: &[ReplyPart],
    ) -> Result<Answered, StoreError> {
        let &Question {
            address,
            message_ids,
            quotes,
            asked_at,
            joined,
            replaces,
            sender,
            began,
            attempt,
            reading,
            calls,
            ..
        } = question;
        let files: Vec<i64> = question.files.iter().map(|file| file.id).collect();
        let below = question.heard().map(|words| match ending {
            Ending::Answered { .. } if question.words_alone => render::heard(&words),
            _ => render::below_what_was_heard(&words, parts),
        });
        let parts = below.as_deref().unwrap_or(parts);
        // Only below an answer people are told what is gone; until then it stays as it is.
        let told = matches!(ending, Ending::Answered { .. });
        let gone = if told { &question.in_force.gone } else { &Choice::NONE };
        let turn = Turn {
            question: question.text,
            message_ids,
            quotes,
            asked_at,
            joined,
            files: &files,
            replaces,
            sender,
            began,
            reading,
            ending: &ending,
            calls,
            gone,
        };
        let finished = self.store.retry_forever_or(
            |conn| finish::turn(conn, address, &turn, parts),
            |conn| inbox::set_attempts(conn, address.key(), attempt),
        );
        match self.unless_lost(question, finished)? {
            Finished::Done(unsent) => {
                question.count(&ending);
                self.look_when_quiet(question);
                if let (Ending::Answered { .. }, Some(Call { usage, .. })) = (&ending, calls.last()) {
                    info!(
                        seq = address.update_seq,
                        prompt_tokens = usage.prompt_tokens,
                        completion_tokens = usage.completion_tokens,
                        millis = usage.duration_ms,
                        "question answered"
                    );
                }
                Ok(Answered::Done(unsent))
            }
            Finished::Already => {
                self.keep_calls(question)?;
                self.take_away(address)?;
                Ok(Answered::Done(Vec::new()))
            }
            // The stop came after the model's end, or after the failure.
            Finished::Stopped => self.stopped(question, ending.into()),
        }
    }
}

impl From<Ending> for Completion {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Answered { answer } | Ending::Stopped { answer } => Self { text: answer, cut: false },
            Ending::Failed { .. } => Self::default(),
        }
    }
}
