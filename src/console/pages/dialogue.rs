//! One dialogue as it looks in Telegram, and what can be done with it.

use std::io::{BufWriter, Seek};

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use diesel::connection::SimpleConnection;
use diesel::data_types::PgTimestamp;
use diesel::pg::PgConnection;
use diesel::{Connection, QueryResult};
use serde::Deserialize;
use tracing::info;

use super::files::{Spooled, spooled};
use super::shown::{Message, Words, asked, path, place, who};
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::{Change, Nothing};
use crate::console::problem::Problem;
use crate::domain::lane::Dialogue;
use crate::pipeline::export_archive::{self, Files};
use crate::pipeline::export_records::{self, Format};
use crate::store::archive::{self, Selection};
use crate::store::console::clearings::{self, Clearing};
use crate::store::console::dialogue::{self, Place};
use crate::store::{history, moment};

/// An archive is made within the time that a page may take; a larger one is for the command line.
const LONGEST_EXPORT: &str = "SET LOCAL statement_timeout TO '25s'";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dialogues/{user}/{chat}/{topic}", get(show))
        .route("/dialogues/{user}/{chat}/{topic}/clear", post(clear))
        .route("/dialogues/{user}/{chat}/{topic}/restore", get(list).post(restore))
        .route("/dialogues/{user}/{chat}/{topic}/export", get(export))
}

/// A person, a chat and a topic; 0 is what is outside topics.
type Numbers = Path<(i64, i64, i64)>;

fn dialogue_of((user, chat, topic): (i64, i64, i64)) -> Dialogue {
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
    let (page, is_known, [person, chat], has_cleared) = app.ask(look).await?;
    if !is_known {
        return Err(Problem::NotFound);
    }
    let (user, chat_id, topic) = numbers;
    let first = page.said.first().map(|said| said.record.id);
    let last = page.said.last().map(|said| said.record.id);
    Ok(Page(Shown {
        frame: operator.frame(Section::Dialogues, who(person.name.as_deref(), user)),
        path: path(user, chat_id, topic),
        user_id: user,
        place: place(operator.language, numbers, chat.name.as_deref()),
        earlier: first.filter(|_| page.earlier),
        later: last.filter(|_| page.later),
        messages: page.said.into_iter().map(|said| Message::of(operator.language, said)).collect(),
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
    if at.as_deref().is_some_and(|at| !is_time(at)) {
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

/// Whether this may be the name of a clearing.
fn is_time(at: &str) -> bool {
    at.len() <= 32 && at.chars().all(|c| c.is_ascii_digit() || "-T:.".contains(c))
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
    if before.as_deref().is_some_and(|before| !is_time(before)) {
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

/// What `history export --files` writes of the dialogue, what was cleared among it.
async fn export(
    State(app): State<App>,
    _operator: Operator,
    Path(numbers): Numbers,
) -> Result<Response, Problem> {
    let (user, chat, topic) = numbers;
    let selection = Selection { cleared: true, ..Selection::from(dialogue_of(numbers)) };
    let archive = app.ask(move |conn| archive(conn, selection)).await?;
    let archive = archive.map_err(|error| {
        tracing::warn!("an archive for the console was not written: {error}");
        Problem::Fault
    })?;
    Ok(archive.into_download(&format!("dialogue-{user}-{chat}-{topic}.zip"), "application/zip"))
}

fn archive(conn: &mut PgConnection, selection: Selection) -> QueryResult<anyhow::Result<Spooled>> {
    conn.transaction(|conn| {
        conn.batch_execute(LONGEST_EXPORT)?;
        let write = |conn: &mut PgConnection| -> anyhow::Result<Spooled> {
            let files = Files::of(conn, selection)?;
            let out = BufWriter::new(tempfile::tempfile()?);
            let messages = |conn: &mut PgConnection, out: &mut dyn std::io::Write| {
                export_records::write(archive::records(conn, selection)?, Format::Jsonl, out)
            };
            let mut file = export_archive::write(conn, out, &files, None, Format::Jsonl.name(), messages)?
                .into_inner()?;
            file.rewind()?;
            Ok(spooled(file)?)
        };
        match write(conn).map_err(anyhow::Error::downcast::<diesel::result::Error>) {
            Ok(archive) => Ok(Ok(archive)),
            Err(Ok(query)) => Err(query),
            Err(Err(problem)) => Ok(Err(problem)),
        }
    })
}
