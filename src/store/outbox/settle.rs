//! What becomes of a part: Telegram takes it, refuses it or has to be asked again, or nobody wants it any more.

use std::time::Duration;

use diesel::dsl::exists;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::read::{Unsent, is_unsent, row, waiting};
use crate::domain::lane::Lane;
use crate::store::group::of_group;
use crate::store::lease::led;
use crate::store::prepared::prepared;
use crate::store::schema::{reply_parts, turns, updates};
use crate::store::time::{clock_timestamp, from_now, seconds_to_wait, wait};
use crate::store::words::{PartOp, PartState, TurnState};

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
pub(in super::super) fn abandon_answers(conn: &mut PgConnection, lane: Lane) -> QueryResult<usize> {
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
pub(in super::super) fn abandon_deletions(
    conn: &mut PgConnection,
    bot_id: i64,
    chat_id: i64,
) -> QueryResult<usize> {
    diesel::update(reply_parts::table)
        .filter(reply_parts::bot_id.eq(bot_id).and(reply_parts::chat_id.eq(chat_id)))
        .filter(is_unsent())
        .filter(reply_parts::op.eq(PartOp::Delete))
        .filter(of_group())
        .set(abandoned())
        .execute(conn)
}

/// Nobody has the token of this bot any more.
pub(in super::super) fn abandon_bot(conn: &mut PgConnection, bot_id: i64) -> QueryResult<usize> {
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
