//! Outbox → Telegram: sends the parts of one lane in order and settles each as soon as its fate is known.
//!
//! A pause that Telegram asks for is kept per chat and method, here for this run and in the outbox for the next.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use crate::base::backoff::Backoff;
use crate::base::failpoints;
use crate::domain::lane::{Lane, Moved};
use crate::domain::reply::Op;
use crate::domain::reply::{Content, Part};
use crate::metrics::{self, Neighbour};
use crate::pipeline::export_file::Document;
use crate::pipeline::schedule::{Job, Outcome};
use crate::store::moved::move_chat;
use crate::store::outbox::{self, Instead, Unsent};
use crate::store::{Store, StoreError};
use crate::telegram::{Method, Telegram, TelegramError};

/// The longest wait between two tries while Telegram is not to be reached.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// So many tries (about half an hour) that end in an error of Telegram's own, and a simpler form is tried.
const ATTEMPTS_PER_FORM: i32 = 30;
/// So many count at most where Telegram could not be reached or asked for a pause: that says nothing about the part. The
/// longest wait between two tries is reached by then.
const ATTEMPTS_OF_OTHERS: i32 = 8;
/// So many (about a day), and the simplest form is given up.
const ATTEMPTS_AT_ALL: i32 = 1500;

/// The pauses in force.
#[derive(Default)]
pub struct Sender {
    pauses: Mutex<HashMap<(i64, Method), Instant>>,
}

impl Sender {
    /// Begins with the pauses that the last run had to keep. Which method each was for is not known any more: it
    /// holds for all.
    pub fn new(pauses: impl IntoIterator<Item = (i64, Duration)>) -> Self {
        let sender = Self::default();
        for (chat_id, pause) in pauses {
            for method in Method::ALL {
                sender.pause(chat_id, method, pause);
            }
        }
        sender
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
                // not again in this run; a send that has begun is not cut off
                return Ok(Outcome::Idle);
            }
            if job.stop.during(unsent.update_seq..=unsent.update_seq).is_requested() {
                // some of these may be abandoned by now
                return Ok(Outcome::More);
            }
            if let Some(wait) = unsent.wait() {
                return Ok(Outcome::RetryIn(wait));
            }
            let Ok(part) = unsent.part() else {
                warn!(part = unsent.id, "part abandoned: its payload does not decode");
                store.run(|conn| outbox::abandon(conn, &unsent))?;
                continue;
            };
            let op = unsent.op();
            let method = Method::of(op, &part.content);
            if let Some(wait) = self.wait(unsent.chat_id, method) {
                return Ok(Outcome::RetryIn(wait));
            }
            failpoints::pass("sending", unsent.payload());
            let sent = match (op, part) {
                (Op::Edit(message_id), part) => {
                    telegram.edit(unsent.chat_id, message_id, part).map(|()| message_id)
                }
                (Op::Delete(message_id), _) => {
                    telegram.delete(unsent.chat_id, message_id).map(|()| message_id)
                }
                (Op::Send, Part { content: Content::Document { caption }, .. }) => {
                    match Document::build(store, job.lane.into())? {
                        Ok(document) => {
                            telegram.send_document(unsent.destination(), caption, document.path())
                        }
                        Err(problem) => Err(TelegramError::File(problem.to_string())),
                    }
                }
                (Op::Send, part) => telegram.send(unsent.destination(), part),
            };
            match sent {
                Ok(message_id) => {
                    failpoints::pass("taken", unsent.payload());
                    // until this is recorded the part would be sent again: there is nothing better to do than to try
                    let recorded = store.on_any_server(|| {
                        store.retry_forever(|conn| outbox::sent(conn, &unsent, message_id))
                    })?;
                    failpoints::pass("recorded", unsent.payload());
                    if recorded == 0 {
                        // erased meanwhile, and the rest of the answer with it
                        return Ok(Outcome::More);
                    }
                }
                // the rest is read anew: something else may have taken its place
                Err(error) => return self.failed(store, job.lane, &unsent, method, &error),
            }
        }
        Ok(then)
    }

    /// What follows from a refused or failed send.
    fn failed(
        &self,
        store: &Store,
        lane: Lane,
        unsent: &Unsent,
        method: Method,
        error: &TelegramError,
    ) -> Result<Outcome, StoreError> {
        let part = unsent.id;
        match *error {
            TelegramError::RetryAfter(pause) => {
                warn!(part, chat = unsent.chat_id, seconds = pause.as_secs(), "Telegram asks for a pause");
                self.pause(unsent.chat_id, method, pause);
                store.run(|conn| outbox::put_off(conn, unsent, attempts_after(unsent, error), pause))?;
                metrics::retried(Neighbour::Telegram);
                Ok(Outcome::RetryIn(pause))
            }
            TelegramError::Migrated(chat_id) => {
                warn!(
                    chat = unsent.chat_id,
                    new_chat = chat_id,
                    "the group became a supergroup; its rows move"
                );
                let moved = Moved { bot_id: lane.bot_id, from: unsent.chat_id, to: chat_id };
                store.run(|conn| move_chat(conn, moved))?;
                Ok(Outcome::Moved(moved))
            }
            TelegramError::Forbidden(_) => {
                let parts = store.run(|conn| outbox::abandon_chat(conn, lane))?;
                warn!(chat = unsent.chat_id, parts, "{error}; all unsent parts of the chat are abandoned");
                Ok(Outcome::More)
            }
            // left where it is: it says nothing that was not said
            TelegramError::NotThere(_) | TelegramError::BadRequest(_)
                if matches!(unsent.op(), Op::Delete(_)) =>
            {
                debug!(part, "{error}; the message stays in the chat");
                store.run(|conn| outbox::abandon(conn, unsent))?;
                Ok(Outcome::More)
            }
            TelegramError::NotThere(_) if matches!(unsent.op(), Op::Edit(_)) => {
                info!(part, "{error}; the part is sent as a new message");
                store.run(|conn| outbox::replace(conn, unsent, Instead::Anew))?;
                Ok(Outcome::More)
            }
            TelegramError::BadRequest(_) | TelegramError::NotThere(_) | TelegramError::File(_) => {
                if store.run(|conn| outbox::replace(conn, unsent, Instead::Simpler))? {
                    warn!(part, "{error}; a simpler form takes its place");
                } else if matches!(unsent.op(), Op::Edit(_)) {
                    warn!(part, "{error}; the part is sent as a new message");
                    store.run(|conn| outbox::replace(conn, unsent, Instead::Anew))?;
                } else {
                    warn!(part, "{error}; the part is abandoned, the answer stays in messages");
                    store.run(|conn| outbox::abandon(conn, unsent))?;
                }
                Ok(Outcome::More)
            }
            // the server is too old for the form; or, for plain text, it is not the Bot API that answers
            TelegramError::UnknownMethod
                if store.run(|conn| outbox::replace(conn, unsent, Instead::Simpler))? =>
            {
                warn!(part, "{error}; a simpler form takes its place");
                Ok(Outcome::More)
            }
            // an error of the server's own that stays with the part may come from what is in it
            TelegramError::Server { .. } if unsent.attempts >= ATTEMPTS_PER_FORM => {
                if store.run(|conn| outbox::replace(conn, unsent, Instead::Simpler))? {
                    warn!(part, "{error}, again and again; a simpler form takes its place");
                    return Ok(Outcome::More);
                }
                if unsent.attempts >= ATTEMPTS_AT_ALL {
                    warn!(part, "{error}, for a day; the part is abandoned, the answer stays in messages");
                    store.run(|conn| outbox::abandon(conn, unsent))?;
                    return Ok(Outcome::More);
                }
                later(store, unsent, error)
            }
            _ => later(store, unsent, error),
        }
    }

    fn pause(&self, chat_id: i64, method: Method, pause: Duration) {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        pauses.retain(|_, until| *until > now);
        pauses.insert((chat_id, method), now + pause);
    }

    fn wait(&self, chat_id: i64, method: Method) -> Option<Duration> {
        let pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = pauses.get(&(chat_id, method))?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }
}

/// How many tries count after this one.
fn attempts_after(unsent: &Unsent, error: &TelegramError) -> i32 {
    let all = unsent.attempts + 1;
    match error {
        TelegramError::Server { .. } => all,
        _ => all.min(ATTEMPTS_OF_OTHERS).max(unsent.attempts),
    }
}

/// The part is sent again after a while.
fn later(store: &Store, unsent: &Unsent, error: &TelegramError) -> Result<Outcome, StoreError> {
    let part = unsent.id;
    let wait = Backoff::nth(unsent.attempts.unsigned_abs(), Duration::from_millis(500), LONGEST_BACKOFF);
    // one line a part, however long the outage
    if unsent.attempts == 0 {
        warn!(part, "{error}; the part is sent again later");
    } else {
        debug!(part, attempts = unsent.attempts, "{error}");
    }
    store.run(|conn| outbox::put_off(conn, unsent, attempts_after(unsent, error), wait))?;
    metrics::retried(Neighbour::Telegram);
    Ok(Outcome::RetryIn(wait))
}
