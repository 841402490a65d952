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

/// The limits of a strict Telegram. Sends and edits count together; over all chats drafts and "typing" count, too. A call
/// inside a wait is refused, counted ([`super::State::calls_inside_waits`]), and makes the wait longer.
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

impl Limits {
    /// So many calls in a second over all chats, and no limit of a chat's own but that of drafts.
    pub fn overall(calls: usize) -> Self {
        let none = Rate { calls: usize::MAX, within: Duration::ZERO };
        let overall = Rate { calls, within: Duration::from_secs(1) };
        Self { private: none, group: none, overall, ..Self::default() }
    }
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

/// By how much a call inside a wait makes it longer.
const PENALTY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Limiter {
    limits: Limits,
    taken: HashMap<Meter, VecDeque<Instant>>,
    /// Until when each of them takes nothing more.
    closed: HashMap<Meter, Instant>,
}

/// A call that comes too soon.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooSoon {
    /// After so many seconds it may come again.
    pub(super) seconds: u64,
    /// The bot had been told so.
    pub(super) inside_wait: bool,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, taken: HashMap::new(), closed: HashMap::new() }
    }

    /// Counts a call, or says after how many seconds it may come again.
    pub(super) fn admit(
        &mut self,
        method: &str,
        chat: i64,
        kind: ChatType,
        now: Instant,
    ) -> Result<(), TooSoon> {
        let overall = (Meter::Overall, self.limits.overall);
        let meters: &[(Meter, Rate)] = match method {
            "sendmessagedraft" | "sendrichmessagedraft" => {
                &[(Meter::Drafts(chat), self.limits.drafts), overall]
            }
            "sendmessage"
            | "sendrichmessage"
            | "senddocument"
            | "sendvoice"
            | "sendphoto"
            | "editmessagetext"
            | "editmessagereplymarkup" => {
                let of_chat = if kind == ChatType::Private { self.limits.private } else { self.limits.group };
                &[(Meter::Chat(chat), of_chat), overall]
            }
            "sendchataction" => &[overall],
            _ => &[],
        };
        for (meter, _) in meters {
            if let Some(until) = self.closed.get_mut(meter).filter(|until| **until > now) {
                *until += PENALTY;
                return Err(TooSoon { seconds: whole_seconds(*until - now), inside_wait: true });
            }
        }
        for (meter, rate) in meters {
            let taken = self.taken.entry(*meter).or_default();
            while taken.front().is_some_and(|at| now.duration_since(*at) >= rate.within) {
                taken.pop_front();
            }
            if taken.len() >= rate.calls {
                let oldest = taken.front().copied().unwrap_or(now);
                let wait = rate.within.saturating_sub(now.duration_since(oldest));
                let seconds = whole_seconds(wait);
                self.closed.insert(*meter, now + Duration::from_secs(seconds));
                return Err(TooSoon { seconds, inside_wait: false });
            }
        }
        for (meter, _) in meters {
            self.taken.entry(*meter).or_default().push_back(now);
        }
        Ok(())
    }
}

/// As Telegram tells it: never too few.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
