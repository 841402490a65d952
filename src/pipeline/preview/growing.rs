//! The text that the worker writes and the preview reads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use crate::base::cancel::CancelToken;
use crate::domain::reply::Content;
use crate::pipeline::pace::Shows;
use crate::render;

/// A text in which nothing new can be seen is looked at again after so many times the time that the look took: a long one
/// costs a tenth of a processor at most.
const BETWEEN_LOOKS: u32 = 10;

/// What has come of an answer.
#[derive(Default)]
pub(super) struct Growing {
    text: Mutex<String>,
    changed: Notify,
    over: CancelToken,
}

impl Growing {
    pub(super) fn grow(&self, more: &str) {
        self.text().push_str(more);
        self.changed.notify_one();
    }

    pub(super) fn begin_anew(&self) {
        self.text().clear();
        self.changed.notify_one();
    }

    /// It grows no more.
    pub(super) fn end(&self) {
        self.over.request();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_requested()
    }

    /// Does `work` as long as it grows.
    pub(super) async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.over.requested() => None,
            done = work => Some(done),
        }
    }

    /// Whether it has words; `worded`: some were shown already.
    pub(super) fn shows(&self, worded: bool) -> Shows {
        match self.text().trim().is_empty() {
            true => Shows::NoWords,
            false if worded => Shows::MoreWords,
            false => Shows::FirstWords,
        }
    }

    /// Until it has words.
    pub(super) async fn words(&self) {
        while self.shows(true) == Shows::NoWords {
            self.changed.notified().await;
        }
    }

    /// Until it changes.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Until it changes, and no longer than this. False: it has not.
    pub(super) async fn change(&self, limit: Duration) -> bool {
        timeout(limit, self.changed.notified()).await.is_ok()
    }

    /// How it looks, if that is another look than the one `shown`.
    pub(super) async fn look(&self, shown: Option<&Content>) -> Option<Content> {
        let text = self.text().clone();
        let began = Instant::now();
        // A long text takes its time, and this thread watches everybody's sockets.
        let look = spawn_blocking(move || render::draft(&text)).await.ok().flatten();
        let look = look.filter(|look| Some(look) != shown);
        if look.is_none() {
            sleep(began.elapsed() * BETWEEN_LOOKS).await;
        }
        look
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
