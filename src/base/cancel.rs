//! The request to end what is going on: a shutdown, or a user who stops or edits a question that is being answered. And the gate
//! before what is begun.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::watch;

/// Whether anything may be begun at this moment. Whoever is about to call somebody outside looks at it right before each call;
/// what has begun goes on.
#[derive(Clone)]
pub struct Gate(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Gate {
    /// Open as long as this is true.
    pub fn new(is_open: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_open)))
    }

    /// Always open.
    pub fn open() -> Self {
        Self(None)
    }

    /// Whether it is open now.
    pub fn is_open(&self) -> bool {
        self.0.as_ref().is_none_or(|is_open| is_open())
    }
}

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
    gate: Gate,
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
        Self { requested: Arc::new(watch::Sender::new(Requested::default())), seqs: None, gate: Gate::open() }
    }

    /// The same request, for work on these updates.
    #[must_use]
    pub fn during(&self, seqs: RangeInclusive<i64>) -> Self {
        Self { seqs: Some(seqs.into_inner()), ..self.clone() }
    }

    /// The same request, for work that begins nothing while this gate is closed.
    #[must_use]
    pub fn behind(&self, gate: &Gate) -> Self {
        Self { gate: gate.clone(), ..self.clone() }
    }

    /// Whether another call may be begun: nobody asked for the end, and the gate is open.
    pub fn lets_begin(&self) -> bool {
        !self.is_requested() && self.gate.is_open()
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
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn behind_a_closed_gate_nothing_is_begun_and_what_has_begun_is_not_asked_to_end() {
        let open = Arc::new(AtomicBool::new(true));
        let (stop, is_open) = (CancelToken::new(), Arc::clone(&open));
        let behind = stop.behind(&Gate::new(move || is_open.load(Ordering::Relaxed))).during(1..=1);
        assert!(behind.lets_begin() && stop.lets_begin());
        open.store(false, Ordering::Relaxed);
        assert!(!behind.lets_begin() && !behind.is_requested());
        assert!(stop.lets_begin(), "it is the work behind the gate that waits");
        open.store(true, Ordering::Relaxed);
        stop.interrupt(1..=1);
        assert!(!behind.lets_begin());
    }
}
