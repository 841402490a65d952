//! Files of questions, as operators look at them and people take them along.

use std::io;

use diesel::dsl::{count_star, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

use super::archive::Selection;
use super::attachments::{PIECE, piece};
use super::message_id::MessageId;
use super::schema::{attachments, messages};

/// A file of a question that is stored.
#[derive(Serialize)]
pub struct KeptFile {
    /// `attachments.id`
    pub id: i64,
    /// The question.
    pub message_id: i64,
    /// Telegram id of the person.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// What it was sent as.
    pub kind: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its type.
    pub mime: Option<String>,
    /// Its size in bytes.
    pub bytes: Option<i64>,
    /// When it came, in the server's time zone.
    pub created_at: String,
    /// Whether what is in it is here.
    pub kept: bool,
}

type Row = ((i64, MessageId, i64, i64, String), (Option<String>, Option<String>, Option<i64>, String, bool));

/// The files of these messages, the oldest first.
pub fn of(conn: &mut PgConnection, selection: Selection) -> QueryResult<Vec<KeptFile>> {
    let selected = selection.query().select(messages::id.nullable());
    let rows: Vec<Row> = attachments::table
        .inner_join(messages::table)
        .filter(attachments::message_id.eq_any(selected))
        .order(attachments::id)
        .select((
            (attachments::id, messages::id, messages::user_id, messages::chat_id, attachments::kind),
            (
                attachments::name,
                attachments::mime,
                attachments::bytes,
                sql::<Text>("to_char(attachments.created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS')"),
                attachments::content.is_not_null(),
            ),
        ))
        .load(conn)?;
    let file =
        |((id, message_id, user_id, chat_id, kind), (name, mime, bytes, created_at, kept)): Row| KeptFile {
            id,
            message_id: message_id.into(),
            user_id,
            chat_id,
            kind,
            name,
            mime,
            bytes,
            created_at,
            kept,
        };
    Ok(rows.into_iter().map(file).collect())
}

/// Gives what is in the file with this number to `take`, in pieces: libpq keeps as much memory for good as the largest row has
/// taken. False: there is no such file, or it is not here.
pub fn pieces(
    conn: &mut PgConnection,
    id: i64,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> QueryResult<io::Result<bool>> {
    let mut behind = 0;
    loop {
        let next: Option<Vec<u8>> =
            attachments::table.find(id).select(piece(behind)).first(conn).optional()?.flatten();
        let Some(next) = next else { return Ok(Ok(false)) };
        if let Err(problem) = take(&next) {
            return Ok(Err(problem));
        }
        behind += next.len();
        if next.len() < PIECE {
            return Ok(Ok(true));
        }
    }
}

/// A file that a model was shown.
#[derive(Serialize)]
pub struct SeenFile {
    /// `attachments.id`
    pub id: i64,
    /// The question it belongs to now.
    pub message_id: Option<i64>,
    /// What it was sent as.
    pub kind: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its type.
    pub mime: Option<String>,
    /// Its size in bytes.
    pub bytes: Option<i64>,
    /// Whether what is in it is here.
    pub kept: bool,
}

/// Those of these files that are there still, in this order.
pub(super) fn seen(conn: &mut PgConnection, ids: &[i64]) -> QueryResult<Vec<SeenFile>> {
    type Row = (i64, Option<MessageId>, String, Option<String>, Option<String>, Option<i64>, bool);
    let rows: Vec<Row> = attachments::table
        .filter(attachments::id.eq_any(ids))
        .select((
            attachments::id,
            attachments::message_id,
            attachments::kind,
            attachments::name,
            attachments::mime,
            attachments::bytes,
            attachments::content.is_not_null(),
        ))
        .load(conn)?;
    let file = |(id, message_id, kind, name, mime, bytes, kept): Row| SeenFile {
        id,
        message_id: message_id.map(i64::from),
        kind,
        name,
        mime,
        bytes,
        kept,
    };
    let mut files: Vec<SeenFile> = rows.into_iter().map(file).collect();
    files.sort_by_key(|file| ids.iter().position(|id| *id == file.id));
    Ok(files)
}

/// How many files are here, and how many bytes they have together.
pub fn totals(conn: &mut PgConnection) -> QueryResult<(i64, i64)> {
    let bytes = sql::<BigInt>("coalesce(sum(bytes), 0)::bigint");
    attachments::table.filter(attachments::content.is_not_null()).select((count_star(), bytes)).first(conn)
}
