//! Real deletion: of a user, or of what is older than it may become. Nothing here can be undone.

use diesel::data_types::PgTimestamp;
use diesel::dsl::{count_star, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Timestamp};
use serde::Serialize;

use super::schema::{messages, reply_parts, strangers, turns, updates};

/// How many rows of a user there are, or were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Rows {
    /// In `messages`.
    pub messages: i64,
    /// In `turns`.
    pub turns: i64,
    /// In `reply_parts`.
    pub reply_parts: i64,
    /// In `updates`.
    pub updates: i64,
}

/// What [`person`] would delete.
pub fn rows_of(conn: &mut PgConnection, user_id: i64) -> QueryResult<Rows> {
    Ok(Rows {
        messages: messages::table.filter(messages::user_id.eq(user_id)).select(count_star()).first(conn)?,
        turns: turns::table.filter(turns::user_id.eq(user_id)).select(count_star()).first(conn)?,
        reply_parts: reply_parts::table
            .filter(reply_parts::user_id.eq(user_id))
            .select(count_star())
            .first(conn)?,
        updates: updates::table.filter(updates::user_id.eq(user_id)).select(count_star()).first(conn)?,
    })
}

/// Deletes everything of a user, live and cleared, in all chats. Where the user asks for it by an update, that one
/// stays, for Telegram may deliver it again, and so does what came after it and waits to be answered.
///
/// The inbox goes first. An answer in flight is stored only with its update: either it is stored before, and goes with
/// the rest, or it finds its update gone and stores nothing ([`super::finish`]).
pub fn person(conn: &mut PgConnection, user_id: i64, asking: Option<i64>) -> QueryResult<Rows> {
    let count = |rows| i64::try_from(rows).unwrap_or(i64::MAX);
    conn.transaction(|conn| {
        let asking = asking.unwrap_or(i64::MAX);
        let updates = diesel::delete(updates::table)
            .filter(updates::user_id.eq(user_id))
            .filter(updates::seq.lt(asking).or(updates::seq.gt(asking).and(updates::done_at.is_not_null())))
            .execute(conn)?;
        let parts =
            diesel::delete(reply_parts::table).filter(reply_parts::user_id.eq(user_id)).execute(conn)?;
        let turns = diesel::delete(turns::table).filter(turns::user_id.eq(user_id)).execute(conn)?;
        diesel::delete(strangers::table).filter(strangers::user_id.eq(user_id)).execute(conn)?;
        let messages = diesel::delete(messages::table).filter(messages::user_id.eq(user_id)).execute(conn)?;
        Ok(Rows {
            messages: count(messages),
            turns: count(turns),
            reply_parts: count(parts),
            updates: count(updates),
        })
    })
}

/// The moment so many days ago, by the server's clock.
pub fn days_ago(conn: &mut PgConnection, days: u32) -> QueryResult<PgTimestamp> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    diesel::select(
        sql::<Timestamp>("LOCALTIMESTAMP - make_interval(days => ").bind::<Integer, _>(days).sql(")"),
    )
    .get_result(conn)
}

/// Deletes up to `limit` messages from before `moment`, live and cleared, with their turns and reply parts: those with
/// the lowest numbers above `after`. Returns how many, and the highest number among them; `None`: there are none left.
pub fn older_than(
    conn: &mut PgConnection,
    moment: PgTimestamp,
    after: i32,
    limit: i64,
) -> QueryResult<Option<(usize, i32)>> {
    conn.transaction(|conn| {
        // what somebody is working on is left for another day: nobody waits for this
        let ids: Vec<i32> = messages::table
            .filter(messages::id.gt(after).and(messages::created_at.lt(moment)))
            .order(messages::id)
            .limit(limit)
            .select(messages::id)
            .for_update()
            .skip_locked()
            .load(conn)?;
        let Some(last) = ids.last().copied() else { return Ok(None) };
        let deleted = diesel::delete(messages::table.filter(messages::id.eq_any(ids))).execute(conn)?;
        Ok(Some((deleted, last)))
    })
}
