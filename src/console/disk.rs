//! Looks at folders: on another thread, for a folder of another machine may not answer for hours.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How long a page waits for a folder.
const LONGEST: Duration = Duration::from_secs(2);

/// One looks at a time: a folder that does not answer holds up one thread.
pub(super) struct Disk(Arc<Semaphore>);

impl Disk {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// What is seen there. `None`: it does not answer.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        self.look_within(LONGEST, look).await
    }

    async fn look_within<T: Send + 'static>(
        &self,
        longest: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let seen = async {
            let turn = Arc::clone(&self.0).acquire_owned().await.ok()?;
            let look = move || {
                // Kept until the folder answers, whether anybody waits for it still or not.
                let _turn = turn;
                look()
            };
            spawn_blocking(look).await.ok()
        };
        tokio::time::timeout(longest, seen).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_folder_that_does_not_answer_holds_up_one_thread_and_no_page() {
        let (answer, answers) = channel();
        let looks = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let disk = Disk::new();
        let hangs = move || answers.recv().unwrap();
        let counted = || {
            let looks = Arc::clone(&looks);
            move || looks.fetch_add(1, Ordering::Relaxed)
        };
        assert_eq!(runtime.block_on(disk.look_within(Duration::from_millis(20), hangs)), None::<()>);
        for _ in 0..10 {
            let seen = runtime.block_on(disk.look_within(Duration::from_millis(5), counted()));
            assert_eq!(seen, None);
        }
        answer.send(()).unwrap();
        assert_eq!(runtime.block_on(disk.look_within(Duration::from_secs(60), counted())), Some(0));
    }
}
