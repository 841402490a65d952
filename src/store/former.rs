//! What is left of a bot that works here no more: its token was replaced by that of another bot. Its updates wait for nobody
//! and hold what people wrote; its messages cannot be sent by anybody else.

use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use serde::Serialize;

use super::outbox;
use super::schema::updates;

/// What waits of one bot.
#[derive(Clone, PartialEq, Eq, Debug, QueryableByName, Serialize)]
pub struct Left {
    /// Telegram id of the bot.
    #[diesel(sql_type = BigInt)]
    pub bot_id: i64,
    /// Updates that are not answered.
    #[diesel(sql_type = BigInt)]
    pub updates: i64,
    /// Messages that are not sent.
    #[diesel(sql_type = BigInt)]
    pub reply_parts: i64,
    /// When the oldest of them came, to the minute, in UTC.
    #[diesel(sql_type = Text)]
    pub since: String,
}

/// What waits of every bot, by its id.
pub fn waiting(conn: &mut PgConnection) -> QueryResult<Vec<Left>> {
    diesel::sql_query(
        r#"SELECT bot_id, sum(updates)::bigint AS updates, sum(parts)::bigint AS reply_parts,
                to_char(min(since) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS since
         FROM (SELECT bot_id, count(*) AS updates, 0 AS parts, min(received_at) AS since
               FROM updates WHERE done_at IS NULL GROUP BY bot_id
               UNION ALL
               SELECT bot_id, 0, count(*), min(created_at)
               FROM reply_parts WHERE state = 'unsent' GROUP BY bot_id) AS waiting
         GROUP BY bot_id ORDER BY bot_id"#,
    )
    .load(conn)
}

/// Whether an instance of this bot leads at this moment, by the clock of the server.
pub fn is_at_work(conn: &mut PgConnection, bot_id: i64) -> QueryResult<bool> {
    let leads = sql::<Bool>("EXISTS (SELECT FROM leases WHERE until >= clock_timestamp() AND bot_id = ");
    diesel::select(leads.bind::<BigInt, _>(bot_id).sql(")")).get_result(conn)
}

/// Deletes the updates that wait, and gives the unsent messages up. Returns how many of each.
pub fn discard(conn: &mut PgConnection, bot_id: i64) -> QueryResult<(usize, usize)> {
    conn.transaction(|conn| {
        let waiting = updates::table.filter(updates::bot_id.eq(bot_id)).filter(updates::done_at.is_null());
        Ok((diesel::delete(waiting).execute(conn)?, outbox::abandon_bot(conn, bot_id)?))
    })
}
