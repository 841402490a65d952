//! The pool of connections.
//!
//! A connection is taken for one call of [`Store::run`] and is back in the pool when it returns: never held
//! across a network call or a sleep, never taken twice by one caller.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::result::DatabaseErrorKind;
use r2d2::event::{CheckoutEvent, HandleEvent, TimeoutEvent};
use r2d2::{ManageConnection, Pool};
use tracing::{error, info, warn};

use super::connector::{Connector, Terms, Tracked};
use super::error::{StoreError, plain};
use super::pooler;
use super::server;
use crate::base::secret::Secret;
use crate::metrics;

/// How long a caller waits for a connection before the database counts as unreachable.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(4);

/// With several servers, how often all of them are looked at: a former primary that wakes takes writes as if nothing had
/// happened, and does not say that another one was promoted.
const LOOK_AROUND: Duration = Duration::from_secs(3);

/// The pool, and whether the database answered last time.
pub struct Store {
    pool: Pool<Manager>,
    reach: Reach,
    connector: Arc<Connector>,
    /// The generation in which idle connections to the server before it were ended.
    freed_of_former: AtomicI64,
    looked_around: Mutex<Instant>,
}

/// Whether the database answers, and what was told of it.
#[derive(Default)]
struct Reach {
    unreachable: AtomicBool,
    /// Whether the reason is a pooler that gives the bot no sessions.
    shared: AtomicBool,
    /// How many queries it has answered, and how many it has refused.
    answered: AtomicU64,
    refused: AtomicU64,
    /// Another store tells of the same database.
    silent: bool,
}

impl Store {
    /// A pool of at most `size` connections, opened as they are needed.
    pub fn new(url: &Secret, size: u32) -> Self {
        Self::of(Connector::new(url, None), size, false)
    }

    /// One connection, beside a store that tells what becomes of the database.
    pub fn silent(url: &Secret) -> Self {
        Self::of(Connector::new(url, None), 1, true)
    }

    /// A pool of at most `size` connections beside a store that tells what becomes of the database. The server ends a statement
    /// that takes longer than `longest`, and nothing that took as long is run again.
    pub fn bounded(url: &Secret, size: u32, longest: Duration) -> Self {
        let connector = Connector { longest_statement: Some(longest), ..Connector::new(url, None) };
        Self::of(connector, size, true)
    }

    /// As [`Store::new`], for work that ends with [`StoreError::LeaseLost`] once its terms are over. A server that was replaced by
    /// the one on which this store works is not used.
    pub(super) fn on(&self, terms: Terms, url: &Secret, size: u32) -> Self {
        let servers = self.connector.servers.as_met();
        Self::of(Connector { servers, ..Connector::new(url, Some(terms)) }, size, false)
    }

    fn of(mut connector: Connector, size: u32, silent: bool) -> Self {
        connector.servers.silent = silent;
        let connector = Arc::new(connector);
        let pool = Pool::builder()
            .max_size(size)
            // A running bot keeps a connection at all times: `diagnostics::others_at_work` recognises it by that.
            .min_idle(Some(1))
            .connection_timeout(CHECKOUT_TIMEOUT)
            // A round trip saved on each checkout: `Manager` notices a broken connection when it fails.
            .test_on_check_out(false)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .event_handler(Box::new(Waits))
            .build_unchecked(Manager(Arc::clone(&connector)));
        Self {
            pool,
            reach: Reach { silent, ..Reach::default() },
            connector,
            freed_of_former: AtomicI64::new(0),
            looked_around: Mutex::new(Instant::now()),
        }
    }

    /// Runs `query` on a connection of its own.
    ///
    /// A connection that turns out to be broken is thrown away and the query runs again on another, so a restart
    /// of the server costs no error while the server is back. The same for one whose statements were planned before a
    /// column got another type. `query` may therefore run more than once: each is one transaction or one statement that
    /// a repetition does not harm.
    pub fn run<T>(&self, query: impl FnMut(&mut PgConnection) -> QueryResult<T>) -> Result<T, StoreError> {
        self.run_within(CHECKOUT_TIMEOUT, query)
    }

    /// As [`Store::run`], with another wait for a connection.
    pub fn run_within<T>(
        &self,
        wait: Duration,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let answered = self.reach.answered.load(Ordering::Relaxed);
        let mut broken = 0;
        let mut stale = 0;
        let began = Instant::now();
        // A statement that the server ended for its length would only take as long again: Diesel does not tell its SQLSTATE
        // (57014) from that of an old plan.
        let may_repeat = || self.connector.longest_statement.is_none_or(|longest| began.elapsed() < longest);
        loop {
            let pooled = self.pool.get_timeout(wait);
            let mut pooled = pooled.map_err(|error| self.unreachable(&error.to_string(), answered))?;
            if pooled.generation != self.generation() {
                // This connection leads to the former server, which may live on and take writes that nobody reads.
                pooled.broken = true;
                continue;
            }
            if !server::admits(pooled.generation) {
                return Err(StoreError::ServerChanged);
            }
            let planned_before = mem::replace(&mut pooled.has_worked, true);
            let result = {
                let _within = self.connector.deadlines.begin(pooled.line, Some(pooled.generation));
                pooled.run(&mut query)
            };
            match result {
                Ok(value) => {
                    self.reach.answered.fetch_add(1, Ordering::Relaxed);
                    let shared = self.reach.shared.swap(false, Ordering::Relaxed);
                    if self.reach.unreachable.swap(false, Ordering::Relaxed) || shared {
                        info!("the database is reachable again");
                    }
                    return Ok(value);
                }
                Err(error) if self.connector.terms.as_ref().is_some_and(|terms| terms.are_over(&error)) => {
                    return Err(StoreError::LeaseLost);
                }
                Err(error) if pooler::tells_a_shared_session(&error) => {
                    // No other is tried: this one was good, so the pooler has changed.
                    pooled.broken = true;
                    return Err(self.unreachable(&pooler::refusal(), answered));
                }
                Err(error) if !is_read_only(&error) && self.is_alive(&mut pooled) => {
                    pooled.broken = true;
                    // Its plans may be older than the table ("cached plan must not change result type", in the
                    // server's language): the refusal counts when a connection without any has met it too.
                    let may_be_stale = planned_before && may_be_a_stale_plan(&error);
                    if may_be_stale && stale < self.pool.max_size() && may_repeat() {
                        stale += 1;
                        continue;
                    }
                    self.reach.refused.fetch_add(1, Ordering::Relaxed);
                    return Err(StoreError::Refused(plain(&error)));
                }
                Err(error) => {
                    pooled.broken = true;
                    broken += 1;
                    if broken > self.pool.max_size() || !may_repeat() {
                        if is_read_only(&error) {
                            return Err(StoreError::ReadOnly);
                        }
                        return Err(self.unreachable(&plain(&error), answered));
                    }
                }
            }
        }
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// How many statements the database has refused since this began.
    pub fn refusals(&self) -> u64 {
        self.reach.refused.load(Ordering::Relaxed)
    }

    /// Whether the connection was no reason for an error.
    fn is_alive(&self, pooled: &mut Tracked) -> bool {
        let _within = self.connector.deadlines.begin(pooled.line, Some(pooled.generation));
        pooled.conn.ping().is_ok()
    }

    /// Cuts statements that a server holds up which answers nobody any more. To be called about twice a second as long as the
    /// bot works: nothing waits for a frozen server then. After a change of servers idle connections to the former one end, too.
    pub fn enforce_deadlines(&self) {
        {
            let mut looked_around = self.looked_around.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.connector.hosts.is_one() && looked_around.elapsed() > LOOK_AROUND {
                self.connector.look_around();
                *looked_around = Instant::now();
            }
        }
        let generation = self.generation();
        if self.freed_of_former.swap(generation, Ordering::Relaxed) != generation {
            let idle = 0..self.pool.state().idle_connections;
            let idle: Vec<_> = idle.filter_map(|_| self.pool.try_get()).collect();
            for mut pooled in idle {
                pooled.broken |= pooled.generation != generation;
            }
        }
        let cut = self.connector.deadlines.enforce(|| self.connector.look_around());
        if cut > 0 {
            warn!(
                connections = cut,
                "the database server does not answer any more; what waited for it is tried anew"
            );
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

    /// Whether nobody else can lead at this moment.
    pub fn leads(&self) -> bool {
        self.connector.terms.as_ref().is_none_or(|terms| (terms.hold)())
    }

    /// How often the database has come to another server since this process started.
    pub fn generation(&self) -> i64 {
        self.connector.servers.generation()
    }

    /// `listener` hears of each such change, by the generation that is over: at the next connection, on its thread.
    pub fn on_server_change(&self, listener: impl Fn(i64) + Send + Sync + 'static) {
        self.connector.servers.on_change(Box::new(listener));
    }

    /// One line when the database goes away, not one for each caller that notices; none if it has answered somebody since
    /// this caller began, when it had given `answered` answers: then its connections are merely busy.
    fn unreachable(&self, problem: &str, answered: u64) -> StoreError {
        let problem = problem.trim().to_owned();
        // The operator has to do something: told by itself, whatever was told of this outage before.
        if problem.contains(pooler::SHARED) {
            self.reach.unreachable.store(true, Ordering::Relaxed);
            if !self.reach.shared.swap(true, Ordering::Relaxed) {
                error!("{}; everything waits for it", pooler::refusal());
            }
            return StoreError::Unreachable(problem);
        }
        if self.reach.silent {
            return StoreError::Unreachable(problem);
        }
        let busy = self.reach.answered.load(Ordering::Relaxed) != answered;
        if !busy && !self.reach.unreachable.swap(true, Ordering::Relaxed) {
            warn!(problem, "the database is unreachable; everything waits for it");
        }
        StoreError::Unreachable(problem)
    }
}

/// The server takes no writes any more (SQLSTATE 25006): it is a standby now, and another one does.
fn is_read_only(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))
}

/// Diesel keeps the SQLSTATE (0A000) to itself; it has names of their own for all violations of a constraint.
fn may_be_a_stale_plan(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(DatabaseErrorKind::Unknown, _))
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
struct Manager(Arc<Connector>);

impl ManageConnection for Manager {
    type Connection = Tracked;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Tracked, ConnectionError> {
        self.0.connect()
    }

    fn is_valid(&self, _: &mut Tracked) -> Result<(), ConnectionError> {
        Ok(())
    }

    fn has_broken(&self, tracked: &mut Tracked) -> bool {
        thread::panicking() || tracked.broken || tracked.conn.is_broken()
    }
}
