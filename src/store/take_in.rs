//! Telegram → inbox: a batch of updates, and what they do to what waits already. The poller writes here.

use diesel::data_types::PgTimestamp;
use diesel::dsl::{min, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use super::inbox::{LANE, TOMBSTONE_LIFE, waiting};
use super::lease::{check, led};
use super::moved::move_chat;
use super::outbox;
use super::schema::updates;
use super::time::{ago, clock_timestamp};
use super::topics;
use crate::domain::lane::{Lane, Moved};
use crate::domain::topic::Begun;
use crate::domain::update::{EDITED_MESSAGE, MESSAGE, draft_id};

/// An update as poll received it.
pub struct Received {
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the topic, if it is in one.
    pub thread_id: Option<i64>,
    /// Kind, as Telegram names it.
    pub kind: &'static str,
    /// Id of the message in it, if there is one.
    pub message_id: Option<i64>,
    /// The update's own JSON.
    pub payload: String,
}

impl Received {
    /// The lane it belongs to.
    pub fn lane(&self) -> Lane {
        let &Self { bot_id, chat_id, user_id, thread_id, .. } = self;
        Lane { bot_id, chat_id, user_id, thread_id }
    }
}

/// What poll takes in at once.
#[derive(Default)]
pub struct Batch {
    /// What asks for an answer.
    pub received: Vec<Received>,
    /// What some of them do to what waits, in their order.
    pub changes: Vec<Change>,
    /// Topics that were begun or named, each with the bot that heard of it.
    pub topics: Vec<(i64, Begun)>,
    /// Chats that have another id from now on.
    pub moved: Vec<Moved>,
}

/// What an update of the batch does to what waits.
pub enum Change {
    /// It stops it.
    Stop(Stopping),
    /// It says something else.
    Edit(Edit),
    /// There is more of the question that began with the update of this number.
    Grow(i64),
}

/// An update of the batch by which a user stops what came before it.
pub struct Stopping {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// The draft whose button was pressed: then its answer alone is meant, else everything that waits.
    pub draft_id: Option<i64>,
}

/// An update of the batch by which a user changes a message.
pub struct Edit {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Telegram's id of the message.
    pub message_id: i64,
    /// The update's own JSON: the message as it is now.
    pub payload: String,
}

/// What a batch changed about updates that were there already.
#[derive(Default)]
pub struct Changed {
    /// How many rows moved to another chat.
    pub moved: usize,
    /// Lanes in which updates up to this one are stopped.
    pub stopped: Vec<(Lane, i64)>,
    /// Waiting updates whose message was changed.
    pub edited: Vec<Edited>,
    /// Waiting updates of whose questions there is more, by lane and place.
    pub grown: Vec<(Lane, i64)>,
}

/// A waiting update whose message was changed.
pub struct Edited {
    /// Its lane.
    pub lane: Lane,
    /// Its place in the order.
    pub seq: i64,
    /// What it was before.
    pub before: String,
    /// What it is now.
    pub now: String,
}

/// Stores a batch and what follows from it for what is there already. The moves come last: what the batch still brings
/// under an old id is part of them, and its place is before what comes under the new one.
pub fn take_in(conn: &mut PgConnection, batch: &Batch) -> QueryResult<Changed> {
    let Batch { received, changes, topics, moved } = batch;
    if changes.is_empty() && topics.is_empty() && moved.is_empty() {
        return ingest(conn, received).map(|_| Changed::default());
    }
    conn.transaction(|conn| {
        if received.is_empty() {
            // What names its bot by `led` is not there.
            let bots = topics.iter().map(|(bot_id, _)| *bot_id);
            bots.chain(moved.iter().map(|moved| moved.bot_id)).take(1).try_for_each(|id| check(conn, id))?;
        } else {
            ingest(conn, received)?;
        }
        let bot_id = received.first().map_or(0, |received| received.bot_id);
        let mut changed = Changed::default();
        for change in changes {
            match change {
                Change::Edit(edit) => changed.edited.extend(replace(conn, bot_id, edit)?),
                Change::Grow(first) => {
                    let place = waiting_place(conn, bot_id, *first)?;
                    changed.grown.extend(place.map(|(seq, lane)| (lane, seq)));
                }
                Change::Stop(stopping) => changed.stopped.extend(stop(conn, bot_id, stopping)?),
            }
        }
        for (bot_id, topic) in topics {
            topics::hear(conn, *bot_id, *topic)?;
        }
        for moved in moved {
            changed.moved += move_chat(conn, *moved)?;
        }
        Ok(changed)
    })
}

/// Puts the changed message in the place of what waits of it: the message itself, and earlier changes of it. What came
/// later is newer, also when the change is delivered again; what was stopped is done with.
fn replace(conn: &mut PgConnection, bot_id: i64, edit: &Edit) -> QueryResult<Vec<Edited>> {
    let Some((seq, lane)) = waiting_place(conn, bot_id, edit.update_id)? else { return Ok(Vec::new()) };
    let before: Vec<(i64, Option<String>)> = waiting(lane)
        .filter(updates::kind.eq_any([MESSAGE, EDITED_MESSAGE]))
        .filter(updates::message_id.eq(edit.message_id).and(updates::seq.lt(seq)))
        .filter(updates::stopped_at.is_null())
        .select((updates::seq, updates::payload))
        .for_update()
        .load(conn)?;
    let seqs = before.iter().map(|(seq, _)| *seq);
    diesel::update(updates::table.filter(updates::seq.eq_any(seqs)))
        .set(updates::payload.eq(&edit.payload))
        .execute(conn)?;
    let edited = |(seq, before): (i64, Option<String>)| Edited {
        lane,
        seq,
        before: before.unwrap_or_default(),
        now: edit.payload.clone(),
    };
    Ok(before.into_iter().map(edited).collect())
}

/// Place and lane of an update by Telegram's number, as long as it waits.
fn waiting_place(conn: &mut PgConnection, bot_id: i64, update_id: i64) -> QueryResult<Option<(i64, Lane)>> {
    updates::table
        .filter(updates::bot_id.eq(bot_id).and(updates::update_id.eq(update_id)))
        .filter(updates::done_at.is_null())
        .select((updates::seq, LANE))
        .first(conn)
        .optional()
}

/// Marks what a user stops, and returns up to which update of which lane. What a stop is about is what came before it,
/// so a stop that is delivered again stops nothing new.
fn stop(conn: &mut PgConnection, bot_id: i64, stop: &Stopping) -> QueryResult<Option<(Lane, i64)>> {
    let Some((seq, lane)) = waiting_place(conn, bot_id, stop.update_id)? else { return Ok(None) };
    let up_to = match stop.draft_id {
        None => seq - 1,
        // Only the oldest has a draft; one of an answer that is finished means nothing any more.
        Some(shown) => {
            let oldest: Option<i64> = waiting(lane).select(min(updates::seq)).first(conn)?;
            let Some(oldest) = oldest.filter(|seq| i64::from(draft_id(*seq)) == shown) else {
                return Ok(None);
            };
            oldest
        }
    };
    diesel::update(waiting(lane).filter(updates::seq.le(up_to)))
        .set(updates::stopped_at.eq(clock_timestamp().nullable()))
        .execute(conn)?;
    if stop.draft_id.is_none() {
        outbox::abandon_answers(conn, lane)?;
    }
    Ok(Some((lane, up_to)))
}

/// Stores a batch in one statement and returns how many updates of it are new. What is known already (Telegram repeats
/// what it did not see confirmed) is left as it is, unless it was finished so long ago that its id must belong to
/// another message by now.
pub fn ingest(conn: &mut PgConnection, batch: &[Received]) -> QueryResult<usize> {
    let rows = batch.iter().map(|received| {
        (
            updates::bot_id.eq(led(received.bot_id)),
            updates::update_id.eq(received.update_id),
            updates::chat_id.eq(received.chat_id),
            updates::user_id.eq(received.user_id),
            updates::thread_id.eq(received.thread_id),
            updates::kind.eq(received.kind),
            updates::message_id.eq(received.message_id),
            updates::payload.eq(&received.payload),
        )
    });
    let upsert = diesel::insert_into(updates::table)
        .values(rows.collect::<Vec<_>>())
        .on_conflict((updates::bot_id, updates::update_id))
        .do_update()
        .set((
            updates::seq.eq(sql::<BigInt>("nextval(pg_get_serial_sequence('updates', 'seq'))")),
            updates::chat_id.eq(excluded(updates::chat_id)),
            updates::user_id.eq(excluded(updates::user_id)),
            updates::thread_id.eq(excluded(updates::thread_id)),
            updates::kind.eq(excluded(updates::kind)),
            updates::message_id.eq(excluded(updates::message_id)),
            updates::payload.eq(excluded(updates::payload)),
            updates::received_at.eq(clock_timestamp()),
            updates::attempts.eq(0),
            updates::retries.eq(0),
            updates::not_before.eq(None::<PgTimestamp>),
            updates::done_at.eq(None::<PgTimestamp>),
            updates::turn_id.eq(None::<i64>),
            updates::stopped_at.eq(None::<PgTimestamp>),
            updates::live_message_id.eq(None::<i64>),
            updates::held.eq(None::<String>),
        ));
    methods::FilterDsl::filter(upsert, updates::done_at.lt(ago(TOMBSTONE_LIFE).nullable())).execute(conn)
}
