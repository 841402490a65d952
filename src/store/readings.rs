//! What a model read for an answer: stored with the turn, in its statement, and put together again for whoever asks.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};

use super::facts;
use super::file_words;
use super::history;
use super::kept_files::{self, SeenFile};
use super::message_id::{MessageId, among, bound};
use super::quotes::{self, Quoted};
use super::schema::{messages, prompts, summaries, turns};
use super::words::TurnState;
use crate::domain::history::Said;
use crate::domain::memory::with_facts;
use crate::domain::prompt::{self, Reading};
use crate::domain::quote::with_words;
use crate::domain::reading::Document;

/// Keeps the instructions that were read, unless they are here already.
pub(super) fn keep(reading: Option<&Reading>) -> Option<impl QueryFragment<Pg> + QueryId> {
    let instructions = &reading?.instructions;
    let row = (prompts::id.eq(prompt::id_of(instructions)?), prompts::content.eq(instructions.clone()));
    Some(diesel::insert_into(prompts::table).values(row).on_conflict_do_nothing())
}

/// The columns of `turns` that say what was read.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn columns<'a>(reading: Option<&'a Reading>) -> _ {
    let prompt_id: Option<Vec<u8>> = reading.and_then(|reading| prompt::id_of(&reading.instructions));
    let fact_ids: &'a [i64] = reading.map(|reading| &*reading.facts).unwrap_or_default();
    let summary_id: Option<i64> = reading.and_then(|reading| reading.summary);
    let read_ids: Option<&'a [i64]> = reading.map(|reading| &*reading.messages);
    let seen_ids: Option<&'a [i64]> =
        reading.map(|reading| &*reading.files).filter(|files: &&[i64]| !files.is_empty());
    let worded_ids: Option<&'a [i64]> =
        reading.map(|reading| &*reading.worded).filter(|files: &&[i64]| !files.is_empty());
    let words_room: Option<i64> = reading
        .filter(|reading: &&Reading| !reading.worded.is_empty())
        .map(|reading| i64::try_from(reading.room).unwrap_or(i64::MAX));
    (
        turns::prompt_id.eq(prompt_id),
        turns::fact_ids.eq(fact_ids),
        turns::summary_id.eq(summary_id),
        turns::read_ids.eq(read_ids),
        turns::seen_ids.eq(seen_ids),
        turns::worded_ids.eq(worded_ids),
        turns::words_room.eq(words_room),
    )
}

/// What was read for a turn.
pub struct Told {
    /// The turn.
    pub turn_id: i64,
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// How it ended.
    pub state: &'static str,
    /// The question, with what it quotes.
    pub question: Option<String>,
    /// The instructions with the facts behind them; empty, if there were none.
    pub instructions: Option<String>,
    /// The summary, if there was one.
    pub summary: Option<String>,
    /// What of the dialogue, in order.
    pub said: Vec<Said>,
    /// The files that were shown with it, in order.
    pub files: Vec<SeenFile>,
    /// The files whose words were read, in order, each with the question it belongs to now.
    pub documents: Vec<(Option<i64>, Document)>,
    /// How many tokens the words of files could have for each question.
    pub room: usize,
    /// What is not here any more of all that.
    pub missing: Vec<String>,
}

/// Which turn is meant.
#[derive(Clone, Copy)]
pub enum Which {
    /// By its number.
    Turn(i64),
    /// By the number of its question or its answer; of several, the one that stands.
    Message(i64),
}

type Ids = Option<Vec<Option<i64>>>;

type Row = (
    (i64, i64, i64, TurnState, MessageId),
    (Option<Vec<u8>>, Vec<Option<i64>>, Option<i64>, Ids, Ids, Ids, Option<i64>),
    Quoted,
);

/// Why nobody can say what was read.
pub enum Unknown {
    /// There is no such turn.
    NoTurn,
    /// No model was asked for it, or it is older than this record.
    NotStored,
}

/// What the model read for a turn.
pub fn of(conn: &mut PgConnection, which: Which) -> QueryResult<Result<Told, Unknown>> {
    let mut found = turns::table.into_boxed();
    found = match which {
        Which::Turn(id) => found.filter(turns::id.eq(id)),
        Which::Message(id) => {
            found.filter(among("turns.question_id", vec![id]).or(among("turns.answer_id", vec![id])))
        }
    };
    let row: Option<Row> = found
        .order((turns::superseded_by.is_null().desc(), turns::id.desc()))
        .select((
            (turns::id, turns::user_id, turns::chat_id, turns::state, turns::question_id),
            (
                turns::prompt_id,
                turns::fact_ids,
                turns::summary_id,
                turns::read_ids,
                turns::seen_ids,
                turns::worded_ids,
                turns::words_room,
            ),
            quotes::of_turn(),
        ))
        .first(conn)
        .optional()?;
    let Some(((turn_id, user_id, chat_id, state, question_id), read, Quoted(quoted))) = row else {
        return Ok(Err(Unknown::NoTurn));
    };
    let (prompt_id, fact_ids, summary_id, Some(read_ids), seen_ids, worded_ids, room) = read else {
        return Ok(Err(Unknown::NotStored));
    };
    let ids = |ids: Vec<Option<i64>>| -> Vec<i64> { ids.into_iter().flatten().collect() };
    let (read_ids, seen_ids) = (ids(read_ids), ids(seen_ids.unwrap_or_default()));
    let worded_ids = ids(worded_ids.unwrap_or_default());
    let mut missing = Vec::new();
    let instructions = match &prompt_id {
        Some(id) => prompts::table.find(id).select(prompts::content).first(conn).optional()?,
        None => Some(String::new()),
    };
    let fact_ids = ids(fact_ids);
    let remembered = facts::read(conn, &fact_ids)?;
    let summary = match summary_id {
        Some(id) => summaries::table.find(id).select(summaries::content).first(conn).optional()?,
        None => None,
    };
    let asked = messages::table.filter(messages::id.eq(bound(question_id.into())));
    let question: Option<String> = asked.select(messages::content).first(conn).optional()?;
    let said = history::by_ids(conn, read_ids.clone())?;
    let files = kept_files::seen(conn, &seen_ids)?;
    let documents = file_words::documents(conn, &worded_ids)?;
    let mut lacks = |count: usize, what: &str| {
        if count > 0 {
            missing.push(format!("{what}: {count}"));
        }
    };
    lacks(usize::from(question.is_none()), "the question");
    lacks(usize::from(instructions.is_none()), "the instructions");
    lacks(fact_ids.len() - remembered.len(), "facts");
    lacks(usize::from(summary_id.is_some() && summary.is_none()), "the summary");
    lacks(read_ids.len() - said.len(), "messages of the dialogue");
    lacks(seen_ids.len() - files.len() + worded_ids.len() - documents.len(), "files");
    Ok(Ok(Told {
        turn_id,
        user_id,
        chat_id,
        state: state.as_str(),
        question: question.map(|words| with_words(&quoted, &words).into_owned()),
        instructions: instructions.map(|instructions| with_facts(&instructions, &remembered)),
        summary,
        said,
        files,
        documents,
        room: room.and_then(|room| room.try_into().ok()).unwrap_or_default(),
        missing,
    }))
}
