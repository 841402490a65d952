//! A token bucket for the bot as a whole: answers may run into debt and wait for their turn, previews may not.

use std::time::{Duration, Instant};

/// This part of what Telegram takes in a second may come at once; the rest is spread evenly. Together they leave a margin
/// for calls that arrive closer to each other than they were made.
const BURST: f64 = 1.0 / 6.0;
const EVENLY: f64 = 0.8;
/// What Telegram takes from an ordinary bot in a second (Bots FAQ, "My bot is hitting limits"): whatever the rate is set to,
/// floods bring it down to a part of this, but to no less than that.
const USUAL: f64 = 30.0;
const LEAST: f64 = 15.0;
/// In so many seconds the rate doubles again.
const RECOVERY: f64 = 20.0;
/// Floods that follow each other within so many seconds are one.
const ONE_FLOOD: Duration = Duration::from_secs(10);
/// What two ways to the same sum may differ by.
const ROUNDING: f64 = 1e-6;

/// In any second it lets at most as many calls pass as it was made for.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// Calls in a second: at best, and now.
    full: f64,
    rate: f64,
    /// Calls that may be made at once; below zero, so many have their turns already.
    tokens: f64,
    /// Calls that were made within about a second.
    lately: f64,
    at: Instant,
    slowed: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let full = f64::from(per_second);
        let mut bucket = Self { full, rate: full, tokens: 0.0, lately: 0.0, at: now, slowed: None };
        bucket.tokens = bucket.burst();
        bucket
    }

    /// The call is made in any case: how long from now.
    pub(super) fn reserve(&mut self, now: Instant) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        self.lately += 1.0;
        self.until(0.0)
    }

    /// A call that was reserved is not made after all.
    pub(super) fn give_back(&mut self) {
        self.tokens += 1.0;
    }

    /// The call is made now, or not at all: `spare` is the part of the burst (0 to 1) that has to be left for others. The
    /// error says when it may be worth another try.
    pub(super) fn take(&mut self, now: Instant, spare: f64) -> Result<(), Duration> {
        self.refill(now);
        let needed = 1.0 + spare * (self.burst() - 1.0);
        let wait = self.until(needed);
        if wait.is_zero() {
            self.tokens -= 1.0;
            self.lately += 1.0;
            Ok(())
        } else {
            Err(wait)
        }
    }

    /// Telegram has had enough: half as fast from now on as it was called until now, and then step by step as before.
    pub(super) fn slow_down(&mut self, now: Instant) {
        self.refill(now);
        // So few calls a second are within every limit that Telegram tells.
        if self.lately < LEAST || self.slowed.is_some_and(|at| now.saturating_duration_since(at) < ONE_FLOOD)
        {
            return;
        }
        self.slowed = Some(now);
        self.rate = (self.rate.min(self.lately.max(USUAL)) / 2.0).max(LEAST.min(self.full));
        self.tokens = self.tokens.min(self.burst());
    }

    /// Calls in a second, at present.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + seconds * self.rate * EVENLY).min(self.burst());
        self.rate = (self.rate * 2_f64.powf(seconds / RECOVERY)).min(self.full);
        self.lately *= (-seconds).exp();
    }

    fn until(&self, tokens: f64) -> Duration {
        let missing = tokens - self.tokens;
        if missing <= ROUNDING {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(missing / (self.rate * EVENLY))
        }
    }

    fn burst(&self) -> f64 {
        (self.rate * BURST).max(1.0)
    }
}
