//! PostgreSQL: the queue, the history and the outbox. Every other module asks through the functions here; only
//! this one imports the schema.
//!
//! A connection is taken for one call of [`Store::run`] and is back in the pool when it returns: never held
//! across a network call or a sleep, never taken twice by one caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::data_types::PgInterval;
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::{Double, Interval, Nullable, Text, Timestamptz};
use r2d2::event::{CheckoutEvent, HandleEvent, TimeoutEvent};
use r2d2::{ManageConnection, Pool};
use tracing::{info, warn};

use crate::base::backoff::Backoff;
use crate::base::secret::Secret;
use crate::metrics;

use server::{Generation, Servers};

pub mod archive;
pub mod erase;
pub mod finish;
pub mod diagnostics;
pub mod history;
pub mod inbox;
pub mod moved;
pub mod outbox;
mod prepared;
pub mod queue;
mod server;
#[expect(missing_docs, reason = "generated; what matters in it has its comment from the database")]
pub mod schema;
pub mod strangers;
pub mod turns;

/// Every table of the bot, by name.
pub const TABLES: [&str; 5] = ["messages", "reply_parts", "strangers", "turns", "updates"];

/// How long a caller waits for a connection before the database counts as unreachable.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(4);

/// How long [`Store::retry_forever_or`] tries against refusals.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(120);

/// A dialogue: one person in one chat with one bot. The unit of order: within a lane one thing happens at a
/// time, and no lane waits for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Queryable)]
pub struct Lane {
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Telegram id of the person.
    pub user_id: i64,
}

/// A dialogue as `messages` has it, whichever bot it is with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialogue {
    /// Telegram id of the person.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
}

impl From<Lane> for Dialogue {
    fn from(lane: Lane) -> Self {
        Self { user_id: lane.user_id, chat_id: lane.chat_id }
    }
}

/// Why a query did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had or the connection broke: worth another try.
    #[error("the database is unreachable: {0}")]
    Unreachable(String),
    /// The database refused the statement. The error names no values.
    #[error("the database refused a statement: {0}")]
    Refused(String),
    /// The database is on another server than the one that this work was read from ([`Store::on_one_server`]).
    #[error("the database is on another server now; what was read from the former one is not written to it")]
    ServerChanged,
}

/// The pool, and whether the database answered last time.
pub struct Store {
    pool: Pool<Manager>,
    unreachable: AtomicBool,
    /// How many queries it has answered.
    answered: AtomicU64,
    servers: Arc<Servers>,
}

impl Store {
    /// A pool of at most `size` connections, opened as they are needed.
    pub fn new(url: &Secret, size: u32) -> Self {
        let servers = Arc::<Servers>::default();
        let pool = Pool::builder()
            .max_size(size)
            // never none: `diagnostics::others_at_work` tells a running bot by it
            .min_idle(Some(1))
            .connection_timeout(CHECKOUT_TIMEOUT)
            // a round trip saved on each checkout: `Manager` notices a broken connection when it fails
            .test_on_check_out(false)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .event_handler(Box::new(Waits))
            .build_unchecked(Manager { url: url.clone(), servers: Arc::clone(&servers) });
        Self { pool, unreachable: AtomicBool::new(false), answered: AtomicU64::new(0), servers }
    }

    /// Runs `query` on a connection of its own.
    ///
    /// A connection that turns out to be broken is thrown away and the query runs again on another, so a restart
    /// of the server costs no error while the server is back. `query` may therefore run more than once: each is
    /// one transaction or one statement that a repetition does not harm.
    pub fn run<T>(&self, query: impl FnMut(&mut PgConnection) -> QueryResult<T>) -> Result<T, StoreError> {
        self.run_within(CHECKOUT_TIMEOUT, query)
    }

    /// As [`Store::run`], with another wait for a connection.
    pub fn run_within<T>(
        &self,
        wait: Duration,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let answered = self.answered.load(Ordering::Relaxed);
        let mut broken = 0;
        loop {
            let pooled = self.pool.get_timeout(wait);
            let mut pooled = pooled.map_err(|error| self.unreachable(&error.to_string(), answered))?;
            if pooled.generation != self.generation() {
                // a connection to the former server: perhaps it lives on, and takes what nobody reads there
                pooled.broken = true;
                continue;
            }
            if !server::admits(pooled.generation) {
                return Err(StoreError::ServerChanged);
            }
            match query(&mut pooled.conn) {
                Ok(value) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    if self.unreachable.swap(false, Ordering::Relaxed) {
                        info!("the database is reachable again");
                    }
                    return Ok(value);
                }
                Err(error) if pooled.conn.ping().is_ok() => return Err(StoreError::Refused(plain(&error))),
                Err(error) => {
                    pooled.broken = true;
                    broken += 1;
                    if broken > self.pool.max_size() {
                        return Err(self.unreachable(&plain(&error), answered));
                    }
                }
            }
        }
    }

    /// Runs `query` until the database takes it, however long that lasts: for what must not be lost while the process
    /// lives. The only error is [`StoreError::ServerChanged`].
    pub fn retry_forever<T>(
        &self,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::default();
        loop {
            match self.run(&mut query) {
                Err(error @ (StoreError::Unreachable(_) | StoreError::Refused(_))) => {
                    patience.exercise(&error);
                }
                done => return done,
            }
        }
    }

    /// As [`Store::retry_forever`], for what the database may refuse for its own sake. An outage is waited out, and so is a
    /// database that takes nothing at all (a full disk, a read-only standby); but if it goes on refusing `query` for two
    /// minutes and takes `instead`, that is the end, and an error.
    pub fn retry_forever_or<T>(
        &self,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<T>,
        mut instead: impl FnMut(&mut PgConnection) -> QueryResult<usize>,
    ) -> Result<T, StoreError> {
        let mut patience = Patience::default();
        loop {
            match self.run(&mut query) {
                Err(StoreError::ServerChanged) => return Err(StoreError::ServerChanged),
                Err(error) if patience.is_over() && self.run(&mut instead).is_ok() => return Err(error),
                Err(error) => patience.exercise(&error),
                done => return done,
            }
        }
    }

    /// Runs `work` so that all its queries meet the server that the first of them met. Once the database is on another
    /// one, they end with [`StoreError::ServerChanged`]: what was read from one server says nothing about another.
    pub fn on_one_server<T>(&self, work: impl FnOnce() -> T) -> T {
        server::bound(work)
    }

    /// Within [`Store::on_one_server`], for a statement that names its row by more than its number.
    pub fn on_any_server<T>(&self, work: impl FnOnce() -> T) -> T {
        server::unbound(work)
    }

    /// How often the database has come to another server since this process started.
    pub fn generation(&self) -> i64 {
        self.servers.generation()
    }

    /// `listener` hears of each such change, by the generation that is over: at the next connection, on its thread.
    pub fn on_server_change(&self, listener: impl Fn(i64) + Send + Sync + 'static) {
        self.servers.on_change(Box::new(listener));
    }

    /// One line when the database goes away, not one for each caller that notices; none if it has answered somebody since
    /// this caller began, when it had given `answered` answers: then its connections are merely busy.
    fn unreachable(&self, problem: &str, answered: u64) -> StoreError {
        let problem = problem.trim().to_owned();
        let busy = self.answered.load(Ordering::Relaxed) != answered;
        if !busy && !self.unreachable.swap(true, Ordering::Relaxed) {
            warn!(problem, "the database is unreachable; everything waits for it");
        }
        StoreError::Unreachable(problem)
    }
}

/// Waits between tries, and knows how long the database has been refusing (rather than away).
struct Patience {
    backoff: Backoff,
    refused_since: Option<Instant>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(5)),
            refused_since: None,
        }
    }
}

impl Patience {
    fn exercise(&mut self, error: &StoreError) {
        match error {
            StoreError::Unreachable(_) => self.refused_since = None,
            StoreError::Refused(_) if self.refused_since.is_none() => {
                warn!("{error}; trying again");
                self.refused_since = Some(Instant::now());
            }
            StoreError::Refused(_) | StoreError::ServerChanged => {}
        }
        thread::sleep(self.backoff.next());
    }

    fn is_over(&self) -> bool {
        self.refused_since.is_some_and(|since| since.elapsed() > REFUSAL_PATIENCE)
    }
}

/// The error without its details: those quote values, and values are people's messages.
fn plain(error: &diesel::result::Error) -> String {
    match error {
        diesel::result::Error::DatabaseError(_, info) => info.message().to_owned(),
        other => other.to_string(),
    }
}

/// Tells the metrics how long callers wait for a connection.
#[derive(Debug)]
struct Waits;

impl HandleEvent for Waits {
    fn handle_checkout(&self, event: CheckoutEvent) {
        metrics::connection_taken(event.duration());
    }

    fn handle_timeout(&self, event: TimeoutEvent) {
        metrics::connection_missed(event.timeout());
    }
}

/// Opens connections for the pool and knows the broken ones: Diesel's own manager takes a connection whose server
/// went away outside a transaction for a good one.
struct Manager {
    url: Secret,
    servers: Arc<Servers>,
}

struct Tracked {
    conn: PgConnection,
    broken: bool,
    /// Of the server it is connected to.
    generation: Generation,
}

impl ManageConnection for Manager {
    type Connection = Tracked;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Tracked, ConnectionError> {
        let mut conn = connect(&self.url)?;
        let generation = self.servers.meet(&mut conn).map_err(ConnectionError::BadConnection)?;
        Ok(Tracked { conn, broken: false, generation })
    }

    fn is_valid(&self, _: &mut Tracked) -> Result<(), ConnectionError> {
        Ok(())
    }

    fn has_broken(&self, tracked: &mut Tracked) -> bool {
        thread::panicking() || tracked.broken || tracked.conn.is_broken()
    }
}

/// A connection outside the pool, named so that `pg_stat_activity` tells whose it is.
pub fn connect(url: &Secret) -> ConnectionResult<PgConnection> {
    let mut conn = PgConnection::establish(&bounded(url.expose()))?;
    // Diesel sets UTC; the stamps in `messages` are in the server's own time zone, as the predecessor's are
    conn.batch_execute("SET application_name TO 'systech-aidd'; RESET TIME ZONE")
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// The URL with limits for a server that is gone without a word (libpq, Parameter Key Words); what it sets itself wins.
/// A server that is merely frozen still acknowledges what it gets, and is waited for.
fn bounded(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in [
        ("connect_timeout", 5),
        ("keepalives_idle", 30),
        ("keepalives_interval", 10),
        ("keepalives_count", 3),
        ("tcp_user_timeout", 30_000),
    ] {
        if !url.contains(&format!("{name}=")) {
            let mark = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{mark}{name}={value}");
        }
    }
    url
}

/// How the database encodes text.
pub fn encoding(conn: &mut PgConnection) -> QueryResult<String> {
    diesel::select(sql::<Text>("current_setting('server_encoding')")).get_result(conn)
}

diesel::define_sql_function! {
    /// The server's clock: its own time, not the beginning of the transaction.
    fn clock_timestamp() -> Timestamptz;
}

/// The time `wait` from now, by the server's clock.
fn from_now(
    wait: Duration,
) -> UncheckedBind<SqlLiteral<Nullable<Timestamptz>>, AsExprOf<PgInterval, Interval>> {
    sql("clock_timestamp() + ").bind::<Interval, _>(interval(wait))
}

/// The time `past` ago, by the server's clock.
fn ago(past: Duration) -> UncheckedBind<SqlLiteral<Timestamptz>, AsExprOf<PgInterval, Interval>> {
    sql("clock_timestamp() - ").bind::<Interval, _>(interval(past))
}

/// A length of time as PostgreSQL takes it.
fn interval(duration: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// Seconds until `not_before` by the server's clock, NULL where nothing is to be waited for. See [`wait`].
fn seconds_to_wait() -> SqlLiteral<Nullable<Double>> {
    sql("extract(epoch FROM not_before - clock_timestamp())::float8")
}

/// What [`seconds_to_wait`] returned, as a wait; `None` when the time has come.
fn wait(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|wait| !wait.is_zero())
}
