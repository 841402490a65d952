//! What takes the place of a part that Telegram refuses, and of those that follow it in the same reply.

use std::fmt;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::{DeserializationError, RollbackTransaction};

use super::lease::led;
use super::outbox::{Envelope, LANE, OfTurn, Standing, Unsent, columns, insert_from, is_unsent, row};
use super::schema::reply_parts;
use crate::domain::lane::Lane;
use crate::domain::reply::{Content, Op, ReplyPart};
use crate::domain::speech::Unspoken;

/// What takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instead {
    /// Its simpler form, and those of the parts that follow it in the same reply.
    Simpler,
    /// The same as a new message, for the one it was to replace cannot be changed; so are the parts that follow it, and
    /// what they were to replace is taken away: the order on the screen stays that of the parts.
    Anew,
    /// Plain text without a button, a topic and a message to reply to, and those of the parts that follow it likewise: what
    /// Telegram takes if it takes anything.
    Bare,
    /// Two plain parts, each with about half of the text.
    Halves,
    /// The sentence that what was to be spoken is not; what was to be spoken behind it is left out.
    Said(Unspoken),
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simpler => "a simpler form takes its place",
            Self::Anew => "the part is sent as a new one",
            Self::Bare => "plain text with nothing around it takes its place",
            Self::Halves => "two shorter parts take its place",
            Self::Said(_) => "a sentence takes its place",
        })
    }
}

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
        let rest = take_rest(conn, &place)?;
        let standing = standing(&rest);
        let parts = new_parts(&rest, instead)?.filter(|_| instead != Instead::Bare || !is_bare(&rest));
        let parts = parts.ok_or(RollbackTransaction)?;
        let Place { lane, update_seq, thread_id, reply_to, turn_id, position } = place;
        let bare = instead == Instead::Bare;
        let [thread_id, reply_to] = [thread_id, reply_to].map(|id| id.filter(|_| !bare));
        let turn = turn_id.map_or(OfTurn::None, OfTurn::Number);
        let envelope = Envelope { lane, update_seq, thread_id, reply_to, turn };
        match instead {
            Instead::Simpler | Instead::Halves | Instead::Bare => {
                insert_from(conn, envelope, position, &parts, &standing)?
            }
            // What is to be taken away behind a voice message may be one itself, which becomes no sentence.
            Instead::Said(_) => {
                let standing = Standing { texts: Vec::new(), files: standing.texts };
                insert_from(conn, envelope, position, &parts, &standing)?
            }
            Instead::Anew => {
                insert_from(conn, envelope, position, &parts, &Standing::default())?;
                // The message of the refused part itself cannot be taken away either.
                let next = position + i32::try_from(parts.len()).unwrap_or(i32::MAX);
                insert_from(conn, envelope, next, &[], &Standing::of(standing.texts.into_iter().skip(1)))?
            }
        };
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

/// The messages whose place they were to take, or that were to be taken away.
fn standing(rest: &[Unsent]) -> Standing {
    let message = |unsent: &Unsent| match unsent.op() {
        Some(Op::Edit(message_id) | Op::Delete(message_id)) => Some(message_id),
        Some(Op::Send) | None => None,
    };
    Standing::of(rest.iter().filter_map(message))
}

/// What is said instead. `None`: the first one has no simpler form.
fn new_parts(rest: &[Unsent], instead: Instead) -> QueryResult<Option<Vec<ReplyPart>>> {
    let mut parts = Vec::new();
    for (index, unsent) in rest.iter().enumerate() {
        if matches!(unsent.op(), Some(Op::Delete(_))) {
            // The statement says nothing.
            continue;
        }
        let part = unsent.part().map_err(|error| DeserializationError(error.into()))?;
        match instead {
            Instead::Simpler if !part.fallback.is_empty() => parts.extend(part.fallback),
            Instead::Simpler if index == 0 => return Ok(None),
            Instead::Halves if index == 0 => match part.halves() {
                Some(halves) => parts.extend(halves),
                None => return Ok(None),
            },
            Instead::Said(why) => match part.content {
                Content::Voice { failed, unwanted, .. } if index == 0 => {
                    parts.push(ReplyPart::plain(match why {
                        Unspoken::Failed => failed,
                        Unspoken::Unwanted => unwanted,
                    }));
                }
                Content::Voice { .. } => {}
                _ if index == 0 => return Ok(None),
                _ => parts.push(part),
            },
            Instead::Bare => match part.bare() {
                Some(bare) => parts.push(bare),
                None if index == 0 => return Ok(None),
                None => parts.push(part),
            },
            Instead::Simpler | Instead::Anew | Instead::Halves => parts.push(part),
        }
    }
    Ok(Some(parts))
}

/// Whether the first one has nothing around it that could be taken away.
fn is_bare(rest: &[Unsent]) -> bool {
    let Some(first) = rest.first() else { return true };
    let alone = first.thread_id.is_none() && first.reply_to.is_none();
    alone && first.part().is_ok_and(|part| part.bare().as_ref() == Some(&part))
}
