//! Summaries of dialogues, beside their messages: made from them, and anew when they change ([`crate::domain::summary`]).
//!
//! In force is a summary until another one takes its place, or what it is about changes: whoever clears, brings back or
//! replaces messages ends it in the same transaction. Beside that the newest message that it is about has to be live, for the
//! predecessor clears dialogues and knows no summaries.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::dsl::{max, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::{Pg, PgConnection, PgValue};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use serde::Serialize;

use super::group::of_group;
use super::lease::led;
use super::ledger::{self, Calls};
use super::schema::summaries::{
    self, bot_id, chat_id, first_id, id, last_id, replaced_at, thread_id, user_id,
};
use super::time::clock_timestamp;
use crate::domain::lane::{Dialogue, Lane, Moved, ROOT, Topics};
use crate::domain::prompt;
use crate::domain::summary::Summary;

/// So many are read: the one that is read by models, and one that was made ahead.
const NEWEST: i64 = 2;

/// What `of_update` selects.
#[derive(Clone, Debug, Default, FromSqlRow)]
pub struct InForce(pub(super) Vec<Summary>);

impl FromSql<Nullable<Text>, Pg> for InForce {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_slice(value.as_bytes())?))
    }

    fn from_nullable_sql(value: Option<PgValue<'_>>) -> deserialize::Result<Self> {
        value.map_or_else(|| Ok(Self::default()), FromSql::<Nullable<Text>, Pg>::from_sql)
    }
}

/// The newest summaries in force of the dialogue of a row of `updates`.
pub(super) fn of_update() -> SqlLiteral<Nullable<Text>> {
    sql(&newest_of("updates.user_id", "updates.chat_id", "COALESCE(updates.thread_id, 0)", "updates.bot_id"))
}

/// As [`Summary`] is written in JSON.
fn newest_of(user: &str, chat: &str, thread: &str, bot: &str) -> String {
    format!(
        "(SELECT json_agg(json_build_object('id', made.id, 'last_id', made.last_id,
             'prompt', encode(made.prompt_id, 'hex'), 'content', made.content))::text
         FROM (SELECT * FROM summaries WHERE summaries.user_id = {user} AND summaries.chat_id = {chat}
                   AND summaries.thread_id = {thread} AND summaries.bot_id = {bot} AND summaries.replaced_at IS NULL
                   AND EXISTS (SELECT FROM messages AS newest
                               WHERE newest.id = summaries.last_id AND newest.deleted_at IS NULL)
               ORDER BY summaries.id DESC LIMIT {NEWEST}) AS made)"
    )
}

/// The newest summaries in force of this dialogue.
pub fn of(conn: &mut PgConnection, lane: Lane) -> QueryResult<Vec<Summary>> {
    let newest = newest_of("asked.user_id", "asked.chat_id", "asked.thread_id", "asked.bot_id");
    let row: Row = sql_query(format!(
        "SELECT {newest} AS summaries
         FROM (SELECT $1 AS user_id, $2 AS chat_id, $3 AS thread_id, $4 AS bot_id) AS asked"
    ))
    .bind::<BigInt, _>(lane.user_id)
    .bind::<BigInt, _>(lane.chat_id)
    .bind::<BigInt, _>(lane.topic())
    .bind::<BigInt, _>(lane.bot_id)
    .get_result(conn)?;
    Ok(row.summaries.0)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    summaries: InForce,
}

/// A summary with what it is about.
#[derive(Queryable, Serialize)]
pub struct Listed {
    /// Its number.
    pub id: i64,
    /// Telegram id of the person.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Telegram id of the topic; `None`: outside topics.
    pub thread_id: Option<i64>,
    /// The oldest message that it is about (`messages.id`).
    pub first_id: i64,
    /// The newest one.
    pub last_id: i64,
    /// The text.
    pub content: String,
    /// The model that wrote it, where its endpoint told.
    pub model: Option<String>,
    /// When it was made.
    pub made_at: String,
    /// When another one took its place, or its messages changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<String>,
}

/// Summaries of all, or of one person, or in one chat; also those that are not in force any more, if so wanted.
pub fn all(
    conn: &mut PgConnection,
    person: Option<i64>,
    chat: Option<i64>,
    replaced: bool,
) -> QueryResult<Vec<Listed>> {
    let mut query = summaries::table.into_boxed();
    if let Some(person) = person {
        query = query.filter(user_id.eq(person));
    }
    if let Some(chat) = chat {
        query = query.filter(chat_id.eq(chat));
    }
    if !replaced {
        query = query.filter(replaced_at.is_null());
    }
    let topic: SqlLiteral<Nullable<BigInt>> = sql("NULLIF(summaries.thread_id, 0)");
    let moment = |column: &str| {
        format!(r#"to_char(summaries.{column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"#)
    };
    let made: SqlLiteral<Text> = sql(&moment("made_at"));
    let ended: SqlLiteral<Nullable<Text>> = sql(&moment("replaced_at"));
    query
        .order((user_id, chat_id, thread_id, id))
        .select((
            id,
            user_id,
            chat_id,
            topic,
            first_id,
            last_id,
            summaries::content,
            summaries::model,
            made,
            ended,
        ))
        .load(conn)
}

/// A summary that was written.
pub struct New<'a> {
    /// For which answer, and the call.
    pub calls: Calls<'a>,
    /// What it follows.
    pub follows: Option<i64>,
    /// The messages that were summed up, in order; those before them are in the summary that it follows.
    pub messages: &'a [i64],
    /// The instructions of the role.
    pub instructions: &'a str,
    /// The text.
    pub content: &'a str,
    /// The model that wrote it.
    pub model: Option<&'a str>,
}

/// Stores a summary with its call. False: only the call, for what was summed up is not any more what it was.
pub fn store(conn: &mut PgConnection, new: &New<'_>) -> QueryResult<bool> {
    let &New { calls, follows: base, messages, instructions, content: text, model: by } = new;
    let lane = calls.address.lane;
    conn.transaction(|conn| {
        if ledger::store(conn, calls)? == 0 && !calls.calls.is_empty() {
            // The call came with the summary, in a transaction whose commit was not learnt.
            return Ok(true);
        }
        let stored = sql_query(
            "INSERT INTO summaries
                 (bot_id, user_id, chat_id, thread_id, first_id, last_id, follows, prompt_id, content, model)
             SELECT $1, $2, $3, $4, coalesce((SELECT first_id FROM summaries WHERE id = $5), $6[1]),
                    $6[cardinality($6)], $5, $7, $8, $9
             WHERE NOT EXISTS (SELECT FROM unnest($6) AS summed (id) LEFT JOIN messages
                                   ON messages.id = summed.id AND messages.deleted_at IS NULL
                               WHERE messages.id IS NULL)
               AND ($5 IS NULL OR EXISTS (SELECT FROM summaries WHERE id = $5 AND replaced_at IS NULL))",
        )
        .bind::<BigInt, _>(lane.bot_id)
        .bind::<BigInt, _>(lane.user_id)
        .bind::<BigInt, _>(lane.chat_id)
        .bind::<BigInt, _>(lane.topic())
        .bind::<Nullable<BigInt>, _>(base)
        .bind::<Array<BigInt>, _>(messages)
        .bind::<Nullable<Binary>, _>(prompt::id_of(instructions))
        .bind::<Text, _>(text)
        .bind::<Nullable<Text>, _>(by)
        .execute(conn)?;
        // The one before stays for the window of now; the new one is for the next.
        let of_lane = of_lane(lane).filter(replaced_at.is_null());
        let newest: Option<i64> = of_lane.select(max(id)).first(conn)?;
        diesel::update(of_lane.filter(id.ne_all([newest, base].into_iter().flatten().collect::<Vec<_>>())))
            .filter(bot_id.eq(led(lane.bot_id)))
            .set(replaced_at.eq(clock_timestamp().nullable()))
            .execute(conn)?;
        Ok(stored > 0)
    })
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_lane(lane: Lane) -> _ {
    let (user, chat, topic, bot): (i64, i64, i64, i64) =
        (lane.user_id, lane.chat_id, lane.topic(), lane.bot_id);
    summaries::table
        .filter(user_id.eq(user).and(chat_id.eq(chat)))
        .filter(thread_id.eq(topic).and(bot_id.eq(bot)))
}

/// Ends all summaries of the dialogue: what it is made of changes.
pub(super) fn end_of(conn: &mut PgConnection, dialogue: Dialogue) -> QueryResult<usize> {
    let of_chat = user_id.eq(dialogue.user_id).and(chat_id.eq(dialogue.chat_id)).and(replaced_at.is_null());
    let ended = replaced_at.eq(clock_timestamp().nullable());
    match dialogue.topics {
        Topics::All => diesel::update(summaries::table.filter(of_chat)).set(ended).execute(conn),
        Topics::Only(topic) => {
            let of_topic = thread_id.eq(topic.unwrap_or(ROOT));
            diesel::update(summaries::table.filter(of_chat.and(of_topic))).set(ended).execute(conn)
        }
    }
}

/// Ends the summaries of the dialogue that are about this message, or about something after it.
pub(super) fn end_from(conn: &mut PgConnection, lane: Lane, message_id: i64) -> QueryResult<usize> {
    diesel::update(of_lane(lane).filter(replaced_at.is_null().and(last_id.ge(message_id))))
        .set(replaced_at.eq(clock_timestamp().nullable()))
        .execute(conn)
}

/// Deletes the summaries that begin with any of these messages, for good.
pub(super) fn delete_about(conn: &mut PgConnection, message_ids: &[i64]) -> QueryResult<usize> {
    diesel::delete(summaries::table.filter(first_id.eq_any(message_ids))).execute(conn)
}

/// Deletes the summaries of this person, for good.
pub(super) fn forget(conn: &mut PgConnection, person: i64) -> QueryResult<usize> {
    diesel::delete(summaries::table.filter(user_id.eq(person))).execute(conn)
}

/// The summaries of a group go on under its new id.
pub(super) fn move_chat(conn: &mut PgConnection, moved: Moved) -> QueryResult<usize> {
    diesel::update(summaries::table.filter(bot_id.eq(moved.bot_id).and(chat_id.eq(moved.from))))
        .filter(of_group())
        .set(chat_id.eq(moved.to))
        .execute(conn)
}
