//! Which server the pool is connected to, and whether it is still the one that this process has read from.
//!
//! After a failover to a standby that was behind, or a restore, the server hands out numbers (`updates.seq` and the like)
//! that this process has seen before, for other rows. What was read from one server is therefore never written to
//! another: each connection belongs to a *generation*, and a new generation begins when a connection meets another
//! server than the one before it.

use std::cell::Cell;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use tracing::{debug, error};

use super::probe::{Probe, Reply};
use crate::metrics;

/// The timeline of the control file is that of the last checkpoint: for some seconds after a promotion it is the old one. The
/// name of the current WAL file begins with the true one, but a standby does not tell it.
const IDENTITY: &str = "
    SELECT (SELECT system_identifier FROM pg_control_system()) AS system,
           (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
           CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
           END AS timeline";

/// A server and the state of its data, as PostgreSQL tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, QueryableByName)]
pub(super) struct Identity {
    /// Given by initdb (`pg_control_system`); a copy of the data folder keeps it.
    #[diesel(sql_type = BigInt)]
    system: i64,
    /// The database within it: one that was dropped and restored from a dump has another number.
    #[diesel(sql_type = BigInt)]
    database: i64,
    /// Counts promotions and recoveries to a point in time (PostgreSQL manual, Timelines).
    #[diesel(sql_type = Integer)]
    timeline: i32,
}

impl Identity {
    /// Asks for it.
    pub(super) fn of(conn: &mut PgConnection) -> QueryResult<Self> {
        diesel::sql_query(IDENTITY).get_result(conn)
    }

    /// The same, asked over a connection that waits no longer than it may.
    pub(super) fn asked(probe: &mut Probe) -> Option<Self> {
        let said =
            probe.ask(&format!("SELECT system || ' ' || database || ' ' || timeline FROM ({IDENTITY}) i"));
        let Reply::Value(said) = said else { return None };
        let mut numbers = said.split(' ');
        Some(Self {
            system: numbers.next()?.parse().ok()?,
            database: numbers.next()?.parse().ok()?,
            timeline: numbers.next()?.parse().ok()?,
        })
    }

    /// Of two servers with the same data, whether this one has been promoted since.
    pub(super) fn is_ahead_of(self, other: Self) -> bool {
        other.is_behind(self)
    }

    /// The same data, from before a promotion that this process has already seen.
    fn is_behind(self, known: Self) -> bool {
        (self.system, self.database) == (known.system, known.database) && self.timeline < known.timeline
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "system {}, database {}, timeline {}", self.system, self.database, self.timeline)
    }
}

/// How often the server has changed since this process started.
pub(super) type Generation = i64;

/// What is told when the server has changed: the generation that is over.
type Listener = Box<dyn Fn(Generation) + Send + Sync>;

/// The servers that the pool has met.
#[derive(Default)]
pub(super) struct Servers {
    known: Mutex<Known>,
    /// Somebody else tells of changes.
    pub(super) silent: bool,
    listener: OnceLock<Listener>,
}

#[derive(Default)]
struct Known {
    identity: Option<Identity>,
    generation: Generation,
}

impl Servers {
    /// The generation of a new connection. An error names a server that must not be written to: it has been replaced.
    pub(super) fn meet(&self, identity: &QueryResult<Identity>) -> Result<Generation, String> {
        let met = match identity {
            Ok(met) => *met,
            // A role or a service that may not ask: rows are still matched by everything that names them.
            Err(problem) => {
                debug!("the identity of the database server is unknown: {problem}");
                return Ok(self.generation());
            }
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = known.identity.replace(met).filter(|before| *before != met) else {
            return Ok(known.generation);
        };
        if met.is_behind(before) {
            known.identity = Some(before);
            return Err(format!(
                "this server ({met}) was replaced by another one ({before}); it is not used"
            ));
        }
        let over = known.generation;
        known.generation += 1;
        drop(known);
        if !self.silent {
            metrics::server_changed();
            error!(
                "the database is on another server now, or was restored ({before}; now {met}); work in memory is \
                 dropped and read again"
            );
        }
        if let Some(listener) = self.listener.get() {
            listener(over);
        }
        Ok(over + 1)
    }

    /// The same server, known to somebody else.
    pub(super) fn as_met(&self) -> Self {
        let identity = self.known.lock().unwrap_or_else(PoisonError::into_inner).identity;
        Self { known: Mutex::new(Known { identity, generation: 0 }), ..Self::default() }
    }

    /// Whether no server was met yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).identity.is_none()
    }

    pub(super) fn generation(&self) -> Generation {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// The only listener; a second one is ignored.
    pub(super) fn on_change(&self, listener: Listener) {
        let _ = self.listener.set(listener);
    }
}

/// What the queries of a thread are bound to.
#[derive(Clone, Copy)]
enum Binding {
    None,
    /// To the server that the first query meets.
    First,
    To(Generation),
}

thread_local! {
    static BINDING: Cell<Binding> = const { Cell::new(Binding::None) };
}

/// Whether a query of this thread may go to a server of this generation.
pub(super) fn admits(generation: Generation) -> bool {
    match BINDING.get() {
        Binding::None => true,
        Binding::First => {
            BINDING.set(Binding::To(generation));
            true
        }
        Binding::To(bound) => bound == generation,
    }
}

/// Runs `work` with its queries bound to one server.
pub(super) fn bound<T>(work: impl FnOnce() -> T) -> T {
    within(Binding::First, work)
}

/// Runs `work` with its queries free to meet any server.
pub(super) fn unbound<T>(work: impl FnOnce() -> T) -> T {
    within(Binding::None, work)
}

fn within<T>(binding: Binding, work: impl FnOnce() -> T) -> T {
    /// Puts the binding back, also when `work` panics.
    struct Before(Binding);
    impl Drop for Before {
        fn drop(&mut self) {
            BINDING.set(self.0);
        }
    }
    let _before = Before(BINDING.replace(binding));
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_bound_to_the_server_that_its_first_query_meets() {
        assert!(admits(3));
        bound(|| {
            assert!(admits(3));
            assert!(admits(3) && !admits(4));
            unbound(|| assert!(admits(4) && admits(5)));
            assert!(!admits(4));
        });
        assert!(admits(4));
    }

    #[test]
    fn only_the_same_data_on_an_older_timeline_is_behind() {
        let known = Identity { system: 1, database: 2, timeline: 3 };
        assert!(Identity { timeline: 2, ..known }.is_behind(known));
        assert!(!known.is_behind(known));
        assert!(!Identity { timeline: 4, ..known }.is_behind(known));
        assert!(!Identity { system: 9, timeline: 1, ..known }.is_behind(known));
        assert!(!Identity { database: 9, timeline: 1, ..known }.is_behind(known));
    }
}
