//! Deletes everything of a person for good, as `history erase` does. What will be gone is told first, and somebody has to say yes.
//!
//! An erasure goes on, whether anybody waits for its page or not; a page that has waited long enough says so.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use diesel::pg::PgConnection;
use serde::Deserialize;
use tracing::{info, warn};

use super::shown::who;
use crate::base::failpoints;
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::Change;
use crate::console::problem::Problem;
use crate::store::console::dialogues;
use crate::store::erase::{self, About, Rows};

/// How long a page waits for an erasure: less than a page may take in all.
const WAIT: Duration = Duration::from_secs(15);

/// Whose erasures are under way.
#[derive(Clone, Default)]
struct UnderWay(Arc<Mutex<HashSet<i64>>>);

impl UnderWay {
    fn has(&self, id: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// `None`: it has begun already.
    fn begin(&self, id: i64) -> Option<Begun> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        is_new.then(|| Begun { under_way: self.clone(), id })
    }
}

/// An erasure that is under way until this is dropped.
struct Begun {
    under_way: UnderWay,
    id: i64,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

pub(super) fn routes() -> Router<App> {
    let under_way = UnderWay::default();
    let of_ask = under_way.clone();
    let ask =
        move |app: State<App>, operator: Operator, id: Path<i64>| ask(of_ask.clone(), app, operator, id);
    let erase = move |app: State<App>, id: Path<i64>, consent: Change<Consent>| {
        erase(under_way.clone(), app, id, consent)
    };
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
    /// What stands before their numbers where not all were counted.
    least: &'static str,
    under_way: bool,
}

async fn ask(
    under_way: UnderWay,
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| {
        Ok((erase::about(conn, id)?, dialogues::names(conn, bot_id, &[id])?.remove(&id)))
    };
    let (about, name) = app.ask(look).await?;
    let least = operator.say("at least ", "не меньше ");
    let title = operator.say("Erase everything of a person", "Удалить всё о человеке");
    Ok(Page(Question {
        frame: operator.frame(Section::People, title),
        id,
        who: who(name.as_deref(), id),
        rows: about.map(About::rows),
        least: if about.is_some_and(|about| about.more) { least } else { "" },
        under_way: under_way.has(id),
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
    /// What was erased; `None`: it goes on.
    rows: Option<Rows>,
}

async fn erase(
    under_way: UnderWay,
    State(app): State<App>,
    Path(id): Path<i64>,
    Change { operator, form: Consent { sure } }: Change<Consent>,
) -> Result<Response, Problem> {
    if sure.is_none_or(|sure| sure.trim() != id.to_string()) {
        return Ok(Redirect::to(&format!("/people/{id}/erase")).into_response());
    }
    let rows = match under_way.begin(id) {
        Some(begun) => within(begun, app, id).await?,
        None => None,
    };
    let title = match rows {
        Some(_) => operator.say("Erased", "Удалено"),
        None => operator.say("The erasure goes on", "Удаление продолжается"),
    };
    Ok(Page(Gone { frame: operator.frame(Section::People, title), id, rows }).into_response())
}

/// Erases, and waits for the end as long as a page may; `None`: it goes on behind it.
async fn within(begun: Begun, app: App, id: i64) -> Result<Option<Rows>, Problem> {
    let erasure = tokio::spawn(async move {
        let _begun = begun;
        let erased = app.ask(move |conn| erase::everything(conn, id)).await;
        match &erased {
            Ok(rows) => {
                info!(
                    user = id,
                    messages = rows.messages,
                    "everything of somebody was erased in the console"
                );
            }
            Err(problem) => {
                warn!(user = id, ?problem, "an erasure of the console ended before its time: repeat it");
            }
        }
        erased
    });
    match tokio::time::timeout(failpoints::wait("erasure", WAIT), erasure).await {
        Ok(ended) => ended.map_err(|_| Problem::Fault)?.map(Some),
        Err(_) => Ok(None),
    }
}
