//! Files that came with questions.
//!
//! A row is there before its file is fetched, and has the content afterwards: whatever is fetched is fetched once, over a crash
//! and over another answer. It belongs to its update until [`super::finish`] stores the question.

use std::time::Duration;

use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use diesel::upsert::excluded;

use super::inbox;
use super::lease::led;
use super::ledger::{self, Calls};
use super::message_id::{MessageId, among, bound};
use super::schema::{attachments, updates};
use super::time::ago;
use crate::domain::attachment::{Attachment, Kind};
use crate::domain::document::Refused;
use crate::domain::lane::Lane;
use crate::domain::sound::Heard;
use crate::domain::update::Key;

/// So many bytes of a file go over a connection at once: libpq keeps as much memory for good as the largest statement and the
/// largest row have taken.
pub(super) const PIECE: usize = 2 << 20;

/// A file of a message that waits in the inbox.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// The update it came with.
    pub key: Key,
    /// Telegram's id of the message.
    pub telegram_message_id: i64,
    /// What the messages of its album have in common.
    pub album: Option<&'a str>,
    /// The file.
    pub file: &'a Attachment,
    /// Whether it is in a message that the question replies to.
    pub quoted: bool,
}

/// A file as it is stored, without what is in it.
#[derive(Clone)]
pub struct Stored {
    /// `attachments.id`
    pub id: i64,
    /// Telegram's id of the message it came with.
    pub telegram_message_id: i64,
    /// What the messages of its album have in common.
    pub album: Option<String>,
    /// The question it belongs to, once that is stored.
    pub message_id: Option<i64>,
    /// Whether it is in a message that the question replies to.
    pub quoted: bool,
    /// What Telegram told of it; its size and its type as they are, once it was fetched.
    pub file: Attachment,
    /// Whether what is in it is here.
    pub is_here: bool,
    /// How many bytes of words were read from it, or why there are none; `None`: nobody has looked yet.
    pub words: Option<Result<u64, Refused>>,
    /// What is said in it; empty where no words were heard. `None`: nobody has listened to it.
    pub transcript: Option<String>,
}

/// Makes these files known, as long as the update `key`, whose question they are, waits to be answered: nothing is kept of
/// whoever has erased everything meanwhile.
pub fn make_known(conn: &mut PgConnection, key: Key, files: &[Sent<'_>]) -> QueryResult<()> {
    conn.transaction(|conn| {
        let waiting = inbox::row(key)
            .filter(updates::done_at.is_null())
            .filter(updates::bot_id.eq(led(key.bot_id)))
            .select(updates::seq);
        if waiting.for_no_key_update().execute(conn)? == 0 {
            return Ok(());
        }
        let rows: Vec<_> = files.iter().map(row).collect();
        let other = attachments::file_unique_id.ne(excluded(attachments::file_unique_id));
        let upsert = diesel::insert_into(attachments::table)
            .values(rows)
            .on_conflict((
                attachments::bot_id,
                attachments::update_seq,
                attachments::update_id,
                attachments::telegram_message_id,
                attachments::quoted,
            ))
            .do_update()
            // The message shows another file since it was edited.
            .set((
                attachments::kind.eq(excluded(attachments::kind)),
                attachments::file_id.eq(excluded(attachments::file_id)),
                attachments::file_unique_id.eq(excluded(attachments::file_unique_id)),
                attachments::name.eq(excluded(attachments::name)),
                attachments::mime.eq(excluded(attachments::mime)),
                attachments::bytes.eq(excluded(attachments::bytes)),
                attachments::width.eq(excluded(attachments::width)),
                attachments::height.eq(excluded(attachments::height)),
                attachments::seconds.eq(excluded(attachments::seconds)),
                attachments::content.eq(None::<Vec<u8>>),
                attachments::text.eq(None::<String>),
                attachments::unreadable.eq(None::<String>),
                attachments::transcript.eq(None::<String>),
            ));
        methods::FilterDsl::filter(upsert, other).execute(conn)?;
        files.iter().filter(|sent| sent.quoted).try_for_each(|sent| find_here(conn, sent))
    })
}

/// What a question replies to may have been fetched before, for whichever question: then it is not fetched again.
fn find_here(conn: &mut PgConnection, sent: &Sent<'_>) -> QueryResult<()> {
    let Sent { key, telegram_message_id, file, .. } = sent;
    sql_query(
        "UPDATE attachments SET content = here.content, bytes = here.bytes, mime = here.mime, text = here.text,
             unit = here.unit, pieces = here.pieces, is_cut = here.is_cut, unreadable = here.unreadable FROM (
             SELECT * FROM attachments
             WHERE file_unique_id = $5 AND file_unique_id <> '' AND bot_id = $1 AND content IS NOT NULL LIMIT 1
         ) AS here
         WHERE attachments.bot_id = $1 AND attachments.update_seq = $2 AND attachments.update_id = $3
             AND attachments.telegram_message_id = $4 AND attachments.quoted AND attachments.content IS NULL",
    )
    .bind::<BigInt, _>(key.bot_id)
    .bind::<BigInt, _>(key.seq)
    .bind::<BigInt, _>(key.update_id)
    .bind::<BigInt, _>(telegram_message_id)
    .bind::<Text, _>(&file.unique_id)
    .execute(conn)
    .map(drop)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn row<'a>(sent: &'a Sent<'a>) -> _ {
    let Sent { key, telegram_message_id, album, file, quoted } = sent;
    let (bot_id, user_id, update_seq, update_id): (i64, i64, i64, i64) =
        (key.bot_id, key.user_id, key.seq, key.update_id);
    let (telegram_message_id, album, quoted): (i64, Option<&'a str>, bool) =
        (*telegram_message_id, *album, *quoted);
    let kind: &'a str = file.kind.as_str();
    let width: Option<i32> = file.pixels.map(|(width, _)| width);
    let height: Option<i32> = file.pixels.map(|(_, height)| height);
    let (file_id, unique_id): (&'a String, &'a String) = (&file.file_id, &file.unique_id);
    let (name, mime): (&'a Option<String>, &'a Option<String>) = (&file.name, &file.mime);
    let (bytes, seconds): (Option<i64>, Option<i32>) = (file.bytes, file.seconds);
    (
        attachments::bot_id.eq(bot_id),
        attachments::user_id.eq(user_id),
        attachments::update_seq.eq(update_seq),
        attachments::update_id.eq(update_id),
        attachments::telegram_message_id.eq(telegram_message_id),
        attachments::album.eq(album),
        attachments::kind.eq(kind),
        attachments::file_id.eq(file_id),
        attachments::file_unique_id.eq(unique_id),
        attachments::name.eq(name),
        attachments::mime.eq(mime),
        attachments::bytes.eq(bytes),
        attachments::width.eq(width),
        attachments::height.eq(height),
        attachments::seconds.eq(seconds),
        attachments::quoted.eq(quoted),
    )
}

/// The files of a question, in order, what it replies to before what it shows itself: those that came with these updates, and those of these messages. Where a message shows
/// another file since it was edited, the newer one counts.
pub fn of_question(
    conn: &mut PgConnection,
    lane: Lane,
    keys: &[Key],
    message_ids: Vec<i64>,
) -> QueryResult<Vec<Stored>> {
    let mut files = if keys.is_empty() {
        Vec::new()
    } else {
        let seqs: Vec<i64> = keys.iter().map(|key| key.seq).collect();
        let update_ids: Vec<i64> = keys.iter().map(|key| key.update_id).collect();
        attachments::table
            .filter(attachments::bot_id.eq(lane.bot_id).and(attachments::user_id.eq(lane.user_id)))
            .filter(attachments::update_seq.eq_any(seqs).and(attachments::update_id.eq_any(update_ids)))
            .select(columns())
            .load::<Row>(conn)?
    };
    if !message_ids.is_empty() {
        files.extend(rows_of(conn, lane, message_ids)?);
    }
    let mut files: Vec<Stored> = files.into_iter().filter_map(Row::stored).collect();
    files.sort_by_key(|file| (!file.quoted, file.telegram_message_id, -file.id));
    files.dedup_by_key(|file| (file.quoted, file.telegram_message_id));
    Ok(files)
}

/// The files of these questions, in order.
pub fn of_messages(conn: &mut PgConnection, lane: Lane, message_ids: Vec<i64>) -> QueryResult<Vec<Stored>> {
    let mut files: Vec<Stored> =
        rows_of(conn, lane, message_ids)?.into_iter().filter_map(Row::stored).collect();
    files.sort_by_key(|file| (file.message_id, !file.quoted, file.telegram_message_id));
    Ok(files)
}

fn rows_of(conn: &mut PgConnection, lane: Lane, message_ids: Vec<i64>) -> QueryResult<Vec<Row>> {
    attachments::table
        .filter(attachments::bot_id.eq(lane.bot_id).and(attachments::user_id.eq(lane.user_id)))
        .filter(among("attachments.message_id", message_ids).nullable())
        .select(columns())
        .load(conn)
}

/// What is in the file, if it is here.
pub fn content(conn: &mut PgConnection, lane: Lane, file: &Stored) -> QueryResult<Option<Vec<u8>>> {
    let mut content =
        Vec::with_capacity(file.file.bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default());
    loop {
        let next = place(lane, file).select(piece(content.len()));
        let next: Option<Vec<u8>> = next.first(conn).optional()?.flatten();
        let Some(next) = next else { return Ok(None) };
        content.extend_from_slice(&next);
        if next.len() < PIECE {
            return Ok(Some(content));
        }
    }
}

/// What is in a file, behind so many bytes: a piece of it, shorter than [`PIECE`] at its end.
pub(super) fn piece(behind: usize) -> SqlLiteral<Nullable<Binary>> {
    sql(&format!("substring(attachments.content FROM {} FOR {PIECE})", behind + 1))
}

/// Keeps what is in the file.
pub fn keep(
    conn: &mut PgConnection,
    lane: Lane,
    file: &Stored,
    mime: Option<&str>,
    content: &[u8],
) -> QueryResult<()> {
    let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let mime = mime.or(file.file.mime.as_deref());
    conn.transaction(|conn| {
        diesel::update(place(lane, file).filter(attachments::bot_id.eq(led(lane.bot_id))))
            .set((attachments::mime.eq(mime), attachments::content.eq(&[][..]), attachments::bytes.eq(bytes)))
            .execute(conn)?;
        for piece in content.chunks(PIECE) {
            let longer = sql::<Nullable<Binary>>("content || ").bind::<Binary, _>(piece);
            diesel::update(place(lane, file)).set(attachments::content.eq(longer)).execute(conn)?;
        }
        Ok(())
    })
}

/// Keeps what is said in the file, along with the call that it took; both once, also where nobody learnt whether they were kept.
pub fn keep_transcript(
    conn: &mut PgConnection,
    lane: Lane,
    file: &Stored,
    transcript: &str,
    call: Calls<'_>,
) -> QueryResult<()> {
    conn.transaction(|conn| {
        let not_yet = place(lane, file)
            .filter(attachments::transcript.is_null())
            .filter(attachments::bot_id.eq(led(lane.bot_id)));
        let kept = diesel::update(not_yet).set(attachments::transcript.eq(transcript)).execute(conn)?;
        // What is gone has cost something all the same.
        if kept > 0 || !diesel::select(exists(place(lane, file))).get_result::<bool>(conn)? {
            ledger::store(conn, call)?;
        }
        Ok(())
    })
}

/// The row of a file.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn place<'a>(lane: Lane, file: &'a Stored) -> _ {
    let (id, bot_id, user_id): (i64, i64, i64) = (file.id, lane.bot_id, lane.user_id);
    let unique_id: &'a str = &file.file.unique_id;
    attachments::table
        .filter(attachments::id.eq(id))
        .filter(attachments::bot_id.eq(bot_id))
        .filter(attachments::user_id.eq(user_id))
        .filter(attachments::file_unique_id.eq(unique_id))
}

/// From now on the files belong to this question; those that belong to another one, only if they `move`.
pub(super) fn tie(
    conn: &mut PgConnection,
    lane: Lane,
    ids: &[i64],
    message_id: i64,
    moves: bool,
) -> QueryResult<usize> {
    diesel::update(attachments::table)
        .filter(attachments::id.eq_any(ids))
        .filter(attachments::bot_id.eq(lane.bot_id).and(attachments::user_id.eq(lane.user_id)))
        .filter(attachments::message_id.is_null().or(sql::<Bool>("").bind::<Bool, _>(moves)))
        .set(attachments::message_id.eq(bound(message_id).nullable()))
        .execute(conn)
}

/// Deletes what this person sent with updates before `asking`, as far as it belongs to no question.
pub(super) fn forget(conn: &mut PgConnection, user_id: i64, asking: i64) -> QueryResult<usize> {
    diesel::delete(attachments::table)
        .filter(attachments::user_id.eq(user_id))
        .filter(attachments::message_id.is_null().and(attachments::update_seq.lt(asking)))
        .execute(conn)
}

/// Deletes up to `limit` files that belong to no question and to no update that waits: its message became a command while
/// it waited. Returns how many.
pub fn sweep(conn: &mut PgConnection, limit: i64) -> QueryResult<usize> {
    let waits = updates::table
        .filter(updates::seq.eq(attachments::update_seq).and(updates::update_id.eq(attachments::update_id)))
        .filter(updates::done_at.is_null());
    let left: Vec<i64> = attachments::table
        .filter(attachments::message_id.is_null().and(not(exists(waits))))
        .limit(limit)
        .select(attachments::id)
        .load(conn)?;
    diesel::delete(attachments::table.filter(attachments::id.eq_any(left))).execute(conn)
}

/// Empties up to `limit` files that are older than this, and takes their words along; what they were stays told. Returns how many.
pub fn empty_older_than(conn: &mut PgConnection, age: Duration, limit: i64) -> QueryResult<usize> {
    let old: Vec<i64> = attachments::table
        .filter(attachments::content.is_not_null().and(attachments::created_at.lt(ago(age))))
        .order(attachments::created_at)
        .limit(limit)
        .select(attachments::id)
        .load(conn)?;
    diesel::update(attachments::table.filter(attachments::id.eq_any(old)))
        .set((attachments::content.eq(None::<Vec<u8>>), attachments::text.eq(None::<String>)))
        .execute(conn)
}

/// What [`columns`] selects.
#[derive(Queryable)]
struct Row {
    id: i64,
    telegram_message_id: i64,
    album: Option<String>,
    message_id: Option<MessageId>,
    kind: String,
    file_id: String,
    unique_id: String,
    name: Option<String>,
    mime: Option<String>,
    bytes: Option<i64>,
    width: Option<i32>,
    height: Option<i32>,
    seconds: Option<i32>,
    quoted: bool,
    is_here: bool,
    words: (Option<i32>, Option<String>),
    transcript: Option<String>,
}

impl Stored {
    /// The file, and what is said in it.
    pub fn heard(&self) -> Heard<'_> {
        (&self.file, self.transcript.as_deref())
    }
}

impl Row {
    /// `None`: it is of a kind of another version.
    fn stored(self) -> Option<Stored> {
        let file = Attachment {
            kind: Kind::of(&self.kind)?,
            file_id: self.file_id,
            unique_id: self.unique_id,
            name: self.name,
            mime: self.mime,
            bytes: self.bytes,
            pixels: self.width.zip(self.height),
            seconds: self.seconds,
        };
        let words = match self.words {
            (Some(bytes), _) => Some(Ok(bytes.unsigned_abs().into())),
            (None, refused) => refused.and_then(|refused| Refused::of(&refused)).map(Err),
        };
        let Self { id, telegram_message_id, album, quoted, is_here, transcript, .. } = self;
        let message_id = self.message_id.map(i64::from);
        Some(Stored { id, telegram_message_id, album, message_id, quoted, file, is_here, words, transcript })
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    // PostgreSQL knows how long they are without reading them.
    let words: SqlLiteral<Nullable<Integer>> = sql("octet_length(attachments.text)");
    (
        attachments::id,
        attachments::telegram_message_id,
        attachments::album,
        attachments::message_id,
        attachments::kind,
        attachments::file_id,
        attachments::file_unique_id,
        attachments::name,
        attachments::mime,
        attachments::bytes,
        attachments::width,
        attachments::height,
        attachments::seconds,
        attachments::quoted,
        attachments::content.is_not_null(),
        (words, attachments::unreadable),
        attachments::transcript,
    )
}
