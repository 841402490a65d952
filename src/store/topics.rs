//! Topics of private chats that wait for the bot to name them.

use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::lease::led;
use super::ledger::{self, Calls};
use super::schema::topics;
use super::time::ago;
use crate::domain::lane::Lane;
use crate::domain::topic::{Begun, Naming};

/// So long a topic waits for its title.
const LONGEST: Duration = Duration::from_secs(48 * 3600);

/// What the poller heard of a topic.
pub(super) fn hear(conn: &mut PgConnection, bot_id: i64, begun: Begun) -> QueryResult<usize> {
    let Begun { chat_id, thread_id, naming } = begun;
    match naming {
        Naming::LeftToBot => {
            let key =
                (topics::bot_id.eq(bot_id), topics::chat_id.eq(chat_id), topics::thread_id.eq(thread_id));
            diesel::insert_into(topics::table).values(key).on_conflict_do_nothing().execute(conn)
        }
        Naming::ByPerson => diesel::delete(topics::table.find((bot_id, chat_id, thread_id))).execute(conn),
    }
}

/// A topic without a title.
pub struct Untitled {
    /// The title that was found and that Telegram has perhaps not taken yet.
    pub found: Option<String>,
}

/// The topic of this lane, if the bot is to name it still.
pub fn untitled(conn: &mut PgConnection, lane: Lane) -> QueryResult<Option<Untitled>> {
    let Some(thread_id) = lane.thread_id else { return Ok(None) };
    let found: Option<Option<String>> = topics::table
        .find((lane.bot_id, lane.chat_id, thread_id))
        .select(topics::title)
        .first(conn)
        .optional()?;
    Ok(found.map(|found| Untitled { found }))
}

/// Stores what a title cost, and the title. False: only the cost, for a person has named the topic meanwhile.
pub fn find(conn: &mut PgConnection, calls: Calls<'_>, title: &str) -> QueryResult<bool> {
    let lane = calls.address.lane;
    let Some(thread_id) = lane.thread_id else { return Ok(false) };
    conn.transaction(|conn| {
        ledger::store(conn, calls)?;
        let found = diesel::update(topics::table.find((lane.bot_id, lane.chat_id, thread_id)))
            .filter(topics::bot_id.eq(led(lane.bot_id)))
            .set(topics::title.eq(title))
            .execute(conn)?;
        Ok(found > 0)
    })
}

/// The topic has its title, or will never have it.
pub fn named(conn: &mut PgConnection, lane: Lane) -> QueryResult<usize> {
    let Some(thread_id) = lane.thread_id else { return Ok(0) };
    diesel::delete(topics::table.find((lane.bot_id, lane.chat_id, thread_id)))
        .filter(topics::bot_id.eq(led(lane.bot_id)))
        .execute(conn)
}

/// Deletes the topics in which nothing was answered for two days: nobody asked there, or nobody may.
pub fn sweep(conn: &mut PgConnection) -> QueryResult<usize> {
    diesel::delete(topics::table.filter(topics::begun_at.lt(ago(LONGEST)))).execute(conn)
}

/// Deletes the topics of this person.
pub(super) fn forget(conn: &mut PgConnection, person: i64) -> QueryResult<usize> {
    diesel::delete(topics::table.filter(topics::chat_id.eq(person))).execute(conn)
}
