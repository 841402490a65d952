//! What calls of models cost: sums over the ledger.

use bigdecimal::BigDecimal;
use diesel::data_types::PgTimestamp;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Numeric, Text, Timestamp};

use super::schema::model_calls;
use crate::domain::usage::{self, Spent};

/// Calls in figures.
#[derive(Queryable, Clone, Default, Debug)]
pub struct Sum {
    /// Calls, whatever became of them.
    pub calls: i64,
    /// Those that failed or were refused.
    pub failed: i64,
    /// Tokens that the models read.
    pub prompt_tokens: i64,
    /// Those of them that came from a cache.
    pub cached_tokens: i64,
    /// Tokens that they wrote.
    pub completion_tokens: i64,
    /// US dollars, as far as they are known.
    pub cost: BigDecimal,
    /// Calls whose cost is not known.
    pub unknown: i64,
}

impl Sum {
    /// Tokens read and written.
    pub fn tokens(&self) -> i64 {
        self.prompt_tokens + self.completion_tokens
    }

    /// For the person who spent it.
    pub fn spent(&self) -> Spent {
        Spent {
            calls: self.calls,
            tokens: self.tokens(),
            cost: usage::dollars(&self.cost),
            unknown: self.unknown,
        }
    }
}

impl std::iter::Sum for Sum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), |total, sum| Self {
            calls: total.calls + sum.calls,
            failed: total.failed + sum.failed,
            prompt_tokens: total.prompt_tokens + sum.prompt_tokens,
            cached_tokens: total.cached_tokens + sum.cached_tokens,
            completion_tokens: total.completion_tokens + sum.completion_tokens,
            cost: total.cost + sum.cost,
            unknown: total.unknown + sum.unknown,
        })
    }
}

type Count = SqlLiteral<BigInt>;

/// The columns of [`Sum`].
fn columns() -> (Count, Count, Count, Count, Count, SqlLiteral<Numeric>, Count) {
    (
        sql("count(*)"),
        sql("count(failure)"),
        sql("coalesce(sum(prompt_tokens), 0)"),
        sql("coalesce(sum(cached_tokens), 0)"),
        sql("coalesce(sum(completion_tokens), 0)"),
        sql("coalesce(sum(cost), 0)"),
        sql("count(*) - count(cost)"),
    )
}

/// What calls are summed up by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// The day, in the server's time zone.
    Day,
    /// The person who asked.
    Person,
    /// The model that was asked.
    Model,
    /// What they were for.
    Purpose,
}

impl By {
    fn key(self) -> SqlLiteral<Text> {
        sql(match self {
            Self::Day => "called_at::date::text",
            Self::Person => "coalesce(user_id::text, 'erased')",
            Self::Model => "model",
            Self::Purpose => "purpose",
        })
    }

    fn order(self) -> &'static str {
        if self == Self::Day { "1" } else { "coalesce(sum(cost), 0) DESC, count(*) DESC, 1" }
    }
}

/// Sums by day, the earliest first, or by something else, the dearest first.
pub fn sums(
    conn: &mut PgConnection,
    by: By,
    since: Option<PgTimestamp>,
    until: Option<PgTimestamp>,
) -> QueryResult<Vec<(String, Sum)>> {
    let mut query = model_calls::table.group_by(by.key()).select((by.key(), columns())).into_boxed();
    if let Some(since) = since {
        query = query.filter(sql::<Bool>("called_at >= ").bind::<Timestamp, _>(since));
    }
    if let Some(until) = until {
        query = query.filter(sql::<Bool>("called_at < ").bind::<Timestamp, _>(until));
    }
    query.order(sql::<Text>(by.order())).load(conn)
}

/// The same of one bot, and of so many days up to today, by UTC. Of people, the key is empty for those who were erased.
pub(super) fn of_bot(
    conn: &mut PgConnection,
    bot_id: i64,
    by: By,
    days: i32,
) -> QueryResult<Vec<(String, Sum)>> {
    let key: SqlLiteral<Text> = match by {
        By::Day => sql("(called_at AT TIME ZONE 'UTC')::date::text"),
        By::Person => sql("coalesce(user_id::text, '')"),
        By::Model | By::Purpose => by.key(),
    };
    model_calls::table
        .group_by(key.clone())
        .select((key, columns()))
        .filter(model_calls::bot_id.eq(bot_id))
        .filter(
            sql::<Bool>("called_at >= (date_trunc('day', now() AT TIME ZONE 'UTC') - interval '1 day' * (")
                .bind::<Integer, _>(days)
                .sql(" - 1)) AT TIME ZONE 'UTC'"),
        )
        .order(sql::<Text>(by.order()))
        .load(conn)
}

/// What a person's calls of this day cost, and those of this month.
pub fn of_person(conn: &mut PgConnection, user_id: i64) -> QueryResult<(Sum, Sum)> {
    let mut since = |unit: &str| {
        model_calls::table
            .filter(model_calls::user_id.eq(user_id))
            .filter(sql::<Bool>(&format!("called_at >= date_trunc('{unit}', now())")))
            .select(columns())
            .first(conn)
    };
    Ok((since("day")?, since("month")?))
}
