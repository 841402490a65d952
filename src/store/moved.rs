//! A group becomes a supergroup: everything of the chat goes on under its new id, in one transaction.

use diesel::dsl::case_when;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::facts;
use super::group::of_group;
use super::lease;
use super::outbox;
use super::people;
use super::schema::{messages, reply_parts, turns, updates};
use super::settings;
use super::summaries;
use super::words::PartOp;
use crate::domain::lane::Moved;

/// Moves the chat's rows and returns how many there were; none when they have moved before.
///
/// What waits in the inbox comes first: a finish under way holds its update's row, so this waits for its end and then
/// finds its rows too. A finish that comes after this one reads the new id from the update.
pub fn move_chat(conn: &mut PgConnection, moved: Moved) -> QueryResult<usize> {
    let Moved { bot_id, from, to } = moved;
    conn.transaction(|conn| {
        lease::check(conn, bot_id)?;
        let waiting = diesel::update(updates::table)
            .filter(updates::bot_id.eq(bot_id).and(updates::chat_id.eq(from)))
            .filter(updates::done_at.is_null())
            .set((updates::chat_id.eq(to), updates::live_message_id.eq(None::<i64>)))
            .execute(conn)?;
        // Telegram's ids of messages name others in the new chat: what was to be changed is sent anew
        outbox::abandon_deletions(conn, bot_id, from)?;
        let op = case_when(reply_parts::op.eq(PartOp::Edit), PartOp::Send.into_sql::<Text>())
            .otherwise(reply_parts::op);
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
        let settings = settings::move_chat(conn, moved)?;
        let facts = facts::move_chat(conn, moved)?;
        let people = people::move_chat(conn, moved)?;
        let summaries = summaries::move_chat(conn, moved)?;
        Ok(waiting + parts + turns + messages + settings + facts + people + summaries)
    })
}
