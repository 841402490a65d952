//! Real deletion of everything of a user. Nothing here can be undone.

use std::ops::AddAssign;

use diesel::dsl::{case_when, count_star};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use serde::Serialize;

use super::console::{by_indexes, sessions};
use super::message_id::{among, numbers};
use super::schema::{messages, model_calls, reply_parts, strangers, turns, updates};
use super::time::clock_timestamp;
use super::{
    announcements, attachments, decide, facts, inbox, lease, proposals, searches, settings, summaries, topics,
};

/// How many questions and answers a batch deletes.
const BATCH: i64 = 500;

/// How many rows of a user there are, or were.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize)]
pub struct Rows {
    /// In `messages`.
    pub messages: i64,
    /// In `turns`.
    pub turns: i64,
    /// In `reply_parts`.
    pub reply_parts: i64,
    /// In `updates`.
    pub updates: i64,
}

impl AddAssign for Rows {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.turns += other.turns;
        self.reply_parts += other.reply_parts;
        self.updates += other.updates;
    }
}

/// So many messages of a person are looked at for [`about`], and so many rows of a kind without a message.
pub const LOOKED_AT: i64 = 2_000;

/// About how many rows of a user there are, within bounds.
#[derive(QueryableByName, Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    turns: i64,
    #[diesel(sql_type = BigInt)]
    reply_parts: i64,
    #[diesel(sql_type = BigInt)]
    updates: i64,
    /// There are more messages than were looked at, or more of the others.
    #[diesel(sql_type = Bool)]
    pub more: bool,
}

impl About {
    /// So many at least.
    pub fn rows(self) -> Rows {
        let Self { messages, turns, reply_parts, updates, .. } = self;
        Rows { messages: messages.min(LOOKED_AT), turns, reply_parts, updates }
    }
}

/// What [`rows_of`] counts, of the first [`LOOKED_AT`] messages; `None`: there is nothing about the user, not even what was chosen or
/// remembered.
///
/// OFFSET 0 keeps PostgreSQL from taking a join for cheaper that reads a table as a whole, and the order, which idx_user_chat_deleted
/// has, from reading the table of messages for a person who wrote many of them.
pub fn about(conn: &mut PgConnection, user_id: i64) -> QueryResult<Option<About>> {
    let query = diesel::sql_query(format!(
        "WITH message AS MATERIALIZED (SELECT id FROM messages WHERE user_id = $1 ORDER BY chat_id, deleted_at LIMIT {LOOKED_AT} + 1),
              turn AS MATERIALIZED (
                  SELECT each.id FROM message CROSS JOIN LATERAL (SELECT id FROM turns WHERE question_id = message.id OFFSET 0) AS each),
              counted AS (
                  SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM turn) AS turns,
                         (SELECT count(*) FROM turn CROSS JOIN LATERAL (SELECT FROM reply_parts WHERE turn_id = turn.id OFFSET 0) AS each)
                             AS of_turns,
                         (SELECT count(*) FROM (SELECT FROM reply_parts WHERE user_id = $1 AND turn_id IS NULL LIMIT {LOOKED_AT}) AS each)
                             AS others,
                         (SELECT count(*) FROM (SELECT FROM updates WHERE user_id = $1 AND (done_at IS NULL OR message_id IS NOT NULL)
                                                LIMIT {LOOKED_AT}) AS each) AS updates)
         SELECT messages, turns, of_turns + others AS reply_parts, updates,
                messages > {LOOKED_AT} OR others = {LOOKED_AT} OR updates = {LOOKED_AT} AS more
         FROM counted"
    ))
    .bind::<BigInt, _>(user_id);
    let about: About = by_indexes(conn, |conn| query.get_result(conn))?;
    let known = about.rows() != Rows::default()
        || settings::known(conn, user_id)?
        || proposals::known(conn, user_id)?;
    Ok(known.then_some(about))
}

/// What [`batch`] and [`person`] would delete.
pub fn rows_of(conn: &mut PgConnection, user_id: i64) -> QueryResult<Rows> {
    Ok(Rows {
        messages: messages_of(user_id).select(count_star()).first(conn)?,
        turns: turns_of(user_id).select(count_star()).first(conn)?,
        reply_parts: parts_of_turns(user_id).select(count_star()).first::<i64>(conn)?
            + parts_without_turn(user_id).select(count_star()).first::<i64>(conn)?,
        updates: updates_of(user_id).select(count_star()).first(conn)?,
    })
}

/// The same; `None`: there is nothing about the user, not even what was chosen or remembered.
pub fn anything_of(conn: &mut PgConnection, user_id: i64) -> QueryResult<Option<Rows>> {
    let rows = rows_of(conn, user_id)?;
    let known =
        rows != Rows::default() || settings::known(conn, user_id)? || proposals::known(conn, user_id)?;
    Ok(known.then_some(rows))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn messages_of(user_id: i64) -> _ {
    messages::table.filter(messages::user_id.eq(user_id))
}

/// Found by their questions: turns and their parts have no index by user alone, messages have one.
#[diesel::dsl::auto_type(no_type_alias)]
fn turns_of(user_id: i64) -> _ {
    turns::table.filter(
        turns::question_id.eq_any(messages::table.filter(messages::user_id.eq(user_id)).select(messages::id)),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn parts_of_turns(user_id: i64) -> _ {
    let questions = messages::table.filter(messages::user_id.eq(user_id)).select(messages::id);
    reply_parts::table.filter(
        reply_parts::turn_id
            .eq_any(turns::table.filter(turns::question_id.eq_any(questions)).select(turns::id.nullable())),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn parts_without_turn(user_id: i64) -> _ {
    reply_parts::table.filter(reply_parts::user_id.eq(user_id)).filter(reply_parts::turn_id.is_null())
}

/// Those that wait or tell something still. One that was emptied is a number by which a repetition is recognised.
#[diesel::dsl::auto_type(no_type_alias)]
fn updates_of(user_id: i64) -> _ {
    updates::table
        .filter(updates::user_id.eq(user_id))
        .filter(updates::done_at.is_null().or(updates::message_id.is_not_null()))
}

/// Deletes everything of a person for whom nobody asked by an update: [`batch`] by batch, and then the rest. Whoever repeats it
/// goes on where it ended.
pub fn everything(conn: &mut PgConnection, user_id: i64) -> QueryResult<Rows> {
    let mut rows = Rows::default();
    while let Some(some) = batch(conn, user_id, None)? {
        rows += some;
    }
    rows += person(conn, user_id, None)?;
    Ok(rows)
}

/// Deletes some of a person's dialogues, in a transaction of its own. `None`: there is nothing left for a batch.
///
/// An erasure begins with these, so that [`person`] is left with little: what it locks, the poller may have to wait for. A
/// batch touches no row of the inbox. The rows go in the order in which finish writes them anew, so that none of the two
/// waits for the other in a circle.
///
/// `asked` is the bot that was asked for it: another instance of it may lead by now, and go on with this, and the person may have said
/// something since.
pub fn batch(conn: &mut PgConnection, user_id: i64, asked: Option<i64>) -> QueryResult<Option<Rows>> {
    conn.transaction(|conn| {
        asked.map_or(Ok(()), |bot_id| lease::check(conn, bot_id))?;
        let ids = numbers(messages_of(user_id).limit(BATCH).select(messages::id).load(conn)?);
        let parts: Vec<i64> = parts_without_turn(user_id)
            .filter(reply_parts::settled_at.is_not_null())
            .limit(BATCH)
            .select(reply_parts::id)
            .load(conn)?;
        let of_user = model_calls::table.filter(model_calls::user_id.eq(user_id));
        let calls: Vec<i64> = of_user.limit(BATCH).select(model_calls::id).load(conn)?;
        if ids.is_empty() && parts.is_empty() && calls.is_empty() {
            return Ok(None);
        }
        diesel::update(model_calls::table.filter(model_calls::id.eq_any(&calls)))
            .set(nobody())
            .execute(conn)?;
        // What stands in them is gone with the first of their messages.
        summaries::forget(conn, user_id)?;
        topics::forget(conn, user_id)?;
        sessions::forget(conn, user_id)?;
        let of_ids = among("turns.question_id", ids.clone()).or(among("turns.answer_id", ids.clone()));
        let turn_ids: Vec<i64> = turns::table.filter(of_ids).select(turns::id).load(conn)?;
        // Not one statement with OR: that would read the whole table.
        let of_turns = reply_parts::table.filter(reply_parts::turn_id.eq_any(&turn_ids));
        let reply_parts = diesel::delete(of_turns).execute(conn)?
            + diesel::delete(reply_parts::table.filter(reply_parts::id.eq_any(&parts))).execute(conn)?;
        let turns = diesel::delete(turns::table.filter(turns::id.eq_any(&turn_ids))).execute(conn)?;
        let messages = diesel::delete(messages::table.filter(among("messages.id", ids))).execute(conn)?;
        Ok(Some(Rows {
            messages: count(messages),
            turns: count(turns),
            reply_parts: count(reply_parts),
            updates: 0,
        }))
    })
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Deletes everything of a person, live and cleared, in all chats. The ledger keeps what was paid, and forgets for whom. Where
/// the person asks for it by an update, that one stays, and so does what came after it and waits to be answered.
///
/// The rows of the inbox are emptied rather than deleted: Telegram may deliver an update again, and it must not come back.
/// They go first. An answer in flight is stored only with its update: either it is stored before, and goes with the rest, or
/// it finds its update done and stores nothing ([`super::finish`]).
pub fn person(conn: &mut PgConnection, user_id: i64, asking: Option<i64>) -> QueryResult<Rows> {
    conn.transaction(|conn| {
        let asking = asking.unwrap_or(i64::MAX);
        let done =
            case_when(updates::done_at.is_null(), clock_timestamp().nullable()).otherwise(updates::done_at);
        let updates = diesel::update(updates_of(user_id))
            .filter(updates::seq.lt(asking).or(updates::seq.gt(asking).and(updates::done_at.is_not_null())))
            .set((
                updates::done_at.eq(done),
                updates::payload.eq(None::<String>),
                updates::message_id.eq(None::<i64>),
                updates::turn_id.eq(None::<i64>),
                updates::live_message_id.eq(None::<i64>),
                updates::held.eq(None::<String>),
                inbox::nothing_reserved(),
            ))
            .execute(conn)?;
        let parts = diesel::delete(parts_of_turns(user_id)).execute(conn)?
            + diesel::delete(parts_without_turn(user_id)).execute(conn)?;
        let turns = diesel::delete(turns_of(user_id)).execute(conn)?;
        diesel::update(model_calls::table.filter(model_calls::user_id.eq(user_id)))
            .set(nobody())
            .execute(conn)?;
        diesel::delete(strangers::table.filter(strangers::user_id.eq(user_id))).execute(conn)?;
        decide::withdraw(conn, user_id)?;
        announcements::forget(conn, user_id)?;
        settings::forget(conn, user_id)?;
        summaries::forget(conn, user_id)?;
        facts::forget(conn, user_id)?;
        proposals::forget(conn, user_id)?;
        searches::forget(conn, user_id)?;
        let messages = diesel::delete(messages_of(user_id)).execute(conn)?;
        // Those of its messages are gone with them.
        attachments::forget(conn, user_id, asking)?;
        Ok(Rows {
            messages: count(messages),
            turns: count(turns),
            reply_parts: count(parts),
            updates: count(updates),
        })
    })
}

/// A call that nobody made.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn nobody() -> _ {
    let unknown: Option<i64> = None;
    (
        model_calls::user_id.eq(unknown),
        model_calls::chat_id.eq(unknown),
        model_calls::thread_id.eq(unknown),
        model_calls::update_seq.eq(unknown),
    )
}
