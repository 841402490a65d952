//! Everything that was ever said, across dialogues: listed, read, counted.
//!
//! What can be long comes row by row, straight from the connection: no result is ever held in memory as a whole.

use diesel::data_types::PgTimestamp;
use diesel::dsl::count_star;
use diesel::expression::{AsExpression, SqlLiteral};
use diesel::pg::{Pg, PgConnection, PgRowByRowLoadingMode};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamp};
use serde::Serialize;

use super::message_id::{MessageId, bound};
use super::quotes::{self, Quoted};
use super::schema::messages;
use super::topic::in_topics;
use crate::domain::lane::{Dialogue, Topics};
use crate::domain::transcript;

diesel::define_sql_function! {
    /// A time as text.
    fn to_char(at: Timestamp, format: Text) -> Text;
}
diesel::define_sql_function! {
    /// A time as text, where there is one.
    #[sql_name = "to_char"]
    fn to_char_if_any(at: Nullable<Timestamp>, format: Text) -> Nullable<Text>;
}

// The diesel CLI leaves views out of schema.rs.
mod view {
    diesel::table! {
        dialogues (user_id, chat_id) {
            user_id -> Int8,
            chat_id -> Int8,
            messages -> Int8,
            live -> Int8,
            first_at -> Timestamp,
            last_at -> Timestamp,
            cleared_at -> Nullable<Timestamp>,
            thread_id -> Nullable<Int8>,
        }
    }
}
use view::dialogues;

/// ISO 8601 in the server's time zone, to the microsecond: it sorts, and PostgreSQL reads it back as the same moment.
const ISO: &str = r#"YYYY-MM-DD"T"HH24:MI:SS.US"#;

/// A time of `messages` as text.
pub(super) fn iso<E: AsExpression<Timestamp>>(at: E) -> iso<E> {
    to_char(at, ISO)
}

/// A time of `messages` as text, where there is one.
fn iso_if_any<E: AsExpression<Nullable<Timestamp>>>(at: E) -> iso_if_any<E> {
    to_char_if_any(at, ISO)
}

#[expect(non_camel_case_types, reason = "Diesel derives the type of a column from the function's name")]
pub(super) type iso<E> = to_char<E, &'static str>;
#[expect(non_camel_case_types, reason = "as above")]
type iso_if_any<E> = to_char_if_any<E, &'static str>;

/// A dialogue in figures.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = dialogues)]
pub struct Summary {
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Messages, live and cleared.
    pub messages: i64,
    /// Live ones among them.
    pub live: i64,
    /// When the first was written.
    #[diesel(select_expression = iso(dialogues::first_at))]
    pub first_at: String,
    /// When the last was written.
    #[diesel(select_expression = iso(dialogues::last_at))]
    pub last_at: String,
    /// When some were last cleared.
    #[diesel(select_expression = iso_if_any(dialogues::cleared_at))]
    pub cleared_at: Option<String>,
    /// Telegram id of the topic; `None`: outside topics.
    pub thread_id: Option<i64>,
}

/// A message with all that `messages` says about it.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = messages)]
pub struct Record {
    /// Its number.
    #[diesel(deserialize_as = MessageId)]
    pub id: i64,
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Who wrote it.
    pub role: String,
    /// The text.
    pub content: String,
    /// Its length in characters.
    pub message_length: i32,
    /// When it was written.
    #[diesel(select_expression = iso(messages::created_at))]
    pub created_at: String,
    /// When it was cleared.
    #[diesel(select_expression = iso_if_any(messages::deleted_at))]
    pub deleted_at: Option<String>,
    /// Telegram id of the topic; `None`: outside topics.
    pub thread_id: Option<i64>,
    /// What it replies to or forwards, marked as the model read it.
    #[diesel(select_expression = quotes::of_message(), select_expression_type = SqlLiteral<Nullable<Text>>)]
    #[diesel(deserialize_as = Quoted)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
}

impl Record {
    /// As text for people.
    pub fn transcript(&self) -> String {
        let heading = transcript::heading(&self.created_at, &self.role, self.deleted_at.as_deref());
        match &self.quoted {
            Some(quoted) => transcript::entry(&heading, &format!("{quoted}\n\n{}", self.content)),
            None => transcript::entry(&heading, &self.content),
        }
    }
}

/// Which messages are meant; `None` is everything.
#[derive(Clone, Copy, Default)]
pub struct Selection {
    /// Of this user.
    pub user_id: Option<i64>,
    /// In this chat.
    pub chat_id: Option<i64>,
    /// Where in the chat.
    pub topics: Topics,
    /// Written then or later.
    pub since: Option<PgTimestamp>,
    /// Written before.
    pub until: Option<PgTimestamp>,
    /// With this number or a larger one.
    pub from: Option<i64>,
    /// With a smaller number.
    pub below: Option<i64>,
    /// Cleared ones too.
    pub cleared: bool,
}

impl From<Dialogue> for Selection {
    /// What is live of it.
    fn from(dialogue: Dialogue) -> Self {
        let Dialogue { user_id, chat_id, topics } = dialogue;
        Self { user_id: Some(user_id), chat_id: Some(chat_id), topics, ..Self::default() }
    }
}

impl Selection {
    pub(super) fn query(self) -> messages::BoxedQuery<'static, Pg> {
        let mut query = messages::table.filter(in_topics(self.topics)).into_boxed();
        if let Some(user_id) = self.user_id {
            query = query.filter(messages::user_id.eq(user_id));
        }
        if let Some(chat_id) = self.chat_id {
            query = query.filter(messages::chat_id.eq(chat_id));
        }
        if let Some(since) = self.since {
            query = query.filter(messages::created_at.ge(since));
        }
        if let Some(until) = self.until {
            query = query.filter(messages::created_at.lt(until));
        }
        if let Some(from) = self.from {
            query = query.filter(messages::id.ge(bound(from)));
        }
        if let Some(below) = self.below {
            query = query.filter(messages::id.lt(bound(below)));
        }
        if !self.cleared {
            query = query.filter(messages::deleted_at.is_null());
        }
        query
    }
}

/// All dialogues, or those of one user; the one with the latest message first.
pub fn summaries(
    conn: &mut PgConnection,
    user_id: Option<i64>,
) -> QueryResult<impl Iterator<Item = QueryResult<Summary>>> {
    let mut query = dialogues::table.into_boxed();
    if let Some(user_id) = user_id {
        query = query.filter(dialogues::user_id.eq(user_id));
    }
    query
        .order((dialogues::last_at.desc(), dialogues::user_id, dialogues::chat_id, dialogues::thread_id))
        .select(Summary::as_select())
        .load_iter::<Summary, PgRowByRowLoadingMode>(conn)
}

/// The selected messages, row by row, as said: by the id, for `created_at` goes back when the server's clock does.
pub fn records(
    conn: &mut PgConnection,
    selection: Selection,
) -> QueryResult<impl Iterator<Item = QueryResult<Record>>> {
    selection
        .query()
        .order(messages::id)
        .select(Record::as_select())
        .load_iter::<Record, PgRowByRowLoadingMode>(conn)
}

/// As [`records`], one topic after the other: the root first.
pub fn records_by_topic(
    conn: &mut PgConnection,
    selection: Selection,
) -> QueryResult<impl Iterator<Item = QueryResult<Record>>> {
    selection
        .query()
        .order((messages::thread_id.asc().nulls_first(), messages::id))
        .select(Record::as_select())
        .load_iter::<Record, PgRowByRowLoadingMode>(conn)
}

/// How many messages are selected.
pub fn count(conn: &mut PgConnection, selection: Selection) -> QueryResult<i64> {
    selection.query().select(count_star()).first(conn)
}
