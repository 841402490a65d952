//! What the console asks the database, a file for each of its pages. Its statements end after a few seconds by themselves
//! ([`super::Store::bounded`]), and are made so that none of them reads a large table as a whole.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;

pub mod costs;
pub mod overview;
pub mod now;
pub mod dialogue;
pub mod dialogues;
pub mod people;
pub mod sessions;
pub mod times;
pub mod turn;
pub mod clearings;

/// Asks along the indexes, in their order, as far as a LIMIT goes. Of a person who wrote much PostgreSQL expects less than there is, and
/// would collect all of it first. What is off counts as very dear, which is no reason to compile the statement.
pub(super) fn by_indexes<T>(
    conn: &mut PgConnection,
    ask: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    conn.transaction(|conn| {
        conn.batch_execute(
            "SET LOCAL enable_seqscan TO off; SET LOCAL enable_bitmapscan TO off; SET LOCAL enable_sort TO off; SET LOCAL jit TO off",
        )?;
        ask(conn)
    })
}
