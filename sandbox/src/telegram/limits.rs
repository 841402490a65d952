//! Rate limits, off unless a test wants them: Telegram's own are unpublished, so they are settings here.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::record::ChatType;

/// So many calls within so long; one more is refused with 429 and the time to wait.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Calls.
    pub calls: usize,
    /// Time.
    pub within: Duration,
}

/// The limits of a strict Telegram. Sends and edits count together.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In one private chat.
    pub private: Rate,
    /// In one group.
    pub group: Rate,
    /// Over all chats.
    pub overall: Rate,
    /// Drafts in one chat.
    pub drafts: Rate,
}

impl Default for Limits {
    /// What is known of the real ones: about one a second in a chat with short bursts, 20 a minute in a group, 30 a
    /// second over all; drafts of less than a second's distance are punished.
    fn default() -> Self {
        Self {
            private: Rate { calls: 5, within: Duration::from_secs(5) },
            group: Rate { calls: 20, within: Duration::from_mins(1) },
            overall: Rate { calls: 30, within: Duration::from_secs(1) },
            drafts: Rate { calls: 1, within: Duration::from_millis(900) },
        }
    }
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Meter {
    Chat(i64),
    Drafts(i64),
    Overall,
}

#[derive(Debug)]
pub(super) struct Limiter {
    limits: Limits,
    taken: HashMap<Meter, VecDeque<Instant>>,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, taken: HashMap::new() }
    }

    /// Counts a call, or says after how many seconds it may come again.
    pub(super) fn admit(&mut self, method: &str, chat: i64, kind: ChatType, now: Instant) -> Result<(), u64> {
        let meters: &[(Meter, Rate)] = match method {
            "sendmessagedraft" | "sendrichmessagedraft" => &[(Meter::Drafts(chat), self.limits.drafts)],
            "sendmessage"
            | "sendrichmessage"
            | "senddocument"
            | "editmessagetext"
            | "editmessagereplymarkup" => {
                let of_chat = if kind == ChatType::Private { self.limits.private } else { self.limits.group };
                &[(Meter::Chat(chat), of_chat), (Meter::Overall, self.limits.overall)]
            }
            _ => &[],
        };
        for (meter, rate) in meters {
            let taken = self.taken.entry(*meter).or_default();
            while taken.front().is_some_and(|at| now.duration_since(*at) >= rate.within) {
                taken.pop_front();
            }
            if taken.len() >= rate.calls {
                let oldest = taken.front().copied().unwrap_or(now);
                let wait = rate.within.saturating_sub(now.duration_since(oldest));
                return Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
            }
        }
        for (meter, _) in meters {
            self.taken.entry(*meter).or_default().push_back(now);
        }
        Ok(())
    }
}
