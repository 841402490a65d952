//! Everything that is counted and measured, and where it can be read: METRICS_ADDR (`endpoint`).
//!
//! Other modules call one line here where something happens; it costs them an atomic or an uncontended lock, and nothing
//! ever waits. Labels are few and fixed: never a chat, a person, a text or a URL. `docs/operations.md` tells what each
//! metric says.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::failure::Failure;
use crate::llm::Usage;
use crate::store::finish::Ending;
use crate::store::queue::Queue;
use crate::telegram::{TelegramError, UPDATE_KINDS};

mod endpoint;
mod view;

pub use endpoint::Endpoint;
pub use view::View;

/// What every name begins with.
const PREFIX: &str = "systech_aidd";

/// From an answer that is there at once to one that thinks for minutes, in seconds.
const ANSWER_BUCKETS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// From a connection that is free to the time after which the database counts as unreachable, in seconds.
const POOL_BUCKETS: [f64; 6] = [0.001, 0.01, 0.1, 0.5, 1.0, 4.0];

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

type Labelled<const N: usize> = Family<[(&'static str, &'static str); N], Counter>;

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

struct Metrics {
    registry: Registry,
    started: Instant,
    /// When getUpdates last succeeded, in milliseconds since `started`. 0: it never did.
    polled: AtomicU64,
    polled_at: Gauge<f64, AtomicU64>,
    polling_restarts: Counter,
    updates: Labelled<1>,
    answers: Counter,
    stopped: Counter,
    failures: Labelled<1>,
    first_token: Histogram,
    answer: Histogram,
    tokens: Labelled<1>,
    retries: Labelled<1>,
    drafts: Labelled<1>,
    telegram_calls: Labelled<1>,
    telegram_errors: Labelled<2>,
    workers: Gauge,
    workers_busy: Gauge,
    lanes_ready: Gauge,
    lanes_waiting: Gauge,
    pool_wait: Histogram,
    pool_timeouts: Counter,
}

/// Whom a call was repeated to.
#[derive(Clone, Copy)]
pub enum Neighbour {
    /// The model's endpoint.
    Model,
    /// The Bot API.
    Telegram,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let start: Gauge<f64, AtomicU64> = Gauge::default();
        start.set(since_epoch());
        registry.register_with_unit(
            "process_start_time",
            "When the program started, since the epoch",
            Unit::Seconds,
            start,
        );
        let mut ours = Named(registry.sub_registry_with_prefix(PREFIX));
        let build: Family<[(&str, &str); 1], Gauge> = ours.add("build_info", "1 for the version that runs");
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        let seconds = Unit::Seconds;
        let metrics = Self {
            started: Instant::now(),
            polled: AtomicU64::new(0),
            polled_at: ours.add_in(
                "last_poll_timestamp",
                "When getUpdates last succeeded, since the epoch; 0 before the first time",
                seconds.clone(),
                Gauge::default(),
            ),
            polling_restarts: ours
                .add("polling_restarts", "Times that getUpdates works again after a failure"),
            updates: ours.add("updates", "Updates from Telegram, by kind"),
            answers: ours.add("answers", "Answers of the model that were stored"),
            stopped: ours.add("stopped", "Answers that their person stopped"),
            failures: ours.add("failures", "Questions that ended without an answer, by class of failure"),
            first_token: ours.add_in(
                "first_token",
                "From the request to the first word of the model, for each answer",
                seconds.clone(),
                Histogram::new(ANSWER_BUCKETS),
            ),
            answer: ours.add_in(
                "answer",
                "From the request to the end of the model's answer",
                seconds.clone(),
                Histogram::new(ANSWER_BUCKETS),
            ),
            tokens: ours.add("tokens", "Tokens that the model read and wrote, as the endpoint counts them"),
            retries: ours.add("retries", "Calls that are made again later, by the neighbour that failed"),
            drafts: ours.add("drafts", "Previews of growing answers that Telegram showed or refused"),
            telegram_calls: ours.add("telegram_calls", "Calls of the Bot API"),
            telegram_errors: ours.add("telegram_errors", "Calls of the Bot API that failed, by code"),
            workers: ours.add("workers", "Answers that can be in the making at the same time, WORKERS"),
            workers_busy: ours.add("workers_busy", "Workers, each with a lane of its own, that are at work"),
            lanes_ready: ours.add("lanes_ready", "Lanes that wait for a free worker"),
            lanes_waiting: ours.add("lanes_waiting", "Lanes that wait for a time: a pause or a retry"),
            pool_wait: ours.add_in(
                "database_pool_wait",
                "How long callers waited for a connection to PostgreSQL",
                seconds,
                Histogram::new(POOL_BUCKETS),
            ),
            pool_timeouts: ours.add("database_pool_timeouts", "Callers who waited for a connection in vain"),
            registry,
        };
        // a series that is there from the beginning shows its first event as an increase
        begin(&metrics.updates, "kind", UPDATE_KINDS.iter().copied().chain([OTHER]));
        begin(&metrics.failures, "class", Failure::ALL.map(Failure::class));
        begin(&metrics.tokens, "direction", ["read", "written"]);
        begin(&metrics.drafts, "outcome", ["shown", "refused"]);
        begin(&metrics.retries, "neighbour", [Neighbour::Model, Neighbour::Telegram].map(Neighbour::name));
        metrics
    }
}

/// Begins a series at 0 for each value of the label.
fn begin(family: &Labelled<1>, label: &'static str, values: impl IntoIterator<Item = &'static str>) {
    for value in values {
        drop(family.get_or_create(&[(label, value)]));
    }
}

impl Neighbour {
    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Telegram => "telegram",
        }
    }
}

/// A registry to which a metric is added in one expression.
struct Named<'a>(&'a mut Registry);

impl Named<'_> {
    fn add<M: Metric + Default>(&mut self, name: &str, help: &str) -> M {
        let metric = M::default();
        self.0.register(name, help, metric.clone());
        metric
    }

    fn add_in<M: Metric>(&mut self, name: &str, help: &str, unit: Unit, metric: M) -> M {
        self.0.register_with_unit(name, help, unit, metric.clone());
        metric
    }
}

trait Metric: prometheus_client::registry::Metric + Clone {}
impl<M: prometheus_client::registry::Metric + Clone> Metric for M {}

fn since_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// An update of this kind came from Telegram. `None`: of none that asks for an answer.
pub fn received(kind: Option<&'static str>) {
    METRICS.updates.get_or_create(&[("kind", kind.unwrap_or(OTHER))]).inc();
}

/// A getUpdates succeeded.
pub fn polled() {
    let since = u64::try_from(METRICS.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    METRICS.polled.store(since.max(1), Ordering::Relaxed);
    METRICS.polled_at.set(since_epoch());
}

/// How long ago getUpdates last succeeded. `None`: it never did.
fn since_polled() -> Option<Duration> {
    let polled = METRICS.polled.load(Ordering::Relaxed);
    (polled > 0).then(|| METRICS.started.elapsed().saturating_sub(Duration::from_millis(polled)))
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
fn text(queue: Option<Queue>) -> String {
    let mut text = String::new();
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
        let age: Gauge<f64, AtomicU64> = Gauge::default();
        age.set(queue.oldest);
        registry.register_with_unit(
            "oldest_waiting",
            "Age of the oldest update that is not answered yet; 0 if there is none",
            Unit::Seconds,
            age,
        );
        let _ = encode_registry(&mut text, &registry);
    }
    let _ = encode_eof(&mut text);
    text
}
