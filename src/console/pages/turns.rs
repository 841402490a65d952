//! One turn: question and answer, each call of a model with its tokens and its cost, what was sent, and what the model read.

use std::mem;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::get;
use diesel::pg::PgConnection;

use super::shown::{Message, Words, path_of};
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::problem::Problem;
use crate::domain::usage::dollars;
use crate::pipeline::read_back;
use crate::store::console::turn::{self, Call, Part, Turn};
use crate::store::readings::{self, Told, Unknown, Which};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/turns/{id}", get(show))
}

/// A message that the model read.
struct Read {
    role: &'static str,
    text: String,
    files: Vec<(i64, String)>,
}

#[derive(Template)]
#[template(path = "turn.html")]
struct Shown {
    frame: Frame,
    /// Of its dialogue, at this question.
    dialogue: String,
    turn: Turn,
    /// How long the answer took to its first word, and to its end.
    first_word: Option<String>,
    whole: Option<String>,
    messages: Vec<Message>,
    calls: Vec<Call>,
    parts: Vec<Part>,
    read: Vec<Read>,
    /// Why it is not known what the model read.
    unread: Option<String>,
}

async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| {
        let Some(whole) = turn::find(conn, bot_id, id)? else { return Ok(None) };
        Ok(Some((whole, readings::of(conn, Which::Turn(id))?)))
    };
    // Answers may be long.
    let language = operator.language;
    let render = move |found: Option<(turn::Whole, _)>| {
        found.map(|(mut whole, told)| {
            let said = mem::take(&mut whole.said).into_iter();
            (said.map(|said| Message::of(language, said)).collect(), whole, told)
        })
    };
    let (messages, whole, told) = app.ask_and(look, render).await?.ok_or(Problem::NotFound)?;
    let (read, unread) = match &told {
        Ok(told) => read(&operator, told),
        Err(Unknown::NoTurn | Unknown::NotStored) => {
            let why = operator.say(
                "The model was not asked for this turn, or it is older than this record.",
                "Модель для этого хода не спрашивали, или он старше этой записи.",
            );
            (Vec::new(), Some(why.to_owned()))
        }
    };
    let title = format!("{} {id}", operator.say("Turn", "Ход"));
    Ok(Page(Shown {
        frame: operator.frame(Section::Dialogues, title),
        dialogue: format!(
            "{}?at={}#m{}",
            path_of(whole.dialogue),
            whole.turn.question_id,
            whole.turn.question_id
        ),
        first_word: whole.turn.first_token_ms.map(|ms| operator.language.millis(ms)),
        whole: whole.turn.duration_ms.map(|ms| operator.language.millis(ms)),
        turn: whole.turn,
        messages,
        calls: whole.calls,
        parts: whole.parts,
        read,
        unread,
    }))
}

fn read(operator: &Operator, told: &Told) -> (Vec<Read>, Option<String>) {
    match read_back::messages(told) {
        Ok(messages) => {
            let read = messages.into_iter().map(|message| Read {
                role: message.role,
                text: message.text,
                files: message
                    .files
                    .iter()
                    .map(|file| {
                        let kind = || operator.language.kind_of_file(&file.kind).to_owned();
                        (file.id, file.name.clone().unwrap_or_else(kind))
                    })
                    .collect(),
            });
            (read.collect(), None)
        }
        Err(missing) => {
            let gone =
                operator.say("Not here any more, deleted for good", "Этого больше нет, удалено насовсем");
            (Vec::new(), Some(format!("{gone}: {}", missing.join(", "))))
        }
    }
}
