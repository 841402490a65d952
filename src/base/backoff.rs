//! How long to wait before trying again.

use std::time::Duration;

/// Waits that double from a first one up to a limit, each shortened by up to a quarter so that many who failed
/// together do not come back together.
pub struct Backoff {
    next: Duration,
    limit: Duration,
}

impl Backoff {
    /// Begins with `first`, never exceeds `limit`.
    pub fn new(first: Duration, limit: Duration) -> Self {
        Self { next: first.min(limit), limit }
    }

    /// The wait after failure number `failures` (from 0) of a series that is counted elsewhere.
    pub fn nth(failures: u32, first: Duration, limit: Duration) -> Duration {
        Self::new(Self::longest(failures, first, limit), limit).next()
    }

    /// The longest that [`Backoff::nth`] can be.
    pub fn longest(failures: u32, first: Duration, limit: Duration) -> Duration {
        first.saturating_mul(2_u32.saturating_pow(failures.min(31))).min(limit)
    }

    /// The next wait.
    #[expect(clippy::should_implement_trait, reason = "a wait, not an item; it never ends")]
    pub fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.limit);
        wait.mul_f64(1.0 - 0.25 * fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_keep_three_quarters() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));
        for nominal in [500, 1000, 2000, 4000, 8000, 8000, 8000] {
            let wait = backoff.next();
            assert!(wait <= Duration::from_millis(nominal), "{wait:?} > {nominal} ms");
            assert!(wait >= Duration::from_millis(nominal * 3 / 4), "{wait:?} < 3/4 of {nominal} ms");
        }
    }

    #[test]
    fn the_nth_wait_is_the_same_series_counted_elsewhere() {
        let nth = |n| Backoff::nth(n, Duration::from_secs(1), Duration::from_secs(60));
        let longest = |n| Backoff::longest(n, Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!([0, 3, 9].map(longest), [1, 8, 60].map(Duration::from_secs));
        assert!(nth(0) <= Duration::from_secs(1) && nth(0) >= Duration::from_millis(750));
        assert!(nth(3) <= Duration::from_secs(8) && nth(3) >= Duration::from_secs(6));
        assert!(nth(u32::MAX) <= Duration::from_secs(60) && nth(u32::MAX) >= Duration::from_secs(45));
    }
}
