//! The dialogues, the one with the latest message first.
//!
//! A dialogue has no row of its own, and nothing here reads a whole table: first the newest messages are looked at, in which most
//! lists find as many dialogues as they show. Where a few dialogues say nearly everything, the indexes tell the newest message of
//! each dialogue, at one probe each.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::store::schema::people;

/// So many are shown at once.
const WANTED: usize = 25;
/// So many messages are looked at for them.
const LOOKED_AT: i64 = 4000;
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
}

/// Some of the dialogues, and whether there are further ones.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The latest first.
    pub dialogues: Vec<Listed>,
    /// Whether there are older ones.
    pub further: bool,
}

/// The dialogues whose newest message is older than the one with this number; `None`: the first ones.
pub fn page(conn: &mut PgConnection, bot_id: i64, before: Option<i64>) -> QueryResult<Page> {
    let before = before.unwrap_or(i64::MAX);
    let found = listed(&among_the_newest()).bind::<BigInt, _>(bot_id).bind::<BigInt, _>(before).load(conn)?;
    if found.len() > WANTED || looked_at_all(conn, before)? {
        return Ok(Page::of(found));
    }
    let all = listed(&of_all("")).bind::<BigInt, _>(bot_id).bind::<BigInt, _>(before);
    Ok(Page::of(all.load(conn)?))
}

/// The same of one person.
pub fn of_person(
    conn: &mut PgConnection,
    bot_id: i64,
    user_id: i64,
    before: Option<i64>,
) -> QueryResult<Page> {
    let theirs = listed(&of_all("AND messages.user_id = $3"))
        .bind::<BigInt, _>(bot_id)
        .bind::<BigInt, _>(before.unwrap_or(i64::MAX))
        .bind::<BigInt, _>(user_id);
    Ok(Page::of(theirs.load(conn)?))
}

impl Page {
    fn of(mut dialogues: Vec<Listed>) -> Self {
        let further = dialogues.len() > WANTED;
        dialogues.truncate(WANTED);
        Self { dialogues, further }
    }
}

/// The names of these people and chats, as last seen.
pub fn names(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, String>> {
    let known = people::table.filter(people::bot_id.eq(bot_id)).filter(people::id.eq_any(ids));
    let rows: Vec<(i64, Option<String>)> = known.select((people::id, people::name)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}

/// Whether there are no more messages before this one than are looked at.
fn looked_at_all(conn: &mut PgConnection, before: i64) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct More {
        #[diesel(sql_type = Bool)]
        more: bool,
    }
    let more: More = diesel::sql_query(format!(
        "SELECT EXISTS (SELECT FROM (SELECT id FROM messages WHERE id < $1 ORDER BY id DESC OFFSET {LOOKED_AT} LIMIT 1) AS next) AS more"
    ))
    .bind::<BigInt, _>(before)
    .get_result(conn)?;
    Ok(!more.more)
}

/// The query `newest` gives the dialogues with their newest messages; `$1` is the bot, and `$2` the message before which they are.
fn listed(newest: &str) -> SqlQuery {
    diesel::sql_query(format!(
        "WITH RECURSIVE {newest}, page AS (SELECT * FROM dialogue WHERE id < $2 ORDER BY id DESC LIMIT {WANTED} + 1)
         SELECT page.user_id, page.chat_id, page.topic, person.name, chat.name AS title, page.id AS newest, messages.role,
                left(messages.content, {BEGINNING}) AS beginning, to_char(messages.created_at, 'YYYY-MM-DD HH24:MI') AS at,
                messages.deleted_at IS NOT NULL AS cleared
         FROM page JOIN messages ON messages.id = page.id
              LEFT JOIN people AS person ON person.bot_id = $1 AND person.id = page.user_id
              LEFT JOIN people AS chat ON chat.bot_id = $1 AND chat.id = page.chat_id AND page.chat_id <> page.user_id
         ORDER BY page.id DESC"
    ))
}

/// The dialogues of the messages right before, without those that have a newer one.
fn among_the_newest() -> String {
    let newer = |state: &str| {
        format!(
            "SELECT FROM messages WHERE messages.user_id = found.user_id AND messages.chat_id = found.chat_id
                 AND COALESCE(messages.thread_id, 0) = found.topic AND -messages.id < -found.id AND messages.deleted_at {state}"
        )
    };
    format!(
        "recent AS MATERIALIZED (
             SELECT id::bigint AS id, user_id, chat_id, COALESCE(thread_id, 0) AS topic FROM messages WHERE id < $2
             ORDER BY messages.id DESC LIMIT {LOOKED_AT}
         ), found AS (
             SELECT user_id, chat_id, topic, max(id) AS id FROM recent GROUP BY user_id, chat_id, topic
         ), dialogue AS (
             SELECT * FROM found
             WHERE $2 = {} OR NOT EXISTS ({}) AND NOT EXISTS ({})
         )",
        i64::MAX,
        newer("IS NULL"),
        newer("IS NOT NULL"),
    )
}

/// All dialogues, or those of `some`: from one to the next by the indexes, of what is live and of what was cleared.
fn of_all(some: &str) -> String {
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
        "{}, {}, dialogue AS (
             SELECT user_id, chat_id, topic, max(id) AS id FROM (SELECT * FROM live UNION ALL SELECT * FROM cleared) AS each
             GROUP BY user_id, chat_id, topic
         )",
        steps("live", "IS NULL"),
        steps("cleared", "IS NOT NULL")
    )
}
