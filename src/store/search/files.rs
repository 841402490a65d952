//! Questions by the words of their files, with idx_attachments_words: all words that have to come together stand in one file.

use std::collections::BTreeMap;

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::phrase::{Phrase, options};
use crate::store::archive::Selection;
use crate::store::message_id::{among, numbers};
use crate::store::schema::messages;

/// As much of a text as is looked at.
const LOOKED_AT: &str = "left(attachments.text, 65536)";

/// A file, and the question that it belongs to.
#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    message_id: i64,
}

/// Where in a file the words are.
#[derive(QueryableByName)]
pub(super) struct Place {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) excerpt: String,
}

/// The newest selected questions of which a file is wanted: the ids of the messages, each with that of a file.
pub(super) fn newest(
    conn: &mut PgConnection,
    words: &str,
    phrases: &[Phrase],
    selection: Selection,
    limit: i64,
) -> QueryResult<BTreeMap<i64, i64>> {
    let mut query = diesel::sql_query(
        "SELECT id, message_id::bigint FROM attachments \
         WHERE text IS NOT NULL AND message_id IS NOT NULL AND message_words(text) @@ $1::tsquery",
    )
    .into_boxed::<Pg>()
    .bind::<Text, _>(words.to_owned());
    let mut bound = 1;
    for Phrase { without, pattern, readings } in phrases {
        let not = if *without { "NOT " } else { "" };
        bound += 1;
        query = query.sql(format!(" AND {not}(text ~* ${bound} AND (false")).bind::<Text, _>(pattern.clone());
        for reading in readings {
            let (language, phrase) = (bound + 1, bound + 2);
            bound += 2;
            query = query
                .sql(format!(" OR to_tsvector(${language}::regconfig, {LOOKED_AT}) @@ ${phrase}::tsquery"))
                .bind::<Text, _>(reading.language.clone())
                .bind::<Text, _>(reading.phrase.clone());
        }
        query = query.sql("))");
    }
    if let Some(from) = selection.from {
        query = query.sql(format!(" AND message_id >= {from}"));
    }
    if let Some(below) = selection.below {
        query = query.sql(format!(" AND message_id < {below}"));
    }
    if let Some(user_id) = selection.user_id {
        query = query.sql(format!(" AND user_id = {user_id}"));
    }
    let holders: Vec<Holder> = query.load(conn)?;
    let of_message: BTreeMap<i64, i64> =
        holders.into_iter().map(|Holder { id, message_id }| (message_id, id)).collect();
    if of_message.is_empty() {
        return Ok(of_message);
    }
    let newest = selection
        .query()
        .filter(among("messages.id", of_message.keys().copied().collect()))
        .order(messages::id.desc())
        .limit(limit)
        .select(messages::id)
        .load(conn)?;
    Ok(numbers(newest).into_iter().filter_map(|id| Some((id, *of_message.get(&id)?))).collect())
}

/// Where in the file the words are.
pub(super) fn place(conn: &mut PgConnection, id: i64, shown: &str, mark: &str) -> QueryResult<Option<Place>> {
    diesel::sql_query(format!(
        "SELECT name, ts_headline('russian', {LOOKED_AT}, $2::tsquery, $3) AS excerpt \
         FROM attachments WHERE id = $1 AND text IS NOT NULL"
    ))
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(shown)
    .bind::<Text, _>(options(mark))
    .get_result(conn)
    .optional()
}
