//! The codes of /claim. The database holds how many wrong tries there were, so that a restart or a second process gives no more.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::lease;
use super::people;
use super::schema::owner_codes;
use super::time::{Ago, ago};
use super::words::Means;
use crate::domain::admission::State;
use crate::domain::claim::{LIFE, TRIES};
use crate::domain::lane::Lane;
use crate::domain::sender::Sender;

/// What became of a try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claimed {
    /// It was the code: the person is an owner now.
    Yes,
    /// It was not.
    No {
        /// No code is left after this try.
        last: bool,
    },
}

#[diesel::dsl::auto_type(no_type_alias)]
fn good(bot_id: i64) -> _ {
    let tries: i32 = TRIES;
    let oldest: Ago = ago(LIFE);
    owner_codes::table
        .filter(owner_codes::bot_id.eq(bot_id))
        .filter(owner_codes::wrong_tries.lt(tries))
        .filter(owner_codes::made_at.gt(oldest))
}

/// Stores a new code, beside those that are good still, and deletes the others.
pub fn store(conn: &mut PgConnection, bot_id: i64, tag: &[u8]) -> QueryResult<()> {
    conn.transaction(|conn| {
        lease::check(conn, bot_id)?;
        let over = owner_codes::made_at.le(ago(LIFE)).or(owner_codes::wrong_tries.ge(TRIES));
        diesel::delete(owner_codes::table.filter(owner_codes::bot_id.eq(bot_id)).filter(over))
            .execute(conn)?;
        diesel::insert_into(owner_codes::table)
            .values((owner_codes::bot_id.eq(bot_id), owner_codes::tag.eq(tag)))
            .execute(conn)
            .map(drop)
    })
}

/// Whether there is a code that is good.
pub fn any(conn: &mut PgConnection, bot_id: i64) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(good(bot_id))).get_result(conn)
}

/// Makes who wrote in this lane an owner, if `is_code` recognises one of the codes that are good; it is used up then. Otherwise the
/// try counts against all of them.
pub fn claim(
    conn: &mut PgConnection,
    lane: Lane,
    sender: &Sender,
    is_code: impl Fn(&[u8]) -> bool,
) -> QueryResult<Claimed> {
    let tags: Vec<Vec<u8>> =
        good(lane.bot_id).order(owner_codes::tag).select(owner_codes::tag).for_update().load(conn)?;
    // Each is compared, whether one was found or not.
    let found = tags.iter().fold(None, |found, tag| if is_code(tag) { Some(tag) } else { found });
    let Some(tag) = found else {
        diesel::update(good(lane.bot_id))
            .set(owner_codes::wrong_tries.eq(owner_codes::wrong_tries + 1))
            .execute(conn)?;
        return Ok(Claimed::No { last: !any(conn, lane.bot_id)? });
    };
    diesel::delete(
        owner_codes::table.filter(owner_codes::bot_id.eq(lane.bot_id).and(owner_codes::tag.eq(tag))),
    )
    .execute(conn)?;
    people::put(conn, lane.bot_id, lane.user_id, State::Owner, None)?;
    people::see(conn, lane.bot_id, lane.user_id, sender)?;
    people::record(conn, lane.bot_id, lane.user_id, State::Owner.as_str(), None, Means::Code)?;
    Ok(Claimed::Yes)
}
