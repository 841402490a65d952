//! Everybody an owner may want to look at: who stands in `people`, and who has asked without standing there, let in by a list.

use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Numeric, Text};

use crate::domain::admission::State;
use crate::domain::budget::Budget;
use crate::domain::sender::Sender;

/// So many are shown at once.
pub const PAGE: i64 = 8;

/// Somebody, or a group, with this day's and this month's figures, by UTC.
#[derive(QueryableByName, Clone, Debug)]
pub struct Entry {
    /// Telegram id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// What was decided. `None`: nothing, a list lets the person in.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<State>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    username: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    language: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    budget_day: Option<BigDecimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    budget_month: Option<BigDecimal>,
    /// When it last asked something, in UTC.
    #[diesel(sql_type = Nullable<Text>)]
    pub asked: Option<String>,
    /// Questions of this day.
    #[diesel(sql_type = BigInt)]
    pub questions: i64,
    /// US dollars of this day, as far as they are known.
    #[diesel(sql_type = Numeric)]
    pub day: BigDecimal,
    /// US dollars of this month.
    #[diesel(sql_type = Numeric)]
    pub month: BigDecimal,
    /// How many there are in all.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

impl Entry {
    /// As people see it.
    pub fn sender(&self) -> Sender {
        Sender { name: self.name.clone(), username: self.username.clone(), language: self.language.clone() }
    }

    /// What may be spent, as far as it was set for this person.
    pub fn budget(&self) -> Budget {
        Budget { day: self.budget_day.clone(), month: self.budget_month.clone() }
    }
}

/// A page of all, counted from 0: who asked last comes first.
pub fn page(conn: &mut PgConnection, bot_id: i64, page: i64) -> QueryResult<Vec<Entry>> {
    // Of the turns one entry of the index is read for each person, however many each has.
    let everybody = "
        SELECT id FROM people WHERE bot_id = $1
        UNION SELECT id FROM asked WHERE id IS NOT NULL";
    let some = format!("LIMIT {PAGE} OFFSET $2 * {PAGE}");
    entries(everybody, &some).bind::<BigInt, _>(bot_id).bind::<BigInt, _>(page).load(conn)
}

/// These, known or not: who asked last comes first.
pub fn some(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<Vec<Entry>> {
    entries("SELECT unnest($2) AS id", "").bind::<BigInt, _>(bot_id).bind::<Array<BigInt>, _>(ids).load(conn)
}

/// Somebody, known or not.
pub fn one(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Entry> {
    entries("SELECT $2 AS id", "").bind::<BigInt, _>(bot_id).bind::<BigInt, _>(id).get_result(conn)
}

/// Those whom `everybody` selects, `some` of them; `$1`: the bot.
fn entries(everybody: &str, some: &str) -> diesel::query_builder::SqlQuery {
    diesel::sql_query(format!(
        "WITH RECURSIVE asked AS (
             SELECT min(user_id) AS id FROM turns WHERE bot_id = $1
             UNION ALL
             SELECT (SELECT min(user_id) FROM turns WHERE bot_id = $1 AND user_id > asked.id)
             FROM asked WHERE asked.id IS NOT NULL
         ), everybody AS ({everybody}
         ), page AS (
             SELECT everybody.id, last.asked, count(*) OVER () AS total
             FROM everybody LEFT JOIN LATERAL (
                 SELECT created_at AS asked FROM turns
                 WHERE bot_id = $1 AND user_id = everybody.id AND failure IS DISTINCT FROM 'rate_limited'
                 ORDER BY created_at DESC LIMIT 1) AS last ON true
             ORDER BY last.asked DESC NULLS LAST, everybody.id {some}
         ), clock AS (
             SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS today,
                    date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS this_month
         )
         SELECT page.id, page.total, to_char(page.asked AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS asked,
                people.state, people.name, people.username, people.language, people.budget_day, people.budget_month,
                (SELECT count(*) FROM turns WHERE bot_id = $1 AND user_id = page.id AND created_at >= clock.today
                     AND failure IS DISTINCT FROM 'rate_limited') AS questions,
                spent.day, spent.month
         FROM page CROSS JOIN clock
              LEFT JOIN people ON people.bot_id = $1 AND people.id = page.id
              CROSS JOIN LATERAL (
                  SELECT coalesce(sum(cost) FILTER (WHERE called_at >= clock.today), 0) AS day,
                         coalesce(sum(cost), 0) AS month
                  FROM model_calls WHERE bot_id = $1 AND user_id = page.id AND called_at >= clock.this_month) AS spent
         ORDER BY page.asked DESC NULLS LAST, page.id"
    ))
}
