//! The dialogue: what people and the model said, in `messages`.
//!
//! Nothing is removed here: clearing stamps `deleted_at`, and every read filters it.

use diesel::data_types::PgTimestamp;
use diesel::dsl::{count_star, exists, max, not, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp};

use super::archive::iso;
use super::lease;
use super::message_id::{MessageId, among, bound};
use super::prepared::prepared;
use super::quotes::{self, Quoted};
use super::schema::{messages, turns};
use super::summaries;
use super::topic::{Condition, InTopic, in_topic, in_topics};
use super::turns::Last;
use crate::domain::history::Said;
use crate::domain::lane::{Dialogue, Lane};
use crate::domain::quote::with_words;
use crate::domain::window;

/// What the model reads of the dialogue: up to `limit` of its newest live messages, the oldest first, as [`window`] has it,
/// without the questions that got no answer, and without the question that is answered `again`. (A turn that was replaced is
/// soft-deleted.) A question has before it what it quotes.
pub fn recent(
    conn: &mut PgConnection,
    lane: Lane,
    limit: u32,
    again: Option<&Last>,
) -> QueryResult<Vec<Said>> {
    let left_out: Vec<i64> = again.map_or_else(Vec::new, |last| last.messages().collect());
    let more = i64::try_from(left_out.len()).unwrap_or(i64::MAX);
    let enough = limit + window::BEYOND;
    let rows: Vec<(MessageId, String, String, Quoted)> =
        prepared(newest(lane, i64::from(enough) + more)).load(conn)?;
    let mut said: Vec<Said> =
        rows.into_iter().map(said).filter(|said| !left_out.contains(&said.id)).collect();
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    said.truncate(number(enough));
    said.reverse();
    Ok(window::of(said, number(limit)))
}

/// What is live of the dialogue between two messages, at most the newest `limit`, as [`recent`] has it.
pub fn between(
    conn: &mut PgConnection,
    lane: Lane,
    after: i64,
    before: i64,
    limit: u32,
) -> QueryResult<Vec<Said>> {
    let rows: Vec<(MessageId, String, String, Quoted)> = newest(lane, i64::from(limit))
        .filter(messages::id.gt(bound(after)).and(messages::id.lt(bound(before))))
        .load(conn)?;
    Ok(rows.into_iter().rev().map(said).collect())
}

/// The query of [`recent`]: walks idx_messages_topic and stops after `limit` rows. By the id, as the index
/// has it: `created_at` goes back when the server's clock does.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn newest(lane: Lane, limit: i64) -> _ {
    let user_id: i64 = lane.user_id;
    let chat_id: i64 = lane.chat_id;
    let in_topic: InTopic<messages::thread_id> = in_topic(messages::thread_id, lane.thread_id);
    let newest_first: SqlLiteral<Integer> = sql("-messages.id");
    let quoted: SqlLiteral<Nullable<Text>> = quotes::of_message();
    messages::table
        .filter(messages::user_id.eq(user_id))
        .filter(messages::chat_id.eq(chat_id))
        .filter(in_topic)
        .filter(messages::deleted_at.is_null())
        .filter(not(exists(
            turns::table.filter(turns::question_id.eq(messages::id)).filter(turns::answer_id.is_null()),
        )))
        .order(newest_first)
        .limit(limit)
        .select((messages::id, messages::role, messages::content, quoted))
}

/// These messages, whatever became of them, as [`recent`] has them; those that are there still.
pub(super) fn by_ids(conn: &mut PgConnection, ids: Vec<i64>) -> QueryResult<Vec<Said>> {
    let rows: Vec<(MessageId, String, String, Quoted)> = messages::table
        .filter(among("messages.id", ids))
        .order(messages::id)
        .select((messages::id, messages::role, messages::content, quotes::of_message()))
        .load(conn)?;
    Ok(rows.into_iter().map(said).collect())
}

/// A question has before it what it quotes.
fn said((id, role, content, Quoted(quotes)): (MessageId, String, String, Quoted)) -> Said {
    Said { id: id.into(), role, content: with_words(&quotes, &content).into_owned() }
}

/// Clears the dialogue and returns how many messages it had. All get one stamp, by which [`restore`] knows them.
pub fn clear(conn: &mut PgConnection, dialogue: impl Into<Dialogue>) -> QueryResult<usize> {
    let dialogue = dialogue.into();
    summaries::end_of(conn, dialogue)?;
    diesel::update(of(dialogue).filter(messages::deleted_at.is_null()))
        .set(messages::deleted_at.eq(sql::<Timestamp>("LOCALTIMESTAMP").nullable()))
        .execute(conn)
}

/// [`clear`], in a transaction of its own, by the bot in front of a question: once another instance leads, the dialogue may hold its
/// answer to that.
pub fn clear_before_question(conn: &mut PgConnection, lane: Lane) -> QueryResult<usize> {
    conn.transaction(|conn| {
        lease::check(conn, lane.bot_id)?;
        clear(conn, lane)
    })
}

/// Undoes the latest clearing, or the one of this moment, and returns how many messages came back. What was replaced by
/// an edited or repeated question is not part of a clearing and stays deleted.
///
/// The latest is the one that holds the newest message: a clock goes back each autumn, and the predecessor's was perhaps
/// hours ahead.
pub fn restore(
    conn: &mut PgConnection,
    dialogue: impl Into<Dialogue>,
    of_moment: Option<PgTimestamp>,
) -> QueryResult<usize> {
    let dialogue = dialogue.into();
    let moment = match of_moment {
        None => cleared(dialogue)
            .filter(messages::deleted_at.is_not_null())
            .order(messages::id.desc())
            .select(messages::deleted_at)
            .first(conn)
            .optional()?
            .flatten(),
        moment => moment,
    };
    let Some(moment) = moment else { return Ok(0) };
    summaries::end_of(conn, dialogue)?;
    diesel::update(cleared(dialogue).filter(messages::deleted_at.eq(moment)))
        .set(messages::deleted_at.eq(None::<PgTimestamp>))
        .execute(conn)
}

/// The clearings of the dialogue that can be undone, the latest first: when, and how many messages.
pub fn clearings(conn: &mut PgConnection, dialogue: Dialogue) -> QueryResult<Vec<(String, i64)>> {
    cleared(dialogue)
        .filter(messages::deleted_at.is_not_null())
        .group_by(messages::deleted_at)
        .order(max(messages::id).desc())
        .select((iso(messages::deleted_at.assume_not_null()), count_star()))
        .load(conn)
}

#[diesel::dsl::auto_type]
fn of(dialogue: Dialogue) -> _ {
    let user_id: i64 = dialogue.user_id;
    let chat_id: i64 = dialogue.chat_id;
    let in_topics: Condition = in_topics(dialogue.topics);
    messages::table
        .filter(messages::user_id.eq(user_id))
        .filter(messages::chat_id.eq(chat_id))
        .filter(in_topics)
}

/// Without what was replaced.
#[diesel::dsl::auto_type(no_type_alias)]
fn cleared(dialogue: Dialogue) -> _ {
    let all: of = of(dialogue);
    all.filter(not(exists(
        turns::table
            .filter(turns::question_id.eq(messages::id).or(turns::answer_id.eq(messages::id.nullable())))
            .filter(turns::superseded_by.is_not_null()),
    )))
}
