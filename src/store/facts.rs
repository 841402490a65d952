//! What people asked the bot to remember. A worker reads it along with the oldest update of its lane ([`super::inbox`]).

use diesel::data_types::PgTimestamp;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::dsl::{count_star, exists, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::{Pg, PgConnection, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use serde::Serialize;

use super::lease::led;
use super::schema::{facts, memory_off};
use super::time::clock_timestamp;
use crate::domain::lane::{Lane, Moved};
use crate::domain::memory::{Fact, MOST, Memory};

/// What is remembered, as [`of_update`] reads it.
#[derive(FromSqlRow)]
pub(super) struct Remembered(pub(super) Memory);

impl FromSql<Nullable<Text>, Pg> for Remembered {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(match value.as_bytes() {
            b"off" => Memory { off: true, facts: Vec::new() },
            json => Memory { off: false, facts: serde_json::from_slice(json)? },
        }))
    }

    fn from_nullable_sql(value: Option<PgValue<'_>>) -> deserialize::Result<Self> {
        value.map_or_else(|| Ok(Self(Memory::default())), FromSql::<Nullable<Text>, Pg>::from_sql)
    }
}

/// The day of a fact, as [`Fact`] has it.
const DAY: &str = "to_char(facts.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')";

/// What is remembered of the person of a row of `updates` in its chat.
pub(super) fn of_update() -> SqlLiteral<Nullable<Text>> {
    sql(&format!(
        "CASE WHEN EXISTS (SELECT FROM memory_off WHERE memory_off.bot_id = updates.bot_id \
           AND memory_off.chat_id = updates.chat_id AND memory_off.user_id = updates.user_id) THEN 'off' \
         ELSE (SELECT json_agg(json_build_object('id', facts.id, 'text', facts.content, 'day', {DAY}) ORDER BY facts.id)::text \
           FROM facts WHERE facts.bot_id = updates.bot_id AND facts.chat_id = updates.chat_id \
           AND facts.user_id = updates.user_id AND facts.deleted_at IS NULL) END"
    ))
}

/// Facts of a person in a chat, also deleted ones.
#[diesel::dsl::auto_type(no_type_alias)]
fn of_lane(lane: Lane) -> _ {
    let bot_id: i64 = lane.bot_id;
    let chat_id: i64 = lane.chat_id;
    let user_id: i64 = lane.user_id;
    facts::table
        .filter(facts::bot_id.eq(bot_id))
        .filter(facts::chat_id.eq(chat_id))
        .filter(facts::user_id.eq(user_id))
}

/// A fact with where it is from.
#[derive(Queryable, Serialize)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// Telegram id of the person.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// The words.
    pub content: String,
    /// The day when it was told, by UTC.
    pub day: String,
    /// Telegram's id of the message that said it.
    pub message_id: Option<i64>,
    /// Telegram id of the topic where that is.
    pub thread_id: Option<i64>,
    /// The day when it was deleted, by UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
}

#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    let day: SqlLiteral<Text> = sql(DAY);
    let deleted: SqlLiteral<Nullable<Text>> =
        sql("to_char(facts.deleted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')");
    (
        facts::id,
        facts::user_id,
        facts::chat_id,
        facts::content,
        day,
        facts::message_id,
        facts::thread_id,
        deleted,
    )
}

/// What is remembered of the person in this chat, the oldest first.
pub fn list(conn: &mut PgConnection, lane: Lane) -> QueryResult<Vec<Kept>> {
    of_lane(lane).filter(facts::deleted_at.is_null()).order(facts::id).select(columns()).load(conn)
}

/// Whether anything is remembered of the person in this chat.
pub fn any(conn: &mut PgConnection, lane: Lane) -> QueryResult<bool> {
    diesel::select(exists(of_lane(lane).filter(facts::deleted_at.is_null()))).get_result(conn)
}

/// Facts of all, or of one person, or in one chat; deleted ones too, if so wanted.
pub fn all(
    conn: &mut PgConnection,
    user_id: Option<i64>,
    chat_id: Option<i64>,
    deleted: bool,
) -> QueryResult<Vec<Kept>> {
    let mut query = facts::table.into_boxed();
    if let Some(user_id) = user_id {
        query = query.filter(facts::user_id.eq(user_id));
    }
    if let Some(chat_id) = chat_id {
        query = query.filter(facts::chat_id.eq(chat_id));
    }
    if !deleted {
        query = query.filter(facts::deleted_at.is_null());
    }
    query.order((facts::user_id, facts::chat_id, facts::id)).select(columns()).load(conn)
}

/// These facts as models read them, the oldest first, also deleted ones; those that are there still.
pub(super) fn read(conn: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<Fact>> {
    let day: SqlLiteral<Text> = sql(DAY);
    let rows: Vec<(i64, String, String)> = facts::table
        .filter(facts::id.eq_any(ids))
        .order(facts::id)
        .select((facts::id, facts::content, day))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, text, day)| Fact { id, text, day }).collect())
}

/// What became of something to remember.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// It is remembered, as the fact of this number.
    New(i64),
    /// It was before, by the same words.
    Known,
    /// There are [`MOST`] already.
    Full,
}

/// How many there may be, as PostgreSQL counts.
pub(super) fn most() -> i64 {
    i64::try_from(MOST).unwrap_or(i64::MAX)
}

/// Whether this is remembered, by the same words.
pub(super) fn is_told(conn: &mut PgConnection, lane: Lane, text: &str) -> QueryResult<bool> {
    let same = of_lane(lane).filter(facts::deleted_at.is_null()).filter(facts::content.eq(text));
    diesel::select(exists(same)).get_result(conn)
}

/// Everything that the person ever told in this chat, also what was deleted.
pub(super) fn ever_told(conn: &mut PgConnection, lane: Lane) -> QueryResult<Vec<String>> {
    of_lane(lane).select(facts::content).load(conn)
}

/// Remembers a fact that the message `message_id` told.
pub fn add(conn: &mut PgConnection, lane: Lane, text: &str, message_id: Option<i64>) -> QueryResult<Added> {
    // Several topics of a chat are worked on at once.
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('facts', $1))")
        .bind::<BigInt, _>(lane.user_id)
        .execute(conn)?;
    if is_told(conn, lane, text)? {
        return Ok(Added::Known);
    }
    let live = of_lane(lane).filter(facts::deleted_at.is_null());
    if live.select(count_star()).first::<i64>(conn)? >= most() {
        return Ok(Added::Full);
    }
    let row = (
        facts::bot_id.eq(lane.bot_id),
        facts::chat_id.eq(lane.chat_id),
        facts::user_id.eq(lane.user_id),
        facts::content.eq(text),
        facts::message_id.eq(message_id),
        facts::thread_id.eq(lane.thread_id),
    );
    diesel::insert_into(facts::table).values(row).returning(facts::id).get_result(conn).map(Added::New)
}

/// Deletes a fact. `None`: there is none of this number any more.
pub fn delete(conn: &mut PgConnection, lane: Lane, id: i64) -> QueryResult<Option<String>> {
    diesel::update(of_lane(lane).filter(facts::id.eq(id)).filter(facts::deleted_at.is_null()))
        .filter(facts::bot_id.eq(led(lane.bot_id)))
        .set(facts::deleted_at.eq(clock_timestamp().nullable()))
        .returning(facts::content)
        .get_result(conn)
        .optional()
}

/// The fact that this message told, if it is remembered.
pub fn of_message(
    conn: &mut PgConnection,
    lane: Lane,
    message_id: i64,
) -> QueryResult<Option<(i64, String)>> {
    of_lane(lane)
        .filter(facts::message_id.eq(message_id))
        .filter(facts::deleted_at.is_null())
        .select((facts::id, facts::content))
        .first(conn)
        .optional()
}

/// Turns the memory on or off.
pub fn switch(conn: &mut PgConnection, lane: Lane, on: bool) -> QueryResult<usize> {
    let row = (
        memory_off::bot_id.eq(lane.bot_id),
        memory_off::chat_id.eq(lane.chat_id),
        memory_off::user_id.eq(lane.user_id),
    );
    if on {
        let (bot_id, chat_id, user_id) = row;
        return diesel::delete(memory_off::table.filter(bot_id.and(chat_id).and(user_id))).execute(conn);
    }
    diesel::insert_into(memory_off::table).values(row).on_conflict_do_nothing().execute(conn)
}

/// Whether anything is known of the person's memory, anywhere, also what was deleted.
pub(super) fn known(conn: &mut PgConnection, person: i64) -> QueryResult<bool> {
    let facts = exists(facts::table.filter(facts::user_id.eq(person)));
    let off = exists(memory_off::table.filter(memory_off::user_id.eq(person)));
    diesel::select(facts.or(off)).get_result(conn)
}

/// Nothing is remembered of the person any more, in all chats.
pub(super) fn forget(conn: &mut PgConnection, person: i64) -> QueryResult<()> {
    diesel::delete(facts::table.filter(facts::user_id.eq(person))).execute(conn)?;
    diesel::delete(memory_off::table.filter(memory_off::user_id.eq(person))).execute(conn)?;
    Ok(())
}

/// Deletes what was told before this moment for good, and returns how much that was.
pub fn purge(conn: &mut PgConnection, moment: PgTimestamp, limit: i64) -> QueryResult<usize> {
    let moment = sql::<Timestamptz>("").bind::<diesel::sql_types::Timestamp, _>(moment).sql("::timestamptz");
    let old = facts::table.filter(facts::created_at.lt(moment)).limit(limit).select(facts::id);
    let ids: Vec<i64> = old.load(conn)?;
    diesel::delete(facts::table.filter(facts::id.eq_any(ids))).execute(conn)
}

/// What is remembered in a group goes on under its new id, where Telegram's ids name other messages.
pub(super) fn move_chat(conn: &mut PgConnection, moved: Moved) -> QueryResult<usize> {
    let Moved { bot_id, from, to } = moved;
    let moved = diesel::update(facts::table)
        .filter(facts::bot_id.eq(bot_id).and(facts::chat_id.eq(from)))
        .set((facts::chat_id.eq(to), facts::message_id.eq(None::<i64>)))
        .execute(conn)?;
    let off = || memory_off::table.filter(memory_off::bot_id.eq(bot_id).and(memory_off::chat_id.eq(from)));
    let to = to.into_sql::<BigInt>();
    off()
        .select((memory_off::bot_id, to, memory_off::user_id, memory_off::since))
        .insert_into(memory_off::table)
        .into_columns((memory_off::bot_id, memory_off::chat_id, memory_off::user_id, memory_off::since))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(moved + diesel::delete(off()).execute(conn)?)
}
