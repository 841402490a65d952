//! The connection that migrates: it never queues for long behind somebody's transaction, and holds a lock of its own
//! so that of several instances starting together one migrates and the others wait.
//!
//! Diesel takes no lock, and waiting for an advisory lock inside the server would deadlock with CREATE INDEX
//! CONCURRENTLY, which waits for every older snapshot. So the lock is polled. A killed holder's goes with its connection, and that of
//! a frozen one when the server ends its session.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Array, BigInt, Bool, Text};
use tracing::{info, warn};

use crate::base::backoff::Backoff;
use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::base::secret::Secret;
use crate::store::apart::Apart;
use crate::store::connection::holds_up_nobody;
use crate::store::fault::{Cause, ConnectionFault};
use crate::store::pooler;
use crate::store::{self, Store};

/// Identifies the lock among the advisory locks of a database: the bytes of "aidd", and our version of its meaning.
const LOCK: i64 = 0x6169_6464_0001;
const LOCK_POLL: Duration = Duration::from_millis(200);
/// How long another instance may migrate before this one gives up.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);
/// How long a migration may queue behind somebody's transaction: everybody else queues behind the migration.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The same, of one that can be tried again: so long does it hold up everybody else, and as long in all.
const TRY_TIMEOUT: Duration = Duration::from_millis(100);
const TRY_PAUSE: Duration = Duration::from_millis(400);

/// How long whoever migrates may be silent between two statements until the server takes it for frozen.
const SILENCE: Duration = Duration::from_secs(10);

/// The statement that keeps to `LOCK_TIMEOUT`.
pub fn lock_timeout() -> String {
    format!("SET lock_timeout TO '{}s'", failpoints::wait("lock", LOCK_TIMEOUT).as_secs_f64())
}

/// Runs what leaves nothing behind when it fails. While a lock is in its way, it is tried again and again, and queues for a
/// moment only each time; as long in all as it would queue otherwise.
pub fn tried_again<T, E>(
    conn: &mut PgConnection,
    mut run: impl FnMut(&mut PgConnection) -> Result<T, E>,
    is_locked_out: impl Fn(&E) -> bool,
) -> Result<T, E>
where
    E: From<Error>,
{
    let deadline = Instant::now() + failpoints::wait("lock", LOCK_TIMEOUT);
    let short = format!("SET lock_timeout TO '{}ms'", TRY_TIMEOUT.as_millis());
    diesel::sql_query(short).execute(conn)?;
    let mut waiting = false;
    let outcome = loop {
        match run(conn) {
            Err(error) if Instant::now() < deadline && is_locked_out(&error) => {
                if !std::mem::replace(&mut waiting, true) {
                    info!("another transaction holds a lock that the migration needs; trying again");
                }
                thread::sleep(TRY_PAUSE);
            }
            outcome => break outcome,
        }
    };
    diesel::sql_query(lock_timeout()).execute(conn)?;
    outcome
}

/// Connects beside the pool of `store`, which has this URL. The database may take until `deadline` to come up, if there is one.
/// `None`: the end was asked for while waiting.
pub fn connect<'s>(
    store: &'s Store,
    url: &Secret,
    deadline: Option<Instant>,
    stop: &CancelToken,
) -> anyhow::Result<Option<Apart<'s>>> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
    let mut waiting = false;
    let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let patience = left();
    while !stop.is_requested() {
        let fault = match store.apart() {
            Ok(conn) => return Ok(Some(conn)),
            Err(error) => ConnectionFault::of(url, &error),
        };
        if !fault.cause.may_pass() || left() == Some(Duration::ZERO) {
            return Err(out_of_reach(&fault));
        }
        if !std::mem::replace(&mut waiting, true) {
            let limit = patience.map(|patience| format!(" up to {:.0} s", patience.as_secs_f64()));
            let limit = limit.unwrap_or_default();
            warn!(problem = %fault, "the database is not there yet; waiting{limit} for it");
        }
        thread::sleep(backoff.next());
    }
    Ok(None)
}

/// Connects for an operator, who is waiting: a database that is not there is an error at once.
pub fn connect_now(url: &Secret) -> anyhow::Result<PgConnection> {
    let connected = store::connect(url);
    let mut conn = connected.map_err(|error| out_of_reach(&ConnectionFault::of(url, &error)))?;
    prepare(&mut conn)?;
    Ok(conn)
}

/// As [`connect_now`], to change what others wait for.
pub fn connect_to_change(url: &Secret) -> anyhow::Result<PgConnection> {
    let mut conn = connect_now(url)?;
    holds_up_nobody(&mut conn)?;
    Ok(conn)
}

fn out_of_reach(fault: &ConnectionFault) -> anyhow::Error {
    if fault.cause == Cause::Pooler {
        return anyhow!("{fault}: {}", pooler::REMEDY);
    }
    anyhow!("the database cannot be reached (DATABASE_URL): {fault}")
}

/// What a session needs that migrates.
pub fn prepare(conn: &mut PgConnection) -> anyhow::Result<()> {
    diesel::sql_query(lock_timeout()).execute(conn)?;
    // Limits that the role has are meant for queries; building an index and a backup may take longer.
    limit(conn, &["statement_timeout", "transaction_timeout", "idle_session_timeout"], Duration::ZERO)?;
    let encoding = store::connection::encoding(conn)?;
    if encoding != "UTF8" {
        bail!(
            "the database is encoded as {encoding} and cannot hold every message; use a database encoded as UTF8 \
             (DATABASE_URL)"
        );
    }
    Ok(())
}

/// From now on the server ends the session, and gives the lock to the next one, should this process freeze between two statements.
/// Not to be asked for before a backup, during which it is silent for as long as that takes.
pub fn ends_if_frozen(conn: &mut PgConnection) -> QueryResult<()> {
    limit(conn, &["idle_session_timeout"], failpoints::wait("frozen", SILENCE))
}

/// Sets those of these limits that the server knows: the newer ones are of PostgreSQL 14 and 17. Zero is none.
fn limit(conn: &mut PgConnection, names: &[&str], longest: Duration) -> QueryResult<()> {
    diesel::sql_query("SELECT set_config(name, $1, false) FROM pg_settings WHERE name = ANY($2)")
        .bind::<Text, _>(longest.as_millis().to_string())
        .bind::<Array<Text>, _>(names)
        .execute(conn)
        .map(drop)
}

/// Whether the server of this connection is there and takes writes.
pub fn takes_writes(conn: &mut PgConnection) -> bool {
    let asked = sql::<Bool>("current_setting('transaction_read_only') = 'off'");
    diesel::select(asked).get_result(conn).unwrap_or(false)
}

/// Does the work while nobody else migrates this database. `None`: the end was asked for while waiting.
pub fn locked<T>(
    conn: &mut PgConnection,
    stop: &CancelToken,
    work: impl FnOnce(&mut PgConnection) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    if !lock(conn, stop)? {
        return Ok(None);
    }
    let outcome = work(conn);
    // The server would notice the closed connection a little later than the next one comes.
    let _ = diesel::sql_query("SELECT pg_advisory_unlock($1)").bind::<BigInt, _>(LOCK).execute(conn);
    outcome.map(Some)
}

/// Takes the lock, waiting while another instance has it. False: the end was asked for while waiting.
fn lock(conn: &mut PgConnection, stop: &CancelToken) -> anyhow::Result<bool> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    let deadline = Instant::now() + LOCK_PATIENCE;
    let mut waiting = false;
    loop {
        let lock: Taken = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS taken")
            .bind::<BigInt, _>(LOCK)
            .get_result(conn)?;
        if lock.taken {
            return Ok(true);
        }
        if Instant::now() > deadline {
            bail!("another instance has been migrating for {} s; check it first", LOCK_PATIENCE.as_secs());
        }
        if !std::mem::replace(&mut waiting, true) {
            info!("another instance is migrating; waiting for it");
        }
        thread::sleep(LOCK_POLL);
        if stop.is_requested() {
            return Ok(false);
        }
    }
}

/// Whether a statement was given up because somebody's lock was in its way for too long.
///
/// Diesel tells no SQLSTATE, and the words are in the server's language. So another connection waits, for a moment, for the
/// lock that [`locked`] holds, and is told the same in the same words. Where that cannot be found out, it counts as one:
/// then nothing goes on.
pub fn is_lock_timeout(url: &Secret, error: &Error) -> bool {
    let Error::DatabaseError(DatabaseErrorKind::Unknown, told) = error else { return false };
    let Ok(mut other) = store::connect(url) else { return true };
    let waited = diesel::sql_query("SET lock_timeout TO '1ms'").execute(&mut other).and_then(|_| {
        diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(&mut other)
    });
    matches!(waited, Err(Error::DatabaseError(_, words)) if words.message() == told.message())
}
