//! The updates that wait for the bot, with getUpdates' real semantics.
//!
//! An update is confirmed when a call with a higher offset **arrives**, whatever becomes of the answer. An offset more
//! than ten past the newest update is taken for a mistake: it confirms nothing and everything is delivered again.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeBounds;
use std::time::{Duration, Instant};

/// The kinds a bot has to name in `allowed_updates` to get them.
const ONLY_WHEN_NAMED: [&str; 4] =
    ["chat_member", "message_reaction", "message_reaction_count", "stopped_message_generation"];

#[derive(Debug)]
pub(super) struct Queue {
    /// In order of delivery: id and JSON text.
    waiting: Vec<(i64, String)>,
    /// Everything that ever waited, for redelivery.
    past: BTreeMap<i64, String>,
    next_id: i64,
    /// What the bot asked for last; `None`: never asked, or asked for the default.
    allowed: Option<HashSet<String>>,
    filtered: u64,
    last_poll: Option<(i64, Instant)>,
    /// The ticket of the newest getUpdates: an older one that still waits gets 409.
    newest_poll: u64,
}

/// A getUpdates call, with the limit and timeout that Telegram makes of the ones asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    pub(super) ticket: u64,
    pub(super) limit: usize,
    pub(super) timeout: Duration,
}

impl Queue {
    pub(super) fn new(first_id: i64) -> Self {
        Self {
            waiting: Vec::new(),
            past: BTreeMap::new(),
            next_id: first_id,
            allowed: None,
            filtered: 0,
            last_poll: None,
            newest_poll: 0,
        }
    }

    pub(super) fn next_id(&self) -> i64 {
        self.next_id
    }

    pub(super) fn set_next_id(&mut self, id: i64) {
        self.next_id = id;
    }

    /// Queues an update under its id.
    pub(super) fn push(&mut self, id: i64, json: String) {
        // An id that no Telegram gives out is there to test the bot; the ids after it stay sane.
        if id < i64::from(i32::MAX) {
            self.next_id = self.next_id.max(id + 1);
        }
        self.past.insert(id, json.clone());
        self.waiting.push((id, json));
    }

    /// Whether the bot gets updates of this kind; counts those it does not get.
    pub(super) fn admits(&mut self, kind: &str) -> bool {
        let admitted = match &self.allowed {
            Some(allowed) => allowed.contains(kind),
            None => !ONLY_WHEN_NAMED.contains(&kind),
        };
        self.filtered += u64::from(!admitted);
        admitted
    }

    pub(super) fn filtered(&self) -> u64 {
        self.filtered
    }

    pub(super) fn allowed(&self) -> Option<&HashSet<String>> {
        self.allowed.as_ref()
    }

    /// An empty list is the default again.
    pub(super) fn allow(&mut self, kinds: HashSet<String>) {
        self.allowed = Some(kinds).filter(|kinds| !kinds.is_empty());
    }

    /// Queues updates of the past once more, before everything that waits.
    pub(super) fn redeliver(&mut self, ids: impl RangeBounds<i64>) -> usize {
        let again: Vec<_> = self
            .past
            .range(ids)
            .filter(|(id, _)| self.waiting.iter().all(|(waiting, _)| waiting != *id))
            .map(|(id, json)| (*id, json.clone()))
            .collect();
        let count = again.len();
        self.waiting.splice(0..0, again);
        count
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn drop_waiting(&mut self) {
        self.waiting.clear();
    }

    /// A getUpdates call arrives: it confirms, and terminates an older poll.
    pub(super) fn arrive(&mut self, offset: i64, limit: usize, mut timeout: Duration, now: Instant) -> Poll {
        let mut limit = limit;
        if let Some((last_offset, last)) = self.last_poll
            && last_offset == offset
        {
            // Telegram's brake on a bot that asks again and again without confirming.
            if now.duration_since(last) < Duration::from_secs(3) {
                timeout = timeout.max(Duration::from_secs(3));
            }
            if now.duration_since(last) < Duration::from_millis(500) {
                limit = 1;
            }
        }
        self.last_poll = Some((offset, now));
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            self.waiting.drain(..self.waiting.len().saturating_sub(keep));
        } else if offset > 0 && offset <= self.newest().saturating_add(11) {
            self.waiting.retain(|(id, _)| *id >= offset);
        }
        self.newest_poll += 1;
        Poll { ticket: self.newest_poll, limit, timeout }
    }

    fn newest(&self) -> i64 {
        self.waiting.iter().map(|(id, _)| *id).max().unwrap_or(i64::MIN).max(self.next_id - 1)
    }

    /// How many polls have taken their place so far.
    pub(super) fn polls(&self) -> u64 {
        self.newest_poll
    }

    pub(super) fn is_newest(&self, ticket: u64) -> bool {
        ticket == self.newest_poll
    }

    /// Ends a poll that waits, as setWebhook does.
    pub(super) fn terminate_poll(&mut self) {
        self.newest_poll += 1;
    }

    /// The answer to a poll: a JSON array.
    pub(super) fn answer(&self, limit: usize) -> String {
        let updates: Vec<&str> = self.waiting.iter().take(limit).map(|(_, json)| json.as_str()).collect();
        format!("[{}]", updates.join(","))
    }
}
