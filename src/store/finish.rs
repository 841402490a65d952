//! The transaction that finishes an update: what was said, how it went, what is to be sent, and the mark that it is
//! done, all or nothing.

use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::RollbackTransaction;
use diesel::sql_types::{Interval, Timestamp};

use super::history::Role;
use super::outbox::{self, Address, Unsent};
use super::prepared::prepared;
use super::schema::{messages, turns, updates};
use super::{Lane, clock_timestamp, interval};
use crate::llm::Usage;
use crate::part::Part;
use crate::point;

/// How a turn went.
pub enum Ending {
    /// The model answered.
    Answered {
        /// The answer, as the model wrote it.
        answer: String,
        /// Its figures.
        usage: Usage,
    },
    /// There is no answer.
    Failed {
        /// The class of failure, as `turns.failure` names it.
        class: &'static str,
        /// The model itself would not answer.
        refused: bool,
    },
}

/// A turn to store.
pub struct Turn<'a> {
    /// What the person asked.
    pub question: &'a str,
    /// When answering began.
    pub began: Instant,
    /// How it went.
    pub ending: &'a Ending,
}

/// Finishes the update of `address` with a turn and its reply. `None`: it was finished already, by an earlier run
/// of which this one did not know; nothing is stored twice.
pub fn turn(
    conn: &mut PgConnection,
    address: Address,
    turn: &Turn<'_>,
    parts: &[Part],
) -> QueryResult<Option<Vec<Unsent>>> {
    once(conn, address, |conn, address| {
        let turn_id = store(conn, address, turn)?;
        Ok((Some(turn_id), outbox::insert(conn, address, Some(turn_id), parts)?))
    })
}

/// Finishes the update of `address` with what `act` replies; what `act` does to the database is part of the same
/// transaction. `None` as in [`turn`].
pub fn reply(
    conn: &mut PgConnection,
    address: Address,
    act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<Part>>,
) -> QueryResult<Option<Vec<Unsent>>> {
    once(conn, address, |conn, address| {
        let parts = act(conn, address.lane)?;
        Ok((None, outbox::insert(conn, address, None, &parts)?))
    })
}

/// Runs `body` and marks the update done, in one transaction and only if it was not done yet. Should its chat have moved
/// since the work began, `body` runs again with the new address instead: nothing is ever stored under an old one.
fn once(
    conn: &mut PgConnection,
    mut address: Address,
    body: impl Fn(&mut PgConnection, Address) -> QueryResult<(Option<i64>, Vec<Unsent>)>,
) -> QueryResult<Option<Vec<Unsent>>> {
    loop {
        let mut chat_id = None;
        let done = conn.transaction(|conn| {
            let (turn_id, unsent) = body(conn, address)?;
            let marked = prepared(
                diesel::update(updates::table.find(address.update_seq))
                    .filter(updates::done_at.is_null())
                    .set((
                        updates::done_at.eq(clock_timestamp().nullable()),
                        updates::turn_id.eq(turn_id),
                        updates::payload.eq(None::<String>),
                    ))
                    .returning(updates::chat_id),
            );
            chat_id = marked.get_result(conn).optional()?;
            point::pass_each("finishing", unsent.iter().map(Unsent::payload));
            if chat_id == Some(address.lane.chat_id) { Ok(unsent) } else { Err(RollbackTransaction) }
        });
        match (done, chat_id) {
            (Ok(unsent), _) => return Ok(Some(unsent)),
            (Err(RollbackTransaction), None) => return Ok(None),
            (Err(RollbackTransaction), Some(chat_id)) => address.lane.chat_id = chat_id,
            (Err(other), _) => return Err(other),
        }
    }
}

fn store(conn: &mut PgConnection, address: Address, turn: &Turn<'_>) -> QueryResult<i64> {
    let lane = address.lane;
    let mut said = vec![(Role::User, turn.question, turn.began.elapsed())];
    let (state, failure, usage) = match turn.ending {
        Ending::Answered { answer, usage } => {
            said.push((Role::Assistant, answer, Duration::ZERO));
            ("answered", None, Some(usage))
        }
        Ending::Failed { class, refused: true } => ("refused", Some(*class), None),
        Ending::Failed { class, refused: false } => ("failed", Some(*class), None),
    };
    let rows: Vec<_> = said
        .into_iter()
        .map(|(role, content, ago)| {
            // not CURRENT_TIMESTAMP, which would give question and answer of one transaction the same time
            let stamp =
                sql::<Timestamp>("clock_timestamp()::timestamp - ").bind::<Interval, _>(interval(ago));
            (
                messages::user_id.eq(lane.user_id),
                messages::chat_id.eq(lane.chat_id),
                messages::role.eq(role.as_str()),
                messages::content.eq(content),
                messages::message_length.eq(characters(content)),
                messages::created_at.eq(stamp),
            )
        })
        .collect();
    let ids: Vec<i32> = prepared(diesel::insert_into(messages::table).values(rows).returning(messages::id))
        .get_results(conn)?;
    prepared(
        diesel::insert_into(turns::table)
            .values((
                turns::bot_id.eq(lane.bot_id),
                turns::update_seq.eq(address.update_seq),
                turns::user_id.eq(lane.user_id),
                turns::chat_id.eq(lane.chat_id),
                turns::question_id.eq(ids[0]),
                turns::answer_id.eq(ids.get(1).copied()),
                turns::state.eq(state),
                turns::failure.eq(failure),
                turns::model.eq(usage.and_then(|usage| usage.model.as_deref())),
                turns::prompt_tokens.eq(usage.and_then(|usage| usage.prompt_tokens)),
                turns::completion_tokens.eq(usage.and_then(|usage| usage.completion_tokens)),
                turns::first_token_ms.eq(usage.and_then(|usage| usage.first_token_ms)),
                turns::duration_ms.eq(usage.and_then(|usage| usage.duration_ms)),
                turns::finish_reason.eq(usage.and_then(|usage| usage.finish_reason.as_deref())),
            ))
            .returning(turns::id),
    )
    .get_result(conn)
}

/// What `message_length` counts: characters, as PostgreSQL's `length` does.
fn characters(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX)
}
