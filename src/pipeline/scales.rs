//! How much of people's files may be in memory at once, in all workers together: a file is there several times while it is
//! fetched, stored and shown to a model.

use std::sync::{Mutex, PoisonError};

/// So many times a file is in memory at the worst moment.
const COPIES: u64 = 5;
/// The most that may weigh in at once.
const MOST: u64 = 200 << 20;

/// What is in memory now.
#[derive(Default)]
pub struct Scales(Mutex<u64>);

/// Files in memory; dropped, they weigh nothing any more.
#[must_use = "dropped, the files weigh nothing any more"]
pub(super) struct Weighed<'a> {
    scales: &'a Scales,
    weight: u64,
}

impl Scales {
    /// Takes in files of so many bytes. `None`: there is no room beside what is in memory already. What is alone is always
    /// let in.
    pub(super) fn weigh(&self, bytes: u64) -> Option<Weighed<'_>> {
        let weight = bytes.saturating_mul(COPIES);
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *sum > 0 && sum.saturating_add(weight) > MOST {
            return None;
        }
        *sum += weight;
        Some(Weighed { scales: self, weight })
    }
}

impl Drop for Weighed<'_> {
    fn drop(&mut self) {
        *self.scales.0.lock().unwrap_or_else(PoisonError::into_inner) -= self.weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_let_in_than_there_is_room_for_and_what_is_alone_always_is() {
        let scales = Scales::default();
        let large = MOST / COPIES - 10;
        let first = scales.weigh(large).unwrap();
        assert!(scales.weigh(11).is_none());
        let second = scales.weigh(10).unwrap();
        assert!(scales.weigh(1).is_none());
        drop(first);
        let third = scales.weigh(large).unwrap();
        drop((second, third));
        assert!(scales.weigh(MOST).is_some());
    }
}
