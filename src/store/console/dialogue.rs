//! One dialogue, a page at a time: what is live, what was cleared and what was replaced, as it was said.
//!
//! idx_messages_topic has what is live and idx_messages_cleared the rest, each in this order: a page reads from both as many
//! messages as it shows.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable};

use super::times::{self, Times};
use crate::domain::attachment::picture_type;
use crate::domain::lane::{Dialogue, ROOT, Topics};
use crate::domain::sender::Sender;
use crate::store::archive::Record;
use crate::store::message_id::{MessageId, among};
use crate::store::people;
use crate::store::schema::{attachments, messages, people as table, turns};
use crate::store::topic::in_topics;

/// So many messages are shown at once.
pub const PAGE: usize = 50;

/// Which messages of a dialogue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The newest.
    Newest,
    /// Right before this one.
    Before(i64),
    /// Right behind this one.
    After(i64),
    /// This one, and what was said before it.
    At(i64),
}

/// The question or the answer of a turn.
#[derive(Queryable, Clone, Debug)]
pub struct Turn {
    /// `turns.id`
    pub id: i64,
    #[diesel(deserialize_as = MessageId)]
    question_id: i64,
    answer_id: Option<MessageId>,
    /// answered, stopped, failed or refused
    pub state: String,
    /// Class of the failure.
    pub failure: Option<String>,
    /// The turn that took its place.
    pub superseded_by: Option<i64>,
    /// The model that answered.
    pub model: Option<String>,
    /// Whether it is of this bot: `messages` has no column that tells.
    pub is_own: bool,
}

/// A file of a question.
#[derive(Queryable, Clone, Debug)]
pub struct File {
    /// `attachments.id`
    pub id: i64,
    message_id: Option<MessageId>,
    /// What it was sent as.
    pub kind: String,
    /// Its name, or the emoji of a sticker.
    pub name: Option<String>,
    /// Its type.
    pub mime: Option<String>,
    /// Its size.
    pub bytes: Option<i64>,
    /// How it begins; `None`: what is in it is not here.
    beginning: Option<Vec<u8>>,
}

/// A message, with what is known of it.
pub struct Said {
    /// The message.
    pub record: Record,
    /// When it was said and cleared.
    pub times: Times,
    /// Its turn. Where a question was answered several times, the last one.
    pub turn: Option<Turn>,
    /// The files of a question, as far as this bot received them.
    pub files: Vec<File>,
}

/// A page of a dialogue.
pub struct Page {
    /// As said.
    pub said: Vec<Said>,
    /// Whether something was said before.
    pub earlier: bool,
    /// Whether something was said afterwards.
    pub later: bool,
}

/// The names of a dialogue's person and chat, as last seen.
pub fn names(conn: &mut PgConnection, bot_id: i64, dialogue: Dialogue) -> QueryResult<[Sender; 2]> {
    let of = |conn: &mut PgConnection, id: i64| -> QueryResult<Sender> {
        let row = people::row(bot_id, id).select((table::name, table::username, table::language));
        let row: Option<(Option<String>, Option<String>, Option<String>)> = row.first(conn).optional()?;
        let (name, username, language) = row.unwrap_or_default();
        Ok(Sender { name, username, language })
    };
    Ok([of(conn, dialogue.user_id)?, of(conn, dialogue.chat_id)?])
}

/// A page of the dialogue.
pub fn page(conn: &mut PgConnection, bot_id: i64, dialogue: Dialogue, place: Place) -> QueryResult<Page> {
    let mut records = records(conn, dialogue, place)?;
    let more = records.len() > PAGE;
    records.truncate(PAGE);
    let (earlier, later) = match place {
        Place::Newest => (more, false),
        Place::Before(_) | Place::At(_) => (more, true),
        Place::After(_) => (true, more),
    };
    if !matches!(place, Place::After(_)) {
        records.reverse();
    }
    let later = match (place, records.last()) {
        (Place::At(_) | Place::Before(_), Some(last)) => {
            !self::records(conn, dialogue, Place::After(last.id))?.is_empty()
        }
        _ => later,
    };
    Ok(Page { said: with_turns(conn, bot_id, records)?, earlier, later })
}

/// Whether anything was ever said in the dialogue.
pub fn is_known(conn: &mut PgConnection, dialogue: Dialogue) -> QueryResult<bool> {
    Ok(!records(conn, dialogue, Place::Newest)?.is_empty())
}

/// The messages with these numbers, as said.
pub fn said(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<Vec<Said>> {
    let records = messages::table.filter(among("messages.id", ids.to_vec())).order(messages::id);
    let records = records.select(Record::as_select()).load(conn)?;
    with_turns(conn, bot_id, records)
}

fn with_turns(conn: &mut PgConnection, bot_id: i64, records: Vec<Record>) -> QueryResult<Vec<Said>> {
    let ids: Vec<i64> = records.iter().map(|record| record.id).collect();
    let mut turns = turns_of(conn, bot_id, &ids)?;
    let mut files = files_of(conn, bot_id, &ids)?;
    let mut times = times::of(conn, &ids)?;
    let said = records.into_iter().map(|record| Said {
        times: times.remove(&record.id).unwrap_or_default(),
        turn: turns.remove(&record.id),
        files: files.remove(&record.id).unwrap_or_default(),
        record,
    });
    Ok(said.collect())
}

/// One message more than a page shows, those first that are next to the place.
fn records(conn: &mut PgConnection, dialogue: Dialogue, place: Place) -> QueryResult<Vec<Record>> {
    let mut records = some(conn, dialogue, place, false)?;
    records.extend(some(conn, dialogue, place, true)?);
    records.sort_by_key(|record| if matches!(place, Place::After(_)) { record.id } else { -record.id });
    Ok(records)
}

fn some(
    conn: &mut PgConnection,
    dialogue: Dialogue,
    place: Place,
    cleared: bool,
) -> QueryResult<Vec<Record>> {
    let mut query = messages::table
        .filter(messages::user_id.eq(dialogue.user_id))
        .filter(messages::chat_id.eq(dialogue.chat_id))
        .filter(in_topics(dialogue.topics))
        .limit(i64::try_from(PAGE).unwrap_or(i64::MAX) + 1)
        .select(Record::as_select())
        .into_boxed();
    query = if cleared {
        query.filter(messages::deleted_at.is_not_null())
    } else {
        query.filter(messages::deleted_at.is_null())
    };
    // As the indexes have it.
    let beyond = |sign: &str, id: i64| {
        sql::<Bool>(&format!("-messages.id {sign} ")).bind::<BigInt, _>(id.saturating_neg())
    };
    let newest_first: SqlLiteral<Integer> = sql("-messages.id");
    let oldest_first: SqlLiteral<Integer> = sql("-messages.id DESC");
    query = match place {
        Place::Newest => query.order(newest_first),
        Place::Before(id) => query.filter(beyond(">", id)).order(newest_first),
        Place::At(id) => query.filter(beyond(">=", id)).order(newest_first),
        Place::After(id) => query.filter(beyond("<", id)).order(oldest_first),
    };
    query.load(conn)
}

/// The turns of these messages, by message.
fn turns_of(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, Turn>> {
    let columns = (
        turns::id,
        turns::question_id,
        turns::answer_id,
        turns::state,
        turns::failure,
        turns::superseded_by,
        turns::model,
        turns::bot_id.eq(bot_id),
    );
    // Two statements: with OR it might be the whole table.
    let mut rows: Vec<Turn> =
        turns::table.filter(among("turns.question_id", ids.to_vec())).select(columns).load(conn)?;
    rows.extend(
        turns::table.filter(among("turns.answer_id", ids.to_vec())).select(columns).load::<Turn>(conn)?,
    );
    rows.sort_by_key(|turn| turn.id);
    let mut of = HashMap::new();
    for turn in rows {
        if let Some(MessageId(answer)) = turn.answer_id {
            of.insert(answer, turn.clone());
        }
        of.insert(turn.question_id, turn);
    }
    Ok(of)
}

/// The files of these messages, by message.
fn files_of(conn: &mut PgConnection, bot_id: i64, ids: &[i64]) -> QueryResult<HashMap<i64, Vec<File>>> {
    let rows: Vec<File> = attachments::table
        .filter(among("attachments.message_id", ids.to_vec()))
        .filter(attachments::bot_id.eq(bot_id))
        .order(attachments::id)
        .select(file())
        .load(conn)?;
    let mut of: HashMap<i64, Vec<File>> = HashMap::new();
    for file in rows {
        if let Some(MessageId(message)) = file.message_id {
            of.entry(message).or_default().push(file);
        }
    }
    Ok(of)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn file() -> _ {
    let beginning: SqlLiteral<Nullable<Binary>> = sql("substring(attachments.content FROM 1 FOR 32)");
    (
        attachments::id,
        attachments::message_id,
        attachments::kind,
        attachments::name,
        attachments::mime,
        attachments::bytes,
        beginning,
    )
}

/// The file with this number, if this bot received it.
pub fn file_of(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Option<File>> {
    attachments::table.find(id).filter(attachments::bot_id.eq(bot_id)).select(file()).first(conn).optional()
}

impl File {
    /// Whether what is in it is here.
    pub fn is_kept(&self) -> bool {
        self.beginning.is_some()
    }

    /// Whether it can be shown as a picture: by what it is, and not by what its sender called it.
    pub fn is_picture(&self) -> bool {
        self.beginning.as_deref().and_then(picture_type).is_some()
    }

    /// The question it came with; 0: none that is stored.
    pub fn question(&self) -> i64 {
        self.message_id.map_or(0, i64::from)
    }
}

/// The dialogue of a message with this number.
pub fn of_message(conn: &mut PgConnection, id: i64) -> QueryResult<Option<Dialogue>> {
    let row: Option<(i64, i64, Option<i64>)> = messages::table
        .filter(among("messages.id", vec![id]))
        .select((messages::user_id, messages::chat_id, messages::thread_id))
        .first(conn)
        .optional()?;
    Ok(row.map(|(user_id, chat_id, thread_id)| Dialogue {
        user_id,
        chat_id,
        topics: Topics::Only(thread_id),
    }))
}

/// The dialogue of a person in a topic, by its number.
pub fn of_numbers(user_id: i64, chat_id: i64, topic: i64) -> Dialogue {
    Dialogue { user_id, chat_id, topics: Topics::Only(Some(topic).filter(|id| *id != ROOT)) }
}
