//! Who may not use the bot and was told so: one sentence a day, in all chats together.

use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_dsl::methods;

use super::schema::strangers;
use super::time::{ago, clock_timestamp};
use crate::domain::lane::Lane;

/// How long a stranger is left in silence after the sentence.
const SILENCE: Duration = Duration::from_secs(24 * 3600);

const HOUR: Duration = Duration::from_secs(3600);

/// Whether it is time to tell the user; from now on they are told. Of several at the same time, one is true.
pub fn tell(conn: &mut PgConnection, lane: Lane) -> QueryResult<bool> {
    let upsert = diesel::insert_into(strangers::table)
        .values((strangers::bot_id.eq(lane.bot_id), strangers::user_id.eq(lane.user_id)))
        .on_conflict((strangers::bot_id, strangers::user_id))
        .do_update()
        .set(strangers::told_at.eq(clock_timestamp()));
    methods::FilterDsl::filter(upsert, strangers::told_at.lt(ago(SILENCE))).execute(conn).map(|rows| rows > 0)
}

/// As [`tell`], for so many users in an hour at most.
pub(super) fn tell_few(conn: &mut PgConnection, lane: Lane, most: i64) -> QueryResult<bool> {
    let lately = strangers::table
        .filter(strangers::bot_id.eq(lane.bot_id).and(strangers::told_at.gt(ago(HOUR))))
        .count()
        .get_result::<i64>(conn)?;
    Ok(lately < most && tell(conn, lane)?)
}

/// Deletes those who would be told again and returns how many.
pub fn sweep(conn: &mut PgConnection) -> QueryResult<usize> {
    diesel::delete(strangers::table.filter(strangers::told_at.lt(ago(SILENCE)))).execute(conn)
}
