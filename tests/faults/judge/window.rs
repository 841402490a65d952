//! The window of a copy: whether its taking could have been known.

use std::time::{Instant, SystemTime};

use sandbox::telegram::Call;

use super::Evidence;

impl Evidence {
    /// Whether nobody could know that Telegram had taken this copy of a part when the next one was sent.
    pub(crate) fn is_inside(&self, part_id: i64, copy: usize, next: usize) -> bool {
        let of = |index| self.calls.iter().find(|call| call.sent == Some(index)).expect("a call made it");
        let call = of(copy);
        let failed = call.status != Some(200)
            || self.died_between(call.at, of(next).at)
            || self.was_noted(part_id, call);
        failed && !self.recorded.contains(&self.sent[copy].message_id)
    }

    /// What was called for a chat.
    pub(crate) fn calls_to(&self, chat_id: i64) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.chat_id == Some(chat_id))
    }

    /// Whether the bot noted that this call for the part had failed: before it called in the same way again.
    fn was_noted(&self, part_id: i64, call: &Call) -> bool {
        let same = |other: &&Call| other.method == call.method && other.params == call.params;
        let again = self.calls.iter().filter(same).map(|other| other.at).filter(|at| *at > call.at).min();
        let (from, to) = (self.date(call.at), again.map(|at| self.date(at)));
        let in_time = |at: SystemTime| from <= at && to.is_none_or(|to| at <= to);
        self.noted.iter().any(|(part, at)| *part == part_id && in_time(*at))
    }

    fn died_between(&self, from: Instant, to: Instant) -> bool {
        self.record.deaths.iter().any(|death| from <= *death.end() && *death.start() <= to)
    }
}
