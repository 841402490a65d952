//! Models that fail again and again are left alone for a while, so that questions go to their stand-ins at once.
//!
//! Called by [`crate::pipeline::prompt`] for each call. By endpoint and model; in memory only: after a restart every model
//! is tried anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::base::failpoints;
use crate::domain::failure::Failure;
use crate::llm::{Llm, LlmError};
use crate::metrics;

/// So many failures in a row, and the model rests.
const FAILURES: u32 = 5;
/// How long it rests for the first time; twice as long each time that the trial call after it fails.
const FIRST_REST: Duration = Duration::from_secs(30);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10 * 60);

/// What is known of every model that failed.
#[derive(Default)]
pub struct Breaker(Mutex<HashMap<Key, State>>);

/// An endpoint and a model.
type Key = (String, String);

/// A model that failed, and has not answered since.
#[derive(Clone, Copy, Default)]
struct State {
    /// In a row.
    failures: u32,
    /// How often it has rested.
    rests: u32,
    /// Until when it rests, or rested.
    until: Option<Instant>,
    /// Somebody tries whether it is well again, since then.
    trial: Option<Instant>,
}

/// What a call says about the health of a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Health {
    /// It answered, or would not: it is there.
    Well,
    /// It failed in a way that may pass.
    Failed,
    /// Nothing: the call was given up, or the request was at fault.
    Unknown,
}

impl Health {
    /// What came of a call.
    pub(super) fn of<T>(answer: &Result<T, LlmError>) -> Self {
        let Err(error) = answer else { return Self::Well };
        match error {
            LlmError::Passing { .. } => Self::Failed,
            LlmError::Final { failure, .. } => match failure {
                Failure::TooSlow => Self::Failed,
                Failure::Refused | Failure::Empty | Failure::OutOfTokens => Self::Well,
                _ => Self::Unknown,
            },
            LlmError::ContextTooLong | LlmError::Stopped(_) => Self::Unknown,
        }
    }
}

impl Breaker {
    /// Whether the model may be asked now. After a rest, one caller is told so, and tries it for all.
    pub(super) fn admits(&self, llm: &Llm) -> bool {
        self.admits_at(llm.key(), Instant::now())
    }

    /// Takes what a call says about the model.
    pub(super) fn heard(&self, llm: &Llm, health: Health) {
        self.heard_at(llm.key(), health, Instant::now());
    }

    fn admits_at(&self, (endpoint, model): (&str, &str), now: Instant) -> bool {
        let mut states = self.states();
        let Some(state) = states.get_mut(&(endpoint.to_owned(), model.to_owned())) else { return true };
        let Some(until) = state.until else { return true };
        // A trial that was never heard of again, for its worker died, is over after another rest.
        let is_tried = state.trial.is_some_and(|since| now < since + rest(state.rests));
        if now < until || is_tried {
            return false;
        }
        state.trial = Some(now);
        true
    }

    fn heard_at(&self, (endpoint, model): (&str, &str), health: Health, now: Instant) {
        let mut states = self.states();
        let key = (endpoint.to_owned(), model.to_owned());
        match health {
            Health::Well => {
                let rested = states.remove(&key).is_some_and(|state| state.until.is_some());
                if rested {
                    info!(endpoint, model, "the model answers again");
                    metrics::model_rests(endpoint, model, false);
                }
            }
            Health::Unknown => {
                if let Some(state) = states.get_mut(&key) {
                    state.trial = None;
                }
            }
            Health::Failed => {
                let state = states.entry(key).or_default();
                state.failures += 1;
                // What was under way when the rest began says nothing new.
                let is_over = state.until.is_none_or(|until| now >= until);
                if state.failures >= FAILURES && is_over {
                    state.rests += 1;
                    state.trial = None;
                    let rest = rest(state.rests);
                    state.until = Some(now + rest);
                    let (failures, seconds) = (state.failures, rest.as_secs_f32());
                    warn!(
                        endpoint,
                        model,
                        failures,
                        seconds,
                        "the model fails again and again; it is left alone for a while"
                    );
                    metrics::model_rests(endpoint, model, true);
                }
            }
        }
    }

    fn states(&self) -> MutexGuard<'_, HashMap<Key, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the nth rest is.
fn rest(nth: u32) -> Duration {
    let first = failpoints::wait("rest", FIRST_REST);
    first.saturating_mul(1 << nth.saturating_sub(1).min(10)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: (&str, &str) = ("endpoint", "model");

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        for _ in 0..times {
            breaker.heard_at(MODEL, Health::Failed, now);
        }
    }

    #[test]
    fn a_model_rests_after_failures_in_a_row_only_and_others_do_not() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, FAILURES - 1, now);
        breaker.heard_at(MODEL, Health::Well, now);
        fail(&breaker, FAILURES - 1, now);
        assert!(breaker.admits_at(MODEL, now));
        breaker.heard_at(MODEL, Health::Unknown, now);
        fail(&breaker, 1, now);
        assert!(!breaker.admits_at(MODEL, now));
        assert!(breaker.admits_at(("endpoint", "other"), now) && breaker.admits_at(("other", "model"), now));
    }

    #[test]
    fn one_caller_tries_after_the_rest_and_each_rest_is_twice_as_long_up_to_a_limit() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        fail(&breaker, FAILURES, now);
        for expected in [30, 60, 120, 240, 480, 600, 600] {
            let rest = Duration::from_secs(expected);
            assert!(!breaker.admits_at(MODEL, now + rest.mul_f64(0.999)));
            now += rest;
            assert!(breaker.admits_at(MODEL, now), "{expected}");
            assert!(!breaker.admits_at(MODEL, now), "one is enough");
            fail(&breaker, 1, now);
        }
        now += LONGEST_REST;
        assert!(breaker.admits_at(MODEL, now));
        breaker.heard_at(MODEL, Health::Well, now);
        assert!(breaker.admits_at(MODEL, now) && breaker.admits_at(MODEL, now));
        fail(&breaker, FAILURES, now);
        assert!(breaker.admits_at(MODEL, now + FIRST_REST), "it begins anew");
    }

    #[test]
    fn a_trial_that_was_given_up_or_never_heard_of_leaves_room_for_another() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, FAILURES, now);
        let later = now + FIRST_REST;
        assert!(breaker.admits_at(MODEL, later));
        breaker.heard_at(MODEL, Health::Unknown, later);
        assert!(breaker.admits_at(MODEL, later));
        assert!(!breaker.admits_at(MODEL, later + FIRST_REST / 2));
        assert!(breaker.admits_at(MODEL, later + FIRST_REST));
    }

    #[test]
    fn what_was_under_way_when_the_rest_began_does_not_prolong_it() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, FAILURES + 20, now);
        assert!(breaker.admits_at(MODEL, now + FIRST_REST));
    }
}
