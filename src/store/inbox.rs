//! The inbox: updates from the moment they are received until they are answered.
//!
//! Poll writes, workers read. An update is done only by [`super::finish`].

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use super::moved::{Moved, move_chat};
use super::prepared::prepared;
use super::schema::{reply_parts, updates};
use super::{Lane, ago, clock_timestamp, from_now, seconds_to_wait, wait};

/// How long a finished update blocks a repetition of its id. Telegram keeps updates for 24 hours; after a quiet
/// week it starts its ids anew at random (Bot API, Update), so an id cannot be blocked for ever.
const TOMBSTONE_LIFE: Duration = Duration::from_secs(48 * 3600);

/// An update as poll received it.
#[derive(Insertable)]
#[diesel(table_name = updates)]
pub struct Received {
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Telegram id of the person.
    pub user_id: i64,
    /// Kind, as Telegram names it.
    pub kind: &'static str,
    /// Id of the message in it.
    pub message_id: i64,
    /// The update's own JSON.
    pub payload: String,
}

impl Received {
    /// The lane it belongs to.
    pub fn lane(&self) -> Lane {
        Lane { bot_id: self.bot_id, chat_id: self.chat_id, user_id: self.user_id }
    }
}

/// The update a lane has to answer next.
pub struct Waiting {
    /// Its place in the order.
    pub seq: i64,
    /// Its own JSON.
    pub payload: String,
    /// Attempts that ended in a crash.
    pub attempts: i32,
    /// Model calls that were put off.
    pub retries: i32,
    /// How long it has to be left alone still.
    pub wait: Option<Duration>,
    /// No other update of the lane was waiting behind it.
    pub last: bool,
}

/// Stores a batch, moves the chats that moved, and returns how many rows did. The moves come last: what the batch still
/// brings under an old id is part of them, and its place is before what comes under the new one.
pub fn take_in(conn: &mut PgConnection, batch: &[Received], moved: &[Moved]) -> QueryResult<usize> {
    if moved.is_empty() {
        return ingest(conn, batch).map(|_| 0);
    }
    conn.transaction(|conn| {
        if !batch.is_empty() {
            ingest(conn, batch)?;
        }
        moved.iter().map(|moved| move_chat(conn, *moved)).sum()
    })
}

/// Stores a batch in one statement and returns how many updates of it are new. What is known already (Telegram repeats
/// what it did not see confirmed) is left as it is, unless it was finished so long ago that its id must belong to
/// another message by now.
pub fn ingest(conn: &mut PgConnection, batch: &[Received]) -> QueryResult<usize> {
    let upsert = diesel::insert_into(updates::table)
        .values(batch)
        .on_conflict((updates::bot_id, updates::update_id))
        .do_update()
        .set((
            updates::seq.eq(sql::<BigInt>("nextval(pg_get_serial_sequence('updates', 'seq'))")),
            updates::chat_id.eq(excluded(updates::chat_id)),
            updates::user_id.eq(excluded(updates::user_id)),
            updates::kind.eq(excluded(updates::kind)),
            updates::message_id.eq(excluded(updates::message_id)),
            updates::payload.eq(excluded(updates::payload)),
            updates::received_at.eq(clock_timestamp()),
            updates::attempts.eq(0),
            updates::retries.eq(0),
            updates::not_before.eq(None::<PgTimestamp>),
            updates::done_at.eq(None::<PgTimestamp>),
            updates::turn_id.eq(None::<i64>),
        ));
    methods::FilterDsl::filter(upsert, updates::done_at.lt(ago(TOMBSTONE_LIFE).nullable())).execute(conn)
}

/// The update that `lane` has to answer next.
pub fn oldest(conn: &mut PgConnection, lane: Lane) -> QueryResult<Option<Waiting>> {
    type Row = (i64, Option<String>, i32, i32, Option<f64>);
    let oldest = updates::table
        .filter(updates::bot_id.eq(lane.bot_id))
        .filter(updates::chat_id.eq(lane.chat_id))
        .filter(updates::user_id.eq(lane.user_id))
        .filter(updates::done_at.is_null())
        .order(updates::seq)
        .select((updates::seq, updates::payload, updates::attempts, updates::retries, seconds_to_wait()))
        // the second one only tells that there is one
        .limit(2);
    let rows: Vec<Row> = prepared(oldest).load(conn)?;
    let last = rows.len() < 2;
    let waiting = |(seq, payload, attempts, retries, seconds): Row| Waiting {
        seq,
        payload: payload.unwrap_or_default(),
        attempts,
        retries,
        wait: wait(seconds),
        last,
    };
    Ok(rows.into_iter().next().map(waiting))
}

/// Every lane of the bot that has something to answer or to send, the longest waiting first: the schedule that a
/// boot begins with.
pub fn waiting_lanes(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Lane>> {
    use diesel::dsl::min;
    let unsent = reply_parts::table
        .filter(reply_parts::bot_id.eq(bot_id).and(reply_parts::state.eq("unsent")))
        .group_by((reply_parts::bot_id, reply_parts::chat_id, reply_parts::user_id))
        .order(min(reply_parts::id))
        .select((reply_parts::bot_id, reply_parts::chat_id, reply_parts::user_id))
        .load::<Lane>(conn)?;
    let unanswered = updates::table
        .filter(updates::bot_id.eq(bot_id).and(updates::done_at.is_null()))
        .group_by((updates::bot_id, updates::chat_id, updates::user_id))
        .order(min(updates::seq))
        .select((updates::bot_id, updates::chat_id, updates::user_id))
        .load::<Lane>(conn)?;
    Ok(unsent.into_iter().chain(unanswered).collect())
}

/// The newest update in the inbox: what is not newer was there before this boot, and may be why the last one ended.
pub fn newest(conn: &mut PgConnection) -> QueryResult<i64> {
    updates::table
        .select(diesel::dsl::max(updates::seq))
        .first::<Option<i64>>(conn)
        .map(Option::unwrap_or_default)
}

/// Records that `attempts` to answer the update have ended in a crash. An absolute number: a repetition counts once.
pub fn set_attempts(conn: &mut PgConnection, seq: i64, attempts: i32) -> QueryResult<usize> {
    diesel::update(updates::table.find(seq)).set(updates::attempts.eq(attempts)).execute(conn)
}

/// Puts the model call for the update off by `wait`, after `retries` of them in all.
pub fn put_off(conn: &mut PgConnection, seq: i64, retries: i32, wait: Duration) -> QueryResult<usize> {
    diesel::update(updates::table.find(seq))
        .set((updates::retries.eq(retries), updates::not_before.eq(from_now(wait))))
        .execute(conn)
}

/// Whether this update of the lane's person is remembered as done, for no longer than `within`.
pub fn done_lately(conn: &mut PgConnection, lane: Lane, seq: i64, within: Duration) -> QueryResult<bool> {
    let done = updates::table
        .find(seq)
        .filter(updates::bot_id.eq(lane.bot_id).and(updates::user_id.eq(lane.user_id)))
        .filter(updates::done_at.gt(ago(within).nullable()));
    diesel::select(diesel::dsl::exists(done)).get_result(conn)
}

/// Deletes up to `limit` tombstones whose time is over and returns how many.
pub fn sweep(conn: &mut PgConnection, limit: i64) -> QueryResult<usize> {
    conn.transaction(|conn| {
        let over: Vec<i64> = updates::table
            .filter(updates::done_at.lt(ago(TOMBSTONE_LIFE).nullable()))
            .order(updates::seq)
            .limit(limit)
            .select(updates::seq)
            .for_update()
            .skip_locked()
            .load(conn)?;
        diesel::delete(updates::table.filter(updates::seq.eq_any(over))).execute(conn)
    })
}
