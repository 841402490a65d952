//! Messages and files by their words, the newest first, each with the place where the words are.

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::get;
use diesel::pg::PgConnection;
use serde::Deserialize;

use super::shown::{asked, path, place, who};
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::problem::Problem;
use crate::domain::history::Role;
use crate::domain::lane::ROOT;
use crate::domain::phrases::Language;
use crate::domain::search::{Fault, Search};
use crate::store::archive::Selection;
use crate::store::console::{dialogues, times};
use crate::store::search::{self, Found};

/// So many are shown at once.
const PAGE: usize = 20;
/// Around the words that were found: a character that no message has.
const MARK: &str = "\u{1}";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/search", get(show))
}

#[derive(Deserialize)]
struct Asked {
    q: String,
    /// The last message of the page before.
    before: Option<i64>,
}

/// What was found.
struct Hit {
    path: String,
    who: String,
    place: Option<String>,
    at: String,
    is_question: bool,
    cleared: bool,
    /// The file that has the words.
    file: Option<String>,
    /// Text, and whether it is one of the words.
    excerpt: Vec<(bool, String)>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Shown {
    frame: Frame,
    words: String,
    hits: Vec<Hit>,
    /// Why nothing was searched for.
    fault: Option<&'static str>,
    next: Option<String>,
}

async fn show(
    State(app): State<App>,
    operator: Operator,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Asked { q, before } = asked(query)?;
    let title = operator.say("Search", "Поиск");
    let empty = |fault| Shown {
        frame: operator.frame(Section::Dialogues, title),
        words: q.clone(),
        hits: Vec::new(),
        fault,
        next: None,
    };
    let wanted = match Search::of(&q) {
        Ok(wanted) => wanted,
        Err(fault) => return Ok(Page(empty(Some(told(operator.language, fault))))),
    };
    let bot_id = app.settings.bot_id;
    let more = i64::try_from(PAGE).unwrap_or(i64::MAX) + 1;
    let selection = Selection { cleared: true, below: before, ..Selection::default() };
    let look = move |conn: &mut PgConnection| {
        let Some(found) = search::search(conn, &wanted, selection, more, MARK)? else { return Ok(None) };
        let ids: Vec<i64> =
            found.iter().flat_map(|found| [found.record.user_id, found.record.chat_id]).collect();
        let names = dialogues::names(conn, bot_id, &ids)?;
        let messages: Vec<i64> = found.iter().map(|found| found.record.id).collect();
        Ok(Some((found, names, times::of(conn, &messages)?)))
    };
    let Some((mut found, names, mut times)) = app.ask(look).await? else {
        let everywhere = operator.say(
            "Nearly every text has these words. Type others, too.",
            "Эти слова есть почти в каждом тексте. Добавьте другие.",
        );
        return Ok(Page(empty(Some(everywhere))));
    };
    let further = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| further).map(|Found { record, .. }| {
        serde_urlencoded::to_string([("q", &*q), ("before", &record.id.to_string())]).unwrap_or_default()
    });
    let name = |id: i64| names.get(&id).map(String::as_str);
    let mut hit = |Found { record, excerpt, file }: Found| {
        let numbers = (record.user_id, record.chat_id, record.thread_id.unwrap_or(ROOT));
        Hit {
            path: format!("{}?at={}#m{}", path(numbers.0, numbers.1, numbers.2), record.id, record.id),
            who: who(name(record.user_id), record.user_id),
            place: self::place(operator.language, numbers, name(record.chat_id)),
            at: times.remove(&record.id).unwrap_or_default().at,
            is_question: Role::of(&record.role) == Some(Role::User),
            cleared: record.deleted_at.is_some(),
            file,
            excerpt: marked(&excerpt),
        }
    };
    Ok(Page(Shown { hits: found.into_iter().map(&mut hit).collect(), next, ..empty(None) }))
}

/// The pieces of an excerpt, in which PostgreSQL has put marks around the words.
fn marked(excerpt: &str) -> Vec<(bool, String)> {
    let pieces = excerpt.split(MARK).enumerate().map(|(number, text)| (number % 2 == 1, text.to_owned()));
    pieces.filter(|(_, text)| !text.is_empty()).collect()
}

fn told(language: Language, fault: Fault) -> &'static str {
    let say = |english, russian| crate::console::frame::say(language, english, russian);
    match fault {
        Fault::Nothing => say("Type at least one word.", "Введите хотя бы одно слово."),
        Fault::Unclosed => say("A quotation mark is missing.", "Не хватает кавычки."),
        Fault::OnlyWithout => {
            say("Type a word that has to be there, too.", "Добавьте слово, которое должно быть в тексте.")
        }
        Fault::TooLong => say("This is too long to be searched for.", "Слишком длинный запрос."),
    }
}
