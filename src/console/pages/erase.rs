//! Deletes everything of a person for good, as `history erase` does. What will be gone is told first, and somebody has to say yes.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use diesel::pg::PgConnection;
use serde::Deserialize;
use tracing::info;

use super::shown::who;
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::Change;
use crate::console::problem::Problem;
use crate::store::console::dialogues;
use crate::store::erase::{self, Rows};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/people/{id}/erase", get(ask).post(erase))
}

#[derive(Template)]
#[template(path = "erase.html")]
struct Question {
    frame: Frame,
    id: i64,
    who: String,
    /// What will be gone; `None`: there is nothing.
    rows: Option<Rows>,
}

async fn ask(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| {
        Ok((erase::anything_of(conn, id)?, dialogues::names(conn, bot_id, &[id])?.remove(&id)))
    };
    let (rows, name) = app.ask(look).await?;
    let title = operator.say("Erase everything of a person", "Удалить всё о человеке");
    Ok(Page(Question {
        frame: operator.frame(Section::People, title),
        id,
        who: who(name.as_deref(), id),
        rows,
    }))
}

#[derive(Deserialize)]
struct Consent {
    /// The number of the person, typed by whoever says yes.
    sure: Option<String>,
}

#[derive(Template)]
#[template(path = "erased.html")]
struct Gone {
    frame: Frame,
    id: i64,
    rows: Rows,
}

async fn erase(
    State(app): State<App>,
    Path(id): Path<i64>,
    Change { operator, form: Consent { sure } }: Change<Consent>,
) -> Result<Response, Problem> {
    if sure.is_none_or(|sure| sure.trim() != id.to_string()) {
        return Ok(Redirect::to(&format!("/people/{id}/erase")).into_response());
    }
    let rows = app.ask(move |conn| erase::everything(conn, id)).await?;
    info!(user = id, messages = rows.messages, "everything of somebody was erased in the console");
    let title = operator.say("Erased", "Удалено");
    Ok(Page(Gone { frame: operator.frame(Section::People, title), id, rows }).into_response())
}
