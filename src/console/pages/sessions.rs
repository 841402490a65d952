//! Who is in the console, and the end of it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};

use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::{Nothing, Posted};
use crate::console::problem::Problem;
use crate::store::console::sessions::{self, Session};

#[derive(Template)]
#[template(path = "sessions.html")]
struct Shown {
    frame: Frame,
    sessions: Vec<Session>,
    own: i64,
}

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sessions", get(show))
        .route("/sessions/others/end", post(end_others))
        .route("/sessions/{id}/end", post(end))
}

async fn show(State(app): State<App>, operator: Operator) -> Result<impl IntoResponse, Problem> {
    let bot_id = app.settings.bot_id;
    let sessions = app.ask(move |conn| sessions::all(conn, bot_id)).await?;
    Ok(Page(Shown { frame: operator.page(Section::Sessions), sessions, own: operator.session.id }))
}

async fn end(
    State(app): State<App>,
    Path(id): Path<i64>,
    Posted { .. }: Posted<Nothing>,
) -> Result<Redirect, Problem> {
    let bot_id = app.settings.bot_id;
    app.ask(move |conn| sessions::end(conn, bot_id, id)).await?;
    Ok(Redirect::to("/sessions"))
}

async fn end_others(
    State(app): State<App>,
    Posted { operator, .. }: Posted<Nothing>,
) -> Result<Redirect, Problem> {
    let (bot_id, own) = (app.settings.bot_id, operator.session.id);
    app.ask(move |conn| sessions::end_others(conn, bot_id, own)).await?;
    Ok(Redirect::to("/sessions"))
}
