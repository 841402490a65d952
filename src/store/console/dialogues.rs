//! The dialogues, the one with the latest message first.
//!
//! A dialogue has no row of its own, and no list takes long, however many there are. The newest messages are looked through, more
//! of them each time, until they are of as many dialogues as a page shows. Where a few dialogues say nearly everything, the indexes
//! tell the newest message of each dialogue, at one probe each, unless there are too many of them: then the list is as long as the
//! messages make it that were looked through, and the next page goes on behind them.

use std::collections::{HashMap, HashSet};

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::times::utc;
use crate::store::schema::people;

/// So many are shown at once.
const WANTED: usize = 25;
/// So many messages are looked through for them, one stretch after the other.
const STRETCHES: [i64; 9] = [1000, 4000, 8000, 8000, 8000, 8000, 8000, 8000, 8000];
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
    /// When it was written, in UTC.
    #[diesel(sql_type = Text)]
    pub at: String,
    /// Whether it is cleared.
    #[diesel(sql_type = Bool)]
    pub cleared: bool,
}

/// A dialogue in a stretch of messages.
#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = BigInt)]
    chat_id: i64,
    #[diesel(sql_type = BigInt)]
    topic: i64,
    /// Its newest message there.
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// Whether it has a message that is newer than the page, so that it stands on a page before.
    #[diesel(sql_type = Bool)]
    before: bool,
    /// Its oldest one there.
    #[diesel(sql_type = BigInt)]
    oldest: i64,
}

/// The newest message of a dialogue.
#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    id: i64,
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
    // No number is below 0, and that of the smallest would have no opposite.
    let before = before.unwrap_or(i64::MAX).max(0);
    let (mut dialogues, mut newest, mut reached) = (HashSet::new(), Vec::new(), before);
    for stretch in STRETCHES {
        let seen = seen(conn, before, reached, stretch)?;
        let Some(oldest) = seen.iter().map(|seen| seen.oldest).min() else {
            return Page::of(conn, bot_id, newest);
        };
        reached = oldest;
        for Seen { user_id, chat_id, topic, id, before, .. } in seen {
            if dialogues.insert((user_id, chat_id, topic)) && !before {
                newest.push(id);
            }
        }
        if newest.len() > WANTED {
            return Page::of(conn, bot_id, newest);
        }
    }
    let (all, is_all) = all(conn, before, None, PROBED)?;
    if is_all {
        return Page::of(conn, bot_id, all);
    }
    Ok(Page { next: Some(reached), ..Page::of(conn, bot_id, newest)? })
}

/// The same of one person.
pub fn of_person(
    conn: &mut PgConnection,
    bot_id: i64,
    user_id: i64,
    before: Option<i64>,
) -> QueryResult<Page> {
    let (theirs, _) = all(conn, before.unwrap_or(i64::MAX), Some(user_id), PROBED_OF_PERSON)?;
    Page::of(conn, bot_id, theirs)
}

impl Page {
    /// The dialogues with the newest of these newest messages.
    fn of(conn: &mut PgConnection, bot_id: i64, mut newest: Vec<i64>) -> QueryResult<Self> {
        newest.sort_unstable_by(|one, other| other.cmp(one));
        let further = newest.len() > WANTED;
        newest.truncate(WANTED);
        let next = newest.last().copied().filter(|_| further);
        Ok(Self { dialogues: listed(conn, bot_id, newest)?, next })
    }
}

/// The names of these people and chats, as last seen.
pub fn names(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, String>> {
    let known = people::table.filter(people::bot_id.eq(bot_id)).filter(people::id.eq_any(ids));
    let rows: Vec<(i64, Option<String>)> = known.select((people::id, people::name)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}

/// The dialogues of so many messages right before the message `reached`, of which a page shows those without a message at or behind
/// `before`. Empty: there are no messages left.
fn seen(conn: &mut PgConnection, before: i64, reached: i64, stretch: i64) -> QueryResult<Vec<Seen>> {
    let at_or_behind = |state: &str| {
        format!(
            "EXISTS (SELECT FROM messages WHERE messages.user_id = dialogue.user_id AND messages.chat_id = dialogue.chat_id
                 AND COALESCE(messages.thread_id, 0) = dialogue.topic AND -messages.id <= -$1 AND messages.deleted_at {state})"
        )
    };
    diesel::sql_query(format!(
        "WITH dialogue AS MATERIALIZED (
             SELECT user_id, chat_id, COALESCE(thread_id, 0) AS topic, max(id)::bigint AS id, min(id)::bigint AS oldest
             FROM (SELECT * FROM messages WHERE id < $2 ORDER BY id DESC LIMIT {stretch}) AS stretch
             GROUP BY user_id, chat_id, COALESCE(thread_id, 0)
         )
         SELECT *, $1 < {} AND ({} OR {}) AS before FROM dialogue",
        i64::MAX,
        at_or_behind("IS NULL"),
        at_or_behind("IS NOT NULL"),
    ))
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(reached)
    .load(conn)
}

/// The dialogues with these newest messages, in their order.
fn listed(conn: &mut PgConnection, bot_id: i64, newest: Vec<i64>) -> QueryResult<Vec<Listed>> {
    diesel::sql_query(format!(
        "SELECT messages.user_id, messages.chat_id, COALESCE(messages.thread_id, 0) AS topic, person.name, chat.name AS title,
                messages.id::bigint AS newest, messages.role, left(messages.content, {BEGINNING}) AS beginning,
                {} AS at, messages.deleted_at IS NOT NULL AS cleared
         FROM messages
              LEFT JOIN people AS person ON person.bot_id = $1 AND person.id = messages.user_id
              LEFT JOIN people AS chat ON chat.bot_id = $1 AND chat.id = messages.chat_id AND messages.chat_id <> messages.user_id
         WHERE messages.id = ANY($2) ORDER BY messages.id DESC",
        utc("messages.created_at", "YYYY-MM-DD HH24:MI")
    ))
    .bind::<BigInt, _>(bot_id)
    .bind::<Array<BigInt>, _>(newest)
    .load(conn)
}

/// The newest messages of a page's dialogues and one more, by the indexes of what is live and of what was cleared, from one dialogue to
/// the next: of all, or of one person's. And whether that was all: of more than `most` these need not be the newest.
fn all(conn: &mut PgConnection, before: i64, of: Option<i64>, most: i64) -> QueryResult<(Vec<i64>, bool)> {
    let person = of.map_or(String::new(), |id| format!("AND messages.user_id = {id}"));
    let steps = |name: &str, state: &str| {
        let step = |behind: &str| {
            format!(
                "SELECT user_id, chat_id, COALESCE(thread_id, 0) AS topic, id::bigint AS id FROM messages
                 WHERE deleted_at {state} {person} {behind}
                 ORDER BY messages.user_id, messages.chat_id, COALESCE(messages.thread_id, 0), (-messages.id) LIMIT 1"
            )
        };
        // A person that is given is no part of the comparison: PostgreSQL would begin with the first message of the person each time.
        let columns = |table: &str, topic: &str| {
            let user_id = if of.is_some() { String::new() } else { format!("{table}.user_id, ") };
            format!("({user_id}{table}.chat_id, {topic})")
        };
        let topic = "COALESCE(messages.thread_id, 0)";
        let behind =
            format!("AND {} > {}", columns("messages", topic), columns(name, &format!("{name}.topic")));
        format!(
            "{name} AS (({}) UNION ALL SELECT next.* FROM {name} CROSS JOIN LATERAL ({}) AS next)",
            step(""),
            step(&behind)
        )
    };
    let newest: Vec<Newest> = diesel::sql_query(format!(
        "WITH RECURSIVE {}, {}, each AS MATERIALIZED (
             (SELECT * FROM live LIMIT {most}) UNION ALL (SELECT * FROM cleared LIMIT {most})
         )
         SELECT max(id) AS id, (SELECT count(*) < {most} FROM each) AS is_all FROM each GROUP BY user_id, chat_id, topic
         ORDER BY max(id) < $1 DESC, max(id) DESC LIMIT {WANTED} + 1",
        steps("live", "IS NULL"),
        steps("cleared", "IS NOT NULL")
    ))
    .bind::<BigInt, _>(before)
    .load(conn)?;
    let is_all = newest.first().is_none_or(|newest| newest.is_all);
    let on_page = newest.into_iter().map(|newest| newest.id).filter(|id| *id < before);
    Ok((on_page.collect(), is_all))
}
