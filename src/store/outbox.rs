//! The outbox: the parts of replies from the moment they are stored until Telegram took or refused them.
//!
//! [`super::finish`] writes, the sender reads and settles.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::{Eq, exists, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::InsertStatement;
use diesel::sql_types::{BigInt, Bool, Double, Nullable};

use super::group::of_group;
use super::lease::led;
use super::prepared::{prepared, prepared_if};
use super::schema::{reply_parts, turns, updates};
use super::time::{clock_timestamp, from_now, seconds_to_wait, wait};
use super::topic::{InTopic, in_topic};
use super::words::{PartForm, PartOp, PartState, TurnState};
use crate::domain::address::{Address, Destination};
use crate::domain::lane::Lane;
pub(super) use crate::domain::replacement::Standing;
use crate::domain::replacement::Waiting;
use crate::domain::reply::{Content, Op, ReplyPart};
use crate::domain::update::Key;

/// How many parts of a lane are read at once.
const READ_AHEAD: i64 = 32;

/// A part that Telegram has yet to take.
#[derive(Queryable)]
pub struct Unsent {
    /// Its number.
    pub id: i64,
    bot_id: i64,
    user_id: i64,
    /// The update it answers.
    pub update_seq: i64,
    /// The chat it goes to.
    pub chat_id: i64,
    /// Topic of the chat.
    pub thread_id: Option<i64>,
    /// Message to reply to.
    pub reply_to: Option<i64>,
    op: String,
    message_id: Option<i64>,
    /// The part as JSON.
    payload: Option<String>,
    /// Calls that failed so far.
    pub attempts: i32,
    /// To the microsecond: the server may give its number to another part after a failover, but not its time.
    created_at: PgTimestamp,
    seconds: Option<f64>,
}

impl Unsent {
    /// The message itself. An error means that the row was not written by this program.
    pub fn part(&self) -> serde_json::Result<ReplyPart> {
        serde_json::from_str(self.payload())
    }

    /// The message as JSON.
    pub fn payload(&self) -> &str {
        self.payload.as_deref().unwrap_or_default()
    }

    /// It, as what takes its place is found by.
    pub(super) fn as_it_waits(&self) -> Waiting {
        let is_alone = self.thread_id.is_none() && self.reply_to.is_none();
        Waiting { op: self.op(), part: self.part().ok(), is_alone }
    }

    /// What is to be done with it. `None`: the row was not written by this program.
    pub fn op(&self) -> Option<Op> {
        match (PartOp::of(&self.op)?, self.message_id) {
            (PartOp::Send | PartOp::Document, _) => Some(Op::Send),
            (PartOp::Edit, message_id) => message_id.map(Op::Edit),
            (PartOp::Delete, message_id) => message_id.map(Op::Delete),
        }
    }

    /// Where it goes.
    pub fn destination(&self) -> Destination {
        Destination { chat_id: self.chat_id, thread_id: self.thread_id, reply_to: self.reply_to }
    }

    /// How long it has to be left alone still.
    pub fn wait(&self) -> Option<Duration> {
        wait(self.seconds)
    }
}

#[diesel::dsl::auto_type]
pub(super) fn columns() -> _ {
    let seconds: SqlLiteral<Nullable<Double>> = seconds_to_wait();
    (
        reply_parts::id,
        reply_parts::bot_id,
        reply_parts::user_id,
        reply_parts::update_seq,
        reply_parts::chat_id,
        reply_parts::thread_id,
        reply_parts::reply_to,
        reply_parts::op,
        reply_parts::message_id,
        reply_parts::payload,
        reply_parts::attempts,
        reply_parts::created_at,
        seconds,
    )
}

/// The columns of a lane. Its topic is not where the part goes once the topic is gone, nor was it asked for in the lane of its
/// topic before there were such lanes.
pub(super) const LANE: (
    reply_parts::bot_id,
    reply_parts::chat_id,
    reply_parts::user_id,
    reply_parts::lane_thread_id,
) = (reply_parts::bot_id, reply_parts::chat_id, reply_parts::user_id, reply_parts::lane_thread_id);

/// The row of a part, by everything that names it. (Its chat is left out: a group gets another id when it becomes a
/// supergroup.)
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn row(part: &Unsent) -> _ {
    let id: i64 = part.id;
    let bot_id: i64 = part.bot_id;
    let user_id: i64 = part.user_id;
    let update_seq: i64 = part.update_seq;
    let created_at: PgTimestamp = part.created_at;
    reply_parts::table
        .filter(reply_parts::id.eq(id))
        .filter(reply_parts::bot_id.eq(bot_id))
        .filter(reply_parts::user_id.eq(user_id))
        .filter(reply_parts::update_seq.eq(update_seq))
        .filter(reply_parts::created_at.eq(created_at))
}

/// The turn that a part belongs to.
#[derive(Clone, Copy)]
pub(super) enum OfTurn {
    /// None.
    None,
    /// This one.
    Number(i64),
    /// The one that the statement stores itself, under the name `turn`.
    Stored,
}

impl OfTurn {
    pub(super) fn sql(self) -> SqlLiteral<Nullable<BigInt>> {
        match self {
            Self::None => sql("NULL"),
            Self::Number(id) => sql(&id.to_string()),
            Self::Stored => sql("(SELECT id FROM turn)"),
        }
    }
}

/// A part to store.
#[derive(Insertable)]
#[diesel(table_name = reply_parts, treat_none_as_default_value = false)]
pub(super) struct NewPart {
    bot_id: i64,
    chat_id: i64,
    user_id: i64,
    lane_thread_id: Option<i64>,
    update_seq: i64,
    position: i32,
    op: PartOp,
    form: Option<PartForm>,
    thread_id: Option<i64>,
    reply_to: Option<i64>,
    message_id: Option<i64>,
    payload: String,
}

impl NewPart {
    /// The message as JSON.
    pub(super) fn payload(&self) -> &str {
        &self.payload
    }
}

/// The parts of a reply. It takes the place of the messages `standing`, and of the one that showed it while it grew: the first
/// parts theirs, one by one; what is left of the parts is sent, what is left of the messages taken away.
pub(super) fn reply(address: Address, parts: &[ReplyPart], standing: &Standing) -> QueryResult<Vec<NewPart>> {
    let Address { lane, update_seq, thread_id, reply_to, live_message_id, .. } = address;
    let texts = standing.texts.iter().copied().chain(live_message_id).collect();
    let standing = Standing { texts, files: standing.files.clone() };
    let envelope = Envelope { lane, update_seq, thread_id, reply_to, turn: OfTurn::None };
    rows(envelope, 0, standing.taken_by(parts.iter().cloned()))
}

/// Stores a reply that belongs to no turn.
pub(super) fn insert(
    conn: &mut PgConnection,
    address: Address,
    parts: &[ReplyPart],
) -> QueryResult<Vec<Unsent>> {
    let rows = reply(address, parts, &Standing::default())?;
    let one = rows.len() == 1;
    prepared_if(one, insertion(rows, OfTurn::None).returning(columns())).get_results(conn)
}

/// What all parts of a reply share.
#[derive(Clone, Copy)]
pub(super) struct Envelope {
    pub(super) lane: Lane,
    pub(super) update_seq: i64,
    pub(super) thread_id: Option<i64>,
    pub(super) reply_to: Option<i64>,
    pub(super) turn: OfTurn,
}

pub(super) fn insert_from(
    conn: &mut PgConnection,
    envelope: Envelope,
    first: i32,
    parts: &[ReplyPart],
    standing: &Standing,
) -> QueryResult<usize> {
    insert_ops(conn, envelope, first, standing.clone().taken_by(parts.iter().cloned()))
}

/// Stores what is to be done with these parts.
pub(super) fn insert_ops(
    conn: &mut PgConnection,
    envelope: Envelope,
    first: i32,
    ops: Vec<(ReplyPart, Op)>,
) -> QueryResult<usize> {
    insertion(rows(envelope, first, ops)?, envelope.turn).execute(conn)
}

/// The statement that stores parts of a turn.
pub(super) fn insertion(rows: Vec<NewPart>, turn: OfTurn) -> Insertion {
    let rows: Vec<_> = rows.into_iter().map(|row| (row, reply_parts::turn_id.eq(turn.sql()))).collect();
    diesel::insert_into(reply_parts::table).values(rows)
}

/// [`insertion`].
type Insertion = InsertStatement<
    reply_parts::table,
    <Vec<(NewPart, Eq<reply_parts::turn_id, SqlLiteral<Nullable<BigInt>>>)> as Insertable<
        reply_parts::table,
    >>::Values,
>;

fn rows(envelope: Envelope, first: i32, ops: Vec<(ReplyPart, Op)>) -> QueryResult<Vec<NewPart>> {
    let row = |(position, (part, op)): (i32, (ReplyPart, Op))| {
        let payload = serde_json::to_string(&part)
            .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
        let (op, message_id) = match (op, &part.content) {
            (Op::Delete(message_id), _) => (PartOp::Delete, Some(message_id)),
            (_, Content::Document { .. }) => (PartOp::Document, None),
            (Op::Edit(message_id), _) => (PartOp::Edit, Some(message_id)),
            (Op::Send, _) => (PartOp::Send, None),
        };
        let form = match (op, &part.content) {
            (PartOp::Delete | PartOp::Document, _)
            | (
                _,
                Content::Document { .. }
                | Content::Chart { .. }
                | Content::Photo { .. }
                | Content::Voice { .. },
            ) => None,
            (_, Content::Rich { .. }) => Some(PartForm::Rich),
            (_, Content::Text { .. }) => Some(PartForm::Text),
        };
        Ok(NewPart {
            bot_id: envelope.lane.bot_id,
            chat_id: envelope.lane.chat_id,
            user_id: envelope.lane.user_id,
            lane_thread_id: envelope.lane.thread_id,
            update_seq: envelope.update_seq,
            position,
            op,
            form,
            thread_id: envelope.thread_id,
            reply_to: envelope.reply_to.filter(|_| position == 0),
            message_id,
            payload,
        })
    };
    (first..).zip(ops).map(row).collect()
}

/// Literally, as the index has it: of a value that is bound, a plan made for any value does not know that it is this one,
/// and would read the whole table.
pub(super) fn is_unsent() -> SqlLiteral<Bool> {
    sql("reply_parts.state = 'unsent'")
}

/// What waits to be sent in the lane.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn waiting(lane: Lane) -> _ {
    let bot_id: i64 = lane.bot_id;
    let chat_id: i64 = lane.chat_id;
    let user_id: i64 = lane.user_id;
    let in_topic: InTopic<reply_parts::lane_thread_id> =
        in_topic(reply_parts::lane_thread_id, lane.thread_id);
    let is_unsent: SqlLiteral<Bool> = is_unsent();
    reply_parts::table
        .filter(reply_parts::bot_id.eq(bot_id))
        .filter(reply_parts::chat_id.eq(chat_id))
        .filter(reply_parts::user_id.eq(user_id))
        .filter(in_topic)
        .filter(is_unsent)
}

/// What `lane` has to send, in order.
pub fn unsent(conn: &mut PgConnection, lane: Lane) -> QueryResult<Vec<Unsent>> {
    prepared(waiting(lane).order(reply_parts::id).limit(READ_AHEAD).select(columns())).load(conn)
}

/// Whether a part of the reply to this update takes the place of the message.
pub fn replaces(conn: &mut PgConnection, update: Key, message_id: i64) -> QueryResult<bool> {
    let replacing = reply_parts::table
        .filter(reply_parts::update_seq.eq(update.seq))
        .filter(reply_parts::bot_id.eq(update.bot_id).and(reply_parts::user_id.eq(update.user_id)))
        .filter(reply_parts::message_id.eq(message_id));
    diesel::select(exists(replacing)).get_result(conn)
}

/// Telegram took the part as `message_id`.
pub fn sent(conn: &mut PgConnection, part: &Unsent, message_id: i64) -> QueryResult<usize> {
    let mark = diesel::update(row(part).filter(reply_parts::bot_id.eq(led(part.bot_id))))
        .set((
            reply_parts::state.eq(PartState::Sent),
            reply_parts::message_id.eq(message_id),
            reply_parts::payload.eq(None::<String>),
            reply_parts::settled_at.eq(clock_timestamp().nullable()),
        ))
        .returning(reply_parts::id);
    let marked: Vec<i64> = prepared(mark).load(conn)?;
    Ok(marked.len())
}

/// Telegram refuses the part for good.
pub fn abandon(conn: &mut PgConnection, part: &Unsent) -> QueryResult<usize> {
    diesel::update(row(part).filter(is_unsent()).filter(reply_parts::bot_id.eq(led(part.bot_id))))
        .set(abandoned())
        .execute(conn)
}

/// The topic of the part is gone: it and those that follow it in its reply go to the chat itself, the first of them as a
/// reply to the message that it answers. Returns how many they are.
pub fn leave_topic(conn: &mut PgConnection, part: &Unsent) -> QueryResult<usize> {
    let asked = updates::table
        .filter(updates::seq.eq(part.update_seq))
        .filter(updates::bot_id.eq(part.bot_id).and(updates::user_id.eq(part.user_id)))
        .select(updates::message_id)
        .single_value();
    conn.transaction(|conn| {
        diesel::update(row(part).filter(reply_parts::reply_to.is_null()).filter(is_unsent()))
            .set(reply_parts::reply_to.eq(asked))
            .execute(conn)?;
        diesel::update(reply_parts::table)
            .filter(reply_parts::bot_id.eq(led(part.bot_id)).and(reply_parts::user_id.eq(part.user_id)))
            .filter(reply_parts::update_seq.eq(part.update_seq))
            .filter(is_unsent())
            .set(reply_parts::thread_id.eq(None::<i64>))
            .execute(conn)
    })
}

/// Its user wants no more of what the model answered in `lane`. What was begun to be changed is changed to the end, and
/// that a question was stopped or failed is still said.
pub(super) fn abandon_answers(conn: &mut PgConnection, lane: Lane) -> QueryResult<usize> {
    diesel::update(waiting(lane))
        .filter(reply_parts::op.eq(PartOp::Send))
        .filter(exists(
            turns::table
                .filter(turns::id.nullable().eq(reply_parts::turn_id))
                .filter(turns::state.eq(TurnState::Answered)),
        ))
        .set(abandoned())
        .execute(conn)
}

/// Messages of this group that were to be taken away cannot be named any more.
pub(super) fn abandon_deletions(conn: &mut PgConnection, bot_id: i64, chat_id: i64) -> QueryResult<usize> {
    diesel::update(reply_parts::table)
        .filter(reply_parts::bot_id.eq(bot_id).and(reply_parts::chat_id.eq(chat_id)))
        .filter(is_unsent())
        .filter(reply_parts::op.eq(PartOp::Delete))
        .filter(of_group())
        .set(abandoned())
        .execute(conn)
}

/// Nobody has the token of this bot any more.
pub(super) fn abandon_bot(conn: &mut PgConnection, bot_id: i64) -> QueryResult<usize> {
    diesel::update(reply_parts::table)
        .filter(reply_parts::bot_id.eq(bot_id))
        .filter(is_unsent())
        .set(abandoned())
        .execute(conn)
}

/// The chat is closed to the bot: nothing that waits for it can be sent.
pub fn abandon_chat(conn: &mut PgConnection, lane: Lane) -> QueryResult<usize> {
    diesel::update(reply_parts::table)
        .filter(reply_parts::bot_id.eq(led(lane.bot_id)))
        .filter(reply_parts::chat_id.eq(lane.chat_id))
        .filter(is_unsent())
        .set(abandoned())
        .execute(conn)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn abandoned() -> _ {
    let nothing: Option<String> = None;
    let abandoned: PartState = PartState::Abandoned;
    (
        reply_parts::state.eq(abandoned),
        reply_parts::payload.eq(nothing),
        reply_parts::settled_at.eq(clock_timestamp().nullable()),
    )
}

/// The call failed in passing, for the `attempts`th time: the next one not before `wait` has passed.
pub fn put_off(conn: &mut PgConnection, part: &Unsent, attempts: i32, wait: Duration) -> QueryResult<usize> {
    diesel::update(row(part).filter(is_unsent()).filter(reply_parts::bot_id.eq(led(part.bot_id))))
        .set((reply_parts::attempts.eq(attempts), reply_parts::not_before.eq(from_now(wait))))
        .execute(conn)
}

/// A part that has to be left alone for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PutOff {
    /// The chat it goes to.
    pub chat_id: i64,
    /// Calls that failed so far.
    pub attempts: i32,
    /// For how long still.
    pub wait: Duration,
}

/// The parts that had to be left alone when the last run ended, and have to be still.
pub fn put_off_still(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<PutOff>> {
    let rows: Vec<(i64, i32, Option<f64>)> = reply_parts::table
        .filter(reply_parts::bot_id.eq(bot_id))
        .filter(is_unsent())
        .filter(reply_parts::not_before.gt(clock_timestamp().nullable()))
        .select((reply_parts::chat_id, reply_parts::attempts, seconds_to_wait()))
        .load(conn)?;
    let put_off = |(chat_id, attempts, seconds)| Some(PutOff { chat_id, attempts, wait: wait(seconds)? });
    Ok(rows.into_iter().filter_map(put_off).collect())
}
