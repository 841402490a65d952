//! The inbox: updates from the moment they are received until they are answered.
//!
//! Poll writes, workers read. An update is done only by [`super::finish`].

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, min, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_types::{BigInt, Double, Nullable};
use diesel::upsert::excluded;

use super::moved::move_chat;
use super::outbox;
use super::prepared::prepared;
use super::schema::{reply_parts, updates};
use super::time::{ago, clock_timestamp, from_now, seconds_to_wait, wait};
use crate::domain::address::Address;
use crate::domain::lane::{Lane, Moved};
use crate::domain::update::{EDITED_MESSAGE, Key, MESSAGE, draft_id};

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
    /// Id of the message in it, if there is one.
    pub message_id: Option<i64>,
    /// The update's own JSON.
    pub payload: String,
}

impl Received {
    /// The lane it belongs to.
    pub fn lane(&self) -> Lane {
        Lane { bot_id: self.bot_id, chat_id: self.chat_id, user_id: self.user_id }
    }
}

/// What poll takes in at once.
#[derive(Default)]
pub struct Batch {
    /// What asks for an answer.
    pub received: Vec<Received>,
    /// What some of them do to what waits, in their order.
    pub changes: Vec<Change>,
    /// Chats that have another id from now on.
    pub moved: Vec<Moved>,
}

/// What an update of the batch does to what waits.
pub enum Change {
    /// It stops it.
    Stop(Stopping),
    /// It says something else.
    Edit(Edit),
}

/// An update of the batch by which a person stops what came before it.
pub struct Stopping {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// The draft whose button was pressed: then its answer alone is meant, else everything that waits.
    pub draft_id: Option<i64>,
}

/// An update of the batch by which a person changes a message.
pub struct Edit {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Telegram's id of the message.
    pub message_id: i64,
    /// The update's own JSON: the message as it is now.
    pub payload: String,
}

impl Waiting {
    /// What names it.
    pub fn key(&self, lane: Lane) -> Key {
        self.address(lane).key()
    }

    /// Where a reply to it goes, as far as the inbox knows.
    pub fn address(&self, lane: Lane) -> Address {
        let &Self { seq: update_seq, update_id, .. } = self;
        Address { lane, update_seq, update_id, thread_id: None, reply_to: None }
    }
}

/// What a batch changed about updates that were there already.
#[derive(Default)]
pub struct Changed {
    /// How many rows moved to another chat.
    pub moved: usize,
    /// Lanes in which updates up to this one are stopped.
    pub stopped: Vec<(Lane, i64)>,
    /// Waiting updates whose message was changed.
    pub edited: Vec<Edited>,
}

/// A waiting update whose message was changed.
pub struct Edited {
    /// Its lane.
    pub lane: Lane,
    /// Its place in the order.
    pub seq: i64,
    /// What it was before.
    pub before: String,
    /// What it is now.
    pub now: String,
}

/// An update that waits to be answered.
pub struct Waiting {
    /// Its place in the order.
    pub seq: i64,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Kind, as Telegram named it.
    pub kind: String,
    /// The JSON of it, or of the last change of its message.
    pub payload: String,
    /// Attempts that ended in a crash.
    pub attempts: i32,
    /// Model calls that were put off.
    pub retries: i32,
    /// Its person stopped it.
    pub stopped: bool,
    /// How long it has to be left alone still.
    pub wait: Option<Duration>,
    /// How long it has been here.
    pub age: Duration,
    /// No other update of the lane was waiting behind it.
    pub last: bool,
    /// Something of the lane has to be sent before it.
    pub behind_unsent: bool,
}

/// Stores a batch and what follows from it for what is there already. The moves come last: what the batch still brings
/// under an old id is part of them, and its place is before what comes under the new one.
pub fn take_in(conn: &mut PgConnection, batch: &Batch) -> QueryResult<Changed> {
    let Batch { received, changes, moved } = batch;
    if changes.is_empty() && moved.is_empty() {
        return ingest(conn, received).map(|_| Changed::default());
    }
    conn.transaction(|conn| {
        if !received.is_empty() {
            ingest(conn, received)?;
        }
        let bot_id = received.first().map_or(0, |received| received.bot_id);
        let mut changed = Changed::default();
        for change in changes {
            match change {
                Change::Edit(edit) => changed.edited.extend(replace(conn, bot_id, edit)?),
                Change::Stop(stopping) => changed.stopped.extend(stop(conn, bot_id, stopping)?),
            }
        }
        for moved in moved {
            changed.moved += move_chat(conn, *moved)?;
        }
        Ok(changed)
    })
}

/// Puts the changed message in the place of what waits of it: the message itself, and earlier changes of it. What came
/// later is newer, also when the change is delivered again; what was stopped is done with.
fn replace(conn: &mut PgConnection, bot_id: i64, edit: &Edit) -> QueryResult<Vec<Edited>> {
    let Some((seq, lane)) = waiting_place(conn, bot_id, edit.update_id)? else { return Ok(Vec::new()) };
    let before: Vec<(i64, Option<String>)> = waiting(lane)
        .filter(updates::kind.eq_any([MESSAGE, EDITED_MESSAGE]))
        .filter(updates::message_id.eq(edit.message_id).and(updates::seq.lt(seq)))
        .filter(updates::stopped_at.is_null())
        .select((updates::seq, updates::payload))
        .for_update()
        .load(conn)?;
    let seqs = before.iter().map(|(seq, _)| *seq);
    diesel::update(updates::table.filter(updates::seq.eq_any(seqs)))
        .set(updates::payload.eq(&edit.payload))
        .execute(conn)?;
    let edited = |(seq, before): (i64, Option<String>)| Edited {
        lane,
        seq,
        before: before.unwrap_or_default(),
        now: edit.payload.clone(),
    };
    Ok(before.into_iter().map(edited).collect())
}

/// Place and lane of an update by Telegram's number, as long as it waits.
fn waiting_place(conn: &mut PgConnection, bot_id: i64, update_id: i64) -> QueryResult<Option<(i64, Lane)>> {
    updates::table
        .filter(updates::bot_id.eq(bot_id).and(updates::update_id.eq(update_id)))
        .filter(updates::done_at.is_null())
        .select((updates::seq, (updates::bot_id, updates::chat_id, updates::user_id)))
        .first(conn)
        .optional()
}

/// Marks what a person stops, and returns up to which update of which lane. What a stop is about is what came before it,
/// so a stop that is delivered again stops nothing new.
fn stop(conn: &mut PgConnection, bot_id: i64, stop: &Stopping) -> QueryResult<Option<(Lane, i64)>> {
    let Some((seq, lane)) = waiting_place(conn, bot_id, stop.update_id)? else { return Ok(None) };
    let up_to = match stop.draft_id {
        None => seq - 1,
        // only the oldest has a draft; one of an answer that is finished means nothing any more
        Some(shown) => {
            let oldest: Option<i64> = waiting(lane).select(min(updates::seq)).first(conn)?;
            let Some(oldest) = oldest.filter(|seq| i64::from(draft_id(*seq)) == shown) else {
                return Ok(None);
            };
            oldest
        }
    };
    diesel::update(waiting(lane).filter(updates::seq.le(up_to)))
        .set(updates::stopped_at.eq(clock_timestamp().nullable()))
        .execute(conn)?;
    if stop.draft_id.is_none() {
        outbox::abandon_answers(conn, lane)?;
    }
    Ok(Some((lane, up_to)))
}

/// The row of an update.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn row(key: Key) -> _ {
    let seq: i64 = key.seq;
    let bot_id: i64 = key.bot_id;
    let update_id: i64 = key.update_id;
    let user_id: i64 = key.user_id;
    updates::table
        .filter(updates::seq.eq(seq))
        .filter(updates::bot_id.eq(bot_id))
        .filter(updates::update_id.eq(update_id))
        .filter(updates::user_id.eq(user_id))
}

/// What the lane has to answer.
#[diesel::dsl::auto_type(no_type_alias)]
fn waiting(lane: Lane) -> _ {
    let bot_id: i64 = lane.bot_id;
    let chat_id: i64 = lane.chat_id;
    let user_id: i64 = lane.user_id;
    updates::table
        .filter(updates::bot_id.eq(bot_id))
        .filter(updates::chat_id.eq(chat_id))
        .filter(updates::user_id.eq(user_id))
        .filter(updates::done_at.is_null())
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
            updates::stopped_at.eq(None::<PgTimestamp>),
        ));
    methods::FilterDsl::filter(upsert, updates::done_at.lt(ago(TOMBSTONE_LIFE).nullable())).execute(conn)
}

/// The update that `lane` has to answer next.
pub fn oldest(conn: &mut PgConnection, lane: Lane) -> QueryResult<Option<Waiting>> {
    let columns = (columns(), exists(outbox::waiting(lane)));
    // the second one only tells that there is one
    let rows: Vec<(Row, bool)> =
        prepared(waiting(lane).order(updates::seq).select(columns).limit(2)).load(conn)?;
    let last = rows.len() < 2;
    let oldest = rows.into_iter().next();
    Ok(oldest.map(|(row, behind_unsent)| Waiting { last, behind_unsent, ..row.into() }))
}

/// What `lane` has to answer after the update `seq`, the first `limit` of it.
pub fn following(conn: &mut PgConnection, lane: Lane, seq: i64, limit: usize) -> QueryResult<Vec<Waiting>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<Row> = waiting(lane)
        .filter(updates::seq.gt(seq))
        .order(updates::seq)
        .select(columns())
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(Waiting::from).collect())
}

/// Whether its person stopped the update.
pub fn is_stopped(conn: &mut PgConnection, key: Key) -> QueryResult<bool> {
    let stopped = row(key).select(updates::stopped_at.is_not_null()).first(conn);
    stopped.optional().map(Option::unwrap_or_default)
}

/// What [`columns`] selects.
#[derive(Queryable)]
struct Row {
    seq: i64,
    update_id: i64,
    kind: String,
    payload: Option<String>,
    attempts: i32,
    retries: i32,
    stopped_at: Option<PgTimestamp>,
    seconds_to_wait: Option<f64>,
    age_in_seconds: f64,
}

impl From<Row> for Waiting {
    fn from(row: Row) -> Self {
        Self {
            seq: row.seq,
            update_id: row.update_id,
            kind: row.kind,
            payload: row.payload.unwrap_or_default(),
            attempts: row.attempts,
            retries: row.retries,
            stopped: row.stopped_at.is_some(),
            wait: wait(row.seconds_to_wait),
            age: wait(Some(row.age_in_seconds)).unwrap_or_default(),
            last: false,
            behind_unsent: false,
        }
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    let seconds: SqlLiteral<Nullable<Double>> = seconds_to_wait();
    let age: SqlLiteral<Double> = sql("extract(epoch FROM clock_timestamp() - received_at)::float8");
    (
        updates::seq,
        updates::update_id,
        updates::kind,
        updates::payload,
        updates::attempts,
        updates::retries,
        updates::stopped_at,
        seconds,
        age,
    )
}

/// Every lane of the bot that has something to answer or to send, the longest waiting first: the schedule that a
/// boot begins with.
pub fn waiting_lanes(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Lane>> {
    let unsent = reply_parts::table
        .filter(reply_parts::bot_id.eq(bot_id))
        .filter(outbox::is_unsent())
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

/// How many of these updates of the bot are not in the inbox.
pub fn unknown(conn: &mut PgConnection, bot_id: i64, update_ids: &[i64]) -> QueryResult<usize> {
    let known: i64 = updates::table
        .filter(updates::bot_id.eq(bot_id).and(updates::update_id.eq_any(update_ids)))
        .count()
        .get_result(conn)?;
    Ok(update_ids.len().saturating_sub(usize::try_from(known).unwrap_or_default()))
}

/// The newest update in the inbox: what is not newer was there before this boot, and may be why the last one ended.
pub fn newest(conn: &mut PgConnection) -> QueryResult<i64> {
    updates::table
        .select(diesel::dsl::max(updates::seq))
        .first::<Option<i64>>(conn)
        .map(Option::unwrap_or_default)
}

/// Records that `attempts` to answer the update have ended in a crash. An absolute number: a repetition counts once.
pub fn set_attempts(conn: &mut PgConnection, key: Key, attempts: i32) -> QueryResult<usize> {
    diesel::update(row(key)).set(updates::attempts.eq(attempts)).execute(conn)
}

/// Puts the model call for the update off by `wait`, after `retries` of them in all.
pub fn put_off(conn: &mut PgConnection, key: Key, retries: i32, wait: Duration) -> QueryResult<usize> {
    diesel::update(row(key))
        .set((updates::retries.eq(retries), updates::not_before.eq(from_now(wait))))
        .execute(conn)
}

/// Whether this update of the lane's person is remembered as done, for no longer than `within`.
pub fn done_lately(conn: &mut PgConnection, lane: Lane, seq: i64, within: Duration) -> QueryResult<bool> {
    let done = updates::table
        .find(seq)
        .filter(updates::bot_id.eq(lane.bot_id).and(updates::user_id.eq(lane.user_id)))
        .filter(updates::done_at.gt(ago(within).nullable()));
    diesel::select(exists(done)).get_result(conn)
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
