//! The pauses that Telegram asked for, per chat and method: here for this run, in the outbox for the next one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::telegram::Method;

/// The pauses in force.
#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<(i64, Method), Instant>>);

impl Pauses {
    pub(super) fn begin(&self, chat_id: i64, method: Method, pause: Duration) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        pauses.retain(|_, until| *until > now);
        pauses.insert((chat_id, method), now + pause);
    }

    /// How long the next call has to wait still.
    pub(super) fn wait(&self, chat_id: i64, method: Method) -> Option<Duration> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = pauses.get(&(chat_id, method))?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }
}
