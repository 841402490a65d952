//! All dialogues, the one with the latest message first.

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;

use super::shown::{asked, path, place, who};
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::problem::Problem;
use crate::domain::history::Role;
use crate::domain::phrases::Language;
use crate::domain::sender::one_line;
use crate::store::console::dialogues::{self, Listed};

/// So many characters of the newest message are shown.
const BEGINNING: usize = 120;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/dialogues", get(show))
}

#[derive(Deserialize)]
struct Asked {
    before: Option<i64>,
}

/// A line of the list.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) who: String,
    pub(super) place: Option<String>,
    pub(super) at: String,
    pub(super) is_question: bool,
    pub(super) beginning: String,
    pub(super) cleared: bool,
}

impl Line {
    pub(super) fn of(language: Language, listed: &Listed) -> Self {
        let &Listed { user_id, chat_id, topic, .. } = listed;
        Self {
            path: path(user_id, chat_id, topic),
            who: who(listed.name.as_deref(), user_id),
            place: place(language, (user_id, chat_id, topic), listed.title.as_deref()),
            at: listed.at.clone(),
            is_question: Role::of(&listed.role) == Some(Role::User),
            beginning: one_line(&listed.beginning, BEGINNING),
            cleared: listed.cleared,
        }
    }
}

#[derive(Template)]
#[template(path = "dialogues.html")]
struct Shown {
    frame: Frame,
    lines: Vec<Line>,
    /// The newest messages of the dialogues of the next page are older than this one.
    next: Option<i64>,
    first: bool,
}

async fn show(
    State(app): State<App>,
    operator: Operator,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Asked { before } = asked(query)?;
    let bot_id = app.settings.bot_id;
    let page = app.ask(move |conn| dialogues::page(conn, bot_id, before)).await?;
    let lines = page.dialogues.iter().map(|listed| Line::of(operator.language, listed)).collect();
    Ok(Page(Shown {
        frame: operator.page(Section::Dialogues),
        lines,
        next: page.next,
        first: before.is_none(),
    }))
}
