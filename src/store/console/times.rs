//! When messages were said and cleared, in UTC: `messages` keeps the local time of the server.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

/// When a message was said, and when it was cleared, to the second.
#[derive(QueryableByName, Clone, Default, Debug)]
pub struct Times {
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// When it was said.
    #[diesel(sql_type = Text)]
    pub at: String,
    /// When it was cleared.
    #[diesel(sql_type = Nullable<Text>)]
    pub cleared: Option<String>,
}

/// A column of local time, as people read it in UTC, in this form of `to_char`.
pub(super) fn utc(column: &str, form: &str) -> String {
    format!("to_char({column}::timestamptz AT TIME ZONE 'UTC', '{form}')")
}

/// To the second.
pub(super) const SECONDS: &str = "YYYY-MM-DD HH24:MI:SS";

/// Of these messages, by their numbers.
pub fn of(conn: &mut PgConnection, ids: &[i64]) -> QueryResult<HashMap<i64, Times>> {
    let query = diesel::sql_query(format!(
        "SELECT id::bigint AS id, {} AS at, {} AS cleared FROM messages WHERE id = ANY($1)",
        utc("created_at", SECONDS),
        utc("deleted_at", SECONDS)
    ));
    let rows: Vec<Times> = query.bind::<Array<BigInt>, _>(ids).load(conn)?;
    Ok(rows.into_iter().map(|times| (times.id, times)).collect())
}
