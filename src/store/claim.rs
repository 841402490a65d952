//! Whether the lease is free, and how it is taken.
//!
//! The time in the row is written by the clock of one server, and after a failover it is read beside the clock of another one, which
//! may be ahead; the row itself may come from a replica that was behind. So an instance that waits goes by its own clock: the lease
//! is free once its row has stood still for a term. A holder renews it five times as often, and its own lease ends before that
//! (`super::lease`). Only an instance that has just come looks at the server's clock, so as not to wait for somebody who is long gone.

use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Interval, Nullable, Text};

use super::time::interval;

/// The row of a lease.
#[derive(QueryableByName, Clone, Debug)]
pub(super) struct Row {
    /// By whom it is or was held.
    #[diesel(sql_type = Text)]
    pub(super) holder: String,
    /// Where that process keeps its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) place: Option<String>,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    /// In microseconds, by the clock of whichever server it was written on.
    #[diesel(sql_type = BigInt)]
    until: i64,
    /// Its holder needs it no more.
    #[diesel(sql_type = Bool)]
    given_back: bool,
    /// Its time is over by more than the clocks of two servers differ.
    #[diesel(sql_type = Bool)]
    long_over: bool,
}

/// `until`, to be compared.
const UNTIL: &str = "(extract(epoch FROM leases.until) * 1000000)::bigint";
/// How far apart the clocks of two servers may be, for a lease that nobody has watched.
const SKEW: &str = "interval '1 minute'";
/// From one epoch to the next. Of two servers one may not know of the other's last epoch: what is taken there and here
/// meanwhile still has two numbers.
const STEP: &str = "1 + floor(random() * 1000000)::bigint";

/// Asks for the row. `None`: nobody has led yet.
pub(super) fn look(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Option<Row>> {
    diesel::sql_query(format!(
        "SELECT holder, place, epoch, {UNTIL} AS until, until = 'epoch' AS given_back,
                until < clock_timestamp() - {SKEW} AS long_over
         FROM leases WHERE bot_id = $1"
    ))
    .bind::<BigInt, _>(bot_id)
    .get_result(conn)
    .optional()
}

/// What an instance has seen of the row while it waits.
#[derive(Default)]
pub(super) struct Watch {
    /// The epoch and the time that were seen last, and when the lease is free if they stay.
    seen: Option<(i64, i64, u64)>,
    /// The highest that was seen: a server that was behind may have a lower one.
    epoch: i64,
}

impl Watch {
    /// Whether the lease is free; the row was read before `now`, both in milliseconds.
    pub(super) fn finds_free(&mut self, row: &Row, now: u64, term: u64) -> bool {
        self.epoch = self.epoch.max(row.epoch);
        let free_at = match self.seen {
            Some((epoch, until, free_at)) if (epoch, until) == (row.epoch, row.until) => free_at,
            None if row.long_over => now,
            _ => now + term,
        };
        self.seen = Some((row.epoch, row.until, free_at));
        row.given_back || now >= free_at
    }

    /// Takes the lease, if its row is still `free`, or is of a process that kept its name at our `place`. Returns the epoch.
    pub(super) fn take(
        &self,
        conn: &mut PgConnection,
        (bot_id, holder, place): (i64, &str, Option<&str>),
        free: Option<&Row>,
        term: Duration,
    ) -> QueryResult<Option<i64>> {
        #[derive(QueryableByName)]
        struct Taken {
            #[diesel(sql_type = BigInt)]
            epoch: i64,
        }
        let taken: Option<Taken> = diesel::sql_query(format!(
            "INSERT INTO leases (bot_id, holder, place, epoch, until)
             VALUES ($1, $2, $3, $4 + {STEP}, clock_timestamp() + $5)
             ON CONFLICT (bot_id) DO UPDATE
             SET holder = excluded.holder, place = excluded.place, until = excluded.until,
                 epoch = greatest(leases.epoch, $4) + {STEP}
             WHERE leases.place = excluded.place OR (leases.epoch = $6 AND {UNTIL} = $7)
             RETURNING epoch"
        ))
        .bind::<BigInt, _>(bot_id)
        .bind::<Text, _>(holder)
        .bind::<Nullable<Text>, _>(place)
        .bind::<BigInt, _>(self.epoch)
        .bind::<Interval, _>(interval(term))
        .bind::<Nullable<BigInt>, _>(free.map(|row| row.epoch))
        .bind::<Nullable<BigInt>, _>(free.map(|row| row.until))
        .get_result(conn)
        .optional()?;
        Ok(taken.map(|taken| taken.epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: u64 = 10_000;

    fn row(epoch: i64, until: i64) -> Row {
        Row { holder: String::new(), place: None, epoch, until, given_back: false, long_over: false }
    }

    #[test]
    fn a_lease_is_free_when_its_row_has_stood_still_for_a_term() {
        let mut watch = Watch::default();
        for (now, row, free) in [
            (0, row(1, 100), false),
            (9_000, row(1, 100), false),
            // Renewed.
            (9_500, row(1, 200), false),
            (19_000, row(1, 200), false),
            // Another one has come.
            (19_400, row(2, 200), false),
            (29_000, row(2, 200), false),
            // A server that was behind, and one whose clock is: somebody may just have renewed it there.
            (29_300, row(1, 150), false),
            (39_000, row(1, 150), false),
            (39_300, row(1, 150), true),
        ] {
            assert_eq!(watch.finds_free(&row, now, TERM), free, "{now}");
        }
        assert_eq!(watch.epoch, 2, "no later epoch has the number of an earlier one");
    }

    #[test]
    fn a_lease_that_was_given_back_is_free_at_once() {
        let back = Row { given_back: true, ..row(1, 0) };
        assert!(Watch::default().finds_free(&back, 0, TERM));
        let mut watch = Watch::default();
        assert!(!watch.finds_free(&row(1, 100), 0, TERM));
        assert!(watch.finds_free(&back, 500, TERM));
    }

    #[test]
    fn the_clock_of_the_server_tells_something_only_to_who_has_just_come() {
        let over = |until| Row { long_over: true, ..row(1, until) };
        let mut watch = Watch::default();
        assert!(watch.finds_free(&over(100), 0, TERM) && watch.finds_free(&over(100), 500, TERM));
        // By the clock of the server that was promoted everything is over.
        let mut watch = Watch::default();
        assert!(!watch.finds_free(&row(1, 100), 0, TERM));
        assert!(!watch.finds_free(&over(200), 500, TERM));
        assert!(!watch.finds_free(&over(200), 10_000, TERM));
        assert!(watch.finds_free(&over(200), 10_500, TERM));
    }
}
