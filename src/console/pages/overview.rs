//! What the bot did: questions, people, failures, cost, and how long answers took.
//!
//! What happened in a stretch of time that is over stays as it is, so the database adds it up once and this process keeps it. A look
//! reads the stretch that goes on, and those that nobody has looked at since the start, one statement for each. A month that goes on
//! is long: its figures are good for a while.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::get;
use bigdecimal::{BigDecimal, ToPrimitive};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde::Deserialize;

use crate::console::app::App;
use crate::console::chart::{Drawn, Figure, Plan};
use crate::console::frame::{Frame, Page, Section, say};
use crate::console::kept::Kept;
use crate::console::operator::Operator;
use crate::console::problem::Problem;
use crate::domain::phrases::Language;
use crate::domain::usage::dollars;
use crate::store::console::overview::{self, Figures, Stretch, Unit};

/// How often the figures are fetched anew, in seconds.
const RENEWED: u32 = 15;

/// What happened, stretch by stretch.
type Stretches = Vec<(Stretch, Figures)>;

/// What is added up already.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// Of stretches of time that are over.
    over: Arc<Kept<(Unit, i64), Figures>>,
    months: Arc<Kept<(), Arc<Stretches>>>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    by: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Shown {
    frame: Frame,
    /// Each with its name, what it is called here, and whether it is shown.
    units: Vec<(&'static str, &'static str, bool)>,
    /// How old they are, where they need not be of this moment.
    age: Option<String>,
    totals: Vec<(&'static str, String)>,
    charts: Vec<Drawn>,
}

pub(super) fn routes(known: Known) -> Router<App> {
    let show = move |State(app): State<App>, operator: Operator, Query(asked): Query<Asked>| {
        show(known.clone(), app, operator, asked)
    };
    Router::new().route("/", get(show))
}

async fn show(
    Known { over, months }: Known,
    app: App,
    operator: Operator,
    asked: Asked,
) -> Result<impl IntoResponse, Problem> {
    let unit = Unit::ALL.into_iter().find(|unit| unit.name() == asked.by).unwrap_or(Unit::Day);
    let language = operator.language;
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection| look(conn, bot_id, unit, &over);
    let (stretches, age) = match unit {
        Unit::Month => {
            let lately = months.lately(&app, (), look).await?;
            (Arc::clone(&lately.value), Some(lately.told(language)))
        }
        Unit::Day | Unit::Hour => (app.ask(look).await?, None),
    };
    let units = Unit::ALL.map(|other| (other.name(), called(other, language), other == unit));
    Ok(Page(Shown {
        frame: operator.page(Section::Overview).renewed(RENEWED),
        units: units.to_vec(),
        age,
        totals: totals(&stretches, unit, language),
        charts: charts(&stretches, language),
    }))
}

/// Has all of them added up before somebody asks.
pub(super) async fn ahead(Known { over, months }: &Known, app: &App) {
    let bot_id = app.settings.bot_id;
    for unit in [Unit::Day, Unit::Hour] {
        let over = Arc::clone(over);
        // What fails here fails where somebody sees it.
        let _ = app.ask(move |conn| look(conn, bot_id, unit, &over)).await;
    }
    let over = Arc::clone(over);
    months.ahead(app, (), move |conn| look(conn, bot_id, Unit::Month, &over)).await;
}

fn look(
    conn: &mut PgConnection,
    bot_id: i64,
    unit: Unit,
    known: &Kept<(Unit, i64), Figures>,
) -> QueryResult<Arc<Stretches>> {
    let stretches = overview::stretches(conn, unit)?;
    if let Some(first) = stretches.first() {
        known.retain(|(other, begins)| *other != unit || *begins >= first.begins);
    }
    let look = |stretch: Stretch| {
        let asked = (unit, stretch.begins);
        if let Some(figures) = known.get(&asked) {
            return Ok((stretch, figures));
        }
        let figures = overview::figures(conn, bot_id, stretch.begins, stretch.ends)?;
        if stretch.closed {
            known.keep_for_good(asked, figures.clone());
        }
        Ok((stretch, figures))
    };
    stretches.into_iter().map(look).collect::<QueryResult<_>>().map(Arc::new)
}

fn called(unit: Unit, language: Language) -> &'static str {
    match unit {
        Unit::Hour => say(language, "24 hours", "24 часа"),
        Unit::Day => say(language, "30 days", "30 дней"),
        Unit::Month => say(language, "12 months", "12 месяцев"),
    }
}

/// What all of it sums up to, and the people of the stretch that goes on: those of several cannot be added.
fn totals(stretches: &[(Stretch, Figures)], unit: Unit, language: Language) -> Vec<(&'static str, String)> {
    let sum =
        |of: fn(&Figures) -> i64| stretches.iter().map(|(_, figures)| of(figures)).sum::<i64>().to_string();
    let cost: BigDecimal = stretches.iter().map(|(_, figures)| &figures.cost).sum();
    let people = stretches.last().map_or(0, |(_, figures)| figures.people);
    let of_now = match unit {
        Unit::Hour => say(language, "People in this hour", "Людей за этот час"),
        Unit::Day => say(language, "People today", "Людей сегодня"),
        Unit::Month => say(language, "People in this month", "Людей в этом месяце"),
    };
    vec![
        (say(language, "Questions", "Вопросов"), sum(|figures| figures.questions)),
        (of_now, people.to_string()),
        (say(language, "Failed calls", "Неудачных обращений"), sum(|figures| figures.failures)),
        (say(language, "Cost, US dollars", "Стоимость, доллары США"), dollars(&cost)),
        (
            say(language, "Calls of unknown cost", "Обращений с неизвестной ценой"),
            sum(|figures| figures.unknown),
        ),
    ]
}

fn charts(stretches: &[(Stretch, Figures)], language: Language) -> Vec<Drawn> {
    let chart =
        |title: (&'static str, &'static str), unit, series: &[&str], of: &dyn Fn(&Figures) -> Vec<Figure>| {
            let title = say(language, title.0, title.1);
            let columns = stretches.iter().map(|(stretch, figures)| (stretch.label.clone(), of(figures)));
            let series = if series.is_empty() { &[title] } else { series };
            let over = say(language, "Time (UTC)", "Время (UTC)");
            Plan { language, title, unit, over, series, columns: columns.collect() }.draw()
        };
    let took =
        [say(language, "half of the answers", "половина ответов"), say(language, "95 of 100", "95 из 100")];
    vec![
        chart(("Questions", "Вопросы"), "", &[], &|figures| vec![count(figures.questions)]),
        chart(("People", "Люди"), "", &[], &|figures| vec![count(figures.people)]),
        chart(
            ("Failed calls of models", "Неудачные обращения к моделям"),
            "",
            &[],
            &|figures| vec![count(figures.failures)],
        ),
        chart(("Cost, US dollars", "Стоимость, доллары США"), "$", &[], &|figures| {
            let height = figures.cost.to_f32().unwrap_or_default();
            vec![Figure { text: dollars(&figures.cost), height }]
        }),
        chart(
            ("Seconds to the first word of an answer", "Секунды до первого слова ответа"),
            "",
            &took,
            &|figures| seconds(figures.first_word.as_deref()),
        ),
        chart(
            ("Seconds to the end of an answer", "Секунды до конца ответа"),
            "",
            &took,
            &|figures| seconds(figures.end.as_deref()),
        ),
    ]
}

fn count(number: i64) -> Figure {
    Figure { text: number.to_string(), height: number.to_f32().unwrap_or_default() }
}

/// Of half of the answers and of nearly all, where there was any.
fn seconds(millis: Option<&[i32]>) -> Vec<Figure> {
    let figure = |nth: usize| {
        let seconds =
            millis.and_then(|both| both.get(nth)).and_then(ToPrimitive::to_f32).map(|ms| ms / 1000.0);
        seconds.map_or_else(
            || Figure { text: "—".to_owned(), height: 0.0 },
            |seconds| Figure { text: format!("{seconds:.1}"), height: seconds },
        )
    };
    vec![figure(0), figure(1)]
}
