//! The words of files: read once, kept with the file, and gone with it.

use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable};

use super::attachments::{Stored, place};
use super::lease::led;
use super::message_id::MessageId;
use super::schema::attachments;
use crate::domain::document::{Refused, Unit};
use crate::domain::lane::Lane;
use crate::domain::reading::{Document, Words};

/// So many of the first bytes of a file say what it is.
const BEGINNING: &str = "substring(attachments.content FROM 1 FOR 32)";

/// Keeps what was read from the file, or why nothing was.
pub fn keep(
    conn: &mut PgConnection,
    lane: Lane,
    file: &Stored,
    read: Result<&Words, Refused>,
) -> QueryResult<usize> {
    let words = read.ok();
    diesel::update(place(lane, file).filter(attachments::bot_id.eq(led(lane.bot_id))))
        .set((
            attachments::text.eq(words.map(|words| &words.text)),
            attachments::unit.eq(words.map(|words| words.unit.as_str())),
            attachments::pieces.eq(words.map(|words| i32::try_from(words.pieces).unwrap_or(i32::MAX))),
            attachments::is_cut.eq(words.map(|words| words.is_cut)),
            attachments::unreadable.eq(read.err().map(Refused::name)),
        ))
        .execute(conn)
}

/// The words of the file, if they were read.
pub fn of(conn: &mut PgConnection, lane: Lane, file: &Stored) -> QueryResult<Option<Words>> {
    let row: Option<Kept> = place(lane, file)
        .select((attachments::text, attachments::unit, attachments::pieces, attachments::is_cut))
        .first(conn)
        .optional()?;
    Ok(row.and_then(words))
}

/// What is kept of words: the text, what its pieces are, how many there are, and whether there were more words.
type Kept = (Option<String>, Option<String>, Option<i32>, Option<bool>);

fn words((text, unit, pieces, is_cut): Kept) -> Option<Words> {
    Some(Words {
        text: text?,
        unit: unit.and_then(|unit| Unit::of(&unit)).unwrap_or_default(),
        pieces: pieces.and_then(|pieces| pieces.try_into().ok()).unwrap_or(1),
        is_cut: is_cut.unwrap_or_default(),
    })
}

/// These files as models read them, in this order, each with the question it belongs to; those that are there still.
pub(super) fn documents(conn: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<(Option<i64>, Document)>> {
    type Row = ((i64, Option<MessageId>, Option<String>, Option<String>), Kept);
    let rows: Vec<Row> = attachments::table
        .filter(attachments::id.eq_any(ids))
        .select((
            (attachments::id, attachments::message_id, attachments::name, attachments::unreadable),
            (attachments::text, attachments::unit, attachments::pieces, attachments::is_cut),
        ))
        .load(conn)?;
    let mut found = Vec::new();
    for ((id, message_id, name, unreadable), kept) in rows {
        let unreadable = || unreadable.as_deref().and_then(Refused::of).unwrap_or(Refused::Unavailable);
        let document = Document { name: name.unwrap_or_default(), words: words(kept).ok_or_else(unreadable) };
        found.push((id, message_id.map(i64::from), document));
    }
    found.sort_by_key(|(id, ..)| ids.iter().position(|other| other == id));
    Ok(found.into_iter().map(|(_, message_id, document)| (message_id, document)).collect())
}

/// How many pieces the whole file has, if its words were read.
pub fn pieces(conn: &mut PgConnection, lane: Lane, file: &Stored) -> QueryResult<Option<usize>> {
    let pieces: Option<i32> = place(lane, file).select(attachments::pieces).first(conn).optional()?.flatten();
    Ok(pieces.and_then(|pieces| pieces.try_into().ok()))
}

/// The first bytes of the file, if it is here.
pub fn beginning(conn: &mut PgConnection, lane: Lane, file: &Stored) -> QueryResult<Option<Vec<u8>>> {
    let beginning = place(lane, file).select(sql::<Nullable<Binary>>(BEGINNING));
    Ok(beginning.first(conn).optional()?.flatten())
}
