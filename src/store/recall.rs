//! What was said in a chat and holds some words of a question, in one statement, by idx_messages_words.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};

use crate::domain::history::Role;
use crate::domain::lane::Lane;
use crate::domain::quote::Source;
use crate::domain::recall::Hit;

/// The newest messages with at least one of the words that are looked at: by these it is judged how rare a word is.
const LOOKED_AT: i64 = 200;
/// So many of them are returned, those with the rarest words.
const RETURNED: i64 = 12;
/// The most characters of a message that are read.
const CHARACTERS: i32 = 8192;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    content: String,
    #[diesel(sql_type = Text)]
    day: String,
    #[diesel(sql_type = Array<Integer>)]
    words: Vec<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    answer_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    answer: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    answered_on: Option<String>,
    #[diesel(sql_type = Array<BigInt>)]
    common: Vec<i64>,
}

/// A word of four letters and more is found by its beginning, too, so that `sister` finds `sisterly`. Only the Russian reading is
/// asked: it reads Latin words as English ones.
const SQL: &str = "
    WITH asked AS MATERIALIZED (
        SELECT nr::integer, CASE WHEN length(read::text) > 5 THEN (read::text || ':*')::tsquery ELSE read END AS query
        FROM unnest($1) WITH ORDINALITY AS of (word, nr), plainto_tsquery('pg_catalog.russian', word) AS read
        WHERE numnode(read) = 1
    ), any_of AS MATERIALIZED (
        SELECT string_agg('(' || query::text || ')', ' | ')::tsquery AS query FROM asked
    ), hit AS MATERIALIZED (
        SELECT id, role, content, created_at, thread_id, message_words(content) AS words FROM messages
        WHERE user_id = $2 AND chat_id = $3 AND deleted_at IS NULL AND NOT (id >= $4 AND coalesce(thread_id, 0) = $8)
        AND message_words(content) @@ (SELECT query FROM any_of)
        ORDER BY id DESC LIMIT $5
    ), fit AS MATERIALIZED (
        SELECT id, nr FROM hit JOIN asked ON hit.words @@ asked.query
    ), common AS MATERIALIZED (
        SELECT nr, count(*) AS messages FROM fit GROUP BY nr
    ), best AS (
        SELECT id, array_agg(nr ORDER BY nr) AS words, sum(ln(1 + 100.0 / messages)) AS weight
        FROM fit JOIN common USING (nr) GROUP BY id ORDER BY weight DESC, id DESC LIMIT $6
    )
    SELECT hit.id::bigint, hit.role, left(hit.content, $7) AS content, to_char(hit.created_at, 'YYYY-MM-DD') AS day, best.words,
           answer.id::bigint AS answer_id, left(answer.content, $7) AS answer, to_char(answer.created_at, 'YYYY-MM-DD') AS answered_on,
           array(SELECT coalesce(messages, 0) FROM unnest($1) WITH ORDINALITY AS of (word, nr) LEFT JOIN common USING (nr)
                 ORDER BY nr) AS common
    FROM best JOIN hit ON hit.id = best.id
    LEFT JOIN LATERAL (
        SELECT id, role, content, created_at FROM messages WHERE user_id = $2 AND chat_id = $3 AND deleted_at IS NULL
        AND coalesce(thread_id, 0) = coalesce(hit.thread_id, 0) AND -id < -hit.id ORDER BY -id DESC LIMIT 1
    ) AS answer ON hit.role = 'user' AND answer.role = 'assistant'
    ORDER BY weight DESC, hit.id DESC";

/// What holds these words in the chat, the best first, without what is read anyway: this topic from the message `read_from` on; and in how many messages each word is.
pub fn find(
    conn: &mut PgConnection,
    lane: Lane,
    words: &[String],
    read_from: i64,
) -> QueryResult<(Vec<Hit>, Vec<i64>)> {
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<Array<Text>, _>(words)
        .bind::<BigInt, _>(lane.user_id)
        .bind::<BigInt, _>(lane.chat_id)
        .bind::<BigInt, _>(read_from)
        .bind::<BigInt, _>(LOOKED_AT)
        .bind::<BigInt, _>(RETURNED)
        .bind::<Integer, _>(CHARACTERS)
        .bind::<BigInt, _>(lane.topic())
        .load(conn)?;
    let common = rows.first().map(|row| row.common.clone()).unwrap_or_default();
    Ok((rows.into_iter().map(Hit::from).collect(), common))
}

impl From<Row> for Hit {
    fn from(row: Row) -> Self {
        let answer = row.answer_id.zip(row.answered_on).zip(row.answer);
        Self {
            source: Source { message_id: row.id, day: row.day },
            of_person: Role::of(&row.role) == Some(Role::User),
            text: row.content,
            answer: answer.map(|((message_id, day), text)| (Source { message_id, day }, text)),
            words: row.words,
        }
    }
}
