//! `systech-aidd history prompt`: what the model read for an answer, put together from the tables.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::bail;
use diesel::pg::PgConnection;
use serde_json::{Map, Value, json};

use super::output::{Json, Outcome, line};
use crate::domain::attachment::readable_size;
use crate::domain::transcript::entry;
use crate::pipeline::read_back::{self, Message};
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
    let messages = match read_back::messages(&told) {
        Ok(messages) => messages,
        Err(missing) => {
            bail!("turn {}: not here any more, deleted for good: {}", told.turn_id, missing.join(", "))
        }
    };
    if !json {
        let Told { turn_id, user_id, chat_id, state, .. } = &told;
        writeln!(out, "turn {turn_id}  user {user_id}, chat {chat_id}  {state}\n")?;
    }
    for message in &messages {
        if json {
            line(out, &of(message))?;
        } else {
            let mut text = message.text.clone();
            for file in &message.files {
                write!(
                    text,
                    "
[{}]",
                    about(file)
                )?;
            }
            out.write_all(entry(message.role, &text).as_bytes())?;
        }
    }
    Ok(Outcome::Done)
}

/// For programs.
fn of(Message { role, text, files }: &Message<'_>) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), json!(role));
    message.insert("content".to_owned(), json!(text));
    if !files.is_empty() {
        message.insert("files".to_owned(), json!(files));
    }
    message.into()
}

/// What a file is, in a few words.
fn about(SeenFile { id, kind, name, mime, bytes, .. }: &SeenFile) -> String {
    let parts = [Some(format!("file {id}: {kind}")), name.clone(), mime.clone(), bytes.map(readable_size)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
