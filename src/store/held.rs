//! What is held: questions of somebody who waits to be let in. Their updates are done, and their payload is put aside
//! ([`updates::held`]) until a decision lets it into the lane again, in its order, or empties it.

use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::inbox;
use super::schema::updates;
use crate::domain::lane::Lane;

/// What is held of a person.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn held(bot_id: i64, id: i64) -> _ {
    updates::table
        .filter(updates::user_id.eq(id))
        .filter(updates::bot_id.eq(bot_id))
        .filter(updates::held.is_not_null())
}

/// What was held waits again, in its order. Returns the lanes that have something to do.
pub(super) fn release(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Vec<Lane>> {
    let mut lanes: Vec<Lane> = diesel::update(held(bot_id, id))
        .set((
            updates::payload.eq(updates::held),
            updates::held.eq(None::<String>),
            updates::done_at.eq(None::<PgTimestamp>),
        ))
        .returning(inbox::LANE)
        .get_results(conn)?;
    lanes.sort_unstable();
    lanes.dedup();
    Ok(lanes)
}

/// What was held is emptied, and its rows are the tombstones that they would be anyway.
pub(super) fn empty(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Vec<Lane>> {
    diesel::update(held(bot_id, id))
        .set((updates::held.eq(None::<String>), updates::message_id.eq(None::<i64>)))
        .execute(conn)?;
    Ok(Vec::new())
}
