//! Requests to be let in: received, decided by owners, over with time.
//!
//! What a person asks meanwhile is held: its update is done and keeps its payload ([`updates::held_at`]), until the decision lets it
//! into the lane again, in its order, or empties it. Whoever changes a request locks the row of its person first, so that a
//! question is never held after the decision about it.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::{count, count_star, exists};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::RollbackTransaction;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer};

use super::finish::{self, Finished};
use super::outbox::{self, Envelope, Unsent};
use super::people::{self, of_state};
use super::schema::{decisions, people as table, reply_parts, updates};
use super::time::{Ago, ago, clock_timestamp};
use super::words::Means;
use super::{inbox, strangers};
use crate::domain::address::Address;
use crate::domain::admission::State;
use crate::domain::button::Verdict;
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
const PAUSE: Duration = Duration::from_secs(24 * 3600);
/// How long a request waits for a decision.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

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
}

/// Finishes the update of an applicant: as a request, as what is held beside one, or as nothing.
pub fn receive(
    conn: &mut PgConnection,
    owners: &[i64],
    request: &Request<'_>,
    said: &Said<'_>,
) -> QueryResult<Received> {
    let Address { lane, update_seq, .. } = request.address;
    let mut decided = false;
    let settled = conn.transaction(|conn| {
        inbox::lock(conn, request.address.key())?;
        let kind = make(conn, request)?;
        let to_sender = match kind {
            Kind::Decided => {
                decided = true;
                return Err(RollbackTransaction);
            }
            Kind::New { .. } => said.asked.clone(),
            Kind::Full if said.no_room.is_some() && strangers::tell_few(conn, lane, MOST_WAITING)? => {
                said.no_room.clone()
            }
            Kind::Full | Kind::Further | Kind::TooSoon => None,
        };
        let finished =
            finish::reply(conn, request.address, |_, _| Ok(to_sender.clone().into_iter().collect()))?;
        let Finished::Done(unsent) = finished else { return Ok((Vec::new(), Vec::new())) };
        if let (Kind::New { .. } | Kind::Further, Some(payload)) = (kind, request.payload)
            && held(lane.bot_id, lane.user_id).select(count_star()).first::<i64>(conn)? < MOST_HELD
        {
            diesel::update(inbox::row(request.address.key()))
                .set((updates::payload.eq(payload), updates::held_at.eq(clock_timestamp().nullable())))
                .execute(conn)?;
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
    match settled {
        Err(RollbackTransaction) if decided => Ok(Received::Decided),
        settled => settled.map(|(unsent, lanes)| Received::Settled(unsent, lanes)),
    }
}

fn make(conn: &mut PgConnection, request: &Request<'_>) -> QueryResult<Kind> {
    let (Address { lane: Lane { bot_id, .. }, update_seq, .. }, user_id) = (request.address, request.id);
    // Most of a flood ends here, and none of it waits for another.
    if let Some(kind) = known(conn, bot_id, user_id)? {
        return Ok(kind);
    }
    sql_query("SELECT pg_advisory_xact_lock($1, ($2 % 2147483647)::integer)")
        .bind::<Integer, _>(LOCK)
        .bind::<BigInt, _>(bot_id)
        .execute(conn)?;
    if let Some(kind) = known(conn, bot_id, user_id)? {
        return Ok(kind);
    }
    let told = told_lately(conn, bot_id)?;
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

/// How many messages about requests each owner got within the last hour.
fn told_lately(conn: &mut PgConnection, bot_id: i64) -> QueryResult<i64> {
    table::table
        .filter(table::bot_id.eq(bot_id).and(table::told_at.gt(ago(HOUR).nullable())))
        .select(count(table::told_at).aggregate_distinct())
        .first(conn)
}

/// Every owner, with the language each is spoken to in.
fn owners_by_language(
    conn: &mut PgConnection,
    bot_id: i64,
    listed: &[i64],
) -> QueryResult<Vec<(i64, Language)>> {
    let known: Vec<(i64, State, Option<String>)> = table::table
        .filter(table::bot_id.eq(bot_id))
        .filter(table::state.eq(State::Owner).or(table::id.eq_any(listed)))
        .order(table::since)
        .select((table::id, table::state, table::language))
        .load(conn)?;
    let code = |id: i64| known.iter().find(|row| row.0 == id).and_then(|row| row.2.as_deref());
    let claimed =
        known.iter().filter(|row| row.1 == State::Owner && !listed.contains(&row.0)).map(|row| row.0);
    Ok(listed.iter().copied().chain(claimed).map(|id| (id, Language::of(code(id)))).collect())
}

/// Puts a message for somebody into the outbox, and returns the lane that sends it.
fn tell(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    update_seq: i64,
    part: &ReplyPart,
) -> QueryResult<Lane> {
    let lane = Lane { bot_id, chat_id: id, user_id: id, thread_id: None };
    let envelope = Envelope { lane, update_seq, thread_id: None, reply_to: None, turn_id: None };
    outbox::insert_from(conn, envelope, 0, std::slice::from_ref(part), &[])?;
    Ok(lane)
}

/// What is held of a person.
#[diesel::dsl::auto_type(no_type_alias)]
fn held(bot_id: i64, id: i64) -> _ {
    updates::table
        .filter(updates::user_id.eq(id))
        .filter(updates::bot_id.eq(bot_id))
        .filter(updates::held_at.is_not_null())
}

/// Who decides.
#[derive(Clone, Copy)]
pub enum By {
    /// This owner, with a button.
    Owner(i64),
    /// Whoever runs `systech-aidd people`.
    CommandLine,
}

impl By {
    fn columns(self) -> (Option<i64>, Means) {
        match self {
            Self::Owner(id) => (Some(id), Means::Button),
            Self::CommandLine => (None, Means::CommandLine),
        }
    }
}

/// What a decision came to.
pub enum Decided {
    /// It is made about this person, and these lanes have something to do.
    Made(people::Person, Vec<Lane>),
    /// Nothing was changed: the request is over, or the person is in that state, or an owner.
    Not(Option<people::Person>),
}

/// Decides about the request of this update, as long as it waits.
pub fn decide_request(
    conn: &mut PgConnection,
    by: By,
    bot_id: i64,
    update_seq: i64,
    verdict: Verdict,
) -> QueryResult<Decided> {
    let of_request = table::table.filter(table::bot_id.eq(bot_id)).filter(table::update_seq.eq(update_seq));
    let Some(id) = of_request.select(table::id).first(conn).optional()? else {
        return Ok(Decided::Not(None));
    };
    decide(conn, by, bot_id, id, verdict, |person, asked| {
        person.state == State::Waiting && asked == Some(update_seq)
    })
}

/// Decides about a person or chat, whatever was decided before; not about an owner.
pub fn decide_person(
    conn: &mut PgConnection,
    by: By,
    bot_id: i64,
    id: i64,
    verdict: Verdict,
) -> QueryResult<Decided> {
    decide(conn, by, bot_id, id, verdict, |person, _| {
        person.state != State::Owner && person.state != verdict.state()
    })
}

fn decide(
    conn: &mut PgConnection,
    by: By,
    bot_id: i64,
    id: i64,
    verdict: Verdict,
    may: impl Fn(&people::Person, Option<i64>) -> bool,
) -> QueryResult<Decided> {
    conn.transaction(|conn| {
        // An erasure locks them in this order too.
        held(bot_id, id).order(updates::seq).select(updates::seq).for_no_key_update().execute(conn)?;
        let row: Option<(people::Person, Option<i64>)> = people::row(bot_id, id)
            .select((people::columns(), table::update_seq))
            .for_no_key_update()
            .first(conn)
            .optional()?;
        if let Some((person, asked)) = &row
            && !may(person, *asked)
        {
            return Ok(Decided::Not(Some(person.clone())));
        }
        let (was, asked) = row.unzip();
        let (owner, means) = by.columns();
        people::put(conn, bot_id, id, verdict.state(), owner)?;
        people::record(conn, bot_id, id, verdict.state().as_str(), owner, means)?;
        let now = people::find(conn, bot_id, id)?;
        let language = Language::of(now.language.as_deref());
        let waited = was.is_some_and(|was| was.state == State::Waiting);
        let mut lanes =
            if verdict == Verdict::Allow { release(conn, bot_id, id)? } else { drop_held(conn, bot_id, id)? };
        let sentence = match verdict {
            Verdict::Allow if lanes.is_empty() && asked.flatten().is_some() => Some(language.let_in()),
            Verdict::Refuse if waited => Some(language.not_let_in()),
            _ => None,
        };
        if let Some(sentence) = sentence.filter(|_| id > 0) {
            let part = ReplyPart::plain(sentence);
            lanes.push(tell(conn, bot_id, id, asked.flatten().unwrap_or_default(), &part)?);
        }
        Ok(Decided::Made(now, lanes))
    })
}

/// What was held waits again, in its order. Returns the lanes that have something to do.
fn release(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Vec<Lane>> {
    let mut lanes: Vec<Lane> = diesel::update(held(bot_id, id))
        .set((updates::done_at.eq(None::<PgTimestamp>), updates::held_at.eq(None::<PgTimestamp>)))
        .returning(inbox::LANE)
        .get_results(conn)?;
    lanes.sort_unstable();
    lanes.dedup();
    Ok(lanes)
}

/// What was held is emptied, and its rows are the tombstones that they would be anyway.
fn drop_held(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Vec<Lane>> {
    diesel::update(held(bot_id, id))
        .set((
            updates::payload.eq(None::<String>),
            updates::message_id.eq(None::<i64>),
            updates::held_at.eq(None::<PgTimestamp>),
        ))
        .execute(conn)?;
    Ok(Vec::new())
}

/// Takes everything back that was decided about a person or chat, with what is held of it. `None`: there is nothing, or it is an
/// owner.
pub fn forget(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Option<State>> {
    conn.transaction(|conn| {
        drop_held(conn, bot_id, id)?;
        let gone = diesel::delete(people::row(bot_id, id).filter(table::state.ne(State::Owner)))
            .returning(table::state)
            .get_result(conn)
            .optional()?;
        if gone.is_some() {
            people::record(conn, bot_id, id, "forgotten", None, Means::CommandLine)?;
        }
        Ok(gone)
    })
}

/// The requests of a person end with the erasure of everything that is theirs; what was decided about them stays.
pub(super) fn withdraw(conn: &mut PgConnection, id: i64) -> QueryResult<()> {
    let of_person = || table::table.filter(table::id.eq(id));
    diesel::delete(of_person().filter(table::state.eq(State::Waiting))).execute(conn)?;
    diesel::update(of_person().filter(table::state.ne(State::Owner)))
        .set((
            table::name.eq(None::<String>),
            table::username.eq(None::<String>),
            table::language.eq(None::<String>),
            table::words.eq(None::<String>),
        ))
        .execute(conn)
        .map(drop)
}

/// What there is to do about requests by itself.
#[derive(Queryable, Clone, Copy)]
pub struct Due {
    /// The command line decided lately.
    pub decided: bool,
    /// A request waited too long.
    pub over: bool,
    /// The owners were not told of a request.
    pub untold: bool,
}

/// Looks what there is to do, in one statement.
pub fn due(conn: &mut PgConnection, bot_id: i64, within: Duration) -> QueryResult<Due> {
    let waiting = || of_state(bot_id, State::Waiting);
    diesel::select((
        exists(decided_lately(bot_id, within)),
        exists(waiting().filter(table::asked_at.lt(ago(PATIENCE).nullable()))),
        exists(waiting().filter(table::told_at.is_null())),
    ))
    .get_result(conn)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn decided_lately(bot_id: i64, within: Duration) -> _ {
    let since: Ago = ago(within);
    let means: Means = Means::CommandLine;
    decisions::table
        .filter(decisions::decided_at.gt(since))
        .filter(decisions::bot_id.eq(bot_id))
        .filter(decisions::means.eq(means))
}

/// Ends a request that waited too long. `None`: there is none. Otherwise its person, and the lanes that have something to do.
pub fn end_oldest(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Option<(i64, Vec<Lane>)>> {
    conn.transaction(|conn| {
        let oldest: Option<(i64, Option<i64>, Option<String>)> = of_state(bot_id, State::Waiting)
            .filter(table::asked_at.lt(ago(PATIENCE).nullable()))
            .order(table::asked_at)
            .select((table::id, table::update_seq, table::language))
            .for_update()
            .skip_locked()
            .first(conn)
            .optional()?;
        let Some((id, update_seq, language)) = oldest else { return Ok(None) };
        drop_held(conn, bot_id, id)?;
        diesel::delete(people::row(bot_id, id)).execute(conn)?;
        people::record(conn, bot_id, id, "forgotten", None, Means::Time)?;
        let mut lanes = Vec::new();
        if id > 0 {
            let part = ReplyPart::plain(Language::of(language.as_deref()).nobody_decided());
            lanes.push(tell(conn, bot_id, id, update_seq.unwrap_or_default(), &part)?);
        }
        Ok(Some((id, lanes)))
    })
}

/// Tells the owners how many requests there are of which they were not told, once an hour allows it. Returns the lanes that have
/// something to do. `say`: to an owner of this language, of so many, of so many in all.
pub fn tell_further(
    conn: &mut PgConnection,
    bot_id: i64,
    owners: &[i64],
    say: impl Fn(Language, i64, i64) -> ReplyPart,
) -> QueryResult<Vec<Lane>> {
    if told_lately(conn, bot_id)? >= MOST_TOLD {
        return Ok(Vec::new());
    }
    let untold = of_state(bot_id, State::Waiting).filter(table::told_at.is_null());
    conn.transaction(|conn| {
        // One moment for all: it is one message.
        let now: PgTimestamp = diesel::select(clock_timestamp()).get_result(conn)?;
        let further = diesel::update(untold).set(table::told_at.eq(now)).execute(conn)?;
        let further = i64::try_from(further).unwrap_or(i64::MAX);
        let mut lanes = Vec::new();
        if further > 0 {
            let all = waiting(conn, bot_id)?;
            for (owner, language) in owners_by_language(conn, bot_id, owners)? {
                lanes.push(tell(conn, bot_id, owner, 0, &say(language, further, all))?);
            }
        }
        Ok(lanes)
    })
}

/// The lanes of those about whom the command line decided within this time: nobody else tells this process.
pub fn lately_decided(conn: &mut PgConnection, bot_id: i64, within: Duration) -> QueryResult<Vec<Lane>> {
    let whom: Vec<i64> = decided_lately(bot_id, within).select(decisions::person).distinct().load(conn)?;
    let mut lanes: Vec<Lane> = updates::table
        .filter(updates::user_id.eq_any(&whom).and(updates::bot_id.eq(bot_id)))
        .filter(updates::done_at.is_null())
        .select(inbox::LANE)
        .distinct()
        .load(conn)?;
    let unsent = reply_parts::table
        .filter(reply_parts::bot_id.eq(bot_id).and(reply_parts::chat_id.eq_any(&whom)))
        .filter(outbox::is_unsent())
        .select(outbox::LANE)
        .distinct()
        .load::<Lane>(conn)?;
    lanes.extend(unsent);
    Ok(lanes)
}
