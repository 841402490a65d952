//! Which messages were named in the log, so that each is named once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// So many are remembered; then it begins anew, and each may be named once more.
const MOST: usize = 10_000;

/// The ids that were named.
#[derive(Default)]
pub struct Named(Mutex<BTreeSet<i64>>);

impl Named {
    /// Those of `ids` that were not named yet, and are from now on.
    pub(super) fn new_of(&self, ids: &[i64]) -> Vec<i64> {
        if ids.is_empty() {
            return Vec::new();
        }
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() > MOST {
            named.clear();
        }
        ids.iter().copied().filter(|id| named.insert(*id)).collect()
    }
}
