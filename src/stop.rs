//! The request to end what is going on: a shutdown, or (one day) a person's own stop.

use std::sync::Arc;

use tokio::sync::watch;

/// A request that can be made once, by anybody, and is seen by everybody who holds a clone: by blocking code between
/// two steps, by a network wait at once.
#[derive(Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Not requested yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks for the end. Asking again changes nothing.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves as soon as the end is asked for.
    pub async fn requested(&self) {
        // the sender lives in `self`, so waiting for it cannot fail
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
