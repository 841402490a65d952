//! What the bot did, hour by hour, day by day or month by month, as its calls of models tell. All of it by UTC.

use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Numeric, Text};

/// How long a stretch of time is, and how many of them are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// The last 24 hours.
    Hour,
    /// The last 30 days.
    Day,
    /// The last 12 months.
    Month,
}

impl Unit {
    /// All.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// As PostgreSQL and addresses of pages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// How many are looked at, and how they are called.
    fn shown(self) -> (i32, &'static str) {
        match self {
            Self::Hour => (24, "HH24:00"),
            Self::Day => (30, "DD.MM"),
            Self::Month => (12, "YYYY-MM"),
        }
    }
}

/// A stretch of time.
#[derive(QueryableByName, Clone, Debug)]
pub struct Stretch {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub label: String,
    /// Seconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub begins: i64,
    /// Where the next one begins.
    #[diesel(sql_type = BigInt)]
    pub ends: i64,
    /// It is over for so long that no call of it can still be under way.
    #[diesel(sql_type = Bool)]
    pub closed: bool,
}

/// What happened in it.
#[derive(QueryableByName, Clone, Debug, Default)]
pub struct Figures {
    /// Questions for which a model was called.
    #[diesel(sql_type = BigInt)]
    pub questions: i64,
    /// People who asked them.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Calls that failed or were refused.
    #[diesel(sql_type = BigInt)]
    pub failures: i64,
    /// US dollars, as far as they are known.
    #[diesel(sql_type = Numeric)]
    pub cost: BigDecimal,
    /// Calls whose cost is not known.
    #[diesel(sql_type = BigInt)]
    pub unknown: i64,
    /// Milliseconds to the first word of an answer: of half of the answers no more, and of 95 of 100.
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    pub first_word: Option<Vec<i32>>,
    /// The same to its end.
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    pub end: Option<Vec<i32>>,
}

/// The stretches up to now, the earliest first.
pub fn stretches(conn: &mut PgConnection, unit: Unit) -> QueryResult<Vec<Stretch>> {
    let ((number, form), unit) = (unit.shown(), unit.name());
    diesel::sql_query(format!(
        "SELECT to_char(begins, '{form}') AS label,
                extract(epoch FROM begins AT TIME ZONE 'UTC')::bigint AS begins,
                extract(epoch FROM (begins + interval '1 {unit}') AT TIME ZONE 'UTC')::bigint AS ends,
                begins + interval '1 {unit}' < now() AT TIME ZONE 'UTC' - interval '1 hour' AS closed
         FROM generate_series(0, {number} - 1) AS past,
              LATERAL (SELECT date_trunc('{unit}', now() AT TIME ZONE 'UTC') - past * interval '1 {unit}' AS begins) AS stretch
         ORDER BY begins"
    ))
    .load(conn)
}

/// What happened between two moments (seconds since 1970). It reads the calls of that time alone, by their index.
pub fn figures(conn: &mut PgConnection, bot_id: i64, begins: i64, ends: i64) -> QueryResult<Figures> {
    let halves = |column: &str| {
        format!(
            "percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {column})
                 FILTER (WHERE purpose = 'answer' AND outcome IN ('answered', 'cut') AND {column} IS NOT NULL)"
        )
    };
    diesel::sql_query(format!(
        "SELECT count(DISTINCT update_seq) AS questions, count(DISTINCT user_id) AS people, count(failure) AS failures,
                coalesce(sum(cost), 0) AS cost, count(*) - count(cost) AS unknown,
                {} AS first_word, {} AS \"end\"
         FROM model_calls
         WHERE bot_id = $1 AND called_at >= to_timestamp($2) AND called_at < to_timestamp($3)",
        halves("first_token_ms"),
        halves("duration_ms")
    ))
    .bind::<BigInt, _>(bot_id)
    .bind::<Double, _>(seconds(begins))
    .bind::<Double, _>(seconds(ends))
    .get_result(conn)
}

/// A whole number of seconds as PostgreSQL's `to_timestamp` takes it; those of any date fit without a loss.
fn seconds(whole: i64) -> f64 {
    let (high, low) = (whole.div_euclid(1 << 31), whole.rem_euclid(1 << 31));
    let part = |part: i64| f64::from(i32::try_from(part).unwrap_or(i32::MAX));
    part(high) * f64::from(1_u32 << 31) + part(low)
}
