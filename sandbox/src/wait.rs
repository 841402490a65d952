//! Waiting for what nobody announces.

use std::time::{Duration, Instant};

/// How long a condition may take to come true. A machine under load needs long, and a test that passes never waits in vain.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Asks `condition` again and again until it yields something. Panics when [`PATIENCE`] is over.
#[track_caller]
pub fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
