//! Who uses the bot, who waits to be let in, and what is decided about each: the same decisions as in Telegram and on the command
//! line, with the same record.

use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use serde::Deserialize;
use tracing::info;

use super::dialogues::Line;
use super::shown::{asked, who};
use crate::console::app::{App, Console};
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::Change;
use crate::console::problem::Problem;
use crate::domain::admission::State as Standing;
use crate::domain::budget::{self, Term};
use crate::domain::button::Verdict;
use crate::domain::phrases::Language;
use crate::domain::transcript::time;
use crate::domain::usage::dollars;
use crate::store::console::dialogues;
use crate::store::console::people as shown;
use crate::store::decide::{self, By, Decided};
use crate::store::people::{self, Decision, Person};
use crate::store::roster::{self, Entry};

/// So many decisions about somebody are shown.
const DECISIONS: i64 = 20;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/people", get(list))
        .route("/people/{id}", get(card))
        .route("/people/{id}/decide", post(decide))
        .route("/people/{id}/budget", post(set_budget))
}

#[derive(Deserialize)]
struct Asked {
    /// Everybody behind this number.
    behind: Option<i64>,
    /// Somebody by number.
    find: Option<String>,
}

/// Somebody on a line.
struct Row {
    id: i64,
    who: String,
    username: Option<String>,
    state: &'static str,
    asked: Option<String>,
    questions: i64,
    day: String,
    month: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct List {
    frame: Frame,
    waiting: Vec<Person>,
    lately: Vec<Row>,
    all: Vec<Row>,
    /// Behind this number there are further ones.
    next: Option<i64>,
    first: bool,
}

async fn list(
    State(app): State<App>,
    operator: Operator,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Asked { behind, find } = asked(query)?;
    if let Some(id) = find {
        let id: i64 = id.trim().parse().map_err(|_| Problem::NotFound)?;
        return Ok(Redirect::to(&format!("/people/{id}")).into_response());
    }
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| {
        let first = behind.is_none();
        let waiting = if first { people::list(conn, bot_id, Some(Standing::Waiting))? } else { Vec::new() };
        let lately = if first { shown::lately(conn, bot_id)? } else { Vec::new() };
        let lately = roster::some(conn, bot_id, &lately)?;
        let mut ids = shown::behind(conn, bot_id, behind.unwrap_or(i64::MIN))?;
        let further = ids.len() > shown::PAGE;
        ids.truncate(shown::PAGE);
        let mut all = roster::some(conn, bot_id, &ids)?;
        all.sort_by_key(|entry| entry.id);
        Ok((waiting, lately, all, ids.last().copied().filter(|_| further)))
    };
    let (waiting, lately, all, next) = app.ask(look).await?;
    let rows = |entries: &[Entry]| entries.iter().map(|entry| row(&app, operator.language, entry)).collect();
    let (lately, all) = (rows(&lately), rows(&all));
    let frame = operator.page(Section::People);
    Ok(Page(List { frame, waiting, lately, all, next, first: behind.is_none() }).into_response())
}

fn row(app: &Console, language: Language, entry: &Entry) -> Row {
    let sender = entry.sender();
    Row {
        id: entry.id,
        who: who(sender.name.as_deref(), entry.id),
        username: sender.username,
        state: language.state(standing(app, entry.id, entry.state)),
        asked: entry.asked.clone(),
        questions: entry.questions,
        day: dollars(&entry.day),
        month: dollars(&entry.month),
    }
}

/// Who stands in OWNER is an owner, whatever the table says.
fn standing(app: &Console, id: i64, state: Option<Standing>) -> Option<Standing> {
    if app.settings.listed.contains(&id) { Some(Standing::Owner) } else { state }
}

/// A decision that can be made about somebody: its word, and what stands on its button.
type Choice = (&'static str, &'static str);

#[derive(Template)]
#[template(path = "person.html")]
struct Card {
    frame: Frame,
    id: i64,
    row: Row,
    person: Option<Person>,
    /// Whether what was decided can be taken back.
    forgettable: bool,
    choices: Vec<Choice>,
    /// Own limits in US dollars, day and month; empty: what holds for each. `None`: nobody to set them for.
    limits: Option<(String, String)>,
    decisions: Vec<Decision>,
    lines: Vec<Line>,
    next: Option<i64>,
    outcome: Option<&'static str>,
}

#[derive(Deserialize)]
struct Look {
    before: Option<i64>,
    outcome: Option<String>,
}

async fn card(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<i64>,
    query: Result<Query<Look>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Look { before, outcome } = asked(query)?;
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| {
        let person = people::look_up(conn, bot_id, id)?;
        let decisions = people::decisions_about(conn, bot_id, id, DECISIONS)?;
        let theirs = dialogues::of_person(conn, bot_id, id, before)?;
        Ok((roster::one(conn, bot_id, id)?, person, decisions, theirs))
    };
    let (entry, person, decisions, page) = app.ask(look).await?;
    let state = standing(&app, id, entry.state);
    let verdicts: &[Verdict] = match state {
        Some(Standing::Owner) => &[],
        Some(Standing::Allowed) => &[Verdict::Block],
        Some(Standing::Blocked) => &[Verdict::Allow],
        Some(Standing::Waiting) => &Verdict::ALL,
        Some(Standing::Refused) | None => &[Verdict::Allow, Verdict::Block],
    };
    let limit = |own: Option<&BigDecimal>| own.map(BigDecimal::to_plain_string).unwrap_or_default();
    let budget = entry.budget();
    let row = row(&app, operator.language, &entry);
    Ok(Page(Card {
        frame: operator.frame(Section::People, row.who.clone()),
        id,
        choices: verdicts
            .iter()
            .map(|verdict| (verdict.name(), operator.language.verdict(*verdict)))
            .collect(),
        limits: (id > 0 && person.is_some())
            .then(|| (limit(budget.of(Term::Day)), limit(budget.of(Term::Month)))),
        forgettable: person.is_some() && state != Some(Standing::Owner),
        row,
        person,
        decisions,
        next: page.next,
        lines: page.dialogues.iter().map(|listed| Line::of(operator.language, listed)).collect(),
        outcome: outcome.and_then(|outcome| told(&operator, &outcome)),
    }))
}

/// What a change came to, for the page that is shown afterwards.
fn told(operator: &Operator, outcome: &str) -> Option<&'static str> {
    let language = operator.language;
    let say = |english, russian| crate::console::frame::say(language, english, russian);
    Some(match outcome {
        "done" => say("Done.", "Готово."),
        "unchanged" => {
            say("Nothing was changed: this was decided already.", "Ничего не изменилось: это уже решено.")
        }
        "owner" => {
            say("An owner of the bot: nothing was changed.", "Это владелец бота: ничего не изменилось.")
        }
        "forgotten" => say(
            "Forgotten: nothing is decided about this person any more.",
            "Забыто: о человеке больше ничего не решено.",
        ),
        "nothing" => say(
            "Nothing is decided about this person: nothing was changed.",
            "О человеке ничего не решено: ничего не изменилось.",
        ),
        "amount" => say(
            "US dollars from 0.01 to 1000000, as in 2.50: nothing was changed.",
            "Доллары США от 0.01 до 1000000, например 2.50: ничего не изменилось.",
        ),
        "unknown" => say(
            "Nothing was decided about this person yet: let the person in first.",
            "О человеке ещё нет решения: сначала разрешите доступ.",
        ),
        _ => return None,
    })
}

/// Back to the card, with what the change came to.
pub(super) fn back(id: i64, outcome: &str) -> Redirect {
    Redirect::to(&format!("/people/{id}?outcome={outcome}"))
}

#[derive(Deserialize)]
struct Decide {
    verdict: String,
}

async fn decide(
    State(app): State<App>,
    Path(id): Path<i64>,
    Change { operator, form: Decide { verdict } }: Change<Decide>,
) -> Result<Redirect, Problem> {
    let verdict = Verdict::of(&verdict).ok_or(Problem::Malformed)?;
    if app.settings.listed.contains(&id) {
        return Ok(back(id, "owner"));
    }
    let (bot_id, by) = (app.settings.bot_id, By::Console(operator.session.owner));
    // The doorkeeper finds what was asked meanwhile within seconds.
    let decided = app.ask(move |conn| decide::about_person(conn, by, bot_id, id, verdict)).await?;
    Ok(match decided {
        Decided::Made(..) => {
            info!(person = id, verdict = verdict.name(), "the console decided about somebody");
            back(id, "done")
        }
        Decided::Not(Some(Person { state: Standing::Owner, .. })) => back(id, "owner"),
        Decided::Not(_) => back(id, "unchanged"),
    })
}

#[derive(Deserialize)]
struct Limits {
    day: String,
    month: String,
}

async fn set_budget(
    State(app): State<App>,
    Path(id): Path<i64>,
    Change { form: Limits { day, month }, .. }: Change<Limits>,
) -> Result<Redirect, Problem> {
    let limit = |text: &str| match text.trim() {
        "" => Some(None),
        text => budget::parse(&text.replace(',', ".")).map(Some),
    };
    let (Some(day), Some(month), true) = (limit(&day), limit(&month), id > 0) else {
        return Ok(back(id, "amount"));
    };
    let bot_id = app.settings.bot_id;
    let set = move |conn: &mut PgConnection| {
        people::set_budgets(conn, bot_id, id, &[(Term::Day, day.as_ref()), (Term::Month, month.as_ref())])
    };
    if app.ask(set).await?.is_none() {
        return Ok(back(id, "unknown"));
    }
    info!(person = id, "a budget was set in the console");
    Ok(back(id, "done"))
}
