//! What may be spent, is spent and is reserved: asked before each question, if there is a budget.
//!
//! A reservation stands at the update that is being answered ([`updates::reserved`]), so finish ends it, a question that is
//! put off has none, and after a crash the next attempt takes the place of the one before. One that is older than any answer
//! can be counts no more, for the lane of its update may have to wait for something else.

use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Int2, Integer, Numeric};

use super::inbox;
use super::lease::led;
use super::people;
use super::schema::updates;
use super::time::clock_timestamp;
use crate::domain::budget::{Books, Budget, Budgets, Date, Spent, UNKNOWN_CALL, UNKNOWN_PRICE, Verdict};
use crate::domain::lane::Lane;
use crate::domain::update::Key;

/// The first half of the key of the lock; the other one is the bot.
const LOCK: i32 = 0x0062_7564;

/// Reserves `estimate` for the answer to the update, if the budgets have room for another question. Questions do this one
/// after the other, so that each sees what those before it have reserved. `has_own`: the person had a budget of the own when the
/// question was looked at.
pub fn reserve(
    conn: &mut PgConnection,
    key: Key,
    budgets: &Budgets,
    has_own: bool,
    estimate: &BigDecimal,
) -> QueryResult<Verdict> {
    conn.transaction(|conn| {
        // Held until the commit, and nobody who holds it waits for anything.
        sql_query("SELECT pg_advisory_xact_lock($1, ($2 % 2147483647)::integer)")
            .bind::<Integer, _>(LOCK)
            .bind::<BigInt, _>(key.bot_id)
            .execute(conn)?;
        let own = if has_own { people::look_up(conn, key.bot_id, key.user_id)? } else { None };
        let budgets = &budgets.with_own(own.map(|person| person.budget()).unwrap_or_default());
        let verdict = budgets.judge(&books(conn, key, budgets)?);
        if verdict == Verdict::Go {
            diesel::update(inbox::row(key).filter(updates::done_at.is_null()))
                .filter(updates::bot_id.eq(led(key.bot_id)))
                .set((updates::reserved.eq(estimate), updates::reserved_at.eq(clock_timestamp().nullable())))
                .execute(conn)?;
        }
        Ok(verdict)
    })
}

/// What calls count together, where a cost that is not known is assumed.
fn dollars() -> String {
    let (input, output) = UNKNOWN_PRICE;
    format!(
        "sum(coalesce(cost,
             CASE WHEN prompt_tokens IS NOT NULL OR completion_tokens IS NOT NULL
                  THEN (coalesce(prompt_tokens, 0) * {input}.0 + coalesce(completion_tokens, 0) * {output}.0) / 1000000
                  WHEN first_token_ms IS NOT NULL THEN {UNKNOWN_CALL} / 100.0 ELSE 0 END))"
    )
}

/// What all spent in this day and in this month, as the budgets count it.
pub fn spent(conn: &mut PgConnection, bot_id: i64) -> QueryResult<(BigDecimal, BigDecimal)> {
    #[derive(QueryableByName)]
    struct Both {
        #[diesel(sql_type = Numeric)]
        day: BigDecimal,
        #[diesel(sql_type = Numeric)]
        month: BigDecimal,
    }
    let dollars = dollars();
    let begins = |unit: &str| format!("date_trunc('{unit}', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'");
    let Both { day, month } = sql_query(format!(
        "SELECT coalesce({dollars} FILTER (WHERE called_at >= {}), 0) AS day, coalesce({dollars}, 0) AS month
         FROM model_calls WHERE bot_id = $1 AND called_at >= {}",
        begins("day"),
        begins("month")
    ))
    .bind::<BigInt, _>(bot_id)
    .get_result(conn)?;
    Ok((day, month))
}

/// Whether the budgets have room for another call of a model for this user. Nothing is reserved.
pub fn look(conn: &mut PgConnection, lane: Lane, budgets: &Budgets) -> QueryResult<Verdict> {
    books(conn, Key::of(lane, 0, 0), budgets).map(|books| budgets.judge(&books))
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Numeric)]
    all_day: BigDecimal,
    #[diesel(sql_type = Numeric)]
    all_month: BigDecimal,
    #[diesel(sql_type = Numeric)]
    all_reserved: BigDecimal,
    #[diesel(sql_type = Numeric)]
    own_day: BigDecimal,
    #[diesel(sql_type = Numeric)]
    own_month: BigDecimal,
    #[diesel(sql_type = Numeric)]
    own_reserved: BigDecimal,
    #[diesel(sql_type = Int2)]
    tomorrow: i16,
    #[diesel(sql_type = Int2)]
    month_of_tomorrow: i16,
    #[diesel(sql_type = Int2)]
    next_month: i16,
}

/// What was spent since the beginning of the day and of the month, in UTC and by the server's clock, and what is reserved
/// for other questions.
fn books(conn: &mut PgConnection, key: Key, budgets: &Budgets) -> QueryResult<Books> {
    let dollars = dollars();
    // A month may have many calls: they are not added up for nobody.
    let spent = |whose: &str, budget: &Budget| {
        let since = if budget.month.is_some() { "this_month" } else { "today" };
        if !budget.is_any() {
            return "SELECT 0::numeric AS day, 0::numeric AS month".to_owned();
        }
        format!(
            "SELECT coalesce({dollars} FILTER (WHERE called_at >= today), 0) AS day, coalesce({dollars}, 0) AS month
             FROM model_calls WHERE {whose} AND called_at >= {since}"
        )
    };
    // An answer is given up half an hour after its reservation, however many calls it takes (LONGEST_ANSWER).
    let reserved = |whose: &str| {
        format!(
            "SELECT coalesce(sum(reserved), 0) AS dollars FROM updates
             WHERE {whose} AND reserved IS NOT NULL AND seq <> $3 AND reserved_at > now() - interval '31 minutes'"
        )
    };
    let (all, own) = ("bot_id = $1", "bot_id = $1 AND user_id = $2");
    let row: Row = sql_query(format!(
        "SELECT everyone.day AS all_day, everyone.month AS all_month, all_reserved.dollars AS all_reserved,
                own.day AS own_day, own.month AS own_month, own_reserved.dollars AS own_reserved,
                extract(day FROM tomorrow)::smallint AS tomorrow, extract(month FROM tomorrow)::smallint AS month_of_tomorrow,
                extract(month FROM next_month)::smallint AS next_month
         FROM (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day' AS tomorrow,
                      date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month' AS next_month,
                      date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS today,
                      date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS this_month) AS clock,
              LATERAL ({}) AS everyone, LATERAL ({}) AS own, ({}) AS all_reserved, ({}) AS own_reserved",
        spent(all, &budgets.all),
        spent(own, &budgets.person),
        reserved(all),
        reserved(own),
    ))
    .bind::<BigInt, _>(key.bot_id)
    .bind::<BigInt, _>(key.user_id)
    .bind::<BigInt, _>(key.seq)
    .get_result(conn)?;
    let date = |month: i16, day: i16| {
        let part = |number: i16| u8::try_from(number).unwrap_or_default();
        Date { month: part(month), day: part(day) }
    };
    Ok(Books {
        all: Spent { day: row.all_day, month: row.all_month, reserved: row.all_reserved },
        person: Spent { day: row.own_day, month: row.own_month, reserved: row.own_reserved },
        next_day: date(row.month_of_tomorrow, row.tomorrow),
        next_month: date(row.next_month, 1),
    })
}
