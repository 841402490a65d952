//! A group becomes a supergroup: everything of the chat goes on under its new id, in one transaction.

use diesel::dsl::{case_when, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::Lane;
use super::outbox;
use super::schema::{messages, reply_parts, turns, updates};

/// A chat that has another id now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Telegram id of the bot that learnt of it.
    pub bot_id: i64,
    /// Its id until now.
    pub from: i64,
    /// Its id from now on.
    pub to: i64,
}

impl Moved {
    /// The lane by its new name, if the chat is its.
    pub fn apply(self, lane: Lane) -> Lane {
        if (lane.bot_id, lane.chat_id) == (self.bot_id, self.from) {
            Lane { chat_id: self.to, ..lane }
        } else {
            lane
        }
    }
}

/// Telegram's ids of groups are negative, and only such rows are in the indexes by chat. It is said to PostgreSQL
/// literally, as they have it: a value that is bound would not be known to be negative.
pub(super) fn of_group() -> SqlLiteral<Bool> {
    sql("chat_id < 0")
}

/// Moves the chat's rows and returns how many there were; none when they have moved before.
///
/// What waits in the inbox comes first: a finish under way holds its update's row, so this waits for its end and then
/// finds its rows too. A finish that comes after this one reads the new id from the update.
pub fn move_chat(conn: &mut PgConnection, Moved { bot_id, from, to }: Moved) -> QueryResult<usize> {
    conn.transaction(|conn| {
        let waiting = diesel::update(updates::table)
            .filter(updates::bot_id.eq(bot_id).and(updates::chat_id.eq(from)))
            .filter(updates::done_at.is_null())
            .set(updates::chat_id.eq(to))
            .execute(conn)?;
        // Telegram's ids of messages name others in the new chat: what was to be changed is sent anew
        outbox::abandon_deletions(conn, bot_id, from)?;
        let op = case_when(reply_parts::op.eq("edit"), "send".into_sql::<Text>()).otherwise(reply_parts::op);
        let parts = diesel::update(reply_parts::table)
            .filter(reply_parts::bot_id.eq(bot_id).and(reply_parts::chat_id.eq(from)))
            .filter(of_group())
            .set((
                reply_parts::chat_id.eq(to),
                reply_parts::op.eq(op),
                reply_parts::message_id.eq(None::<i64>),
                reply_parts::reply_to.eq(None::<i64>),
            ))
            .execute(conn)?;
        let turns = diesel::update(turns::table.filter(turns::chat_id.eq(from)).filter(of_group()))
            .set((turns::chat_id.eq(to), turns::message_ids.eq(Vec::<i64>::new())))
            .execute(conn)?;
        let messages = diesel::update(messages::table.filter(messages::chat_id.eq(from)).filter(of_group()))
            .set(messages::chat_id.eq(to))
            .execute(conn)?;
        Ok(waiting + parts + turns + messages)
    })
}
