//! Costs of the last days: what the command line sums up ([`super::super::costs`]), within bounds and with names.

use std::collections::HashMap;

use diesel::data_types::PgTimestamp;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Timestamp};

use crate::store::costs::{self, By, Sum};
use crate::store::schema::people;

/// The most rows that are shown.
pub const MOST: usize = 200;

/// Sums of the calls of so many days, today among them: at most [`MOST`], and how many there are.
pub fn sums(conn: &mut PgConnection, by: By, days: i32) -> QueryResult<(Vec<(String, Sum)>, usize)> {
    let since: PgTimestamp = diesel::select(
        sql::<Timestamp>("date_trunc('day', localtimestamp) - interval '1 day' * (")
            .bind::<Integer, _>(days)
            .sql(" - 1)"),
    )
    .get_result(conn)?;
    let mut sums = costs::sums(conn, by, Some(since), None)?;
    let number = sums.len();
    sums.truncate(MOST);
    Ok((sums, number))
}

/// The names of people, by their ids.
pub fn names(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, String>> {
    let named: Vec<(i64, Option<String>)> = people::table
        .filter(people::bot_id.eq(bot_id).and(people::id.eq_any(ids)))
        .select((people::id, people::name))
        .load(conn)?;
    Ok(named.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}
