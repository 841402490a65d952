//! Turns that are there already: which one can be answered again, what of it people see, what a stop did to them.

use std::time::Duration;

use diesel::dsl::{exists, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Double, Interval};

use super::prepared::prepared;
use super::schema::{messages, reply_parts, turns, updates};
use super::{Lane, interval, wait};

/// How long a bot's own message can be changed (Bot API, editMessageText and deleteMessage).
const EDITABLE: Duration = Duration::from_secs(48 * 3600);

/// The turn that an edit or a repetition is about: the last one of its dialogue.
pub struct Last {
    /// Its number.
    pub id: i64,
    /// The update that asked.
    pub update_seq: i64,
    /// The question in `messages`, and what it says.
    pub question: (i32, String),
    /// The answer in `messages`, if there is one.
    pub answer_id: Option<i32>,
    /// Telegram's ids of the messages that were the question.
    pub message_ids: Vec<i64>,
}

/// The last turn of `lane` that was neither replaced nor cleared.
pub fn last(conn: &mut PgConnection, lane: Lane) -> QueryResult<Option<Last>> {
    type Row = (i64, i64, Option<i32>, Vec<Option<i64>>, (i32, String, bool));
    let newest: Option<Row> = turns::table
        .inner_join(messages::table.on(messages::id.eq(turns::question_id)))
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        .filter(turns::chat_id.eq(lane.chat_id))
        .filter(turns::superseded_by.is_null())
        .order(turns::id.desc())
        .select((
            turns::id,
            turns::update_seq,
            turns::answer_id,
            turns::message_ids,
            (messages::id, messages::content, messages::deleted_at.is_null()),
        ))
        .first(conn)
        .optional()?;
    Ok(newest.and_then(|(id, update_seq, answer_id, message_ids, (question_id, text, live))| {
        let message_ids = message_ids.into_iter().flatten().collect();
        live.then_some(Last { id, update_seq, question: (question_id, text), answer_id, message_ids })
    }))
}

/// The messages by which people see the turn, in order, as long as all of them can be changed.
pub fn standing(conn: &mut PgConnection, turn_id: i64) -> QueryResult<Vec<i64>> {
    let young = sql::<Bool>("settled_at > clock_timestamp() - ").bind::<Interval, _>(interval(EDITABLE));
    let shown: Vec<(Option<i64>, Option<bool>)> = reply_parts::table
        .filter(reply_parts::turn_id.eq(turn_id))
        .filter(reply_parts::state.eq("sent"))
        .filter(reply_parts::op.eq_any(["send", "edit"]))
        .order(reply_parts::position)
        .select((reply_parts::message_id, young.nullable()))
        .load(conn)?;
    let all_young = shown.iter().all(|(_, young)| *young == Some(true));
    Ok(if all_young { shown.into_iter().filter_map(|(id, _)| id).collect() } else { Vec::new() })
}

/// How long until this person may ask again, with at most `limit` (1 or more) questions in any hour, over all chats: until
/// the `limit`th newest is an hour old. `None`: at once. Walks idx_turns_asked and stops there.
pub fn until_next(conn: &mut PgConnection, lane: Lane, limit: u32) -> QueryResult<Option<Duration>> {
    let seconds =
        sql::<Double>("extract(epoch FROM turns.created_at + interval '1 hour' - clock_timestamp())::float8");
    let newest = turns::table
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        // as the index has it: a value that is bound would not be known to be the same
        .filter(sql::<Bool>("failure IS DISTINCT FROM 'rate_limited'"))
        .order(turns::created_at.desc())
        .offset(i64::from(limit) - 1)
        .limit(1)
        .select(seconds);
    Ok(wait(prepared(newest).get_result(conn).optional()?))
}

/// What the stop `seq` of `lane` did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// It ended questions: each says so itself.
    Questions,
    /// It kept the rest of an answer from being sent.
    Rest,
    /// There was nothing to stop.
    Nothing,
}

/// What became of `lane` since the stop `seq` came in.
pub fn stopped_by(conn: &mut PgConnection, lane: Lane, seq: i64) -> QueryResult<Stopped> {
    let received_at = updates::table.find(seq).select(updates::received_at);
    let of_lane = turns::table
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        .filter(turns::chat_id.eq(lane.chat_id));
    let stopped = of_lane
        .filter(turns::state.eq("stopped"))
        .filter(turns::created_at.nullable().ge(received_at.single_value()));
    if diesel::select(exists(stopped)).get_result(conn)? {
        return Ok(Stopped::Questions);
    }
    let newest: Option<i64> = of_lane.order(turns::id.desc()).select(turns::id).first(conn).optional()?;
    let Some(newest) = newest else { return Ok(Stopped::Nothing) };
    let abandoned = reply_parts::table
        .filter(reply_parts::turn_id.eq(newest))
        .filter(reply_parts::state.eq("abandoned"))
        .filter(reply_parts::settled_at.ge(received_at.single_value()));
    let rest: bool = diesel::select(exists(abandoned)).get_result(conn)?;
    Ok(if rest { Stopped::Rest } else { Stopped::Nothing })
}
