//! What a takeover of the predecessor's database would do, found out by doing it in a transaction that is rolled back.
//!
//! The predecessor may be at work meanwhile. No lock is waited for longer than a second, none that keeps him from writing
//! is held for longer than a few, and the indexes of `messages` are not built. Nothing here reads out a message.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Text};

use super::migrate::script::Refused;
use super::migrate::state::{State, Status};

pub mod rows;

/// How long the rehearsal may take a statement, while the predecessor waits.
const LIMITS: &str = "SET LOCAL lock_timeout TO '1s'; SET LOCAL statement_timeout TO '5s'";
/// `messages` is read again under the rehearsal's locks only if it took no longer than this to read.
const QUICK: Duration = Duration::from_secs(1);

/// The rows of `messages` in one number.
#[derive(Clone, PartialEq, Eq, QueryableByName)]
pub struct Checksum {
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    /// What they hold.
    #[diesel(sql_type = Text)]
    pub sum: String,
}

/// What came of a rehearsal.
pub struct Rehearsal {
    /// The rows before it.
    pub before: Checksum,
    /// The rows under it; none where they are too many to be read while the predecessor waits.
    pub after: Option<Checksum>,
    /// How many rows of `messages` it wrote, by PostgreSQL's own count.
    pub written: i64,
    /// How many migrations ran.
    pub migrations: usize,
    /// How many indexes of `messages` the takeover builds or drops beside everybody's work, and that were left out.
    pub left_out: usize,
}

/// Why a rehearsal did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A query of the rehearsal itself.
    #[error(transparent)]
    Query(#[from] Error),
    /// A migration that PostgreSQL refuses.
    #[error("migration {0} would fail: {1}")]
    Migration(&'static str, Box<Refused>),
}

/// Runs what is pending, looks at `messages`, and rolls all of it back.
pub fn rehearse(conn: &mut PgConnection, state: &State) -> Result<Rehearsal, Failure> {
    let mut rehearsal = None;
    let ended = conn.build_transaction().repeatable_read().run(|conn| {
        let columns = columns(conn)?;
        let begun = Instant::now();
        let before = checksum(conn, &columns)?;
        let is_quick = begun.elapsed() <= QUICK;
        conn.batch_execute(LIMITS)?;
        rehearsal = Some(run(conn, state, before, is_quick.then_some(&columns))?);
        Err::<(), Failure>(Error::RollbackTransaction.into())
    });
    match (rehearsal, ended) {
        (Some(rehearsal), Err(Failure::Query(Error::RollbackTransaction))) => Ok(rehearsal),
        (_, Err(failure)) => Err(failure),
        (_, Ok(())) => Err(Error::NotFound.into()),
    }
}

fn run(
    conn: &mut PgConnection,
    state: &State,
    before: Checksum,
    columns: Option<&String>,
) -> Result<Rehearsal, Failure> {
    let pending = state.entries.iter().filter(|entry| entry.status == Status::Pending);
    let (now, beside): (Vec<_>, Vec<_>) =
        pending.map(|entry| entry.migration).partition(|migration| migration.is_transactional());
    for migration in &now {
        migration.up.run(conn).map_err(|refused| Failure::Migration(migration.name, Box::new(refused)))?;
    }
    let after = columns.map(|columns| checksum(conn, columns)).transpose()?;
    Ok(Rehearsal { before, after, written: written(conn)?, migrations: now.len(), left_out: beside.len() })
}

/// The columns of `messages` as they are now: what a migration adds is nothing that was there.
fn columns(conn: &mut PgConnection) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Columns {
        #[diesel(sql_type = Text)]
        columns: String,
    }
    diesel::sql_query(
        "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '') AS columns
         FROM pg_attribute WHERE attrelid = to_regclass('messages') AND attnum > 0 AND NOT attisdropped",
    )
    .get_result(conn)
    .map(|Columns { columns }| columns)
}

fn checksum(conn: &mut PgConnection, columns: &str) -> QueryResult<Checksum> {
    // The names come quoted from the catalogs.
    diesel::sql_query(format!(
        "SELECT count(*) AS rows, coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0)::text AS sum
         FROM messages"
    ))
    .get_result(conn)
}

fn written(conn: &mut PgConnection) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Written {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    diesel::sql_query(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint AS rows
         FROM pg_stat_xact_user_tables WHERE relid = to_regclass('messages')",
    )
    .get_result(conn)
    .map(|Written { rows }| rows)
}
