//! Parts that Telegram has yet to take, as they are found and read.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Double, Nullable};

use crate::domain::address::Destination;
use crate::domain::lane::Lane;
use crate::domain::replacement::Waiting;
use crate::domain::reply::{Op, ReplyPart};
use crate::domain::update::Key;
use crate::store::prepared::prepared;
use crate::store::schema::reply_parts;
use crate::store::time::{seconds_to_wait, wait};
use crate::store::topic::{InTopic, in_topic};
use crate::store::words::PartOp;

/// How many parts of a lane are read at once.
const READ_AHEAD: i64 = 32;

/// A part that Telegram has yet to take.
#[derive(Queryable)]
pub struct Unsent {
    /// Its number.
    pub id: i64,
    pub(super) bot_id: i64,
    pub(super) user_id: i64,
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
    pub(in super::super) fn as_it_waits(&self) -> Waiting {
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
pub(in super::super) fn columns() -> _ {
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
pub(in super::super) const LANE: (
    reply_parts::bot_id,
    reply_parts::chat_id,
    reply_parts::user_id,
    reply_parts::lane_thread_id,
) = (reply_parts::bot_id, reply_parts::chat_id, reply_parts::user_id, reply_parts::lane_thread_id);

/// The row of a part, by everything that names it. (Its chat is left out: a group gets another id when it becomes a
/// supergroup.)
#[diesel::dsl::auto_type(no_type_alias)]
pub(in super::super) fn row(part: &Unsent) -> _ {
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

/// Literally, as the index has it: of a value that is bound, a plan made for any value does not know that it is this one,
/// and would read the whole table.
pub(in super::super) fn is_unsent() -> SqlLiteral<Bool> {
    sql("reply_parts.state = 'unsent'")
}

/// What waits to be sent in the lane.
#[diesel::dsl::auto_type(no_type_alias)]
pub(in super::super) fn waiting(lane: Lane) -> _ {
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
