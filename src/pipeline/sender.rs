//! Outbox → Telegram: sends the parts of one lane in order and settles each as soon as its fate is known.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::base::backoff::Backoff;
use crate::base::failpoints;
use crate::base::http::Beside;
use crate::domain::lane::{Lane, Moved};
use crate::domain::replacement::Instead;
use crate::domain::reply::{Content, Op, ReplyPart};
use crate::domain::speech::Unspoken;
use crate::llm::Sound;
use crate::metrics::{self, Neighbour};
use crate::pipeline::doing;
use crate::pipeline::export_file;
use crate::pipeline::pace::{PERHAPS_LEADING, Pace, Turn};
use crate::pipeline::remedy::{LONGEST_PAUSE_OF_VOICE, LastResort, Remedy, Tried, remedy_for};
use crate::pipeline::schedule::{Job, Outcome};
use crate::pipeline::voice::{Spoken, Voice};
use crate::render::chart;
use crate::store::moved::move_chat;
use crate::store::outbox::{self, PutOff, Unsent};
use crate::store::replace::replace;
use crate::store::{Store, StoreError};
use crate::telegram::{Doing, Method, Telegram, TelegramError};

/// The first wait between two tries while Telegram is not to be reached, and the longest one.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// So many tries count at most where Telegram could not be reached: that says nothing about the part.
/// The longest wait between two tries is reached by then.
const ATTEMPTS_OF_OTHERS: i32 = 8;

/// Sends what the outbox holds, at the pace that Telegram bears.
pub struct Sender {
    pace: Arc<Pace>,
    /// What speaks the words of parts that are to be spoken.
    pub(super) voice: Voice,
}

/// A part whose call failed.
struct Failed<'a> {
    store: &'a Store,
    lane: Lane,
    unsent: &'a Unsent,
    method: Method,
    error: &'a TelegramError,
}

impl Sender {
    /// Begins with the pauses that the last run had to keep, as far as what it put off tells of them. Which method each was for
    /// is not known any more: it holds for all.
    pub fn new(pace: Arc<Pace>, voice: Voice, put_off: &[PutOff]) -> Self {
        for PutOff { chat_id, wait, .. } in put_off.iter().filter(|put_off| is_pause(put_off)) {
            for method in Method::OF_OUTBOX {
                pace.remember(*chat_id, method, *wait);
            }
        }
        Self { pace, voice }
    }

    /// Sends `parts`, the oldest unsent ones of the job's lane. `then` is what the lane needs once all are sent.
    pub fn deliver(
        &self,
        store: &Store,
        telegram: &Telegram,
        job: &Job,
        parts: Vec<Unsent>,
        then: Outcome,
    ) -> Result<Outcome, StoreError> {
        for unsent in parts {
            if job.stop.is_shutdown() {
                // The program ends: nothing is begun any more, and a send that has begun is not cut off.
                return Ok(Outcome::Idle);
            }
            if job.stop.during(unsent.update_seq..=unsent.update_seq).is_requested() {
                // Some of these may be abandoned by now.
                return Ok(Outcome::More);
            }
            if let Some(wait) = unsent.wait() {
                return Ok(Outcome::RetryIn(wait));
            }
            let (Some(op), Ok(part)) = (unsent.op(), unsent.part()) else {
                warn!(part = unsent.id, "a part that this version cannot read is abandoned");
                store.run(|conn| outbox::abandon(conn, &unsent))?;
                continue;
            };
            if let Some(outcome) = self.step(store, telegram, job, &unsent, op, part)? {
                return Ok(outcome);
            }
        }
        Ok(then)
    }

    /// Sends one part. `Some`: the others are not to be sent now.
    fn step(
        &self,
        store: &Store,
        telegram: &Telegram,
        job: &Job,
        unsent: &Unsent,
        op: Op,
        part: ReplyPart,
    ) -> Result<Option<Outcome>, StoreError> {
        // Before a part is spoken, too: that costs something.
        if !self.pace.leads() {
            return Ok(Some(Outcome::RetryIn(PERHAPS_LEADING)));
        }
        let method = Method::of(op, &part.content);
        let sound = match &part.content {
            Content::Voice { words, .. } if op == Op::Send => {
                match self.speak(store, telegram, job, unsent, words)? {
                    Ok(sound) => Some(sound),
                    Err(outcome) => return Ok(Some(outcome)),
                }
            }
            _ => None,
        };
        match self.wait_for_turn(telegram, job, unsent, method) {
            Some(Outcome::RetryIn(wait)) if sound.is_some() && wait > LONGEST_PAUSE_OF_VOICE => {
                return self.leave_unspoken(store, unsent, Unspoken::Failed).map(Some);
            }
            Some(outcome) => return Ok(Some(outcome)),
            None => {}
        }
        failpoints::pass("sending", unsent.payload());
        let content = part.content.clone();
        let uploading = sound.is_some().then(|| self.show(telegram, unsent, Doing::SendingVoice));
        let called = call(store, telegram, job.lane, unsent, op, part, sound)?;
        drop(uploading);
        match called {
            Ok(message_id) => {
                self.pace.taken();
                let recorded = record(store, unsent, message_id)?;
                self.voice.forget(unsent.id);
                // Else the part was erased meanwhile, and the rest of the answer with it.
                Ok((!recorded).then_some(Outcome::More))
            }
            // The other parts are read anew: they may have been replaced.
            Err(error) => {
                let failed = Failed { store, lane: job.lane, unsent, method, error: &error };
                let &Unsent { chat_id, attempts, .. } = unsent;
                let in_topic = unsent.thread_id.is_some();
                let tried = Tried { op, content: &content, chat_id, in_topic, attempts };
                self.carry_out(remedy_for(&error, tried), &failed).map(Some)
            }
        }
    }

    /// Has the words spoken; the chat shows it meanwhile. The inner error says what follows where they are not.
    fn speak(
        &self,
        store: &Store,
        telegram: &Telegram,
        job: &Job,
        unsent: &Unsent,
        words: &str,
    ) -> Result<Result<Arc<Sound>, Outcome>, StoreError> {
        let stop = job.stop.during(unsent.update_seq..=unsent.update_seq).behind(self.pace.gate());
        let recording = self.show(telegram, unsent, Doing::RecordingVoice);
        let spoken = self.voice.speak(store, job.lane, unsent, words, &stop)?;
        drop(recording);
        Ok(match spoken {
            Spoken::Sound(sound) => Ok(sound),
            Spoken::Interrupted if job.stop.is_shutdown() => Err(Outcome::Idle),
            Spoken::Interrupted if !self.pace.leads() => Err(Outcome::RetryIn(PERHAPS_LEADING)),
            Spoken::Interrupted => Err(Outcome::More),
            Spoken::Failed => Err(self.leave_unspoken(store, unsent, Unspoken::Failed)?),
        })
    }

    /// Shows in the chat of the part what goes on, until the guard is dropped.
    fn show(&self, telegram: &Telegram, unsent: &Unsent, doing: Doing) -> Beside {
        let (calls, pace, chat) =
            (telegram.clone(), Arc::clone(&self.pace), (unsent.chat_id, unsent.thread_id));
        telegram.http().beside(async move { doing::show(&calls, &pace, chat, doing).await })
    }

    /// The answer stands in writing, and a sentence says so.
    fn leave_unspoken(&self, store: &Store, unsent: &Unsent, why: Unspoken) -> Result<Outcome, StoreError> {
        self.voice.forget(unsent.id);
        if !store.run(|conn| replace(conn, unsent, Instead::Said(why)))? {
            store.run(|conn| outbox::abandon(conn, unsent))?;
        }
        Ok(Outcome::More)
    }

    /// Waits until the part may be sent. `Some`: it may not be sent now.
    fn wait_for_turn(
        &self,
        telegram: &Telegram,
        job: &Job,
        unsent: &Unsent,
        method: Method,
    ) -> Option<Outcome> {
        let chat_id = unsent.chat_id;
        let wait = match self.pace.answer(chat_id, method) {
            Turn::Later(wait) => return Some(Outcome::RetryIn(wait)),
            Turn::In(wait) if wait.is_zero() => return None,
            Turn::In(wait) => wait,
        };
        let stop = job.stop.during(unsent.update_seq..=unsent.update_seq);
        telegram.http().sleep(wait, &stop);
        if stop.is_requested() {
            self.pace.give_back();
            return Some(if job.stop.is_shutdown() { Outcome::Idle } else { Outcome::More });
        }
        self.pace.paused(chat_id, method).map(Outcome::RetryIn)
    }

    fn carry_out(&self, remedy: Remedy, failed: &Failed<'_>) -> Result<Outcome, StoreError> {
        let &Failed { store, lane, unsent, method, error, .. } = failed;
        let (part, chat) = (unsent.id, unsent.chat_id);
        match remedy {
            Remedy::Pause(pause) => {
                warn!(part, chat, seconds = pause.as_secs(), "Telegram asks for a pause");
                self.pace.refused(chat, method, pause);
                failed.put_off(pause)
            }
            Remedy::Move(new_chat) => {
                warn!(chat, new_chat, "the group became a supergroup; its rows move");
                let moved = Moved { bot_id: lane.bot_id, from: chat, to: new_chat };
                store.run(|conn| move_chat(conn, moved))?;
                Ok(Outcome::Moved(moved))
            }
            Remedy::AbandonChat => {
                let parts = store.run(|conn| outbox::abandon_chat(conn, lane))?;
                warn!(chat, parts, "{error}; all unsent parts of the chat are abandoned");
                Ok(Outcome::More)
            }
            Remedy::LeaveMessage => {
                debug!(part, "{error}; the message stays in the chat");
                store.run(|conn| outbox::abandon(conn, unsent))?;
                Ok(Outcome::More)
            }
            Remedy::SendAnew => failed.replace_or_abandon(Instead::Anew),
            Remedy::LeaveTopic => {
                let parts = store.run(|conn| outbox::leave_topic(conn, unsent))?;
                warn!(part, chat, parts, "{error}; the answer goes to the chat itself");
                Ok(Outcome::More)
            }
            Remedy::Split => failed.replace_or_abandon(Instead::Halves),
            Remedy::Simplify(last_resort) => {
                if store.run(|conn| replace(conn, unsent, Instead::Simpler))? {
                    warn!(part, "{error}; a simpler form takes its place");
                    return Ok(Outcome::More);
                }
                match last_resort {
                    LastResort::SendAnew => failed.replace_or_abandon(Instead::Anew),
                    LastResort::Bare => failed.replace_or_abandon(Instead::Bare),
                    LastResort::Abandon => failed.abandon(),
                    LastResort::Later => failed.later(),
                }
            }
            Remedy::LeaveUnspoken(why) => {
                warn!(part, chat, "{error}; the answer stands in writing alone");
                if let TelegramError::RetryAfter(pause) = error {
                    self.pace.refused(chat, method, *pause);
                }
                self.leave_unspoken(store, unsent, why)
            }
            Remedy::Later => failed.later(),
        }
    }
}

/// Whether it was Telegram that asked for this, rather than the part that failed: one that failed so often waits no longer than
/// this. (What did both may be taken for the latter near the end of its pause.)
fn is_pause(put_off: &PutOff) -> bool {
    let own = match u32::try_from(put_off.attempts) {
        Ok(attempts @ 1..) => Backoff::longest(attempts - 1, FIRST_BACKOFF, LONGEST_BACKOFF),
        Ok(0) | Err(_) => Duration::ZERO,
    };
    put_off.wait > own
}

/// Calls Telegram. The inner result has the id of the message.
fn call(
    store: &Store,
    telegram: &Telegram,
    lane: Lane,
    unsent: &Unsent,
    op: Op,
    part: ReplyPart,
    sound: Option<Arc<Sound>>,
) -> Result<Result<i64, TelegramError>, StoreError> {
    Ok(match (op, part) {
        (Op::Edit(message_id), part) => telegram.edit(unsent.chat_id, message_id, part).map(|()| message_id),
        (Op::Delete(message_id), _) => telegram.delete(unsent.chat_id, message_id).map(|()| message_id),
        (Op::Send, ReplyPart { content: Content::Document { caption }, .. }) => {
            match export_file::build(store, lane) {
                Ok(Ok((file, name))) => telegram.send_document(unsent.destination(), caption, file, name),
                Ok(Err(problem)) => Err(TelegramError::File(problem.to_string())),
                // What the database refuses to tell it refuses again: the lane does not wait for that.
                Err(refused @ StoreError::Refused(_)) => Err(TelegramError::File(refused.to_string())),
                Err(away) => return Err(away),
            }
        }
        (Op::Send, ReplyPart { content: Content::Chart { caption, chart }, .. }) => {
            match chart::png(&chart) {
                Some(png) => telegram.send_photo(unsent.destination(), caption, png),
                None => Err(TelegramError::File("the chart cannot be drawn".to_owned())),
            }
        }
        (Op::Send, ReplyPart { content: Content::Voice { caption, .. }, .. }) => match sound {
            Some(sound) => {
                let file = (sound.name.clone(), &*sound.mime);
                telegram.send_voice(unsent.destination(), caption, file, sound.bytes.clone())
            }
            None => Err(TelegramError::File("it is not spoken".to_owned())),
        },
        (Op::Send, part) => telegram.send(unsent.destination(), part),
    })
}

/// Records that Telegram took the part. Until this is done the part would be sent again, so there is nothing better to do
/// than to try, on whatever server. False: the part is not there any more.
fn record(store: &Store, unsent: &Unsent, message_id: i64) -> Result<bool, StoreError> {
    failpoints::pass("taken", unsent.payload());
    let recorded =
        store.on_any_server(|| store.retry_forever(|conn| outbox::sent(conn, unsent, message_id)))?;
    failpoints::pass("recorded", unsent.payload());
    Ok(recorded > 0)
}

impl Failed<'_> {
    fn replace_or_abandon(&self, instead: Instead) -> Result<Outcome, StoreError> {
        if !self.store.run(|conn| replace(conn, self.unsent, instead))? {
            return self.abandon();
        }
        let (part, error) = (self.unsent.id, self.error);
        // The person has taken the message away, or it is an old one.
        if instead == Instead::Anew {
            info!(part, "{error}; {instead}");
        } else {
            warn!(part, "{error}; {instead}");
        }
        Ok(Outcome::More)
    }

    fn abandon(&self) -> Result<Outcome, StoreError> {
        let (part, error) = (self.unsent.id, self.error);
        warn!(part, "{error}; the part is abandoned, the answer stays in messages");
        self.store.run(|conn| outbox::abandon(conn, self.unsent))?;
        Ok(Outcome::More)
    }

    /// The part is sent again after a while.
    fn later(&self) -> Result<Outcome, StoreError> {
        let (part, attempts, error) = (self.unsent.id, self.unsent.attempts, self.error);
        // The log gets one line for each part, however long the outage.
        if attempts == 0 {
            warn!(part, "{error}; the part is sent again later");
        } else {
            debug!(part, attempts, "{error}");
        }
        self.put_off(Backoff::nth(attempts.unsigned_abs(), FIRST_BACKOFF, LONGEST_BACKOFF))
    }

    fn put_off(&self, wait: Duration) -> Result<Outcome, StoreError> {
        let attempts = self.unsent.attempts + 1;
        let counted = match self.error {
            TelegramError::Server { .. } => attempts,
            // By this a pause is known from a wait of the part's own ([`is_pause`]). What is to be spoken waits for few of them.
            TelegramError::RetryAfter(_) if self.method != Method::SendVoice => self.unsent.attempts,
            _ => attempts.min(ATTEMPTS_OF_OTHERS).max(self.unsent.attempts),
        };
        self.store.run(|conn| outbox::put_off(conn, self.unsent, counted, wait))?;
        metrics::retried(Neighbour::Telegram);
        Ok(Outcome::RetryIn(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_telegram_asked_for_is_told_from_the_waits_of_a_part_that_failed() {
        let is_pause = |attempts, seconds: f64| {
            is_pause(&PutOff { chat_id: 1, attempts, wait: Duration::from_secs_f64(seconds) })
        };
        // Nothing had failed, so Telegram asked for it.
        assert!(is_pause(0, 0.1) && is_pause(0, 3600.0));
        for (attempts, longest) in [(1, 0.5), (2, 1.0), (7, 32.0), (8, 60.0), (30, 60.0), (i32::MAX, 60.0)] {
            assert!(!is_pause(attempts, longest), "{attempts}");
            assert!(is_pause(attempts, longest + 0.01), "{attempts}");
        }
    }
}
