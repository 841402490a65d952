//! Questions that were in work at several deaths of the process in a row: one of them may be what kills it, and most are not.
//!
//! Each is given one more try, and only among few others: one at first, one more with each that ends well. So the next death tells
//! something about those few and nothing about the rest.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many of them are in work, and how many may be.
pub struct Suspects(Mutex<(usize, usize)>);

impl Default for Suspects {
    fn default() -> Self {
        Self(Mutex::new((0, 1)))
    }
}

impl Suspects {
    /// Begins with one of them, unless so many are in work that it has to wait.
    pub(super) fn begin(&self) -> Option<Trial<'_>> {
        let mut counts = self.counts();
        let (in_work, most) = *counts;
        if in_work >= most {
            return None;
        }
        counts.0 += 1;
        Some(Trial(self))
    }

    fn counts(&self) -> MutexGuard<'_, (usize, usize)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them in work, until this is dropped.
pub(super) struct Trial<'a>(&'a Suspects);

impl Trial<'_> {
    /// It ended, and the process lives.
    pub(super) fn ended_well(&self) {
        self.0.counts().1 += 1;
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.counts().0 -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_tried_at_first_and_one_more_with_each_that_ended_well() {
        let suspects = Suspects::default();
        let first = suspects.begin().unwrap();
        assert!(suspects.begin().is_none());
        first.ended_well();
        drop(first);
        let two = [suspects.begin().unwrap(), suspects.begin().unwrap()];
        assert!(suspects.begin().is_none());
        // One that was put off says nothing.
        drop(two);
        let two = [suspects.begin().unwrap(), suspects.begin().unwrap()];
        assert!(suspects.begin().is_none());
        drop(two);
    }
}
