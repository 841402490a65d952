//! The dialogues, the one with the latest message first.
//!
//! A dialogue has no row of its own, and no list takes long, however many there are. First the newest messages are looked at, in
//! which most lists find as many dialogues as they show. Where a few dialogues say nearly everything, the indexes tell the newest
//! message of each dialogue, at one probe each, unless there are too many of them: then more messages are looked at, and the list
//! is as long as they make it.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::store::message_id::{MessageId, bound};
use crate::store::schema::{messages, people};

/// So many are shown at once.
const WANTED: usize = 25;
/// So many messages are looked at for them, and so many where that was not enough.
const LOOKED_AT: i64 = 4000;
const LOOKED_AT_MOST: i64 = 8000;
/// So many dialogues are looked at by the indexes, of what is live and of what was cleared.
const PROBED: i64 = 300;
const PROBED_OF_PERSON: i64 = 5000;
/// So many characters of the newest message are shown.
const BEGINNING: i32 = 160;

/// A dialogue with its newest message.
#[derive(QueryableByName, Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Telegram id of the person.
    #[diesel(sql_type = BigInt)]
    pub user_id: i64,
    /// Telegram id of the chat.
    #[diesel(sql_type = BigInt)]
    pub chat_id: i64,
    /// Telegram id of the topic; 0: outside topics.
    #[diesel(sql_type = BigInt)]
    pub topic: i64,
    /// The person's name, as last seen.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// The chat's title, as last seen.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// `messages.id` of the newest message.
    #[diesel(sql_type = BigInt)]
    pub newest: i64,
    /// Who wrote it.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// How it begins.
    #[diesel(sql_type = Text)]
    pub beginning: String,
    /// When it was written, by the server's clock.
    #[diesel(sql_type = Text)]
    pub at: String,
    /// Whether it is cleared.
    #[diesel(sql_type = Bool)]
    pub cleared: bool,
    /// Whether all dialogues were looked at.
    #[diesel(sql_type = Bool)]
    is_all: bool,
}

/// Some of the dialogues, and whether there are further ones.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The latest first.
    pub dialogues: Vec<Listed>,
    /// The next page has those whose newest message is older than this one; `None`: there are none.
    pub next: Option<i64>,
}

/// The dialogues whose newest message is older than the one with this number; `None`: the first ones.
pub fn page(conn: &mut PgConnection, bot_id: i64, before: Option<i64>) -> QueryResult<Page> {
    let before = before.unwrap_or(i64::MAX);
    let among = |conn: &mut PgConnection, most: i64| -> QueryResult<Vec<Listed>> {
        listed(&among_the_newest(most)).bind::<BigInt, _>(bot_id).bind::<BigInt, _>(before).load(conn)
    };
    let found = among(conn, LOOKED_AT)?;
    if found.len() > WANTED || reached(conn, before, LOOKED_AT)?.is_none() {
        return Ok(Page::of(found));
    }
    let all = listed(&of_all("", PROBED)).bind::<BigInt, _>(bot_id).bind::<BigInt, _>(before);
    let all: Vec<Listed> = all.load(conn)?;
    if all.first().is_some_and(|first| first.is_all) {
        return Ok(Page::of(all));
    }
    let found = among(conn, LOOKED_AT_MOST)?;
    let next = if found.len() > WANTED { None } else { reached(conn, before, LOOKED_AT_MOST)? };
    let page = Page::of(found);
    Ok(Page { next: page.next.or(next), ..page })
}

/// The same of one person.
pub fn of_person(
    conn: &mut PgConnection,
    bot_id: i64,
    user_id: i64,
    before: Option<i64>,
) -> QueryResult<Page> {
    let theirs = listed(&of_all("AND messages.user_id = $3", PROBED_OF_PERSON))
        .bind::<BigInt, _>(bot_id)
        .bind::<BigInt, _>(before.unwrap_or(i64::MAX))
        .bind::<BigInt, _>(user_id);
    Ok(Page::of(theirs.load(conn)?))
}

impl Page {
    fn of(mut dialogues: Vec<Listed>) -> Self {
        let further = dialogues.len() > WANTED;
        dialogues.truncate(WANTED);
        let next = dialogues.last().filter(|_| further).map(|last| last.newest);
        Self { dialogues, next }
    }
}

/// The names of these people and chats, as last seen.
pub fn names(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, String>> {
    let known = people::table.filter(people::bot_id.eq(bot_id)).filter(people::id.eq_any(ids));
    let rows: Vec<(i64, Option<String>)> = known.select((people::id, people::name)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}

/// The last of so many messages before this one that are looked at; `None`: there are no more than that.
fn reached(conn: &mut PgConnection, before: i64, most: i64) -> QueryResult<Option<i64>> {
    messages::table
        .filter(messages::id.lt(bound(before)))
        .order(messages::id.desc())
        .offset(most - 1)
        .limit(2)
        .select(messages::id)
        .load::<MessageId>(conn)
        .map(|last| if let [last, _] = last[..] { Some(last.into()) } else { None })
}

/// The query `newest` gives the dialogues with their newest messages; `$1` is the bot, and `$2` the message before which they are.
fn listed(newest: &str) -> SqlQuery {
    diesel::sql_query(format!(
        "WITH RECURSIVE {newest}, page AS (SELECT * FROM dialogue WHERE id < $2 ORDER BY id DESC LIMIT {WANTED} + 1)
         SELECT page.user_id, page.chat_id, page.topic, person.name, chat.name AS title, page.id AS newest, messages.role,
                left(messages.content, {BEGINNING}) AS beginning, to_char(messages.created_at, 'YYYY-MM-DD HH24:MI') AS at,
                messages.deleted_at IS NOT NULL AS cleared, page.is_all
         FROM page JOIN messages ON messages.id = page.id
              LEFT JOIN people AS person ON person.bot_id = $1 AND person.id = page.user_id
              LEFT JOIN people AS chat ON chat.bot_id = $1 AND chat.id = page.chat_id AND page.chat_id <> page.user_id
         ORDER BY page.id DESC"
    ))
}

/// The dialogues of the messages right before, without those that have a newer one.
fn among_the_newest(most: i64) -> String {
    let newer = |state: &str| {
        format!(
            "SELECT FROM messages WHERE messages.user_id = found.user_id AND messages.chat_id = found.chat_id
                 AND COALESCE(messages.thread_id, 0) = found.topic AND -messages.id < -found.id AND messages.deleted_at {state}"
        )
    };
    format!(
        "recent AS MATERIALIZED (
             SELECT id::bigint AS id, user_id, chat_id, COALESCE(thread_id, 0) AS topic FROM messages WHERE id < $2
             ORDER BY messages.id DESC LIMIT {most}
         ), found AS (
             SELECT user_id, chat_id, topic, max(id) AS id FROM recent GROUP BY user_id, chat_id, topic
         ), dialogue AS (
             SELECT *, false AS is_all FROM found
             WHERE $2 = {} OR NOT EXISTS ({}) AND NOT EXISTS ({})
         )",
        i64::MAX,
        newer("IS NULL"),
        newer("IS NOT NULL"),
    )
}

/// All dialogues, or those of `some`, as long as there are fewer than so many: from one to the next by the indexes, of what is live and
/// of what was cleared.
fn of_all(some: &str, most: i64) -> String {
    let steps = |name: &str, state: &str| {
        let step = |behind: &str| {
            format!(
                "SELECT user_id, chat_id, COALESCE(thread_id, 0) AS topic, id::bigint AS id FROM messages
                 WHERE deleted_at {state} {some} {behind}
                 ORDER BY messages.user_id, messages.chat_id, COALESCE(messages.thread_id, 0), (-messages.id) LIMIT 1"
            )
        };
        let behind = format!(
            "AND (messages.user_id, messages.chat_id, COALESCE(messages.thread_id, 0)) > ({name}.user_id, {name}.chat_id, {name}.topic)"
        );
        format!(
            "{name} AS (({}) UNION ALL SELECT next.* FROM {name} CROSS JOIN LATERAL ({}) AS next)",
            step(""),
            step(&behind)
        )
    };
    format!(
        "{}, {}, each AS MATERIALIZED (
             (SELECT * FROM live LIMIT {most}) UNION ALL (SELECT * FROM cleared LIMIT {most})
         ), dialogue AS (
             SELECT user_id, chat_id, topic, max(id) AS id, (SELECT count(*) < {most} FROM each) AS is_all FROM each
             GROUP BY user_id, chat_id, topic
         )",
        steps("live", "IS NULL"),
        steps("cleared", "IS NOT NULL")
    )
}
