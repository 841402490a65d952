//! Answers of the database that took it long and are good for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::failpoints;

/// For so long what is added up over weeks is good. A person who reloads a page, and a page that renews itself, cost the database
/// one look in this time.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Answers by what was asked.
pub(super) struct Kept<K, V>(Mutex<HashMap<K, Answer<V>>>);

struct Answer<V> {
    value: V,
    /// `None`: it is good as long as the process runs.
    until: Option<Instant>,
}

impl<V> Answer<V> {
    fn is_good(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// What was answered, if that is good still.
    pub(super) fn get(&self, asked: &K) -> Option<V> {
        self.answers().get(asked).filter(|answer| answer.is_good()).map(|answer| answer.value.clone())
    }

    /// Keeps an answer for as long as it may be shown; what is good no more goes.
    pub(super) fn keep(&self, asked: K, value: V) {
        self.put(
            asked,
            Answer { value, until: Some(Instant::now() + failpoints::wait("figures", GOOD_FOR)) },
        );
    }

    /// Keeps an answer that nothing changes any more.
    pub(super) fn keep_for_good(&self, asked: K, value: V) {
        self.put(asked, Answer { value, until: None });
    }

    /// Gives up whatever nobody asks for any more.
    pub(super) fn retain(&self, asked: impl Fn(&K) -> bool) {
        self.answers().retain(|other, _| asked(other));
    }

    fn put(&self, asked: K, answer: Answer<V>) {
        let mut answers = self.answers();
        answers.retain(|_, answer| answer.is_good());
        answers.insert(asked, answer);
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<K, Answer<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_as_long_as_it_is_good() {
        let kept = Kept::default();
        assert_eq!(kept.get(&1), None);
        kept.keep(1, "one");
        kept.keep_for_good(2, "two");
        kept.put(3, Answer { value: "three", until: Some(Instant::now()) });
        assert_eq!([1, 2, 3].map(|asked| kept.get(&asked)), [Some("one"), Some("two"), None]);
        kept.keep(4, "four");
        assert_eq!(kept.answers().len(), 3, "what is over is gone");
        kept.retain(|asked| *asked != 2);
        assert_eq!(kept.get(&2), None);
    }
}
