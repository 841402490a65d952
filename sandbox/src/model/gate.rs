//! A barrier in a request's way: tests wait for the arrival, then let it go on.

use std::sync::Arc;
use std::time::Duration;

use super::PATIENCE;
use crate::http::{Exchange, Gone};
use crate::watched::Watched;

/// Where requests stop until they are released. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    inner: Arc<Watched<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    arrived: usize,
    passed: usize,
    /// So many may pass in all.
    allowed: usize,
}

impl Gate {
    /// Waits until a request has arrived.
    #[track_caller]
    pub fn wait_arrived(&self) {
        self.wait_arrivals(1);
    }

    /// Waits until so many requests have arrived in all.
    #[track_caller]
    pub fn wait_arrivals(&self, count: usize) {
        let arrived = self.inner.wait(PATIENCE, |inner| (inner.arrived >= count).then_some(()));
        assert!(
            arrived.is_some(),
            "{} requests arrived at the gate within {PATIENCE:?}, not {count}",
            self.arrived()
        );
    }

    /// How many requests have arrived in all.
    pub fn arrived(&self) -> usize {
        self.inner.look(|inner| inner.arrived)
    }

    /// Opens the gate for good.
    pub fn release(&self) {
        self.inner.change(|inner| inner.allowed = usize::MAX);
    }

    /// Lets one request pass, the one that waits or the next to come.
    pub fn release_one(&self) {
        self.inner.change(|inner| inner.allowed = inner.allowed.saturating_add(1));
    }

    pub(super) fn pass(&self, exchange: &mut Exchange<'_>) -> Result<(), Gone> {
        self.inner.change(|inner| inner.arrived += 1);
        loop {
            let passed = self.inner.wait(Duration::from_millis(50), |inner| {
                (inner.passed < inner.allowed).then(|| inner.passed += 1)
            });
            if passed.is_some() {
                return Ok(());
            }
            if exchange.gone() {
                return Err(Gone);
            }
        }
    }
}
