//! Times by the server's clock, as SQL.

use std::time::Duration;

use diesel::data_types::{PgInterval, PgTimestamp};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::sql_types::{Double, Interval, Nullable, Timestamptz};

diesel::define_sql_function! {
    /// The server's clock: its own time, not the beginning of the transaction.
    fn clock_timestamp() -> Timestamptz;
}

/// The time `wait` from now, by the server's clock.
pub(super) fn from_now(
    wait: Duration,
) -> UncheckedBind<SqlLiteral<Nullable<Timestamptz>>, AsExprOf<PgInterval, Interval>> {
    sql("clock_timestamp() + ").bind::<Interval, _>(interval(wait))
}

/// What [`ago`] is.
pub(super) type Ago = UncheckedBind<SqlLiteral<Timestamptz>, AsExprOf<PgInterval, Interval>>;

/// The time `past` ago, by the server's clock.
pub(super) fn ago(past: Duration) -> Ago {
    sql("clock_timestamp() - ").bind::<Interval, _>(interval(past))
}

/// A length of time as PostgreSQL takes it.
pub(super) fn interval(duration: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// Seconds until `not_before` by the server's clock, NULL where nothing is to be waited for. See [`wait`].
pub(super) fn seconds_to_wait() -> SqlLiteral<Nullable<Double>> {
    sql("extract(epoch FROM not_before - clock_timestamp())::float8")
}

/// What [`seconds_to_wait`] returned, as a wait; `None` when the time has come.
pub(super) fn wait(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|wait| !wait.is_zero())
}

/// Seconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH: i64 = 946_684_800;
/// The first and the last second that people and PostgreSQL call a year of four digits.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The moment of so many seconds since 1970; `None`: there is no such moment.
pub(super) fn moment(unix_seconds: i64) -> Option<PgTimestamp> {
    YEARS.contains(&unix_seconds).then(|| PgTimestamp((unix_seconds - EPOCH) * 1_000_000))
}

/// The seconds since 1970 of a moment.
pub(super) fn unix_seconds(PgTimestamp(moment): PgTimestamp) -> i64 {
    moment.div_euclid(1_000_000) + EPOCH
}
