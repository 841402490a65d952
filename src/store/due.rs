//! What there is to do about requests that nobody comes back to: decisions of the command line, a week that is over, owners who
//! were not told yet.

use std::time::Duration;

use diesel::data_types::PgTimestamp;
use diesel::dsl::exists;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::held;
use super::inbox;
use super::lease;
use super::outbox;
use super::people::{self, of_state};
use super::requests::{MOST_TOLD, PAUSE, waiting};
use super::schema::{decisions, people as table, reply_parts, updates};
use super::time::{Ago, ago, clock_timestamp};
use super::told::{self, owners_by_language, tell};
use super::words::Means;
use crate::domain::admission::State;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::ReplyPart;

/// How long a request waits for a decision.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Deletes what is left of requests that were withdrawn more than a day ago.
pub fn sweep(conn: &mut PgConnection) -> QueryResult<usize> {
    let withdrawn = table::table
        .filter(table::state.eq(State::Refused).and(table::asked_at.lt(ago(PAUSE).nullable())))
        .filter(table::decided_by.is_null().and(table::name.is_null()).and(table::words.is_null()));
    diesel::delete(withdrawn).execute(conn)
}

/// What there is to do about requests by itself.
#[derive(Queryable, Clone, Copy)]
pub struct Due {
    /// The command line or the console decided lately.
    pub decided: bool,
    /// A request waited too long.
    pub over: bool,
    /// The owners were not told of a request.
    pub untold: bool,
}

/// Looks what there is to do, in one statement.
pub fn look(conn: &mut PgConnection, bot_id: i64, within: Duration) -> QueryResult<Due> {
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
    let elsewhere: [Means; 2] = [Means::CommandLine, Means::Console];
    decisions::table
        .filter(decisions::decided_at.gt(since))
        .filter(decisions::bot_id.eq(bot_id))
        .filter(decisions::means.eq_any(elsewhere))
}

/// Ends a request that waited too long. `None`: there is none. Otherwise its person, and the lanes that have something to do.
pub fn end_oldest(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Option<(i64, Vec<Lane>)>> {
    conn.transaction(|conn| {
        lease::check(conn, bot_id)?;
        let oldest: Option<(i64, Option<i64>, Option<String>)> = of_state(bot_id, State::Waiting)
            .filter(table::asked_at.lt(ago(PATIENCE).nullable()))
            .order(table::asked_at)
            .select((table::id, table::update_seq, table::language))
            .for_update()
            .skip_locked()
            .first(conn)
            .optional()?;
        let Some((id, update_seq, language)) = oldest else { return Ok(None) };
        held::empty(conn, bot_id, id)?;
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
    if told::lately(conn, bot_id)? >= MOST_TOLD {
        return Ok(Vec::new());
    }
    let untold = of_state(bot_id, State::Waiting).filter(table::told_at.is_null());
    conn.transaction(|conn| {
        lease::check(conn, bot_id)?;
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

/// The lanes of those about whom the command line or the console decided within this time: nobody else tells this process.
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
