//! What people are told who did not write: owners of requests, strangers of decisions.

use std::time::Duration;

use diesel::dsl::count;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::outbox::{self, Envelope, OfTurn};
use super::schema::people as table;
use super::time::ago;
use crate::domain::admission::State;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::replacement::Standing;
use crate::domain::reply::ReplyPart;

const HOUR: Duration = Duration::from_secs(3600);

/// How many messages about requests each owner got within the last hour.
pub(super) fn lately(conn: &mut PgConnection, bot_id: i64) -> QueryResult<i64> {
    table::table
        .filter(table::bot_id.eq(bot_id).and(table::told_at.gt(ago(HOUR).nullable())))
        .select(count(table::told_at).aggregate_distinct())
        .first(conn)
}

/// Every owner, with the language each is spoken to in.
pub(super) fn owners_by_language(
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
pub(super) fn tell(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    update_seq: i64,
    part: &ReplyPart,
) -> QueryResult<Lane> {
    let lane = Lane { bot_id, chat_id: id, user_id: id, thread_id: None };
    let envelope = Envelope { lane, update_seq, thread_id: None, reply_to: None, turn: OfTurn::None };
    outbox::insert_from(conn, envelope, 0, std::slice::from_ref(part), &Standing::default())?;
    Ok(lane)
}
