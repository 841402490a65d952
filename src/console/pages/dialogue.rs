//! One dialogue as it looks in Telegram, and what can be done with it.

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use serde::Deserialize;
use tracing::info;

use super::shown::{Message, Words, asked, path, place, who};
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::{Change, Nothing};
use crate::console::problem::Problem;
use crate::domain::lane::Dialogue;
use crate::domain::sender::Sender;
use crate::store::console::clearings::{self, Clearing};
use crate::store::console::dialogue::{self, Place};
use crate::store::{history, moment};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dialogues/{user}/{chat}/{topic}", get(show))
        .route("/dialogues/{user}/{chat}/{topic}/clear", post(clear))
        .route("/dialogues/{user}/{chat}/{topic}/restore", get(list).post(restore))
}

/// A person, a chat and a topic; 0 is what is outside topics.
pub(super) type Numbers = Path<(i64, i64, i64)>;

pub(super) fn dialogue_of((user, chat, topic): (i64, i64, i64)) -> Dialogue {
    dialogue::of_numbers(user, chat, topic)
}

#[derive(Deserialize)]
struct Asked {
    before: Option<i64>,
    after: Option<i64>,
    at: Option<i64>,
    cleared: Option<u32>,
    restored: Option<u32>,
}

#[derive(Template)]
#[template(path = "dialogue.html")]
struct Shown {
    frame: Frame,
    path: String,
    user_id: i64,
    place: Option<String>,
    messages: Vec<Message>,
    /// The message before which there are further ones.
    earlier: Option<i64>,
    later: Option<i64>,
    has_cleared: bool,
    /// What was just done.
    cleared: Option<u32>,
    restored: Option<u32>,
}

async fn show(
    State(app): State<App>,
    operator: Operator,
    Path(numbers): Numbers,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Asked { before, after, at, cleared, restored } = asked(query)?;
    let wanted = match (before, after, at) {
        (Some(id), ..) => Place::Before(id),
        (_, Some(id), _) => Place::After(id),
        (.., Some(id)) => Place::At(id),
        _ => Place::Newest,
    };
    let (bot_id, dialogue) = (app.settings.bot_id, dialogue_of(numbers));
    let look = move |conn: &mut PgConnection| {
        let page = dialogue::page(conn, bot_id, dialogue, wanted)?;
        let is_known = !page.said.is_empty() || dialogue::is_known(conn, dialogue)?;
        let names = dialogue::names(conn, bot_id, dialogue)?;
        Ok((page, is_known, names, clearings::any(conn, numbers)?))
    };
    // Answers may be long.
    let language = operator.language;
    let render = move |(page, is_known, names, has_cleared): (dialogue::Page, bool, _, bool)| {
        let messages: Vec<_> = page.said.into_iter().map(|said| Message::of(language, said)).collect();
        ((messages, page.earlier, page.later), is_known, names, has_cleared)
    };
    let ((messages, earlier, later), is_known, names, has_cleared) = app.ask_and(look, render).await?;
    let [person, chat]: [Sender; 2] = names;
    if !is_known {
        return Err(Problem::NotFound);
    }
    let (user, chat_id, topic) = numbers;
    let first = messages.first().map(|message| message.id);
    let last = messages.last().map(|message| message.id);
    Ok(Page(Shown {
        frame: operator.frame(Section::Dialogues, who(person.name.as_deref(), user)),
        path: path(user, chat_id, topic),
        user_id: user,
        place: place(operator.language, numbers, chat.name.as_deref()),
        earlier: first.filter(|_| earlier),
        later: last.filter(|_| later),
        messages,
        has_cleared,
        cleared,
        restored,
    }))
}

async fn clear(
    State(app): State<App>,
    Path(numbers): Numbers,
    Change { .. }: Change<Nothing>,
) -> Result<Redirect, Problem> {
    let (user, chat, topic) = numbers;
    let count = app.ask(move |conn| history::clear(conn, dialogue_of(numbers))).await?;
    info!(user, chat, topic, count, "a dialogue was cleared in the console");
    Ok(Redirect::to(&format!("{}?cleared={count}", path(user, chat, topic))))
}

/// One clearing; the latest where none is named.
#[derive(Deserialize)]
struct Which {
    at: Option<String>,
}

async fn restore(
    State(app): State<App>,
    Path(numbers): Numbers,
    Change { form: Which { at }, .. }: Change<Which>,
) -> Result<Redirect, Problem> {
    let (user, chat, topic) = numbers;
    if at.as_ref().is_some_and(|at| !moment::is_exact(at)) {
        return Err(Problem::Malformed);
    }
    let undo = move |conn: &mut PgConnection| {
        let moment: Option<PgTimestamp> = at.as_deref().map(|at| moment::exact(conn, at)).transpose()?;
        history::restore(conn, dialogue_of(numbers), moment)
    };
    let count = app.ask(undo).await?;
    info!(user, chat, topic, count, "a clearing was undone in the console");
    Ok(Redirect::to(&format!("{}?restored={count}", path(user, chat, topic))))
}

#[derive(Template)]
#[template(path = "clearings.html")]
struct Clearings {
    frame: Frame,
    path: String,
    some: Vec<Clearing>,
    /// Older ones are those before this time.
    next: Option<String>,
    first: bool,
    /// So many messages of each are counted.
    most: i64,
}

#[derive(Deserialize)]
struct Older {
    before: Option<String>,
}

async fn list(
    State(app): State<App>,
    operator: Operator,
    Path(numbers): Numbers,
    query: Result<Query<Older>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Older { before } = asked(query)?;
    if before.as_ref().is_some_and(|before| !moment::is_exact(before)) {
        return Err(Problem::Malformed);
    }
    let first = before.is_none();
    let page = app.ask(move |conn| clearings::page(conn, numbers, before.as_deref())).await?;
    let (user, chat, topic) = numbers;
    let title = operator.say("Clearings that can be undone", "Очистки, которые можно отменить");
    Ok(Page(Clearings {
        frame: operator.frame(Section::Dialogues, title),
        path: path(user, chat, topic),
        some: page.clearings,
        next: page.next,
        first,
        most: clearings::MOST,
    }))
}
