//! How much waits in the inbox and in the outbox, for metrics, readiness and `doctor`.

use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double};

use super::diagnostics::{self, MessageIds};
use crate::base::failpoints;
use crate::domain::admission::State;
use crate::domain::phrases::unready::Unready;

/// Where the oldest question has waited for so long, and no answer was stored meanwhile, nobody is answered.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// What waits.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Queue {
    /// Updates that are not answered yet.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Reply parts that Telegram has not taken yet.
    #[diesel(sql_type = BigInt)]
    pub unsent: i64,
    /// The age of the oldest of all these, in seconds; 0 if there is none.
    #[diesel(sql_type = Double)]
    pub oldest: f64,
    /// The age of the oldest of the parts alone, in seconds; 0 if there is none.
    #[diesel(sql_type = Double)]
    pub oldest_unsent: f64,
    /// How long the oldest update could have been answered, in seconds; 0 if there is none.
    #[diesel(sql_type = Double)]
    pub due: f64,
    /// How long ago the last answer was stored, or another end of a question, in seconds; as `due` if none ever was.
    #[diesel(sql_type = Double)]
    pub silent: f64,
    /// Who may use the bot.
    #[diesel(embed)]
    pub people: People,
}

impl Queue {
    /// The age of the oldest of all that waits, in whole seconds.
    pub fn oldest_seconds(&self) -> u64 {
        Duration::try_from_secs_f64(self.oldest).unwrap_or_default().as_secs()
    }

    /// For how many minutes the oldest message could have been answered, if that is longer than it should be.
    pub fn overdue(&self, longest: Duration) -> Option<u64> {
        let due = Duration::try_from_secs_f64(self.due).unwrap_or_default();
        (due > longest).then_some(due.as_secs() / 60)
    }

    /// Why nobody seems to be answered. `None`: somebody is, or nobody asks.
    pub fn stall(&self) -> Option<Unready> {
        let longest = failpoints::wait("silence", LONGEST_SILENCE).as_secs_f64();
        (self.due.min(self.silent) > longest)
            .then_some(Unready::Stalled { due: self.due, silent: self.silent })
    }
}

/// How many people and groups there are in each state of `people`.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct People {
    #[diesel(sql_type = BigInt)]
    owners: i64,
    #[diesel(sql_type = BigInt)]
    allowed: i64,
    #[diesel(sql_type = BigInt)]
    asking: i64,
    #[diesel(sql_type = BigInt)]
    refused: i64,
    #[diesel(sql_type = BigInt)]
    blocked: i64,
}

impl People {
    /// Each state and its number.
    pub fn by_state(&self) -> [(State, i64); 5] {
        let &Self { owners, allowed, asking, refused, blocked } = self;
        [
            (State::Owner, owners),
            (State::Allowed, allowed),
            (State::Waiting, asking),
            (State::Refused, refused),
            (State::Blocked, blocked),
        ]
    }
}

/// Looks at the queues of a bot and at the room for messages, in statements that give up by themselves after `limit_ms` milliseconds.
pub fn look(conn: &mut PgConnection, bot_id: i64, limit_ms: u32) -> QueryResult<(Queue, MessageIds)> {
    conn.transaction(|conn| {
        diesel::sql_query(format!("SET LOCAL statement_timeout TO {limit_ms}")).execute(conn)?;
        let queue = diesel::sql_query(
            "SELECT waiting, unsent, owners, allowed, asking, refused, blocked,
                    coalesce(extract(epoch FROM clock_timestamp() - least(received, stored)), 0)::float8 AS oldest,
                    coalesce(extract(epoch FROM clock_timestamp() - stored), 0)::float8 AS oldest_unsent,
                    greatest(extract(epoch FROM clock_timestamp() - due), 0)::float8 AS due,
                    extract(epoch FROM clock_timestamp() - coalesce(answered, due, clock_timestamp()))::float8 AS silent
             FROM (SELECT count(*) AS waiting, min(received_at) AS received,
                          min(greatest(received_at, not_before)) AS due
                   FROM updates WHERE bot_id = $1 AND done_at IS NULL) inbox
                  LEFT JOIN LATERAL (SELECT created_at AS answered FROM turns WHERE bot_id = $1
                                     ORDER BY id DESC LIMIT 1) turn ON due IS NOT NULL,
                  (SELECT count(*) AS unsent, min(created_at) AS stored
                   FROM reply_parts WHERE bot_id = $1 AND state = 'unsent') outbox,
                  (SELECT count(*) FILTER (WHERE state = 'owner') AS owners,
                          count(*) FILTER (WHERE state = 'allowed') AS allowed,
                          count(*) FILTER (WHERE state = 'waiting') AS asking,
                          count(*) FILTER (WHERE state = 'refused') AS refused,
                          count(*) FILTER (WHERE state = 'blocked') AS blocked
                   FROM people WHERE bot_id = $1) people",
        )
        .bind::<BigInt, _>(bot_id)
        .get_result(conn)?;
        Ok((queue, diagnostics::message_ids(conn)?))
    })
}
