//! Turns that are there already: which one can be answered again, what of it people see, what a stop did to them.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Double, Interval};

use super::inbox;
use super::message_id::MessageId;
use super::prepared::prepared;
use super::quotes::{self, Quoted};
use super::schema::{messages, reply_parts, turns, updates};
use super::time::{interval, unix_seconds, wait};
use super::topic::in_topic;
use super::words::{PartOp, PartState, TurnState};
use crate::domain::lane::Lane;
use crate::domain::quote::{Kind, Quote};
use crate::domain::replacement::Standing;
use crate::domain::update::Key;

/// How long a bot's own message can be taken away (Bot API, deleteMessage). Edits have no such limit, but an answer changes
/// as a whole.
const EDITABLE: Duration = Duration::from_secs(48 * 3600);

/// The question that an edit or a repetition is about: the last one of its dialogue, with every turn it has had that was not
/// replaced, the newest first. There are several where an answer stands and a repetition of it failed.
pub struct Last {
    turns: Vec<Row>,
    /// Telegram's ids of the messages that were the question.
    pub message_ids: Vec<i64>,
}

#[derive(Queryable)]
struct Row {
    id: i64,
    update_seq: i64,
    answer_id: Option<MessageId>,
    message_ids: Vec<Option<i64>>,
    #[diesel(deserialize_as = MessageId)]
    question_id: i64,
    question: String,
    live: bool,
    quoted: Quoted,
    asked_at: Option<PgTimestamp>,
}

/// So many repetitions that failed in a row are replaced together; more than anybody makes.
const MOST_TURNS: i64 = 32;

impl Last {
    /// What was asked, as it was last put.
    pub fn question(&self) -> &str {
        &self.turns[0].question
    }

    /// What it quotes.
    pub fn quotes(&self) -> &[Quote] {
        &self.turns[0].quoted.0
    }

    /// Telegram's ids of the messages that are its user's own; what is forwarded with them stands behind.
    pub fn own_message_ids(&self) -> &[i64] {
        let forwards = self.quotes().iter().filter(|quote| quote.kind == Kind::Forward).count();
        &self.message_ids[..self.message_ids.len().saturating_sub(forwards)]
    }

    /// When its last message was sent, in seconds of Telegram's clock.
    pub fn asked_at(&self) -> Option<i64> {
        self.turns[0].asked_at.map(unix_seconds)
    }

    /// The update that asked last.
    pub fn update_seq(&self) -> i64 {
        self.turns[0].update_seq
    }

    /// Whether it has an answer.
    pub fn is_answered(&self) -> bool {
        self.turns.iter().any(|turn| turn.answer_id.is_some())
    }

    /// Its questions and answers in `messages`.
    pub fn messages(&self) -> impl Iterator<Item = i64> {
        let answer = |turn: &Row| turn.answer_id.map(i64::from);
        self.turns.iter().flat_map(move |turn| [Some(turn.question_id), answer(turn)].into_iter().flatten())
    }

    /// The turns whose place a new one takes, the oldest first: all by one with an answer; an answer never makes way for
    /// none.
    pub(super) fn replaced_by(&self, answered: bool) -> Vec<i64> {
        let replaced = self.turns.iter().rev().filter(|turn| answered || turn.answer_id.is_none());
        replaced.map(|turn| turn.id).collect()
    }

    /// Whether an answer would take the place of messages that people see.
    pub fn is_shown(&self, conn: &mut PgConnection, lane: Lane) -> QueryResult<bool> {
        standing(conn, lane, &self.replaced_by(true)).map(|standing| !standing.texts.is_empty())
    }
}

/// The last question of `lane`, unless it was cleared.
pub fn last(conn: &mut PgConnection, lane: Lane) -> QueryResult<Option<Last>> {
    let newest: Vec<Row> = turns::table
        .inner_join(messages::table.on(messages::id.eq(turns::question_id)))
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        .filter(turns::chat_id.eq(lane.chat_id))
        .filter(in_topic(turns::thread_id, lane.thread_id))
        .filter(turns::superseded_by.is_null())
        .order(turns::id.desc())
        .limit(MOST_TURNS)
        .select((
            turns::id,
            turns::update_seq,
            turns::answer_id,
            turns::message_ids,
            messages::id,
            messages::content,
            messages::deleted_at.is_null(),
            quotes::of_turn(),
            turns::asked_at,
        ))
        .load(conn)?;
    let Some(message_ids) = newest.first().map(|turn| turn.message_ids.clone()) else { return Ok(None) };
    // A question may have grown: earlier turns of it had some of its messages. A turn from before there were ids is a
    // question by itself.
    let same = |turn: &Row| {
        turn.live
            && turn.message_ids.is_empty() == message_ids.is_empty()
            && turn.message_ids.iter().all(|id| message_ids.contains(id))
    };
    let mut turns: Vec<_> = newest.into_iter().take_while(same).collect();
    if message_ids.is_empty() {
        turns.truncate(1);
    }
    let message_ids = message_ids.into_iter().flatten().collect();
    Ok((!turns.is_empty()).then_some(Last { turns, message_ids }))
}

/// Whether the message was ever a question of its user in this chat, in whatever topic: what was asked before the bot knew of
/// topics stands in the root, and Telegram numbers the messages of a chat and not those of a topic.
pub fn knows(conn: &mut PgConnection, lane: Lane, message_id: Option<i64>) -> QueryResult<bool> {
    let asked = turns::table
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        .filter(turns::chat_id.eq(lane.chat_id))
        .filter(turns::message_ids.contains(vec![message_id]));
    diesel::select(exists(asked)).get_result(conn)
}

/// The messages by which people see these turns, in order, as long as all of them can be changed.
pub(super) fn standing(conn: &mut PgConnection, lane: Lane, turn_ids: &[i64]) -> QueryResult<Standing> {
    let young = sql::<Bool>("settled_at > clock_timestamp() - ").bind::<Interval, _>(interval(EDITABLE));
    let shown: Vec<(Option<i64>, Option<bool>, bool)> = reply_parts::table
        .filter(reply_parts::turn_id.eq_any(turn_ids))
        .filter(reply_parts::bot_id.eq(lane.bot_id))
        .filter(reply_parts::user_id.eq(lane.user_id))
        .filter(reply_parts::state.eq(PartState::Sent))
        .filter(reply_parts::op.eq_any([PartOp::Send, PartOp::Edit]))
        .filter(reply_parts::message_id.is_not_null())
        .order((reply_parts::turn_id, reply_parts::position))
        .select((reply_parts::message_id, young.nullable(), reply_parts::form.is_not_null()))
        .load(conn)?;
    let mut standing = Standing::default();
    if shown.iter().all(|(_, young, _)| *young == Some(true)) {
        for (id, _, is_text) in shown {
            if is_text { &mut standing.texts } else { &mut standing.files }.extend(id);
        }
    }
    Ok(standing)
}

/// How long until this user may ask again, with at most `limit` (1 or more) questions in any hour, over all chats: until
/// the `limit`th newest is an hour old. `None`: at once. Walks idx_turns_asked and stops there.
pub fn until_next(conn: &mut PgConnection, lane: Lane, limit: u32) -> QueryResult<Option<Duration>> {
    let seconds =
        sql::<Double>("extract(epoch FROM turns.created_at + interval '1 hour' - clock_timestamp())::float8");
    let newest = turns::table
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        // The condition stands as the index has it: PostgreSQL does not compare a bound value with the index's own.
        .filter(sql::<Bool>("failure IS DISTINCT FROM 'rate_limited'"))
        .filter(sql::<Bool>("failure IS DISTINCT FROM 'over_budget'"))
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

/// What became of `lane` since this stop came in.
pub fn stopped_by(conn: &mut PgConnection, lane: Lane, stop: Key) -> QueryResult<Stopped> {
    let received_at = inbox::row(stop).select(updates::received_at);
    let of_lane = turns::table
        .filter(turns::bot_id.eq(lane.bot_id))
        .filter(turns::user_id.eq(lane.user_id))
        .filter(turns::chat_id.eq(lane.chat_id))
        .filter(in_topic(turns::thread_id, lane.thread_id));
    let stopped = of_lane
        .filter(turns::state.eq(TurnState::Stopped))
        .filter(turns::created_at.nullable().ge(received_at.single_value()));
    if diesel::select(exists(stopped)).get_result(conn)? {
        return Ok(Stopped::Questions);
    }
    let newest: Option<i64> = of_lane.order(turns::id.desc()).select(turns::id).first(conn).optional()?;
    let Some(newest) = newest else { return Ok(Stopped::Nothing) };
    let abandoned = reply_parts::table
        .filter(reply_parts::turn_id.eq(newest))
        .filter(reply_parts::state.eq(PartState::Abandoned))
        .filter(reply_parts::settled_at.ge(received_at.single_value()));
    let rest: bool = diesel::select(exists(abandoned)).get_result(conn)?;
    Ok(if rest { Stopped::Rest } else { Stopped::Nothing })
}
