//! Everything that is counted and measured, and where it can be read: METRICS_ADDR (`endpoint`).
//!
//! Other modules call one line here where something happens; it costs them an atomic or an uncontended lock, and nothing
//! ever waits. Labels are few and fixed: never a chat, a person, a text or a URL. `docs/operations.md` tells what each
//! metric says.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::llm::Usage;
use crate::store::finish::Ending;
use crate::store::queue::Queue;
use crate::telegram::TelegramError;

mod families;

use families::{Metrics, PREFIX};

/// The methods of the Bot API that are called. Whatever else is called one day is `other`.
const METHODS: [&str; 13] = [
    "answerCallbackQuery",
    "deleteMessage",
    "deleteWebhook",
    "editMessageText",
    "getMe",
    "getUpdates",
    "getWebhookInfo",
    "sendChatAction",
    "sendDocument",
    "sendMessage",
    "sendMessageDraft",
    "sendRichMessage",
    "setMyCommands",
];
const OTHER: &str = "other";

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Whom a call was repeated to.
#[derive(Clone, Copy)]
pub enum Neighbour {
    /// The model's endpoint.
    Model,
    /// The Bot API.
    Telegram,
}

impl Neighbour {
    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Telegram => "telegram",
        }
    }
}

fn since_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// An update of this kind came from Telegram. `None`: of none that asks for an answer.
pub fn received(kind: Option<&'static str>) {
    METRICS.updates.get_or_create(&[("kind", kind.unwrap_or(OTHER))]).inc();
}

/// A getUpdates succeeded.
pub fn polled() {
    METRICS.polled.store(now(), Ordering::Relaxed);
    METRICS.polled_at.set(since_epoch());
}

/// How long ago getUpdates last succeeded. `None`: it never did.
pub(crate) fn since_polled() -> Option<Duration> {
    since(&METRICS.polled)
}

/// A batch is there, to be stored before the next getUpdates.
pub fn batch_came() {
    METRICS.batch_since.store(now(), Ordering::Relaxed);
}

/// It is stored.
pub fn batch_stored() {
    METRICS.batch_since.store(0, Ordering::Relaxed);
}

/// How long a batch has been waiting to be stored. `None`: none is.
pub(crate) fn batch_waits() -> Option<Duration> {
    since(&METRICS.batch_since)
}

/// Milliseconds since the start, and never 0.
fn now() -> u64 {
    u64::try_from(METRICS.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// How long ago a moment of [`now`] was. `None`: it is 0, which is none.
fn since(moment: &AtomicU64) -> Option<Duration> {
    let moment = moment.load(Ordering::Relaxed);
    (moment > 0).then(|| METRICS.started.elapsed().saturating_sub(Duration::from_millis(moment)))
}

/// Polling works again.
pub fn polling_restarted() {
    METRICS.polling_restarts.inc();
}

/// A question got its end, and it is stored.
pub fn ended(ending: &Ending) {
    match ending {
        Ending::Answered { usage, .. } => {
            METRICS.answers.inc();
            count_tokens(usage);
            let observe = |histogram: &Histogram, millis: Option<i32>| {
                if let Some(millis) = millis {
                    histogram.observe(f64::from(millis) / 1000.0);
                }
            };
            observe(&METRICS.first_token, usage.first_token_ms);
            observe(&METRICS.answer, usage.duration_ms);
        }
        Ending::Stopped { usage, .. } => {
            METRICS.stopped.inc();
            count_tokens(usage);
        }
        Ending::Failed { class, .. } => {
            METRICS.failures.get_or_create(&[("class", class)]).inc();
        }
    }
}

fn count_tokens(usage: &Usage) {
    for (direction, tokens) in [("read", usage.prompt_tokens), ("written", usage.completion_tokens)] {
        let tokens = tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or_default();
        METRICS.tokens.get_or_create(&[("direction", direction)]).inc_by(tokens);
    }
}

/// The database is on another server now.
pub fn server_changed() {
    METRICS.server_changes.inc();
}

/// So many updates that Telegram will not deliver again are unknown to the server that the database is on now.
pub fn updates_lost(count: u64) {
    METRICS.updates_lost.inc_by(count);
}

/// A call is to be made again later.
pub fn retried(neighbour: Neighbour) {
    METRICS.retries.get_or_create(&[("neighbour", neighbour.name())]).inc();
}

/// Telegram took a draft, or would not.
pub fn draft(shown: bool) {
    METRICS.drafts.get_or_create(&[("outcome", if shown { "shown" } else { "refused" })]).inc();
}

/// A method of the Bot API is called.
pub fn telegram_call(method: &str) {
    METRICS.telegram_calls.get_or_create(&[("method", known(method))]).inc();
}

/// A call of the Bot API failed.
pub fn telegram_error(method: &str, error: &TelegramError) {
    if let Some(code) = error.code() {
        METRICS.telegram_errors.get_or_create(&[("method", known(method)), ("code", code)]).inc();
    }
}

fn known(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER)
}

/// How many workers there are.
pub fn workers(count: usize) {
    METRICS.workers.set(amount(count));
}

/// How many lanes are with a worker, ready for one, or waiting for a time.
pub fn lanes(running: usize, ready: usize, waiting: usize) {
    METRICS.workers_busy.set(amount(running));
    METRICS.lanes_ready.set(amount(ready));
    METRICS.lanes_waiting.set(amount(waiting));
}

fn amount(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A caller got a connection, after so long.
pub fn connection_taken(wait: Duration) {
    METRICS.pool_wait.observe(wait.as_secs_f64());
}

/// A caller got none.
pub fn connection_missed(wait: Duration) {
    METRICS.pool_wait.observe(wait.as_secs_f64());
    METRICS.pool_timeouts.inc();
}

/// All of it in the OpenMetrics text format. Without `queue` its metrics are absent, rather than wrong.
pub(crate) fn text(queue: Option<Queue>) -> String {
    let mut text = String::new();
    METRICS.batch_waiting.set(batch_waits().unwrap_or_default().as_secs_f64());
    // writing to a string does not fail
    let _ = encode_registry(&mut text, &METRICS.registry);
    if let Some(queue) = queue {
        let mut registry = Registry::with_prefix(PREFIX);
        let mut count = |name: &str, help: &str, count: i64| {
            let gauge: Gauge = Gauge::default();
            gauge.set(count);
            registry.register(name, help, gauge);
        };
        count("updates_waiting", "Updates in the inbox that are not answered yet", queue.waiting);
        count("reply_parts_unsent", "Messages in the outbox that Telegram has not taken yet", queue.unsent);
        let mut age = |name: &str, help: &str, seconds: f64| {
            let gauge: Gauge<f64, AtomicU64> = Gauge::default();
            gauge.set(seconds);
            registry.register_with_unit(name, help, Unit::Seconds, gauge);
        };
        age(
            "oldest_waiting",
            "Age of the oldest update that is not answered yet or message that is not sent yet; 0 if there is none",
            queue.oldest,
        );
        age(
            "oldest_unsent",
            "Age of the oldest message that Telegram has not taken yet; 0 if there is none",
            queue.oldest_unsent,
        );
        let _ = encode_registry(&mut text, &registry);
    }
    let _ = encode_eof(&mut text);
    text
}
