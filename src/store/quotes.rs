//! What questions quote: rows of `quotes`, stored with the turn and read with its question.
//!
//! They are read along with the messages or turns they belong to, in the same statement: it costs a question without
//! quotations nothing but an index probe.

use std::collections::BTreeMap;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::{Pg, PgConnection, PgValue};
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::message_id::among;
use super::schema::quotes;
use crate::domain::quote::{self, Quote};

/// The query that stores what a question quotes, in this order, beside the one named `turn`.
pub(super) fn insertion(quoted: &[Quote]) -> impl QueryFragment<Pg> + use<> {
    let row = |(position, quote): (i32, &Quote)| {
        (
            quotes::turn_id.eq(sql::<BigInt>("(SELECT id FROM turn)")),
            quotes::position.eq(position),
            quotes::kind.eq(quote.kind.as_str()),
            quotes::whose.eq(quote.whose.as_str()),
            quotes::author.eq(quote.author.clone()),
            quotes::content.eq(quote.text.clone()),
            quotes::source_id.eq(quote.source.as_ref().map(|source| source.message_id)),
            quotes::said_on.eq(day(quote)),
        )
    };
    let rows: Vec<_> = (0..).zip(quoted).map(row).collect();
    diesel::insert_into(quotes::table).values(rows)
}

fn day(quote: &Quote) -> Day {
    sql("").bind::<Nullable<Text>, _>(quote.source.as_ref().map(|source| source.day.clone())).sql("::date")
}

/// What [`day`] is.
type Day = SqlLiteral<
    Nullable<Date>,
    UncheckedBind<SqlLiteral<Nullable<Date>>, AsExprOf<Option<String>, Nullable<Text>>>,
>;

/// Deletes what was recalled of these messages.
pub(super) fn forget_sources(conn: &mut PgConnection, ids: Vec<i64>) -> QueryResult<usize> {
    diesel::delete(quotes::table.filter(among("quotes.source_id", ids))).execute(conn)
}

/// Quotations, as [`of_message`] and [`of_turn`] read them.
#[derive(Clone, Debug, FromSqlRow)]
pub struct Quoted(pub(super) Vec<Quote>);

impl FromSql<Nullable<Text>, Pg> for Quoted {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        // By their places, so that PostgreSQL need not sort them.
        let placed: BTreeMap<i32, Quote> = serde_json::from_slice(value.as_bytes())?;
        Ok(Self(placed.into_values().collect()))
    }

    fn from_nullable_sql(value: Option<PgValue<'_>>) -> deserialize::Result<Self> {
        value.map_or_else(|| Ok(Self(Vec::new())), FromSql::<Nullable<Text>, Pg>::from_sql)
    }
}

/// As the model reads them; `None`: there are none.
impl From<Quoted> for Option<String> {
    fn from(Quoted(quotes): Quoted) -> Self {
        (!quotes.is_empty()).then(|| quote::marked(&quotes))
    }
}

/// One row as [`Quote`] is written in JSON.
const AS_JSON: &str = "json_build_object('kind', quoted.kind, 'whose', quoted.whose, 'author', quoted.author, 'text', quoted.content, \
    'source', CASE WHEN quoted.source_id IS NOT NULL THEN json_build_object('message_id', quoted.source_id, 'day', quoted.said_on) END)";

/// What the message of a row of `messages` quotes: nothing, unless it is a question.
pub(super) fn of_message() -> SqlLiteral<Nullable<Text>> {
    sql(&format!(
        "CASE WHEN messages.role = 'user' THEN (SELECT json_object_agg(quoted.position, {AS_JSON})::text \
         FROM turns AS asked JOIN quotes AS quoted ON quoted.turn_id = asked.id WHERE asked.question_id = messages.id) END"
    ))
}

/// What the question of a row of `turns` quotes.
pub(super) fn of_turn() -> SqlLiteral<Nullable<Text>> {
    sql(&format!(
        "(SELECT json_object_agg(quoted.position, {AS_JSON})::text FROM quotes AS quoted WHERE quoted.turn_id = turns.id)"
    ))
}
