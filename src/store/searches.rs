//! What people search for with /find, as long as its pages can be turned.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Interval, Nullable, Timestamp};

use super::message_id::{MessageId, among};
use super::schema::{messages, searches};
use super::time::interval;
use crate::domain::lane::Lane;

/// How long pages can be turned.
const LIFE: Duration = Duration::from_secs(48 * 3600);

/// Keeps a search, and returns its number and its moment.
pub fn keep(conn: &mut PgConnection, lane: Lane, words: &str) -> QueryResult<(i64, PgTimestamp)> {
    diesel::insert_into(searches::table)
        .values((
            searches::bot_id.eq(lane.bot_id),
            searches::user_id.eq(lane.user_id),
            searches::words.eq(words),
        ))
        .returning((searches::id, searches::searched_at))
        .get_result(conn)
}

/// What the person searched for, and when. `None`: that is too long ago.
pub fn find(conn: &mut PgConnection, lane: Lane, id: i64) -> QueryResult<Option<(String, PgTimestamp)>> {
    searches::table
        .filter(searches::id.eq(id))
        .filter(searches::bot_id.eq(lane.bot_id).and(searches::user_id.eq(lane.user_id)))
        .select((searches::words, searches::searched_at))
        .first(conn)
        .optional()
}

/// Deletes those whose pages cannot be turned any more.
pub fn sweep(conn: &mut PgConnection) -> QueryResult<usize> {
    let old = sql::<Timestamp>("LOCALTIMESTAMP - ").bind::<Interval, _>(interval(LIFE));
    diesel::delete(searches::table.filter(searches::searched_at.lt(old))).execute(conn)
}

/// The person searched for nothing.
pub(super) fn forget(conn: &mut PgConnection, person: i64) -> QueryResult<usize> {
    diesel::delete(searches::table.filter(searches::user_id.eq(person))).execute(conn)
}

/// Telegram's ids of these messages, where they are known: of a question that of its first message, of an answer that of its
/// first part.
pub fn telegram_ids(conn: &mut PgConnection, ids: Vec<i64>) -> QueryResult<Vec<(i64, Option<i64>)>> {
    let telegram_id = sql::<Nullable<BigInt>>(
        "CASE WHEN messages.role = 'user' \
         THEN (SELECT message_ids[1] FROM turns WHERE question_id = messages.id ORDER BY turns.id DESC LIMIT 1) \
         ELSE (SELECT reply_parts.message_id FROM turns JOIN reply_parts ON reply_parts.turn_id = turns.id \
               WHERE answer_id = messages.id AND reply_parts.message_id IS NOT NULL ORDER BY reply_parts.position LIMIT 1) END",
    );
    let rows: Vec<(MessageId, Option<i64>)> =
        messages::table.filter(among("messages.id", ids)).select((messages::id, telegram_id)).load(conn)?;
    Ok(rows.into_iter().map(|(id, telegram_id)| (id.into(), telegram_id)).collect())
}
