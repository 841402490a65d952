//! The text that the worker writes and the preview reads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::base::cancel::CancelToken;
use crate::domain::reply::Content;
use crate::pipeline::pace::Shows;
use crate::render;

/// A text in which nothing new can be seen is looked at again after so many times the time that the look took: a long one
/// costs a tenth of a processor at most.
const BETWEEN_LOOKS: u32 = 10;

/// Renders a text, and says how long that took.
type Render = fn(&str) -> (Option<Content>, Duration);

/// What has come of an answer.
pub(super) struct Growing {
    text: Mutex<String>,
    changed: Notify,
    over: CancelToken,
    render: Render,
}

impl Default for Growing {
    fn default() -> Self {
        Self::rendered_by(draft)
    }
}

/// The draft of an answer, as Telegram is to show it.
fn draft(text: &str) -> (Option<Content>, Duration) {
    let began = Instant::now();
    let draft = render::draft(text);
    (draft, began.elapsed())
}

impl Growing {
    fn rendered_by(render: Render) -> Self {
        Self { text: Mutex::default(), changed: Notify::new(), over: CancelToken::new(), render }
    }

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
        let (render, text) = (self.render, self.text().clone());
        // A long text takes its time, and this thread watches everybody's sockets.
        let (look, took) = spawn_blocking(move || render(&text)).await.unwrap_or_default();
        let look = look.filter(|look| Some(look) != shown);
        if look.is_none() {
            sleep(took * BETWEEN_LOOKS).await;
        }
        look
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::runtime::Builder;

    use super::*;

    fn words(text: &str) -> Content {
        Content::Text { text: text.trim().to_owned(), entities: Vec::new() }
    }

    /// No stopwatch: the renderer of this test says that it took an hour, or no time.
    #[test]
    fn a_stream_in_which_nothing_new_can_be_seen_is_not_rendered_piece_by_piece() {
        const PIECES: usize = 3_000;
        static RENDERED: AtomicUsize = AtomicUsize::new(0);
        let growing = Growing::rendered_by(|text| {
            RENDERED.fetch_add(1, Ordering::SeqCst);
            let hour = if text.ends_with(' ') { 3600 } else { 0 };
            (Some(words(text)), Duration::from_secs(hour))
        });
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime starts");
        runtime.block_on(async {
            growing.grow("Soup");
            growing.changed().await;
            let shown = growing.look(None).await.expect("what is new is seen at once");
            assert!(shown == words("Soup"));
            let stream = async {
                for _ in 0..PIECES {
                    growing.grow(" ");
                    // As long as a rendering would take.
                    spawn_blocking(|| ()).await.expect("it does nothing");
                }
            };
            let watch = async {
                loop {
                    growing.changed().await;
                    growing.look(Some(&shown)).await;
                }
            };
            tokio::select! {
                () = stream => {}
                () = watch => {}
            }
        });
        assert_eq!(RENDERED.load(Ordering::SeqCst), 2, "the first word, and one look at {PIECES} pieces");
    }
}
