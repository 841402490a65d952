//! Faults on the way of a call: which calls, and what happens to them.
//!
//! Rules are asked in the order in which they were given, the first one that applies decides.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::error::ApiError;
use crate::trigger::{Rng, Trigger, per_million};

/// Which calls a fault hits.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Calls {
    method: Option<String>,
    chat: Option<i64>,
    trigger: Trigger,
}

impl Calls {
    /// Every call of every method.
    pub fn any() -> Self {
        Self::default()
    }

    /// The calls of one method (`sendMessage`).
    pub fn to(method: &str) -> Self {
        Self { method: Some(method.to_lowercase()), ..Self::default() }
    }

    /// Only those for this chat.
    pub fn in_chat(mut self, chat_id: i64) -> Self {
        self.chat = Some(chat_id);
        self
    }

    /// The first `calls` matching calls pass.
    pub fn skip(mut self, calls: u64) -> Self {
        self.trigger.skip = calls;
        self
    }

    /// Hits so many calls, then none.
    pub fn times(mut self, calls: u64) -> Self {
        self.trigger.times = Some(calls);
        self
    }

    /// Hits each matching call with this probability (0–1), repeatably for a seed.
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.trigger.chance = Some((per_million(probability), Rng::new(seed)));
        self
    }

    fn matches(&self, method: &str, chat: Option<i64>) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.chat.is_none_or(|wanted| chat == Some(wanted))
    }
}

/// What happens to a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Refused with this answer; Telegram did not take it.
    Refuse(Reply),
    /// Refused with 429 and this `retry_after`, in seconds.
    RetryAfter(u64),
    /// Refused with 429 and a `retry_after` between the two, both included, repeatably for the seed.
    RetryAfterBetween {
        /// The least, in seconds.
        least: u64,
        /// The most, in seconds.
        most: u64,
        /// The seed of the sequence.
        seed: u64,
    },
    /// Not taken, no answer: until the fault is released (then the call goes on) or the client leaves.
    Hang,
    /// Goes on after so long.
    Delay(Duration),
    /// Connection reset, not taken.
    Reset,
    /// Taken, then the connection is reset without an answer.
    TakeThenReset,
    /// Taken, then the connection is closed without an answer.
    TakeThenClose,
    /// Taken, but the answer comes only when the fault is released.
    TakeThenHang,
    /// Taken, then half of the answer and the end of the connection.
    TakeThenTruncate,
    /// Taken, but answered with something else (a gateway's 502).
    TakeThenReply(Reply),
}

/// An answer of the HTTP layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Telegram's error JSON; the description is used as it is (`Bad Request: …`).
    pub fn error(code: u16, description: &str) -> Self {
        Self::json(code, &ApiError::new(code, description).body())
    }

    /// A 400 that says that the group has become this supergroup.
    pub fn migrated(to_chat_id: i64) -> Self {
        Self::json(400, &ApiError::migrated(to_chat_id).body())
    }

    /// Any JSON text.
    pub fn json(status: u16, body: &str) -> Self {
        Self { status, content_type: "application/json".into(), body: body.into() }
    }

    /// The page of a gateway.
    pub fn html(status: u16) -> Self {
        let body = format!(
            "<html><head><title>{status}</title></head><body><h1>{status}</h1><hr>nginx</body></html>"
        );
        Self { status, content_type: "text/html".into(), body: body.into() }
    }

    /// Bytes that are neither JSON nor UTF-8, as JSON.
    pub fn garbage(status: u16) -> Self {
        Self { status, content_type: "application/json".into(), body: b"{\"ok\":tr\xff\xfe\0".to_vec() }
    }

    /// No body at all.
    pub fn empty(status: u16) -> Self {
        Self { status, content_type: "application/json".into(), body: Vec::new() }
    }
}

/// A fault that was set; it stays when this is dropped.
#[derive(Clone)]
pub struct Fault {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
}

impl Fault {
    /// How many calls it hit.
    pub fn hits(&self) -> u64 {
        self.shared.state.look(|state| state.faults.hits(self.id))
    }

    /// Waits until it has hit so many calls.
    #[track_caller]
    pub fn wait_hits(&self, hits: u64, timeout: Duration) {
        let hit = self.shared.state.wait(timeout, |state| (state.faults.hits(self.id) >= hits).then_some(()));
        assert!(hit.is_some(), "the fault hit {} calls within {timeout:?}, not {hits}", self.hits());
    }

    /// Takes the fault away; calls that hang in it go on.
    pub fn release(&self) {
        self.shared.state.change(|state| state.faults.remove(self.id));
    }
}

/// All rules that were set.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
}

struct Rule {
    calls: Calls,
    action: Action,
    rng: Option<Rng>,
    hits: u64,
    removed: bool,
}

impl Faults {
    /// Adds a rule; its id stays valid for ever.
    pub(super) fn add(&mut self, calls: Calls, action: Action) -> u64 {
        let rng = match &action {
            Action::RetryAfterBetween { seed, .. } => Some(Rng::new(*seed)),
            _ => None,
        };
        self.rules.push(Rule { calls, action, rng, hits: 0, removed: false });
        self.rules.len() as u64 - 1
    }

    pub(super) fn clear(&mut self) {
        self.rules.iter_mut().for_each(|rule| rule.removed = true);
    }

    fn remove(&mut self, id: u64) {
        self.rule(id).removed = true;
    }

    fn hits(&mut self, id: u64) -> u64 {
        self.rule(id).hits
    }

    /// Whether calls that hang in this fault may go on.
    pub(super) fn removed(&mut self, id: u64) -> bool {
        self.rule(id).removed
    }

    fn rule(&mut self, id: u64) -> &mut Rule {
        usize::try_from(id)
            .ok()
            .and_then(|index| self.rules.get_mut(index))
            .expect("an id that add() gave out")
    }

    /// What happens to this call, and by which rule.
    pub(super) fn decide(&mut self, method: &str, chat: Option<i64>) -> Option<(u64, Action)> {
        let mut rules = self.rules.iter_mut().enumerate();
        let (id, rule) = rules.find_map(|(id, rule)| {
            let hit = !rule.removed && rule.calls.matches(method, chat) && rule.calls.trigger.fires();
            hit.then_some((id, rule))
        })?;
        rule.hits += 1;
        let action = match (&rule.action, &mut rule.rng) {
            (Action::RetryAfterBetween { least, most, .. }, Some(rng)) => {
                Action::RetryAfter(least + rng.below(most.saturating_sub(*least) + 1))
            }
            (action, _) => action.clone(),
        };
        Some((id as u64, action))
    }
}
