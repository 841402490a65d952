//! The answer while it grows: a draft in a private chat, "typing" everywhere else (Bot API, sendMessageDraft).
//!
//! Fed by the worker with the model's words, one [`Preview`] per answer. It runs beside the worker and never in
//! anybody's way: the worker only appends to a text, the newest text is what is shown, and dropping the preview ends it,
//! whatever Telegram is doing. Whether a draft was shown changes nothing about the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};

use crate::base::http::Beside;
use crate::domain::address::Address;
use crate::domain::reply::Content;
use crate::metrics;
use crate::render;
use crate::telegram::{Telegram, TelegramError};

/// The least time between two drafts in a chat; it doubles with each 429, and recovers with each draft that is taken.
const PACE: Duration = Duration::from_secs(1);
const SLOWEST_PACE: Duration = Duration::from_secs(16);
/// A draft lives for 30 s; one that does not change is shown again in time.
const RENEWAL: Duration = Duration::from_secs(20);

/// How fast drafts may follow each other, per chat.
#[derive(Clone, Default)]
pub struct DraftThrottle(Arc<Mutex<HashMap<i64, Pace>>>);

#[derive(Clone, Copy)]
struct Pace {
    between: Duration,
    next: Instant,
}

/// A growing answer; dropped, it is shown no longer.
pub struct Preview {
    growing: Arc<Growing>,
    _beside: Beside,
}

#[derive(Default)]
struct Growing {
    text: Mutex<String>,
    changed: Notify,
}

/// How a preview looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// The answer itself, growing, after "Thinking…" (private chats only).
    Draft,
    /// The chat says that the bot is typing.
    Typing,
}

impl Preview {
    /// Begins to show that an answer is in the making.
    pub fn begin(telegram: &Telegram, paces: &DraftThrottle, address: Address, look: Look) -> Self {
        let growing = Arc::new(Growing::default());
        let (telegram, paces, text) = (telegram.clone(), paces.clone(), Arc::clone(&growing));
        let http = telegram.http().clone();
        let beside = http.beside(async move {
            if look == Look::Draft {
                show(&telegram, &paces, address, &text).await;
            }
            telegram.typing(address.lane.chat_id, address.thread_id).await;
        });
        Self { growing, _beside: beside }
    }

    /// The model said more.
    pub fn grow(&self, more: &str) {
        lock(&self.growing.text).push_str(more);
        self.growing.changed.notify_one();
    }

    /// What the model said until now was a thought, and none of the answer.
    pub fn begin_anew(&self) {
        lock(&self.growing.text).clear();
        self.growing.changed.notify_one();
    }
}

/// Shows what has come so far, again and again, until Telegram will have no drafts here.
async fn show(telegram: &Telegram, paces: &DraftThrottle, address: Address, growing: &Growing) {
    let chat_id = address.lane.chat_id;
    let mut shown: Option<Content> = None;
    loop {
        sleep_until(paces.next(chat_id)).await;
        let text = lock(&growing.text).clone();
        // a long text takes its time, and this thread watches everybody's sockets
        let Ok(content) = spawn_blocking(move || render::draft(&text)).await else { return };
        // an empty draft reads "Thinking…"
        let content = content.unwrap_or(Content::Text { text: String::new(), entities: Vec::new() });
        if shown.as_ref() != Some(&content) {
            let drafted = telegram.draft(address, &content).await;
            metrics::draft(drafted.is_ok());
            match drafted {
                Ok(()) => paces.taken(chat_id),
                Err(TelegramError::RetryAfter(pause)) => paces.refused(chat_id, pause),
                Err(
                    TelegramError::BadRequest(_) | TelegramError::UnknownMethod | TelegramError::Forbidden(_),
                ) => return,
                Err(_) => paces.refused(chat_id, PACE),
            }
            shown = Some(content);
        }
        if timeout(RENEWAL, growing.changed.notified()).await.is_err() {
            shown = None;
        }
    }
}

impl DraftThrottle {
    /// When the next draft may be shown in the chat.
    fn next(&self, chat_id: i64) -> Instant {
        lock(&self.0).get(&chat_id).map_or_else(Instant::now, |pace| pace.next)
    }

    fn taken(&self, chat_id: i64) {
        self.change(chat_id, |between| ((between / 2).max(PACE), PACE));
    }

    fn refused(&self, chat_id: i64, pause: Duration) {
        self.change(chat_id, |between| ((between * 2).min(SLOWEST_PACE), pause));
    }

    /// Sets the pace and the least wait until the next draft.
    fn change(&self, chat_id: i64, change: impl FnOnce(Duration) -> (Duration, Duration)) {
        let now = Instant::now();
        let mut paces = lock(&self.0);
        // what is long over tells nothing about a chat any more
        paces.retain(|_, pace| pace.next + SLOWEST_PACE > now);
        let (between, least) = change(paces.get(&chat_id).map_or(PACE, |pace| pace.between));
        paces.insert(chat_id, Pace { between, next: now + between.max(least) });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_slow_down_with_each_refusal_and_recover_with_each_success() {
        let paces = DraftThrottle::default();
        let between = || lock(&paces.0)[&1].between.as_secs();
        paces.taken(1);
        assert_eq!(between(), 1);
        let refusals: Vec<_> = (0..5)
            .map(|_| {
                paces.refused(1, Duration::ZERO);
                between()
            })
            .collect();
        assert_eq!(refusals, [2, 4, 8, 16, 16]);
        paces.taken(1);
        assert_eq!(between(), 8);
        assert!(paces.next(1) > Instant::now() + Duration::from_secs(7));
        assert!(paces.next(2) <= Instant::now(), "another chat has its own pace");
    }

    #[test]
    fn a_pause_that_telegram_asks_for_is_kept_in_full() {
        let paces = DraftThrottle::default();
        paces.refused(1, Duration::from_secs(3600));
        assert!(paces.next(1) > Instant::now() + Duration::from_secs(3599));
    }
}
