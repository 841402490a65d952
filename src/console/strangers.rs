//! Whoever is not known yet.
//!
//! A code or a cookie has 256 random bits, so that nobody guesses one: what is bounded is the work that guessing makes. Strangers ask
//! the database one at a time, and slower while many of them are nobody. Nobody is refused for that: a link that is good lets its
//! owner in, whatever others try meanwhile, and who is in waits for no stranger.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// After so many tries of nobody within a minute each further one waits.
const TRIES: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// So long: the last of as many as may be connected is through before it has waited for too long.
const PAUSE: Duration = Duration::from_millis(20);
/// So many sessions are known by heart.
const KNOWN: usize = 1000;

/// Whoever is not known yet.
pub(super) struct Strangers {
    turn: Arc<Semaphore>,
    tries: Mutex<Tries>,
    /// The hashes of the cookies whose sessions were there when they were last looked up.
    known: Mutex<HashSet<Vec<u8>>>,
}

/// When those began that found nobody, or are not over: the last so many.
#[derive(Default)]
struct Tries {
    began: VecDeque<Instant>,
    told: bool,
}

/// A try to be somebody.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Try {
    Usual,
    /// Many have failed lately, which is to be told.
    FirstOfMany,
    OneOfMany,
}

impl Strangers {
    pub(super) fn new() -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { turn, tries: Mutex::default(), known: Mutex::default() }
    }

    /// Waits until it is the turn of this one, which lasts until it is dropped. `None`: it does not come in this time.
    pub(super) async fn turn(&self, longest: Duration) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.turn).acquire_owned();
        tokio::time::timeout(longest, turn).await.ok()?.ok()
    }

    /// Counts a try, and has it wait where there were many. It counts as one that fails until it did not ([`Self::succeeded`]).
    pub(super) async fn begin(&self) -> Try {
        let this = self.tries().begin();
        if this != Try::Usual {
            tokio::time::sleep(PAUSE).await;
        }
        this
    }

    /// The latest try found somebody.
    pub(super) fn succeeded(&self) {
        self.tries().began.pop_back();
    }

    /// Whether so many fail that each is no news.
    pub(super) fn are_many(&self) -> bool {
        self.tries().told
    }

    /// Whether this cookie was one of a session.
    pub(super) fn knows(&self, tag: &[u8]) -> bool {
        self.known().contains(tag)
    }

    /// What the database says of it now.
    pub(super) fn learn(&self, tag: Vec<u8>, is_session: bool) {
        let mut known = self.known();
        if !is_session {
            known.remove(&tag);
            return;
        }
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(tag);
    }

    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tries {
    fn begin(&mut self) -> Try {
        self.began.retain(|at| at.elapsed() < MINUTE);
        let many = self.began.len() >= TRIES;
        if many {
            self.began.pop_front();
        }
        self.began.push_back(Instant::now());
        match (many, std::mem::replace(&mut self.told, many)) {
            (false, _) => Try::Usual,
            (true, false) => Try::FirstOfMany,
            (true, true) => Try::OneOfMany,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tries_of_a_minute_are_usual_and_those_that_succeed_count_for_nothing() {
        let strangers = Strangers::new();
        let begin = || strangers.tries().begin();
        for _ in 0..3 * TRIES {
            assert_eq!(begin(), Try::Usual);
            strangers.succeeded();
        }
        for _ in 0..TRIES {
            assert_eq!(begin(), Try::Usual);
        }
        assert_eq!([begin(), begin(), begin()], [Try::FirstOfMany, Try::OneOfMany, Try::OneOfMany]);
        // What is remembered of a flood is bounded, and over within a minute.
        assert_eq!(strangers.tries().began.len(), TRIES);
        let earlier = Instant::now().checked_sub(MINUTE).unwrap();
        strangers.tries().began.iter_mut().for_each(|at| *at = earlier);
        assert_eq!(begin(), Try::Usual);
    }

    #[test]
    fn a_session_is_known_until_it_is_over() {
        let strangers = Strangers::new();
        assert!(!strangers.knows(b"one"));
        strangers.learn(b"one".to_vec(), true);
        assert!(strangers.knows(b"one") && !strangers.knows(b"other"));
        strangers.learn(b"one".to_vec(), false);
        assert!(!strangers.knows(b"one"));
    }
}
