//! What models cost: by day, person, model or purpose, and how much of the budgets is spent.

use std::collections::HashMap;
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
use crate::domain::budget::Budgets;
use crate::domain::phrases::Language;
use crate::domain::usage::dollars;
use crate::store::budget;
use crate::store::console::costs;
use crate::store::costs::{By, Sum};

/// Each with its name in addresses.
const COLUMNS: [(&str, By); 4] =
    [("day", By::Day), ("person", By::Person), ("model", By::Model), ("purpose", By::Purpose)];
/// So many days may be summed up.
const DAYS: [i32; 4] = [1, 7, 30, 90];

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    by: String,
    days: Option<i32>,
}

#[derive(Template)]
#[template(path = "costs.html")]
struct Shown {
    frame: Frame,
    /// How old the figures are.
    age: String,
    columns: Vec<Choice>,
    periods: Vec<Choice>,
    key: &'static str,
    /// The rows are named by others: models are.
    is_name: bool,
    chart: Option<Drawn>,
    rows: Vec<Row>,
    /// How many rows there are beyond those that are shown.
    more: usize,
    budgets: Vec<(&'static str, String, String)>,
}

struct Choice {
    path: String,
    words: String,
    here: bool,
}

struct Row {
    key: String,
    name: String,
    calls: i64,
    failed: i64,
    read: i64,
    cached: i64,
    written: i64,
    cost: String,
    unknown: i64,
}

/// What the database found.
pub(super) struct Found {
    sums: Vec<(String, Sum)>,
    /// How many rows there are in all.
    number: usize,
    names: HashMap<i64, String>,
    /// Of the budgets of all, in this day and in this month.
    spent: (BigDecimal, BigDecimal),
}

/// By what the rows are, and the number of days.
pub(super) type Known = Arc<Kept<(&'static str, i32), Arc<Found>>>;

pub(super) fn routes(known: Known) -> Router<App> {
    let show = move |State(app): State<App>, operator: Operator, Query(asked): Query<Asked>| {
        show(known.clone(), app, operator, asked)
    };
    Router::new().route("/costs", get(show))
}

fn look(conn: &mut PgConnection, bot_id: i64, by: By, days: i32) -> QueryResult<Arc<Found>> {
    let (sums, number) = costs::sums(conn, bot_id, by, days)?;
    let ids: Vec<i64> = sums.iter().filter_map(|(key, _)| key.parse().ok()).collect();
    let names = if by == By::Person { costs::names(conn, bot_id, &ids)? } else { HashMap::new() };
    Ok(Arc::new(Found { sums, number, names, spent: budget::spent(conn, bot_id)? }))
}

/// Has all of them added up before somebody asks.
pub(super) async fn ahead(known: &Known, app: &App) {
    let bot_id = app.settings.bot_id;
    for ((name, by), days) in COLUMNS.into_iter().flat_map(|column| DAYS.map(|days| (column, days))) {
        known.ahead(app, (name, days), move |conn| look(conn, bot_id, by, days)).await;
    }
}

async fn show(
    known: Known,
    app: App,
    operator: Operator,
    asked: Asked,
) -> Result<impl IntoResponse, Problem> {
    let language = operator.language;
    let (name, by) = COLUMNS.into_iter().find(|(name, _)| *name == asked.by).unwrap_or(COLUMNS[0]);
    let days = asked.days.filter(|days| DAYS.contains(days)).unwrap_or(30);
    let bot_id = app.settings.bot_id;
    let found = known.lately(&app, (name, days), move |conn| look(conn, bot_id, by, days)).await?;
    let Found { sums, number, names, spent } = &*found.value;
    let path = |by: &str, days: i32| format!("/costs?by={by}&days={days}");
    let columns = COLUMNS.map(|(other, column)| Choice {
        path: path(other, days),
        words: called(column, language).to_owned(),
        here: column == by,
    });
    let periods = DAYS.map(|other| Choice {
        path: path(name, other),
        words: period(other, language),
        here: other == days,
    });
    Ok(Page(Shown {
        frame: operator.page(Section::Costs),
        age: found.told(language),
        columns: columns.into(),
        periods: periods.into(),
        key: called(by, language),
        is_name: by == By::Model,
        chart: (by == By::Day).then(|| chart(sums, language)),
        more: number.saturating_sub(sums.len()),
        // A chart has all days, and the table those with calls.
        rows: sums
            .iter()
            .filter(|(_, sum)| sum.calls > 0)
            .map(|(key, sum)| row(named(key, by, language), sum, names))
            .collect(),
        budgets: budgets(&app.settings.budgets, spent, language),
    }))
}

/// What stands for a key of the sums.
fn named(key: &str, by: By, language: Language) -> String {
    match by {
        By::Person if key.is_empty() => say(language, "erased", "удалённые").to_owned(),
        By::Purpose => language.purpose_of_call(key).to_owned(),
        By::Day | By::Person | By::Model => key.to_owned(),
    }
}

fn row(key: String, sum: &Sum, names: &HashMap<i64, String>) -> Row {
    let name = key.parse().ok().and_then(|id: i64| names.get(&id).cloned()).unwrap_or_default();
    Row {
        key,
        name,
        calls: sum.calls,
        failed: sum.failed,
        read: sum.prompt_tokens,
        cached: sum.cached_tokens,
        written: sum.completion_tokens,
        cost: dollars(&sum.cost),
        unknown: sum.unknown,
    }
}

fn chart(sums: &[(String, Sum)], language: Language) -> Drawn {
    let columns = sums.iter().map(|(day, sum)| {
        let figure = Figure { text: dollars(&sum.cost), height: sum.cost.to_f32().unwrap_or_default() };
        (day.clone(), vec![figure])
    });
    let title = say(language, "Cost, US dollars", "Стоимость, доллары США");
    let over = called(By::Day, language);
    Plan { language, title, unit: "$", over, series: &[title], columns: columns.collect() }.draw()
}

fn called(by: By, language: Language) -> &'static str {
    match by {
        By::Day => say(language, "Day (UTC)", "День (UTC)"),
        By::Person => say(language, "Person", "Человек"),
        By::Model => say(language, "Model", "Модель"),
        By::Purpose => say(language, "Purpose", "Назначение"),
    }
}

fn period(days: i32, language: Language) -> String {
    match (days, language) {
        (1, Language::English) => "Today (UTC)".to_owned(),
        (1, Language::Russian) => "Сегодня (UTC)".to_owned(),
        (days, Language::English) => format!("{days} days"),
        (days, Language::Russian) => format!("{days} дней"),
    }
}

/// What is spent of the budgets of all, and what each person may spend.
fn budgets(
    budgets: &Budgets,
    (day, month): &(BigDecimal, BigDecimal),
    language: Language,
) -> Vec<(&'static str, String, String)> {
    let none = say(language, "no limit", "без ограничения");
    let limit = |limit: &Option<BigDecimal>| limit.as_ref().map_or(none.to_owned(), dollars);
    let nobody = String::new;
    vec![
        (say(language, "All, today (UTC)", "Все, сегодня (UTC)"), dollars(day), limit(&budgets.all.day)),
        (
            say(language, "All, this month (UTC)", "Все, в этом месяце (UTC)"),
            dollars(month),
            limit(&budgets.all.month),
        ),
        (say(language, "Each person, in a day", "Каждый, за день"), nobody(), limit(&budgets.person.day)),
        (
            say(language, "Each person, in a month", "Каждый, за месяц"),
            nobody(),
            limit(&budgets.person.month),
        ),
    ]
}
