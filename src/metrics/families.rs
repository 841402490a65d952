//! Every metric with its name, its help and its labels.

use std::sync::atomic::AtomicU64;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// What every name begins with.
pub const PREFIX: &str = "systech_aidd";

/// From an answer that is there at once to one that thinks for minutes, in seconds.
const ANSWER_BUCKETS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// From a connection that is free to the time after which the database counts as unreachable, in seconds.
const POOL_BUCKETS: [f64; 6] = [0.001, 0.01, 0.1, 0.5, 1.0, 4.0];

type Labelled<const N: usize> = Family<[(&'static str, &'static str); N], Counter>;

/// Labels whose values are words of the settings: few, but not known here.
type OfSettings<const N: usize, C> = Family<[(&'static str, String); N], C>;

pub(super) struct Metrics {
    pub(super) registry: Registry,
    pub(super) started: Instant,
    /// When getUpdates last succeeded, in milliseconds since `started`. 0: it never did.
    pub(super) polled: AtomicU64,
    pub(super) polled_at: Gauge<f64, AtomicU64>,
    pub(super) polling_restarts: Counter,
    /// Since when a batch waits to be stored, in milliseconds since `started`. 0: none does.
    pub(super) batch_since: AtomicU64,
    /// The same as an age, set when somebody asks.
    pub(super) batch_waiting: Gauge<f64, AtomicU64>,
    pub(super) updates: Labelled<1>,
    pub(super) answers: Counter,
    pub(super) stopped: Counter,
    pub(super) failures: Labelled<1>,
    pub(super) first_token: Histogram,
    pub(super) answer: Histogram,
    pub(super) tokens: Labelled<1>,
    pub(super) model_calls: OfSettings<3, Counter>,
    pub(super) model_cost: OfSettings<2, Counter<f64, AtomicU64>>,
    pub(super) model_resting: OfSettings<2, Gauge>,
    pub(super) model_rests: OfSettings<2, Counter>,
    pub(super) retries: Labelled<1>,
    pub(super) drafts: Labelled<1>,
    pub(super) telegram_calls: Labelled<1>,
    pub(super) telegram_errors: Labelled<2>,
    pub(super) workers: Gauge,
    pub(super) workers_busy: Gauge,
    pub(super) lanes_ready: Gauge,
    pub(super) lanes_waiting: Gauge,
    pub(super) pool_wait: Histogram,
    pub(super) pool_timeouts: Counter,
    pub(super) role: Family<[(&'static str, &'static str); 1], Gauge>,
    pub(super) server_changes: Counter,
    pub(super) updates_lost: Counter,
}

impl Metrics {
    pub(super) fn new() -> Self {
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
            batch_since: AtomicU64::new(0),
            batch_waiting: ours.add_in(
                "batch_waiting",
                "How long updates from Telegram have been waiting to be stored; 0 if none are",
                seconds.clone(),
                Gauge::default(),
            ),
            updates: ours.add("updates", "Updates from Telegram, by kind"),
            answers: ours.add("answers", "Answers of the model that were stored"),
            stopped: ours.add("stopped", "Answers that their user stopped"),
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
            model_calls: ours.add("model_calls", "Calls of a model, by endpoint, model and outcome"),
            model_cost: ours.add(
                "model_cost_dollars",
                "What they cost in US dollars, as the endpoint says or else by the price",
            ),
            model_resting: ours.add(
                "model_resting",
                "1 while a model that fails again and again is left alone, 0 once it answers again",
            ),
            model_rests: ours.add("model_rests", "Times that a model began to be left alone"),
            retries: ours.add("retries", "Calls that the bot repeats later, by the neighbour that failed"),
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
            pool_timeouts: ours.add("database_pool_timeouts", "Callers that got no connection in time"),
            role: ours.add("role", "1 for what this instance does: it leads, or is on standby"),
            server_changes: ours.add(
                "database_server_changes",
                "Times that the database was found on another server, or restored, while the bot ran",
            ),
            updates_lost: ours.add(
                "updates_lost",
                "Updates that Telegram had delivered and that the server after such a change does not know",
            ),
            registry,
        };
        begin(&metrics.tokens, "direction", ["read", "written"]);
        begin(&metrics.drafts, "outcome", ["shown", "refused"]);
        begin(&metrics.retries, "neighbour", [Neighbour::Model, Neighbour::Telegram].map(Neighbour::name));
        metrics
    }
}

/// Begins a series at 0 for each value of the label.
pub(super) fn begin(
    family: &Labelled<1>,
    label: &'static str,
    values: impl IntoIterator<Item = &'static str>,
) {
    for value in values {
        drop(family.get_or_create(&[(label, value)]));
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

/// Whom a call was repeated to.
#[derive(Clone, Copy)]
pub enum Neighbour {
    /// The model's endpoint.
    Model,
    /// The Bot API.
    Telegram,
}

impl Neighbour {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Telegram => "telegram",
        }
    }
}

pub(super) fn since_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
