//! What people chose for their dialogues. It is read along with the oldest update of a lane ([`super::inbox`]).

use diesel::dsl::exists;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::schema::dialogue_settings::{
    self, bot_id, chat_id, effort, model, role, thread_id, updated_at, user_id, voice,
};
use super::time::clock_timestamp;
use crate::domain::choice::Choice;
use crate::domain::lane::{Lane, Moved};

/// Stores what was chosen for the dialogue.
pub fn choose(conn: &mut PgConnection, lane: Lane, choice: &Choice) -> QueryResult<usize> {
    let chosen =
        (model.eq(&choice.model), role.eq(&choice.role), effort.eq(&choice.effort), voice.eq(choice.voice));
    diesel::insert_into(dialogue_settings::table)
        .values((
            (bot_id.eq(lane.bot_id), chat_id.eq(lane.chat_id), user_id.eq(lane.user_id)),
            thread_id.eq(lane.topic()),
            chosen,
        ))
        .on_conflict((bot_id, chat_id, user_id, thread_id))
        .do_update()
        .set((chosen, updated_at.eq(clock_timestamp())))
        .execute(conn)
}

/// Empties what is `gone`, unless something else was chosen meanwhile.
pub(super) fn empty(conn: &mut PgConnection, lane: Lane, gone: &Choice) -> QueryResult<()> {
    let of_lane = || {
        dialogue_settings::table
            .filter(bot_id.eq(lane.bot_id).and(chat_id.eq(lane.chat_id)))
            .filter(user_id.eq(lane.user_id).and(thread_id.eq(lane.topic())))
    };
    let nothing = None::<String>;
    if let Some(gone) = &gone.model {
        diesel::update(of_lane().filter(model.eq(gone))).set(model.eq(&nothing)).execute(conn)?;
    }
    if let Some(gone) = &gone.role {
        diesel::update(of_lane().filter(role.eq(gone))).set(role.eq(&nothing)).execute(conn)?;
    }
    if let Some(gone) = &gone.effort {
        diesel::update(of_lane().filter(effort.eq(gone))).set(effort.eq(&nothing)).execute(conn)?;
    }
    Ok(())
}

/// Whether the person chose anything anywhere.
pub fn known(conn: &mut PgConnection, person: i64) -> QueryResult<bool> {
    diesel::select(exists(dialogue_settings::table.filter(user_id.eq(person)))).get_result(conn)
}

/// The person chose nothing any more, in all chats.
pub(super) fn forget(conn: &mut PgConnection, person: i64) -> QueryResult<usize> {
    diesel::delete(dialogue_settings::table.filter(user_id.eq(person))).execute(conn)
}

/// The settings of a group go on under its new id. What was chosen there already counts.
pub(super) fn move_chat(conn: &mut PgConnection, moved: Moved) -> QueryResult<usize> {
    let of_chat = || dialogue_settings::table.filter(bot_id.eq(moved.bot_id).and(chat_id.eq(moved.from)));
    let to = moved.to.into_sql::<diesel::sql_types::BigInt>();
    of_chat()
        .select((bot_id, to, user_id, thread_id, model, role, effort, voice, updated_at))
        .insert_into(dialogue_settings::table)
        .into_columns((bot_id, chat_id, user_id, thread_id, model, role, effort, voice, updated_at))
        .on_conflict_do_nothing()
        .execute(conn)?;
    diesel::delete(of_chat()).execute(conn)
}
