//! Costs of the last days: what the command line sums up ([`super::super::costs`]), of one bot, by UTC, within bounds and with names.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use crate::store::costs::{self, By, Sum};
use crate::store::schema::people;

/// The most rows that are shown.
pub const MOST: usize = 200;

/// Sums of this bot's calls of so many days (UTC), today among them: at most [`MOST`], and how many there are. By day those without
/// a call are there, too. Of people, the key is empty for those who were erased.
pub fn sums(
    conn: &mut PgConnection,
    bot_id: i64,
    by: By,
    days: i32,
) -> QueryResult<(Vec<(String, Sum)>, usize)> {
    let mut sums = costs::of_bot(conn, bot_id, by, days)?;
    if by == By::Day {
        let mut of: HashMap<String, Sum> = sums.into_iter().collect();
        let each = self::days(conn, days)?;
        sums = each.into_iter().map(|day| (day.clone(), of.remove(&day).unwrap_or_default())).collect();
    }
    let number = sums.len();
    sums.truncate(MOST);
    Ok((sums, number))
}

/// So many days up to today, by UTC.
fn days(conn: &mut PgConnection, days: i32) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Day {
        #[diesel(sql_type = Text)]
        day: String,
    }
    let each = diesel::sql_query(
        "SELECT ((now() AT TIME ZONE 'UTC')::date - past)::text AS day FROM generate_series($1 - 1, 0, -1) AS past ORDER BY past DESC",
    );
    let days: Vec<Day> = each.bind::<Integer, _>(days).load(conn)?;
    Ok(days.into_iter().map(|Day { day }| day).collect())
}

/// The names of people, by their ids.
pub fn names(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, String>> {
    let named: Vec<(i64, Option<String>)> = people::table
        .filter(people::bot_id.eq(bot_id).and(people::id.eq_any(ids)))
        .select((people::id, people::name))
        .load(conn)?;
    Ok(named.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}
