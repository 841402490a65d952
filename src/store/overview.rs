//! What a bot did and cost, as its owners look at it: today, in 7 and in 30 days, and day by day. Days are those of UTC.

use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Numeric, Text};

/// The days of the longest period.
pub const DAYS: usize = 30;

/// A period that ends now.
#[derive(QueryableByName, Clone, Debug)]
pub struct Period {
    /// Today alone is 1.
    #[diesel(sql_type = Integer)]
    pub days: i32,
    /// Questions for which a model was called.
    #[diesel(sql_type = BigInt)]
    pub questions: i64,
    /// People who asked them.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Calls that failed or were refused.
    #[diesel(sql_type = BigInt)]
    pub failures: i64,
    /// Tokens read and written.
    #[diesel(sql_type = BigInt)]
    pub tokens: i64,
    /// US dollars, as far as they are known.
    #[diesel(sql_type = Numeric)]
    pub cost: BigDecimal,
    /// Calls whose cost is not known.
    #[diesel(sql_type = BigInt)]
    pub unknown: i64,
}

/// What a model took on a day.
#[derive(QueryableByName, Clone, Debug)]
pub struct Day {
    /// `27.11`
    #[diesel(sql_type = Text)]
    pub label: String,
    /// The model that was asked. `None`: none was, on this day.
    #[diesel(sql_type = Nullable<Text>)]
    pub model: Option<String>,
    /// Tokens read and written.
    #[diesel(sql_type = BigInt)]
    pub tokens: i64,
    /// US dollars, as far as they are known.
    #[diesel(sql_type = Numeric)]
    pub cost: BigDecimal,
}

/// The three periods, the shortest first.
pub fn periods(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Period>> {
    diesel::sql_query(format!(
        "SELECT days, count(DISTINCT update_seq) AS questions, count(DISTINCT user_id) AS people,
                count(failure) AS failures, coalesce(sum({TOKENS}), 0)::bigint AS tokens, coalesce(sum(cost), 0) AS cost,
                count(model_calls.id) - count(cost) AS unknown
         FROM unnest(ARRAY[1, 7, {DAYS}]) AS days LEFT JOIN model_calls
              ON bot_id = $1 AND called_at >= {TODAY} - make_interval(days => days - 1)
         GROUP BY days ORDER BY days"
    ))
    .bind::<BigInt, _>(bot_id)
    .load(conn)
}

/// The days of the longest period, the earliest first, and each model's share of each.
pub fn by_day(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Day>> {
    diesel::sql_query(format!(
        "SELECT to_char((day AT TIME ZONE 'UTC'), 'DD.MM') AS label, model,
                coalesce(sum({TOKENS}), 0)::bigint AS tokens, coalesce(sum(cost), 0) AS cost
         FROM generate_series({TODAY} - make_interval(days => {DAYS} - 1), {TODAY}, '1 day') AS day LEFT JOIN model_calls
              ON bot_id = $1 AND called_at >= day AND called_at < day + interval '1 day'
         GROUP BY day, model ORDER BY day"
    ))
    .bind::<BigInt, _>(bot_id)
    .load(conn)
}

const TOKENS: &str = "coalesce(prompt_tokens, 0)::bigint + coalesce(completion_tokens, 0)";

/// The beginning of this day.
const TODAY: &str = "(date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')";
