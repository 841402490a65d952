//! How long a look at the database goes on. Its thread cannot be ended from outside: whoever looks at much asks between two pieces.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long a look goes on: until its time is over, or nobody waits for it any more.
#[derive(Clone)]
pub(super) struct Patience {
    until: Instant,
    waiting: Weak<()>,
}

/// Whoever waits for a look. Dropped, nobody does.
pub(super) struct Waiting {
    _since: Arc<()>,
}

impl Patience {
    /// For a look that begins now.
    pub(super) fn of(longest: Duration) -> (Self, Waiting) {
        let waiting = Arc::new(());
        (
            Self { until: Instant::now() + longest, waiting: Arc::downgrade(&waiting) },
            Waiting { _since: waiting },
        )
    }

    /// Whether to stop.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.strong_count() == 0 || self.left().is_zero()
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_over_with_its_time_or_when_nobody_waits_for_it() {
        let (late, _waiting) = Patience::of(Duration::ZERO);
        assert!(late.is_over());
        let (given_up, waiting) = Patience::of(Duration::from_secs(3600));
        assert!(!given_up.is_over());
        drop(waiting);
        assert!(given_up.is_over() && !given_up.left().is_zero());
    }
}
