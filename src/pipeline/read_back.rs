//! What the model read for an answer, message by message, put together again from what the tables tell.

use crate::domain::history::{Exchange, Past};
use crate::domain::prompt::{Place, lines};
use crate::domain::reading;
use crate::pipeline::prompt::spoken;
use crate::store::kept_files::SeenFile;
use crate::store::readings::Told;

/// A message that the model read.
pub struct Message<'a> {
    /// As whose the endpoint was sent it.
    pub role: &'static str,
    /// Its words.
    pub text: String,
    /// The files that stood behind it.
    pub files: Vec<&'a SeenFile>,
}

/// All messages, in order; or what of them is not here any more.
pub fn messages(told: &Told) -> Result<Vec<Message<'_>>, &[String]> {
    let (Some(question), Some(instructions), []) = (&told.question, &told.instructions, &*told.missing)
    else {
        return Err(&told.missing);
    };
    let past = Past::of(told.said.clone());
    let mut read: Vec<Exchange> = past.exchanges.iter().filter_map(spoken).collect();
    let question = with_documents(told, &mut read, question);
    let message = |(place, text)| Message {
        role: Place::role(place),
        text,
        files: told.files.iter().filter(|file| is_shown(file, place, &read)).collect(),
    };
    let lines = lines(instructions, told.summary.as_deref(), &read, &question);
    Ok(lines.into_iter().map(|line| (line.place, line.text.into_owned())).map(message).collect())
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
