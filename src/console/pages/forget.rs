//! Takes back what was decided about somebody, as `people forget` does. What goes is told first, and somebody has to say yes.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use tracing::info;

use super::people::back;
use super::shown::who;
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::operator::Operator;
use crate::console::posted::{Change, Nothing};
use crate::console::problem::Problem;
use crate::domain::admission::State as Standing;
use crate::domain::budget::Term;
use crate::domain::transcript::time;
use crate::store::decide::{self, By, Forgotten};
use crate::store::people::{self, Person};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/people/{id}/forget", get(ask).post(forget))
}

#[derive(Template)]
#[template(path = "forget.html")]
struct Question {
    frame: Frame,
    id: i64,
    who: String,
    /// What will be gone; `None`: there is nothing to forget.
    gone: Option<Gone>,
}

/// What will be gone.
struct Gone {
    state: &'static str,
    since: String,
    /// The words of the request.
    words: Option<String>,
    /// Own limits in US dollars.
    budgets: Vec<(&'static str, String)>,
    /// Questions that wait for the decision.
    held: i64,
}

async fn ask(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| {
        Ok((people::look_up(conn, bot_id, id)?, decide::held_of(conn, bot_id, id)?))
    };
    let (person, held) = app.ask(look).await?;
    let is_owner = |person: &Person| person.state == Standing::Owner || app.settings.listed.contains(&id);
    let name = person.as_ref().and_then(|person| person.name.clone());
    let gone = person.filter(|person| !is_owner(person)).map(|person| {
        let terms = [
            (Term::Day, operator.say("own budget of a day", "собственный бюджет на день")),
            (Term::Month, operator.say("own budget of a month", "собственный бюджет на месяц")),
        ];
        let budget = person.budget();
        let own = |(term, name)| budget.of(term).map(|dollars| (name, BigDecimal::to_plain_string(dollars)));
        Gone {
            state: operator.language.state(Some(person.state)),
            budgets: terms.into_iter().filter_map(own).collect(),
            since: time(&person.since),
            words: person.words,
            held,
        }
    });
    let title = operator.say("Forget what was decided about a person", "Забыть решение о человеке");
    Ok(Page(Question {
        frame: operator.frame(Section::People, title),
        id,
        who: who(name.as_deref(), id),
        gone,
    }))
}

async fn forget(
    State(app): State<App>,
    Path(id): Path<i64>,
    Change { operator, form: Nothing {} }: Change<Nothing>,
) -> Result<Redirect, Problem> {
    if app.settings.listed.contains(&id) {
        return Ok(back(id, "owner"));
    }
    let (bot_id, by) = (app.settings.bot_id, By::Console(operator.session.owner));
    let forgotten = app.ask(move |conn| decide::forget(conn, by, bot_id, id)).await?;
    Ok(match forgotten {
        Forgotten::Was(state) => {
            info!(person = id, was = state.as_str(), "the console took back what was decided about somebody");
            back(id, "forgotten")
        }
        Forgotten::NotAnOwner => back(id, "owner"),
        Forgotten::Nothing => back(id, "nothing"),
    })
}
