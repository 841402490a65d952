//! How fast the bot calls Telegram: in a chat, and as a whole. Answers come first and wait for their turn; previews take
//! what is left, and what is not shown in time is not shown at all.
//!
//! Asked by the sender before each part and by previews before each call; both tell what Telegram said. Telegram's limits
//! are unpublished and change: what it says counts, the constants here only keep the bot from asking in vain.

mod bucket;
mod chats;
mod flood;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use bucket::Bucket;
use chats::Chats;
pub use chats::Form;
use flood::{Flood, Refusal};

use crate::base::cancel::Gate;
use crate::domain::announcement::SHARE;
use crate::telegram::Method;

/// No more announcements are released at once, whatever TELEGRAM_RATE says.
const MOST_AT_ONCE: i32 = 10_000;
/// What of the burst is left for others: by the first words of an answer, by those that follow, by what holds no words.
const BEHIND_ANSWERS: f64 = 0.25;
const BEHIND_FIRST_WORDS: f64 = 0.5;
const BEHIND_WORDS: f64 = 0.75;

/// After so long whoever may not call because another instance may lead tries again.
pub(super) const PERHAPS_LEADING: Duration = Duration::from_millis(500);

/// The pace of the bot, shared by all who call.
pub struct Pace {
    state: Mutex<State>,
    /// Open while this instance leads: nobody calls otherwise.
    gate: Gate,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    flood: Flood,
    chats: Chats,
}

/// When an answer's call may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// After this short wait: the call has its turn, to be used or given back.
    In(Duration),
    /// Telegram asked for a pause: not before this has passed, and without a turn yet.
    Later(Duration),
}

/// What a preview shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// The first words of an answer.
    FirstWords,
    /// More of them.
    MoreWords,
    /// That there will be some.
    NoWords,
}

impl Pace {
    /// For a bot from which Telegram takes so many calls in a second, in all chats together, while this gate is open.
    pub fn new(per_second: u32, gate: Gate) -> Self {
        let (flood, chats) = (Flood::default(), Chats::default());
        let state = State { bucket: Bucket::new(per_second, Instant::now()), flood, chats };
        Self { state: Mutex::new(state), gate }
    }

    /// Whether nobody else can lead at this moment. Otherwise nobody is called, and no model is asked.
    pub fn leads(&self) -> bool {
        self.gate.is_open()
    }

    /// What says so, for work that calls somebody by itself.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// When a part of an answer may be sent.
    pub fn answer(&self, chat_id: i64, method: Method) -> Turn {
        if !self.leads() {
            return Turn::Later(PERHAPS_LEADING);
        }
        self.state().answer(Instant::now(), chat_id, method)
    }

    /// Whether a turn may still be used, now that it has come. `Some`: a pause began meanwhile, and the turn is given back.
    pub fn paused(&self, chat_id: i64, method: Method) -> Option<Duration> {
        let mut state = self.state();
        let leading = self.leads();
        let wait = state.pause(Instant::now(), chat_id, method).or((!leading).then_some(PERHAPS_LEADING));
        if wait.is_some() {
            state.bucket.give_back();
        }
        wait
    }

    /// How many calls Telegram takes in a second, as far as is known.
    pub fn rate(&self) -> f64 {
        self.state().bucket.rate()
    }

    /// How many messages an announcement may add within this time: a part of what Telegram takes, and none while what is left
    /// of the burst is needed for others.
    pub fn spare(&self, within: Duration) -> i64 {
        if self.leading().is_err() {
            return 0;
        }
        self.state().spare(Instant::now(), within)
    }

    /// A turn is not used.
    pub fn give_back(&self) {
        self.state().bucket.give_back();
    }

    /// A method has to be left alone in a chat: Telegram said so before this start.
    pub fn remember(&self, chat_id: i64, method: Method, pause: Duration) {
        let now = Instant::now();
        self.state().chats.pause(now, chat_id, method, now + pause);
    }

    /// Telegram asks for a pause in answer to a method that sends (429).
    pub fn refused(&self, chat_id: i64, method: Method, pause: Duration) {
        self.state().refused(Instant::now(), chat_id, method, pause);
    }

    /// Telegram took a part of an answer.
    pub fn taken(&self) {
        self.state().flood.taken();
    }

    /// Whether a preview may be shown now; the error says when it is worth another try.
    pub fn preview(&self, chat_id: i64, form: Form, shows: Shows) -> Result<(), Duration> {
        self.leading()?;
        self.state().preview(Instant::now(), chat_id, form, shows)
    }

    /// Whether a chat may be told now that the bot is typing.
    pub fn typing(&self) -> Result<(), Duration> {
        self.leading()?;
        self.state().typing(Instant::now())
    }

    /// Telegram took a preview.
    pub fn preview_taken(&self, chat_id: i64, form: Form) {
        let mut state = self.state();
        state.flood.taken();
        state.chats.taken(Instant::now(), chat_id, form);
    }

    /// A preview failed in passing: the chat is left alone for a while.
    pub fn preview_failed(&self, chat_id: i64, form: Form) {
        self.state().chats.refused(Instant::now(), chat_id, form, Duration::ZERO);
    }

    /// Telegram asks for a pause in answer to a preview (429).
    pub fn preview_refused(&self, chat_id: i64, form: Form, pause: Duration) {
        self.state().preview_refused(Instant::now(), chat_id, form, pause);
    }

    fn leading(&self) -> Result<(), Duration> {
        if self.leads() { Ok(()) } else { Err(PERHAPS_LEADING) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, now: Instant, chat_id: i64, method: Method) -> Turn {
        if let Some(wait) = self.pause(now, chat_id, method) {
            return Turn::Later(wait);
        }
        self.chats.count(now, chat_id);
        Turn::In(self.bucket.reserve(now))
    }

    fn pause(&self, now: Instant, chat_id: i64, method: Method) -> Option<Duration> {
        self.chats.wait(now, chat_id, method).max(self.flood.wait(now, false))
    }

    fn refused(&mut self, now: Instant, chat_id: i64, method: Method, pause: Duration) {
        let until = now + pause;
        self.chats.pause(now, chat_id, method, until);
        self.flooded(now, Refusal { chat_id, until, draft: false });
    }

    fn preview(&mut self, now: Instant, chat_id: i64, form: Form, shows: Shows) -> Result<(), Duration> {
        let first = shows == Shows::FirstWords;
        let wait = self.chats.preview_wait(now, chat_id, form, first).max(self.flood.wait(now, true));
        if let Some(wait) = wait {
            return Err(wait);
        }
        self.bucket.take(
            now,
            match shows {
                Shows::FirstWords => BEHIND_ANSWERS,
                Shows::MoreWords => BEHIND_FIRST_WORDS,
                Shows::NoWords => BEHIND_WORDS,
            },
        )?;
        if matches!(form, Form::Message(_)) {
            self.chats.count(now, chat_id);
        }
        Ok(())
    }

    fn typing(&mut self, now: Instant) -> Result<(), Duration> {
        match self.flood.wait(now, true) {
            Some(wait) => Err(wait),
            None => self.bucket.take(now, BEHIND_WORDS),
        }
    }

    fn spare(&mut self, now: Instant, within: Duration) -> i64 {
        if self.typing(now).is_err() {
            return 0;
        }
        // It was only asked whether there is one: whoever sends takes a turn then.
        self.bucket.give_back();
        let most = (self.bucket.rate() * SHARE * within.as_secs_f64()).ceil().max(1.0);
        // A float of a few whole numbers.
        (1..=MOST_AT_ONCE).take_while(|number| f64::from(*number) <= most).last().map_or(1, i64::from)
    }

    fn preview_refused(&mut self, now: Instant, chat_id: i64, form: Form, pause: Duration) {
        self.chats.refused(now, chat_id, form, pause);
        let until = now + pause;
        if let Form::Message(method) = form {
            self.chats.pause(now, chat_id, method, until);
        }
        self.flooded(now, Refusal { chat_id, until, draft: form == Form::Draft });
    }

    fn flooded(&mut self, now: Instant, refusal: Refusal) {
        if self.flood.refused(now, refusal) {
            self.bucket.slow_down(now);
            let wait = self.flood.wait(now, true).unwrap_or_default();
            warn!(
                seconds = wait.as_secs(),
                "Telegram limits the bot as a whole; it waits, and then goes on slower"
            );
        }
    }
}
