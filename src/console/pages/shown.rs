//! How messages, people and dialogues look on every page that shows them.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;

use crate::console::frame::say;
use crate::console::problem::Problem;
use crate::domain::history::Role;
use crate::domain::lane::{Dialogue, ROOT, Topics};
use crate::domain::phrases::Language;
use crate::render;
use crate::store::console::dialogue::{File, Said};

/// What stands behind the `?` of an address.
pub(super) fn asked<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(asked)| asked).map_err(|_| Problem::Malformed)
}

/// Where a dialogue is.
pub(super) fn path(user_id: i64, chat_id: i64, topic: i64) -> String {
    format!("/dialogues/{user_id}/{chat_id}/{topic}")
}

/// Where this dialogue is.
pub(super) fn path_of(dialogue: Dialogue) -> String {
    let topic = match dialogue.topics {
        Topics::Only(Some(topic)) => topic,
        Topics::Only(None) | Topics::All => ROOT,
    };
    path(dialogue.user_id, dialogue.chat_id, topic)
}

/// Who somebody is: by the name, else by the number.
pub(super) fn who(name: Option<&str>, id: i64) -> String {
    name.map_or_else(|| id.to_string(), str::to_owned)
}

/// Where somebody talks with the bot, if that is not in private.
pub(super) fn place(
    language: Language,
    (user_id, chat_id, topic): (i64, i64, i64),
    title: Option<&str>,
) -> Option<String> {
    let chat = (chat_id != user_id).then(|| who(title, chat_id));
    let topic = (topic != ROOT).then(|| format!("{} {topic}", say(language, "topic", "тема")));
    let parts: Vec<_> = chat.into_iter().chain(topic).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// A message as the page shows it.
pub(super) struct Message {
    pub(super) id: i64,
    pub(super) is_question: bool,
    pub(super) role: String,
    pub(super) at: String,
    /// What it replies to or forwards.
    pub(super) quoted: Option<String>,
    pub(super) words: Words,
    pub(super) cleared: Option<String>,
    /// The turn that took its place.
    pub(super) replaced_by: Option<i64>,
    pub(super) turn: Option<i64>,
    /// How the turn ended, unless with an answer, and the class of its failure.
    pub(super) ended: Option<(String, Option<String>)>,
    pub(super) files: Vec<Shown>,
}

/// What was said.
pub(super) enum Words {
    /// As it was written.
    Plain(String),
    /// As Telegram shows it: HTML of [`render::html`], in which everything else is escaped.
    Rendered(String),
}

/// A file as the page shows it.
pub(super) struct Shown {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) kept: bool,
    pub(super) is_picture: bool,
}

impl Shown {
    fn of(language: Language, file: File) -> Self {
        let kind = language.kind_of_file(&file.kind).to_owned();
        let kept = file.is_kept();
        let size = file.bytes.map(|bytes| language.size(bytes));
        Self {
            id: file.id,
            is_picture: file.is_picture(),
            about: [Some(kind.clone()), size].into_iter().flatten().collect::<Vec<_>>().join(", "),
            name: file.name.unwrap_or(kind),
            kept,
        }
    }
}

impl Message {
    pub(super) fn of(language: Language, Said { record, times, turn, files }: Said) -> Self {
        let role = Role::of(&record.role);
        let words = match role {
            Some(Role::Assistant) => Words::Rendered(render::html(&record.content)),
            _ => Words::Plain(record.content),
        };
        let ended = turn.as_ref().filter(|turn| turn.state != "answered");
        Self {
            id: record.id,
            is_question: role == Some(Role::User),
            at: times.at,
            quoted: record.quoted,
            words,
            cleared: times.cleared,
            replaced_by: turn.as_ref().and_then(|turn| turn.superseded_by),
            ended: ended.map(|turn| (language.ended(&turn.state).to_owned(), turn.failure.clone())),
            turn: turn.filter(|turn| turn.is_own).map(|turn| turn.id),
            files: files.into_iter().map(|file| Shown::of(language, file)).collect(),
            role: language.role(&record.role).to_owned(),
        }
    }
}
