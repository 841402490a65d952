//! What owners are told without asking: when they were told last, and what is muted.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::lease;
use super::schema::alerts;
use super::told::{owners_by_language, tell};
use crate::domain::alert::{Again, Kind};
use crate::domain::budget::Term;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::ReplyPart;

/// Tells the owners, unless they were told lately or want to hear no more of it. `say`: to the owner with this id. Returns the
/// lanes that have something to do.
pub fn tell_owners(
    conn: &mut PgConnection,
    bot_id: i64,
    listed: &[i64],
    kind: Kind,
    say: impl Fn(i64, Language) -> ReplyPart,
) -> QueryResult<Vec<Lane>> {
    let last = match kind.again() {
        Again::InAnHour => "clock_timestamp() - interval '1 hour'",
        Again::InNext(Term::Day) => "date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
        Again::InNext(Term::Month) => "date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
    };
    conn.transaction(|conn| {
        lease::check(conn, bot_id)?;
        // Of two who tell at once one waits here, and finds that it was told.
        let due = diesel::sql_query(format!(
            "INSERT INTO alerts AS known (bot_id, kind, told_at) VALUES ($1, $2, clock_timestamp())
             ON CONFLICT (bot_id, kind) DO UPDATE SET told_at = clock_timestamp(), raised_at = NULL
             WHERE NOT known.muted AND (known.told_at IS NULL OR known.told_at < {last})"
        ))
        .bind::<BigInt, _>(bot_id)
        .bind::<Text, _>(kind)
        .execute(conn)?;
        if due == 0 {
            return Ok(Vec::new());
        }
        let owners = owners_by_language(conn, bot_id, listed)?;
        owners
            .into_iter()
            .map(|(owner, language)| tell(conn, bot_id, owner, 0, &say(owner, language)))
            .collect()
    })
}

/// Remembers for every bot of this database that something happened of which the owners are to be told.
pub fn raise(conn: &mut PgConnection, kind: Kind) -> QueryResult<usize> {
    // Within a transaction that goes on, if there is one.
    conn.transaction(|conn| {
        diesel::sql_query(
            "INSERT INTO alerts (bot_id, kind, raised_at) SELECT bot_id, $1, clock_timestamp() FROM leases
             ON CONFLICT (bot_id, kind) DO UPDATE SET raised_at = excluded.raised_at",
        )
        .bind::<Text, _>(kind)
        .execute(conn)
    })
}

/// What happened of which the owners were not told yet.
pub fn raised(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Kind>> {
    let untold = alerts::table.filter(alerts::bot_id.eq(bot_id)).filter(alerts::raised_at.is_not_null());
    untold.select(alerts::kind).load(conn)
}

/// From now on owners hear no more of this kind, or hear of it again.
pub fn mute(conn: &mut PgConnection, bot_id: i64, kind: Kind, muted: bool) -> QueryResult<usize> {
    diesel::insert_into(alerts::table)
        .values((alerts::bot_id.eq(bot_id), alerts::kind.eq(kind), alerts::muted.eq(muted)))
        .on_conflict((alerts::bot_id, alerts::kind))
        .do_update()
        .set(alerts::muted.eq(muted))
        .execute(conn)
}

/// What owners want to hear no more of.
pub fn muted(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Kind>> {
    let muted = alerts::table.filter(alerts::bot_id.eq(bot_id)).filter(alerts::muted);
    muted.order(alerts::kind).select(alerts::kind).load(conn)
}
