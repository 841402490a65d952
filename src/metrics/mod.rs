//! Everything that is counted and measured. A leaf: it takes plain values and knows no other module.
//!
//! Other modules call one line here where something happens; it costs them an atomic or an uncontended lock, and nothing
//! ever waits. Labels are few and fixed: never a chat, a user, a text or a URL. `docs/operations.md` tells what each
//! metric says.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::histogram::Histogram;

mod families;

use families::{Metrics, since_epoch};
pub use families::{Neighbour, PREFIX};

/// The label of whatever has no label of its own.
pub const OTHER: &str = "other";

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

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

/// A question was answered, and the answer is stored.
pub fn answered(figures: Figures) {
    METRICS.answers.inc();
    count_tokens(figures);
    let observe = |histogram: &Histogram, millis: Option<i32>| {
        if let Some(millis) = millis {
            histogram.observe(f64::from(millis) / 1000.0);
        }
    };
    observe(&METRICS.first_token, figures.first_token_ms);
    observe(&METRICS.answer, figures.duration_ms);
}

/// An answer was stopped by its user, and what there was of it is stored.
pub fn stopped(figures: Figures) {
    METRICS.stopped.inc();
    count_tokens(figures);
}

/// A question ended without an answer, with a failure of this class.
pub fn failed(class: &'static str) {
    METRICS.failures.get_or_create(&[("class", class)]).inc();
}

/// What an answer took, as far as it is known.
#[derive(Clone, Copy)]
pub struct Figures {
    /// Tokens that the model read.
    pub tokens_read: Option<i32>,
    /// Tokens that it wrote.
    pub tokens_written: Option<i32>,
    /// Milliseconds to its first token.
    pub first_token_ms: Option<i32>,
    /// Milliseconds to its end.
    pub duration_ms: Option<i32>,
}

fn count_tokens(figures: Figures) {
    for (direction, tokens) in [("read", figures.tokens_read), ("written", figures.tokens_written)] {
        let tokens = tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or_default();
        METRICS.tokens.get_or_create(&[("direction", direction)]).inc_by(tokens);
    }
}

/// A model was called. `cost`: in US dollars, if it is known.
pub fn model_called(endpoint: &str, model: &str, outcome: &'static str, cost: Option<f64>) {
    let (of_endpoint, of_model) = (("endpoint", endpoint.to_owned()), ("model", model.to_owned()));
    let labels = [of_endpoint.clone(), of_model.clone(), ("outcome", outcome.to_owned())];
    METRICS.model_calls.get_or_create(&labels).inc();
    // So that a rest is seen as a change.
    drop(METRICS.model_resting.get_or_create(&[of_endpoint.clone(), of_model.clone()]));
    drop(METRICS.model_rests.get_or_create(&[of_endpoint.clone(), of_model.clone()]));
    if let Some(cost) = cost.filter(|cost| *cost >= 0.0) {
        METRICS.model_cost.get_or_create(&[of_endpoint, of_model]).inc_by(cost);
    }
}

/// A model is left alone for a while, or is not any more.
pub fn model_rests(endpoint: &str, model: &str, rests: bool) {
    let labels = [("endpoint", endpoint.to_owned()), ("model", model.to_owned())];
    METRICS.model_resting.get_or_create(&labels).set(i64::from(rests));
    if rests {
        METRICS.model_rests.get_or_create(&labels).inc();
    }
}

/// Whether this instance leads, or waits until another one leads no longer; neither while it starts.
pub fn role(leader: bool, standby: bool) {
    for (role, plays) in [("leader", leader), ("standby", standby)] {
        METRICS.role.get_or_create(&[("role", role)]).set(i64::from(plays));
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
pub fn telegram_call(method: &'static str) {
    METRICS.telegram_calls.get_or_create(&[("method", method)]).inc();
}

/// A call of the Bot API failed.
pub fn telegram_error(method: &'static str, code: &'static str) {
    METRICS.telegram_errors.get_or_create(&[("method", method), ("code", code)]).inc();
}

/// The program starts, with so many workers. Series with these kinds of updates and classes of failure begin at 0, so that
/// the first event of each is seen as an increase.
pub fn start(workers: usize, kinds: &[&'static str], failures: &[&'static str]) {
    METRICS.workers.set(amount(workers));
    families::begin(&METRICS.updates, "kind", kinds.iter().copied().chain([OTHER]));
    families::begin(&METRICS.failures, "class", failures.iter().copied());
}

/// How many lanes are with a worker, ready for one, or waiting for a time.
pub fn lanes(running: usize, ready: usize, waiting: usize) {
    METRICS.workers_busy.set(amount(running));
    METRICS.lanes_ready.set(amount(ready));
    METRICS.lanes_waiting.set(amount(waiting));
}

/// How many workers are busy, and how many there may be.
pub fn workers() -> (i64, i64) {
    (METRICS.workers_busy.get(), METRICS.workers.get())
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

/// All of it in the OpenMetrics text format, without the mark of its end.
pub fn text() -> String {
    let mut text = String::new();
    METRICS.batch_waiting.set(batch_waits().unwrap_or_default().as_secs_f64());
    // Writing to a string does not fail.
    let _ = encode_registry(&mut text, &METRICS.registry);
    text
}
