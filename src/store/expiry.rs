//! Real deletion of what is older than it may become. Nothing here can be undone.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Interval, Timestamp};

use super::erase::nobody;
use super::message_id::{MessageId, among, bound, numbers};
use super::schema::{messages, model_calls, reply_parts};
use super::time::{ago, interval};
use super::{quotes, summaries};

/// Deletes up to `limit` settled parts that belong to no turn (what the bot itself said) and are older than this. Returns
/// how many.
pub fn parts_older_than(conn: &mut PgConnection, age: Duration, limit: i64) -> QueryResult<usize> {
    let old = reply_parts::table
        .filter(reply_parts::turn_id.is_null())
        .filter(reply_parts::created_at.lt(ago(age)))
        .filter(reply_parts::settled_at.is_not_null())
        .limit(limit)
        .select(reply_parts::id);
    let ids: Vec<i64> = old.load(conn)?;
    diesel::delete(reply_parts::table.filter(reply_parts::id.eq_any(ids))).execute(conn)
}

/// Takes the person out of up to `limit` calls that are older than this; what they cost stays. Returns of how many.
///
/// Person by person, by the index of theirs: the calls that have lost their person already, which are all the oldest ones, are
/// not read again and again.
pub fn callers_older_than(conn: &mut PgConnection, age: Duration, limit: i64) -> QueryResult<usize> {
    #[derive(QueryableByName)]
    struct Old {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let old: Vec<Old> = sql_query(
        "WITH RECURSIVE callers AS (
             SELECT min(user_id) AS id FROM model_calls
             UNION ALL
             SELECT (SELECT min(user_id) FROM model_calls WHERE user_id > callers.id) FROM callers
             WHERE callers.id IS NOT NULL
         )
         SELECT call.id FROM callers CROSS JOIN LATERAL (
             SELECT id FROM model_calls
             WHERE user_id = callers.id AND called_at < now() - $1
             ORDER BY called_at LIMIT $2
         ) AS call LIMIT $2",
    )
    .bind::<Interval, _>(interval(age))
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let ids: Vec<i64> = old.into_iter().map(|call| call.id).collect();
    diesel::update(model_calls::table.filter(model_calls::id.eq_any(ids))).set(nobody()).execute(conn)
}

/// The moment so many days ago, by the server's clock.
pub fn days_ago(conn: &mut PgConnection, days: u32) -> QueryResult<PgTimestamp> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    diesel::select(
        sql::<Timestamp>("LOCALTIMESTAMP - make_interval(days => ").bind::<Integer, _>(days).sql(")"),
    )
    .get_result(conn)
}

/// Whether a month begins today, by the server's clock.
pub fn is_first_of_month(conn: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>("extract(day FROM LOCALTIMESTAMP) = 1")).get_result(conn)
}

/// What became of a stretch of messages.
pub struct Stretch {
    /// So many were deleted.
    pub deleted: usize,
    /// So many were looked at.
    pub looked_at: usize,
    /// So many of them, at its end, are not old.
    pub young: usize,
    /// The highest number.
    pub last: i64,
}

/// Looks at the `limit` messages with the lowest numbers above `after`, and deletes those from before `moment`, live and
/// cleared, with their turns and reply parts. `None`: there are none left.
pub fn older_than(
    conn: &mut PgConnection,
    moment: PgTimestamp,
    after: i64,
    limit: i64,
) -> QueryResult<Option<Stretch>> {
    let stretch: Vec<(MessageId, bool)> = messages::table
        .filter(messages::id.gt(bound(after)))
        .order(messages::id)
        .limit(limit)
        .select((messages::id, messages::created_at.lt(moment)))
        .load(conn)?;
    let Some((last, _)) = stretch.last().copied() else { return Ok(None) };
    let looked_at = stretch.len();
    let young = stretch.iter().rev().take_while(|(_, old)| !old).count();
    let old = numbers(stretch.into_iter().filter_map(|(id, old)| old.then_some(id)).collect());
    let deleted = if old.is_empty() { 0 } else { delete(conn, old)? };
    Ok(Some(Stretch { deleted, looked_at, young, last: last.into() }))
}

fn delete(conn: &mut PgConnection, old: Vec<i64>) -> QueryResult<usize> {
    conn.transaction(|conn| {
        // Rows that others have locked are left for the next day.
        let ids: Vec<MessageId> = messages::table
            .filter(among("messages.id", old))
            .order(messages::id)
            .select(messages::id)
            .for_update()
            .skip_locked()
            .load(conn)?;
        let ids = numbers(ids);
        summaries::delete_about(conn, &ids)?;
        quotes::forget_sources(conn, ids.clone())?;
        diesel::delete(messages::table.filter(among("messages.id", ids))).execute(conn)
    })
}
