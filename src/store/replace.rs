//! What takes the place of a part that Telegram refuses, and of those that follow it in the same reply.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::RollbackTransaction;

use super::lease::led;
use super::outbox::{Envelope, LANE, OfTurn, Unsent, columns, insert_ops, is_unsent, row};
use super::schema::reply_parts;
use crate::domain::lane::Lane;
use crate::domain::replacement::{Instead, Waiting, replacement};

/// Where a part stands in its reply.
#[derive(Queryable)]
struct Place {
    lane: Lane,
    update_seq: i64,
    thread_id: Option<i64>,
    reply_to: Option<i64>,
    turn_id: Option<i64>,
    position: i32,
}

/// Replaces the part, which Telegram refuses, and those that follow it in the same reply. Returns false where there is
/// nothing to replace it by; nothing is changed then.
pub fn replace(conn: &mut PgConnection, part: &Unsent, instead: Instead) -> QueryResult<bool> {
    let replaced = conn.transaction(|conn| {
        // The part is gone already: this repeats what was done.
        let Some(place) = place(conn, part)? else { return Ok(()) };
        let rest: Vec<Waiting> = take_rest(conn, &place)?.iter().map(Unsent::as_it_waits).collect();
        let parts = replacement(&rest, instead).ok_or(RollbackTransaction)?;
        let Place { lane, update_seq, thread_id, reply_to, turn_id, position } = place;
        let bare = instead == Instead::Bare;
        let [thread_id, reply_to] = [thread_id, reply_to].map(|id| id.filter(|_| !bare));
        let turn = turn_id.map_or(OfTurn::None, OfTurn::Number);
        insert_ops(conn, Envelope { lane, update_seq, thread_id, reply_to, turn }, position, parts)?;
        Ok(())
    });
    match replaced {
        Ok(()) => Ok(true),
        Err(RollbackTransaction) => Ok(false),
        Err(other) => Err(other),
    }
}

fn place(conn: &mut PgConnection, part: &Unsent) -> QueryResult<Option<Place>> {
    row(part)
        .select((
            LANE,
            reply_parts::update_seq,
            reply_parts::thread_id,
            reply_parts::reply_to,
            reply_parts::turn_id,
            reply_parts::position,
        ))
        .first(conn)
        .optional()
}

/// Takes the part and the unsent ones behind it out of the outbox, in order.
fn take_rest(conn: &mut PgConnection, place: &Place) -> QueryResult<Vec<Unsent>> {
    let mut rest: Vec<Unsent> = diesel::delete(reply_parts::table)
        .filter(reply_parts::bot_id.eq(led(place.lane.bot_id)))
        .filter(reply_parts::user_id.eq(place.lane.user_id))
        .filter(reply_parts::update_seq.eq(place.update_seq))
        .filter(reply_parts::position.ge(place.position))
        .filter(is_unsent())
        .returning(columns())
        .get_results(conn)?;
    rest.sort_by_key(|part| part.id);
    Ok(rest)
}
