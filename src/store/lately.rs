//! What was said to the bot in groups lately: by this poll remembers, over a restart, what goes on without naming it.

use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::schema::{attachments, turns, updates};
use crate::domain::update::MESSAGE;

/// The most of each that is looked at: more than anybody says within the minute that matters.
const MOST: i64 = 1000;

/// A question of a group that has its answer.
#[derive(Queryable)]
pub struct Asked {
    /// Telegram id of the group.
    pub chat_id: i64,
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the topic.
    pub thread_id: Option<i64>,
    /// When its last message was sent, in seconds of Telegram's clock.
    pub asked_at: Option<i64>,
    /// Whether something was forwarded with it.
    pub forwards: bool,
    /// The album that it shows a file of; a question with several files is told once for each.
    pub album: Option<String>,
}

/// The newest questions of groups, the oldest first.
pub fn asked(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Asked>> {
    let forwards = "EXISTS (SELECT FROM quotes WHERE quotes.turn_id = turns.id AND quotes.kind = 'forward')";
    // By the ids, so that no more of the table is read.
    let newest = format!("turns.id > (SELECT max(id) - {MOST} FROM turns)");
    turns::table
        .left_join(attachments::table.on(attachments::message_id.eq(turns::question_id.nullable())))
        .filter(sql::<Bool>(&newest))
        .filter(turns::bot_id.eq(bot_id).and(turns::chat_id.lt(0)))
        .order(turns::id)
        .select((
            turns::chat_id,
            turns::user_id,
            turns::thread_id,
            sql::<Nullable<BigInt>>("extract(epoch FROM turns.asked_at)::bigint"),
            sql::<Bool>(forwards),
            attachments::album.nullable(),
        ))
        .load(conn)
}

/// The newest messages of groups that wait, the oldest first.
pub fn waiting(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<String>> {
    let mut newest: Vec<Option<String>> = updates::table
        .filter(updates::bot_id.eq(bot_id).and(updates::done_at.is_null()))
        .filter(updates::chat_id.lt(0).and(updates::kind.eq(MESSAGE)))
        .order(updates::seq.desc())
        .limit(MOST)
        .select(updates::payload)
        .load(conn)?;
    newest.reverse();
    Ok(newest.into_iter().flatten().collect())
}
