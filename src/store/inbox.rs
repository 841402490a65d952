//! The inbox: updates from the moment they are received until they are answered.
//!
//! The poller writes ([`super::take_in`]), workers read. An update is done only by [`super::finish`].

use std::time::Duration;

use bigdecimal::BigDecimal;
use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, min, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Double, Nullable};

use super::facts::{self, Remembered};
use super::lease::led;
use super::ledger::Calls;
use super::outbox;
use super::people;
use super::prepared::prepared;
use super::schema::{dialogue_settings, people as of_people, reply_parts, updates};
use super::summaries::{self, InForce};
use super::time::{ago, from_now, seconds_to_wait, wait};
use super::topic::{InTopic, in_topic};
use crate::domain::address::Address;
use crate::domain::admission::{Known, State};
use crate::domain::choice::Choice;
use crate::domain::lane::Lane;
use crate::domain::memory::Memory;
use crate::domain::summary::Summary;
use crate::domain::update::Key;

/// How long a finished update blocks a repetition of its id. Telegram keeps updates for 24 hours; after a quiet
/// week it starts its ids anew at random (Bot API, Update), so an id cannot be blocked for ever.
pub(super) const TOMBSTONE_LIFE: Duration = Duration::from_secs(48 * 3600);

/// Longer than any request waits for a decision.
const LONGEST_HELD: Duration = Duration::from_secs(9 * 24 * 3600);

impl Waiting {
    /// What names it.
    pub fn key(&self, lane: Lane) -> Key {
        self.address(lane).key()
    }

    /// Where a reply to it goes, as far as the inbox knows.
    pub fn address(&self, lane: Lane) -> Address {
        let &Self { seq: update_seq, update_id, live_message_id, .. } = self;
        Address { lane, update_seq, update_id, thread_id: lane.thread_id, reply_to: None, live_message_id }
    }
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
    /// Its user stopped it.
    pub stopped: bool,
    /// The message that shows its answer while it grows.
    pub live_message_id: Option<i64>,
    /// How long it has to be left alone still.
    pub wait: Option<Duration>,
    /// How long it has been here.
    pub age: Duration,
    /// The update of the lane that waits behind it.
    pub next: Option<Box<Waiting>>,
    /// Something of the lane has to be sent before it.
    pub behind_unsent: bool,
    /// What was chosen for its dialogue.
    pub choice: Choice,
    /// What was decided about its user and its chat.
    pub known: Known,
    /// Summaries of its dialogue: the newest ones.
    pub summaries: Vec<Summary>,
    /// What is remembered of its user in its chat.
    pub memory: Memory,
}

/// The columns of a lane.
pub(super) const LANE: (updates::bot_id, updates::chat_id, updates::user_id, updates::thread_id) =
    (updates::bot_id, updates::chat_id, updates::user_id, updates::thread_id);

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

/// Takes the reservation of [`super::budget`] off an update.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn nothing_reserved() -> _ {
    let dollars: Option<BigDecimal> = None;
    let moment: Option<PgTimestamp> = None;
    (updates::reserved.eq(dollars), updates::reserved_at.eq(moment))
}

/// Locks the update before other rows of its user, as a move and an erasure do: one order of locks, no deadlock.
pub fn lock(conn: &mut PgConnection, key: Key) -> QueryResult<usize> {
    row(key).select(updates::seq).for_no_key_update().execute(conn)
}

/// What the lane has to answer.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn waiting(lane: Lane) -> _ {
    let bot_id: i64 = lane.bot_id;
    let chat_id: i64 = lane.chat_id;
    let user_id: i64 = lane.user_id;
    let in_topic: InTopic<updates::thread_id> = in_topic(updates::thread_id, lane.thread_id);
    updates::table
        .filter(updates::bot_id.eq(bot_id))
        .filter(updates::chat_id.eq(chat_id))
        .filter(updates::user_id.eq(user_id))
        .filter(in_topic)
        .filter(updates::done_at.is_null())
}

/// The update that `lane` has to answer next.
pub fn oldest(conn: &mut PgConnection, lane: Lane) -> QueryResult<Option<Waiting>> {
    let of_lane = dialogue_settings::bot_id
        .eq(lane.bot_id)
        .and(dialogue_settings::chat_id.eq(lane.chat_id))
        .and(dialogue_settings::user_id.eq(lane.user_id))
        .and(dialogue_settings::thread_id.eq(lane.topic()));
    let choice = (
        dialogue_settings::model.nullable(),
        dialogue_settings::role.nullable(),
        dialogue_settings::effort.nullable(),
        dialogue_settings::voice.nullable(),
    );
    let state = |id| people::row(lane.bot_id, id).select(of_people::state).single_value();
    let known = (
        state(lane.user_id),
        state(lane.chat_id),
        exists(people::of_state(lane.bot_id, State::Owner)),
        exists(people::with_budget(lane.bot_id, lane.user_id)),
    );
    let columns =
        (columns(), exists(outbox::waiting(lane)), choice, known, summaries::of_update(), facts::of_update());
    let oldest = waiting(lane).left_join(dialogue_settings::table.on(of_lane)).order(updates::seq);
    let rows: Vec<(Row, bool, Choice, Known, InForce, Remembered)> =
        prepared(oldest.select(columns).limit(2)).load(conn)?;
    let mut rows = rows.into_iter();
    let Some((oldest, behind_unsent, choice, known, InForce(summaries), Remembered(memory))) = rows.next()
    else {
        return Ok(None);
    };
    let next = rows.next().map(|(next, ..)| Box::new(next.into()));
    Ok(Some(Waiting { next, behind_unsent, choice, known, summaries, memory, ..oldest.into() }))
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

/// Whether its user stopped the update.
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
    live_message_id: Option<i64>,
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
            live_message_id: row.live_message_id,
            wait: wait(row.seconds_to_wait),
            age: wait(Some(row.age_in_seconds)).unwrap_or_default(),
            next: None,
            behind_unsent: false,
            choice: Choice::NONE,
            known: Known::default(),
            summaries: Vec::new(),
            memory: Memory::default(),
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
        updates::live_message_id,
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
        .group_by(outbox::LANE)
        .order(min(reply_parts::id))
        .select(outbox::LANE)
        .load::<Lane>(conn)?;
    let unanswered = updates::table
        .filter(updates::bot_id.eq(bot_id).and(updates::done_at.is_null()))
        .group_by(LANE)
        .order(min(updates::seq))
        .select(LANE)
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

/// Records the message that shows the answer to the update while it grows. False: the update is not waiting any more.
pub fn show_in(conn: &mut PgConnection, key: Key, message_id: i64) -> QueryResult<bool> {
    let shown = diesel::update(
        row(key).filter(updates::bot_id.eq(led(key.bot_id))).filter(updates::done_at.is_null()),
    )
    .set(updates::live_message_id.eq(message_id))
    .execute(conn)?;
    Ok(shown > 0)
}

/// Records that `attempts` to answer the update have ended in a crash. An absolute number: a repetition counts once.
pub fn set_attempts(conn: &mut PgConnection, key: Key, attempts: i32) -> QueryResult<usize> {
    diesel::update(row(key).filter(updates::bot_id.eq(led(key.bot_id))))
        .set(updates::attempts.eq(attempts))
        .execute(conn)
}

/// Puts the model call for the update off by `wait`, after `retries` of them in all. Until then nothing is reserved for it.
pub fn put_off(
    conn: &mut PgConnection,
    calls: Calls<'_>,
    retries: i32,
    wait: Duration,
) -> QueryResult<usize> {
    let key = calls.address.key();
    let later = diesel::update(row(key).filter(updates::bot_id.eq(led(key.bot_id)))).set((
        updates::retries.eq(retries),
        updates::not_before.eq(from_now(wait)),
        nothing_reserved(),
    ));
    calls.with(later).execute(conn)
}

/// Whether this update of the lane's user is remembered as done, and was done no longer than `within` before `press` came
/// in: the same answer whenever it is asked for.
pub fn done_lately(
    conn: &mut PgConnection,
    lane: Lane,
    seq: i64,
    press: Key,
    within: Duration,
) -> QueryResult<bool> {
    let pressed_at: Option<PgTimestamp> = row(press).select(updates::received_at).first(conn).optional()?;
    let Some(PgTimestamp(pressed_at)) = pressed_at else { return Ok(false) };
    let within = i64::try_from(within.as_micros()).unwrap_or(i64::MAX);
    let done = updates::table
        .find(seq)
        .filter(updates::bot_id.eq(lane.bot_id).and(updates::user_id.eq(lane.user_id)))
        // An update that an erasure emptied asks for nothing any more.
        .filter(updates::message_id.is_not_null())
        .filter(updates::done_at.gt(PgTimestamp(pressed_at - within)));
    diesel::select(exists(done)).get_result(conn)
}

/// Deletes up to `limit` tombstones whose time is over and returns how many.
pub fn sweep(conn: &mut PgConnection, limit: i64) -> QueryResult<usize> {
    conn.transaction(|conn| {
        let over: Vec<i64> = updates::table
            .filter(updates::done_at.lt(ago(TOMBSTONE_LIFE).nullable()))
            // What is held waits for a decision for longer than that; a bot whose token is gone decides nothing any more.
            .filter(
                updates::held
                    .is_null()
                    .or(updates::done_at.lt(ago(LONGEST_HELD).nullable()).assume_not_null()),
            )
            .order(updates::seq)
            .limit(limit)
            .select(updates::seq)
            .for_update()
            .skip_locked()
            .load(conn)?;
        diesel::delete(updates::table.filter(updates::seq.eq_any(over))).execute(conn)
    })
}
