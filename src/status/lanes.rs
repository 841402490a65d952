//! The lanes that are with a worker at this moment. Fed by the dispatcher, shown by the console.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::lane::Lane;

/// Each lane with a worker, and since when.
#[derive(Default)]
pub struct Lanes(Mutex<HashMap<Lane, Instant>>);

impl Lanes {
    /// A step of the lane begins.
    pub fn begin(&self, lane: Lane) {
        self.lanes().insert(lane, Instant::now());
    }

    /// It is done.
    pub fn end(&self, lane: Lane) {
        self.lanes().remove(&lane);
    }

    /// The work of all is over.
    pub fn clear(&self) {
        self.lanes().clear();
    }

    /// Each, and for how long it has been with its worker, the longest first.
    pub fn all(&self) -> Vec<(Lane, Duration)> {
        let mut all: Vec<_> = self.lanes().iter().map(|(lane, since)| (*lane, since.elapsed())).collect();
        all.sort_by_key(|(_, age)| std::cmp::Reverse(*age));
        all
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Lane, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
