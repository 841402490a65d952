//! Whether Telegram limits a chat or the whole bot: its answer (429) looks the same. When several chats get one within a
//! second and no call succeeds in between, the whole bot waits, for every call inside a wait lengthens it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Refusals that come within this time of each other have one reason.
const TOGETHER: Duration = Duration::from_secs(1);
/// When so many chats are refused in a row, it is the bot that is.
const CHATS: usize = 5;

/// A call that Telegram refused with 429.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) chat_id: i64,
    /// When the call may be made again.
    pub(super) until: Instant,
    /// It was of a method that sends drafts only: that may be limited by itself, and says nothing about answers.
    pub(super) draft: bool,
}

/// The waits of the bot as a whole.
#[derive(Default, Debug)]
pub(super) struct Flood {
    lately: VecDeque<(Instant, Refusal)>,
    /// No preview before, and no call at all before.
    previews: Option<Instant>,
    everything: Option<Instant>,
}

impl Flood {
    /// True: this refusal shows that the bot as a whole has to wait, which it did not until now.
    pub(super) fn refused(&mut self, now: Instant, refusal: Refusal) -> bool {
        self.lately.retain(|(at, _)| now.saturating_duration_since(*at) < TOGETHER);
        self.lately.push_back((now, refusal));
        let Some(until) = self.agreed() else { return false };
        let before = self.wait(now, true);
        self.previews = self.previews.max(Some(until));
        if self.lately.iter().any(|(_, refusal)| !refusal.draft) {
            self.everything = self.everything.max(Some(until));
        }
        before.is_none()
    }

    /// Telegram took a call: what it refused before was refused for the chat's sake.
    pub(super) fn taken(&mut self) {
        self.lately.clear();
    }

    /// How long the bot as a whole has to wait still, with an answer or with a preview.
    pub(super) fn wait(&self, now: Instant, preview: bool) -> Option<Duration> {
        let until = if preview { self.previews.max(self.everything) } else { self.everything };
        until.map(|until| until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// Until when at least two of the chats have to wait: a longer pause may be that of a chat alone.
    fn agreed(&self) -> Option<Instant> {
        let mut chats: HashMap<i64, Instant> = HashMap::new();
        for (_, Refusal { chat_id, until, .. }) in &self.lately {
            let longest = chats.entry(*chat_id).or_insert(*until);
            *longest = (*longest).max(*until);
        }
        let mut untils: Vec<Instant> = chats.into_values().collect();
        untils.sort_unstable();
        let second = untils.len().checked_sub(2)?;
        (untils.len() >= CHATS).then(|| untils[second])
    }
}
