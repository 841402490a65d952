//! The clearings of a dialogue that can be undone.
//!
//! A chat may have many messages that were cleared at one time, and many times of clearing. The guide's index
//! idx_user_chat_deleted leads from one such time to the next, at one probe each, and of each time so many messages are counted at most.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::by_indexes;
use super::times::{SECONDS, utc};

/// So many times of clearing are looked at for a page.
const PAGE: usize = 50;
/// So many messages of one clearing are counted.
pub const MOST: i64 = 1000;
/// So many of the newest messages that are not live tell whether there is a clearing among them.
const LOOKED_AT: i64 = 50;

/// A clearing.
#[derive(QueryableByName, Clone, Debug)]
pub struct Clearing {
    /// When, in UTC, for people.
    #[diesel(sql_type = Text)]
    pub at: String,
    /// When, to the microsecond and by the server's clock: its name.
    #[diesel(sql_type = Text)]
    pub exact: String,
    /// How many messages; more than [`MOST`] are not counted.
    #[diesel(sql_type = BigInt)]
    pub messages: i64,
}

/// Some clearings of a dialogue, the latest first, and the time behind which there may be further ones.
#[derive(Default)]
pub struct Page {
    /// The clearings.
    pub clearings: Vec<Clearing>,
    /// The next page has those before this time.
    pub next: Option<String>,
}

/// Whether a message took part in a turn that another one replaced. OFFSET 0 keeps PostgreSQL from reading all of them beforehand.
fn replaced(message: &str) -> String {
    let by = |column: &str| {
        format!(
            "EXISTS (SELECT FROM turns WHERE turns.{column} = {message}.id AND turns.superseded_by IS NOT NULL OFFSET 0)"
        )
    };
    format!("({} OR {})", by("question_id"), by("answer_id"))
}

/// A dialogue: a person, a chat and a topic; [`ROOT`](crate::domain::lane::ROOT) is what is outside topics.
type Numbers = (i64, i64, i64);

/// The latest clearings, or those before this time (as [`Clearing::exact`] has it).
pub fn page(
    conn: &mut PgConnection,
    (user_id, chat_id, topic): Numbers,
    before: Option<&str>,
) -> QueryResult<Page> {
    let next = |before: &str| {
        format!(
            "SELECT max(deleted_at) AS at FROM messages WHERE user_id = $1 AND chat_id = $2 AND deleted_at < {before}"
        )
    };
    let query = diesel::sql_query(format!(
        "WITH RECURSIVE cleared AS (
             ({}) UNION ALL SELECT (SELECT at FROM ({}) AS next) FROM cleared WHERE at IS NOT NULL
         ), page AS MATERIALIZED (SELECT at FROM cleared WHERE at IS NOT NULL LIMIT {PAGE} + 1)
         SELECT {} AS at, to_char(page.at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US') AS exact,
                (SELECT count(*) FILTER (WHERE NOT {}) FROM (
                     SELECT id FROM messages WHERE user_id = $1 AND chat_id = $2 AND deleted_at >= page.at AND deleted_at <= page.at
                         AND COALESCE(thread_id, 0) = $4 ORDER BY deleted_at LIMIT {MOST} + 1) AS message) AS messages
         FROM page ORDER BY page.at DESC",
        next("coalesce($3::timestamp, 'infinity')"),
        next("cleared.at"),
        utc("page.at", SECONDS),
        replaced("message"),
    ))
    .bind::<BigInt, _>(user_id)
    .bind::<BigInt, _>(chat_id)
    .bind::<Nullable<Text>, _>(before)
    .bind::<BigInt, _>(topic);
    let found: Vec<Clearing> = by_indexes(conn, |conn| query.load(conn))?;
    let next = found.get(PAGE - 1).filter(|_| found.len() > PAGE).map(|last| last.exact.clone());
    // What was replaced is no clearing, and other topics have their own.
    let clearings = found.into_iter().take(PAGE).filter(|clearing| clearing.messages > 0).collect();
    Ok(Page { clearings, next })
}

/// Whether there is a clearing to undo. Where the newest messages that are not live were all replaced, there may be one before them.
pub fn any(conn: &mut PgConnection, (user_id, chat_id, topic): Numbers) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Any {
        #[diesel(sql_type = Bool)]
        any: bool,
    }
    let query = diesel::sql_query(format!(
        "SELECT count(*) = {LOOKED_AT} OR coalesce(bool_or(NOT {}), false) AS any FROM (
             SELECT id FROM messages WHERE user_id = $1 AND chat_id = $2 AND deleted_at IS NOT NULL
                 AND COALESCE(thread_id, 0) = $3
             ORDER BY -messages.id LIMIT {LOOKED_AT}) AS message",
        replaced("message")
    ))
    .bind::<BigInt, _>(user_id)
    .bind::<BigInt, _>(chat_id)
    .bind::<BigInt, _>(topic);
    let any: Any = by_indexes(conn, |conn| query.get_result(conn))?;
    Ok(any.any)
}
