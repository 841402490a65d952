//! The request to end what is going on: a shutdown, or a user who stops or edits a question that is being answered.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::watch;

/// A request that anybody can make and everybody who holds a clone sees: blocking code between two steps, a network
/// wait at once.
///
/// What a user wants is about certain updates, and must not hit the next one that the same worker turned to meanwhile:
/// who works on some looks at the request with [`CancelToken::during`].
#[derive(Clone)]
pub struct CancelToken {
    requested: Arc<watch::Sender<Requested>>,
    /// The updates being worked on (updates.seq), where it is about any.
    seqs: Option<(i64, i64)>,
}

#[derive(Default)]
struct Requested {
    /// The program ends.
    shutdown: bool,
    /// Work on these updates is to be looked at anew; each range once.
    changed: BTreeSet<(i64, i64)>,
}

impl CancelToken {
    /// Not requested yet.
    pub fn new() -> Self {
        Self { requested: Arc::new(watch::Sender::new(Requested::default())), seqs: None }
    }

    /// The same request, for work on these updates.
    #[must_use]
    pub fn during(&self, seqs: RangeInclusive<i64>) -> Self {
        Self { requested: Arc::clone(&self.requested), seqs: Some(seqs.into_inner()) }
    }

    /// Asks for the end of everything. Asking again changes nothing.
    pub fn request(&self) {
        self.requested.send_modify(|requested| requested.shutdown = true);
    }

    /// Asks for the end of work on any of these updates: the database says something new about them.
    pub fn interrupt(&self, seqs: RangeInclusive<i64>) {
        self.requested.send_modify(|requested| {
            requested.changed.insert(seqs.into_inner());
        });
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.concerns(&self.requested.borrow())
    }

    /// Whether it is the end of the program.
    pub fn is_shutdown(&self) -> bool {
        self.requested.borrow().shutdown
    }

    /// Resolves as soon as the end is asked for.
    pub async fn requested(&self) {
        // The sender lives in `self`, so waiting for it cannot fail.
        let _ = self.requested.subscribe().wait_for(|requested| self.concerns(requested)).await;
    }

    fn concerns(&self, Requested { shutdown, changed }: &Requested) -> bool {
        *shutdown
            || self
                .seqs
                .is_some_and(|(first, last)| changed.iter().any(|(from, to)| *from <= last && first <= *to))
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_interrupts_work_on_certain_updates_and_on_no_other() {
        let stop = CancelToken::new();
        stop.interrupt(0..=5);
        stop.interrupt(8..=8);
        for (seqs, expected) in [(5..=5, true), (6..=7, false), (6..=9, true), (9..=9, false)] {
            assert_eq!(stop.during(seqs.clone()).is_requested(), expected, "{seqs:?}");
        }
        assert!(!stop.is_requested() && !stop.is_shutdown());
        stop.request();
        assert!(stop.is_requested() && stop.is_shutdown() && stop.during(6..=6).is_requested());
    }
}
