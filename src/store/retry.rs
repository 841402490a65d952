//! What must not be lost while the process lives waits for the database, however long it is away.

use std::thread;
use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use tracing::warn;

use super::error::StoreError;
use super::pool::Store;
use crate::base::backoff::Backoff;

/// How long [`Store::retry_forever_or`] tries against refusals.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(120);

impl Store {
    /// Runs `query` until the database takes it, however long that lasts: for what must not be lost while the process
    /// lives. The only errors are
    /// [`StoreError::ServerChanged`] and [`StoreError::LeaseLost`].
    pub fn retry_forever<T>(
        &self,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::default();
        loop {
            match self.run(&mut query) {
                Err(error @ (StoreError::Unreachable(_) | StoreError::ReadOnly | StoreError::Refused(_))) => {
                    patience.exercise(&error);
                }
                done => return done,
            }
        }
    }

    /// As [`Store::retry_forever`], for what the database may refuse for its own sake. An outage is waited out, and so is a
    /// database that takes nothing at all (a full disk, a read-only standby); but if it goes on refusing `query` for two
    /// minutes and takes `instead`, that is the end, and an error.
    pub fn retry_forever_or<T>(
        &self,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<T>,
        mut instead: impl FnMut(&mut PgConnection) -> QueryResult<usize>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::default();
        loop {
            match self.run(&mut query) {
                Err(error @ (StoreError::ServerChanged | StoreError::LeaseLost)) => return Err(error),
                Err(error) if patience.is_over() && self.run(&mut instead).is_ok() => return Err(error),
                Err(error) => patience.exercise(&error),
                done => return done,
            }
        }
    }
}

/// Waits between tries, and knows how long the database has been refusing (rather than away).
struct Patience {
    backoff: Backoff,
    refused_since: Option<Instant>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(1)),
            refused_since: None,
        }
    }
}

impl Patience {
    fn exercise(&mut self, error: &StoreError) {
        match error {
            StoreError::Unreachable(_) => self.refused_since = None,
            StoreError::ReadOnly | StoreError::Refused(_) if self.refused_since.is_none() => {
                warn!("{error}; trying again");
                self.refused_since = Some(Instant::now());
            }
            StoreError::ReadOnly
            | StoreError::Refused(_)
            | StoreError::ServerChanged
            | StoreError::LeaseLost => {}
        }
        thread::sleep(self.backoff.next());
    }

    fn is_over(&self) -> bool {
        self.refused_since.is_some_and(|since| since.elapsed() > REFUSAL_PATIENCE)
    }
}
