//! Requests to be let in: who makes one, and what is held beside it.
//!
//! Whoever changes a request locks the row of its person first, so that a question is never held after the decision about it.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::{count_star, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::RollbackTransaction;
use diesel::sql_types::{BigInt, Bool, Integer};

use super::finish::{self, Finished};
use super::held::held;
use super::outbox::Unsent;
use super::people::{self, of_state};
use super::schema::{people as table, updates};
use super::time::{ago, clock_timestamp};
use super::told::{self, owners_by_language, tell};
use super::{inbox, strangers};
use crate::domain::address::Address;
use crate::domain::admission::State;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::ReplyPart;
use crate::domain::sender::Sender;

/// So many people wait for a decision at most.
pub const MOST_WAITING: i64 = 100;
/// So many messages about requests an owner gets in an hour.
pub const MOST_TOLD: i64 = 10;
/// So many messages of somebody who waits are kept.
const MOST_HELD: i64 = 10;
/// How long after a request that was refused the next one is made.
pub(super) const PAUSE: Duration = Duration::from_secs(24 * 3600);

/// The first half of the key of the lock under which requests are made; the other one is the bot.
const LOCK: i32 = 0x0061_736b;

/// Somebody who may not use the bot has written.
pub struct Request<'a> {
    /// The update.
    pub address: Address,
    /// Who wants to be let in: who wrote, or the group in which it was.
    pub id: i64,
    /// The same, as people see it.
    pub sender: &'a Sender,
    /// What is kept of the update, if it is to be answered later.
    pub payload: Option<&'a str>,
    /// The first words.
    pub words: &'a str,
}

/// What is said about a request: to who made it, and to an owner.
pub struct Said<'a> {
    /// The request is made.
    pub asked: Option<ReplyPart>,
    /// There is no room for it.
    pub no_room: Option<ReplyPart>,
    /// To the owner with this id and language; `true`: it is the last one for now.
    pub to_owner: &'a dyn Fn(i64, Language, bool) -> ReplyPart,
}

/// What became of it.
pub enum Received {
    /// It is settled: this is to be sent, and these lanes have something to do.
    Settled(Vec<Unsent>, Vec<Lane>),
    /// The person is no applicant any more.
    Decided,
    /// Another request is being made.
    Busy,
}

/// What a message of an applicant is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A new request; the owners are told, perhaps for the last time in this hour.
    New { tell: bool, last: bool },
    /// It belongs to a request that waits.
    Further,
    /// It came too soon after a refusal.
    TooSoon,
    /// As many wait as may.
    Full,
    /// There is nothing to ask.
    Decided,
    /// Another request is being made.
    Busy,
}

/// Finishes the update of an applicant: as a request, as what is held beside one, or as nothing.
pub fn receive(
    conn: &mut PgConnection,
    owners: &[i64],
    request: &Request<'_>,
    said: &Said<'_>,
) -> QueryResult<Received> {
    let Address { lane, update_seq, .. } = request.address;
    let mut otherwise = None;
    let settled = conn.transaction(|conn| {
        inbox::lock(conn, request.address.key())?;
        let kind = make(conn, request)?;
        let to_sender = match kind {
            Kind::Decided | Kind::Busy => {
                otherwise = Some(if kind == Kind::Busy { Received::Busy } else { Received::Decided });
                return Err(RollbackTransaction);
            }
            Kind::New { .. } => said.asked.clone(),
            Kind::Full
                if said.no_room.is_some()
                    && lock(conn, lane.bot_id)?
                    && strangers::tell_few(conn, lane, MOST_WAITING)? =>
            {
                said.no_room.clone()
            }
            Kind::Full | Kind::Further | Kind::TooSoon => None,
        };
        let finished =
            finish::reply(conn, request.address, &[], |_, _| Ok(to_sender.clone().into_iter().collect()))?;
        let Finished::Done(unsent) = finished else {
            // Another run did, or an erasure: neither leaves a request to this one.
            otherwise = Some(Received::Settled(Vec::new(), Vec::new()));
            return Err(RollbackTransaction);
        };
        if let (Kind::New { .. } | Kind::Further, Some(payload)) = (kind, request.payload)
            && held(lane.bot_id, lane.user_id).select(count_star()).first::<i64>(conn)? < MOST_HELD
        {
            diesel::update(inbox::row(request.address.key())).set(updates::held.eq(payload)).execute(conn)?;
        }
        let mut lanes = Vec::new();
        if let Kind::New { tell: true, last } = kind {
            for (owner, language) in owners_by_language(conn, lane.bot_id, owners)? {
                let part = (said.to_owner)(owner, language, last);
                lanes.push(tell(conn, lane.bot_id, owner, update_seq, &part)?);
            }
        }
        Ok((unsent, lanes))
    });
    match (settled, otherwise) {
        (Err(RollbackTransaction), Some(otherwise)) => Ok(otherwise),
        (settled, _) => settled.map(|(unsent, lanes)| Received::Settled(unsent, lanes)),
    }
}

fn make(conn: &mut PgConnection, request: &Request<'_>) -> QueryResult<Kind> {
    let (Address { lane: Lane { bot_id, .. }, update_seq, .. }, user_id) = (request.address, request.id);
    // Most of a flood ends here.
    if let Some(kind) = known(conn, bot_id, user_id)? {
        return Ok(kind);
    }
    if !lock(conn, bot_id)? {
        return Ok(Kind::Busy);
    }
    if let Some(kind) = known(conn, bot_id, user_id)? {
        return Ok(kind);
    }
    let told = told::lately(conn, bot_id)?;
    let tell = told < MOST_TOLD;
    let now = (
        table::state.eq(State::Waiting),
        table::since.eq(clock_timestamp()),
        table::decided_by.eq(None::<i64>),
        table::words.eq(Some(request.words).filter(|words| !words.is_empty())),
        table::update_seq.eq(update_seq),
        table::asked_at.eq(clock_timestamp().nullable()),
    );
    diesel::insert_into(table::table)
        .values((table::bot_id.eq(bot_id), table::id.eq(user_id), now))
        .on_conflict((table::bot_id, table::id))
        .do_update()
        .set((now, table::told_at.eq(None::<PgTimestamp>)))
        .execute(conn)?;
    if tell {
        diesel::update(people::row(bot_id, user_id))
            .set(table::told_at.eq(clock_timestamp().nullable()))
            .execute(conn)?;
    }
    people::see(conn, bot_id, user_id, request.sender)?;
    Ok(Kind::New { tell, last: told + 1 == MOST_TOLD })
}

/// Requests are made one after the other, so that none is too many. Nobody waits for the lock: in a flood everybody who did
/// would keep a connection and a worker from those who are let in.
fn lock(conn: &mut PgConnection, bot_id: i64) -> QueryResult<bool> {
    let key = sql::<Bool>("pg_try_advisory_xact_lock(").bind::<Integer, _>(LOCK).sql(", (");
    diesel::select(key.bind::<BigInt, _>(bot_id).sql(" % 2147483647)::integer)")).get_result(conn)
}

/// What the message is, unless it is a new request.
fn known(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Option<Kind>> {
    let lately = table::asked_at.gt(ago(PAUSE).nullable()).assume_not_null();
    let row: Option<(State, Option<bool>)> = people::row(bot_id, id)
        .select((table::state, lately.nullable()))
        .for_no_key_update()
        .first(conn)
        .optional()?;
    Ok(match row {
        Some((State::Waiting, _)) => Some(Kind::Further),
        Some((State::Refused, Some(true))) => Some(Kind::TooSoon),
        Some((State::Owner | State::Allowed | State::Blocked, _)) => Some(Kind::Decided),
        None | Some((State::Refused, _)) => (waiting(conn, bot_id)? >= MOST_WAITING).then_some(Kind::Full),
    })
}

/// How many wait for a decision.
pub fn waiting(conn: &mut PgConnection, bot_id: i64) -> QueryResult<i64> {
    of_state(bot_id, State::Waiting).select(count_star()).first(conn)
}

/// The requests that wait, the oldest first, so many of them; each with the update that asked.
pub fn oldest(
    conn: &mut PgConnection,
    bot_id: i64,
    limit: i64,
) -> QueryResult<Vec<(people::Person, Option<i64>)>> {
    of_state(bot_id, State::Waiting)
        .order(table::asked_at)
        .select((people::columns(), table::update_seq))
        .limit(limit)
        .load(conn)
}
