//! What Telegram has delivered since the start, for the day on which the database forgets some of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::store::take_in::Received;

/// So many updates are looked for when the database is found on another server: a failover loses seconds, and this is
/// 80 KB.
const MOST_REMEMBERED: usize = 5000;
/// For so long: a day less than their rows are kept in the inbox.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// What Telegram has delivered since the start, as far as it may be asked about.
#[derive(Default)]
pub(super) struct Delivered {
    /// The last offset that Telegram was told: it has forgotten what is below it, if the call arrived.
    confirmed: Option<i64>,
    /// Updates that were stored, the newest last, each with its time.
    stored: VecDeque<(Instant, i64)>,
}

impl Delivered {
    pub(super) fn confirm(&mut self, offset: Option<i64>) {
        self.confirmed = offset.or(self.confirmed);
    }

    /// Whether Telegram was told this offset before, or a higher one.
    pub(super) fn has_confirmed(&self, offset: Option<i64>) -> bool {
        offset.zip(self.confirmed).is_some_and(|(offset, confirmed)| offset <= confirmed)
    }

    pub(super) fn note(&mut self, received: &[Received]) {
        let now = Instant::now();
        self.stored.extend(received.iter().map(|received| (now, received.update_id)));
        let surplus = self.stored.len().saturating_sub(MOST_REMEMBERED);
        self.stored.drain(..surplus);
    }

    /// Those that the inbox should know still and Telegram does not deliver again (or not for sure: the last batch).
    pub(super) fn lately(&self) -> Vec<i64> {
        let young = self.stored.iter().filter(|(at, _)| at.elapsed() < REMEMBERED);
        let forgotten = |id: &i64| self.confirmed.is_some_and(|offset| *id < offset);
        let mut ids: Vec<i64> = young.map(|(_, id)| *id).filter(forgotten).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
