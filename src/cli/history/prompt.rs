//! `systech-aidd history prompt`: what the model read for an answer, put together from the tables.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::bail;
use diesel::pg::PgConnection;
use serde_json::{Map, Value, json};

use super::output::{Json, Outcome, line};
use crate::domain::attachment::readable_size;
use crate::domain::history::{Exchange, Past};
use crate::domain::prompt::{Line, Place, lines};
use crate::domain::reading;
use crate::domain::transcript::entry;
use crate::pipeline::prompt::spoken;
use crate::store::kept_files::SeenFile;
use crate::store::readings::{self, Told, Unknown, Which};

/// Message by message; with `json`, each as the endpoint was sent it, but for the pictures, which are named.
pub(super) fn show(
    conn: &mut PgConnection,
    out: &mut impl Write,
    which: Which,
    Json { json }: Json,
) -> anyhow::Result<Outcome> {
    let told = match readings::of(conn, which)? {
        Err(Unknown::NoTurn) => {
            eprintln!(
                "There is no such turn. `history search` and `history show --json` tell the numbers of messages."
            );
            return Ok(Outcome::Nothing);
        }
        Err(Unknown::NotStored) => {
            eprintln!("The model was not asked for this turn, or it is older than this record.");
            return Ok(Outcome::Nothing);
        }
        Ok(told) => told,
    };
    let Told { question: Some(question), instructions: Some(instructions), missing, .. } = &told else {
        bail!("turn {}: not here any more, deleted for good: {}", told.turn_id, told.missing.join(", "));
    };
    if !missing.is_empty() {
        bail!("turn {}: not here any more, deleted for good: {}", told.turn_id, missing.join(", "));
    }
    let past = Past::of(told.said.clone());
    let mut read: Vec<Exchange> = past.exchanges.iter().filter_map(spoken).collect();
    let question = &with_documents(&told, &mut read, question);
    if !json {
        let Told { turn_id, user_id, chat_id, state, .. } = told;
        writeln!(out, "turn {turn_id}  user {user_id}, chat {chat_id}  {state}\n")?;
    }
    for part in lines(instructions, told.summary.as_deref(), &read, question) {
        let seen: Vec<&SeenFile> =
            told.files.iter().filter(|file| is_shown(file, part.place, &read)).collect();
        if json {
            line(out, &message(&part, &seen))?;
        } else {
            let mut text = part.text.into_owned();
            for file in &seen {
                write!(text, "\n[{}]", about(file))?;
            }
            out.write_all(entry(part.place.role(), &text).as_bytes())?;
        }
    }
    Ok(Outcome::Done)
}

/// Puts the words of files above the questions they came with, and above the one that was asked.
fn with_documents(told: &Told, read: &mut [Exchange], question: &str) -> String {
    let above = |of: &dyn Fn(Option<i64>) -> bool, words: &str| {
        let documents: Vec<_> =
            told.documents.iter().filter(|(id, _)| of(*id)).map(|(_, document)| document).collect();
        if documents.is_empty() {
            return words.to_owned();
        }
        reading::above(&reading::marked(&documents, told.room).0, words)
    };
    let asked: Vec<i64> = read.iter().map(|turn| turn.question_id).collect();
    for turn in read {
        turn.question = above(&|id| id == Some(turn.question_id), &turn.question);
    }
    above(&|id| id.is_none_or(|id| !asked.contains(&id)), question)
}

/// Whether the file stands behind this message: behind its own question, where that was read, else behind the one that was
/// asked.
fn is_shown(file: &SeenFile, place: Place, read: &[Exchange]) -> bool {
    let of_past = file.message_id.filter(|id| read.iter().any(|turn| turn.question_id == *id));
    match place {
        Place::Asked(id) => of_past == Some(id),
        Place::Question => of_past.is_none(),
        Place::Instructions | Place::Answered => false,
    }
}

fn message(part: &Line<'_>, seen: &[&SeenFile]) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), json!(part.place.role()));
    message.insert("content".to_owned(), json!(part.text));
    if !seen.is_empty() {
        message.insert("files".to_owned(), json!(seen));
    }
    message.into()
}

/// What a file is, in a few words.
fn about(SeenFile { id, kind, name, mime, bytes, .. }: &SeenFile) -> String {
    let parts = [Some(format!("file {id}: {kind}")), name.clone(), mime.clone(), bytes.map(readable_size)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
