//! How the bot is: what `doctor` can say about the database within a moment, migrations, backups, failures and settings.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use crate::config::shown::{Given, Shown as Setting};
use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section};
use crate::console::kept::Kept;
use crate::console::operator::Operator;
use crate::console::problem::Problem;
use crate::database::backup::folder;
use crate::database::examine;
use crate::database::finding::Finding;
use crate::database::migrate::state::{State as Migrations, Status};
use crate::domain::phrases::Language;
use crate::store::condition::{self, Failures};
use crate::store::{diagnostics, former};

/// So many migrations are shown.
const MIGRATIONS: usize = 10;

#[derive(Template)]
#[template(path = "health.html")]
struct Shown {
    frame: Frame,
    /// Why the bot is not ready, if it is not.
    trouble: Option<String>,
    findings: Vec<Finding>,
    failures: Vec<Failures>,
    /// The newest, each with when it was applied.
    migrations: Vec<(&'static str, String)>,
    /// Each, and whether what it is otherwise is a value rather than words.
    settings: Vec<(Setting, bool)>,
}

/// What the database says of itself, which changes seldom and takes it long to tell.
#[derive(Clone)]
pub(super) struct Condition {
    findings: Vec<Finding>,
    /// The newest, each with when it was applied.
    migrations: Vec<(&'static str, String)>,
}

pub(super) type Known = Arc<Kept<Language, Condition>>;

pub(super) fn routes(known: Known) -> Router<App> {
    let show = move |State(app): State<App>, operator: Operator| show(known.clone(), app, operator);
    Router::new().route("/health", get(show))
}

/// Has the database tell it before somebody asks.
pub(super) async fn ahead(known: &Known, app: &App) {
    for language in Language::ALL {
        known.ahead(app, language, move |conn| condition(conn, language)).await;
    }
}

async fn show(known: Known, app: App, operator: Operator) -> Result<impl IntoResponse, Problem> {
    let (bot_id, language) = (app.settings.bot_id, operator.language);
    let condition = move |conn: &mut PgConnection| condition(conn, language);
    let look = move |conn: &mut PgConnection| {
        let answers = examine::answers(conn, Some(bot_id), language)?;
        let former_bots = examine::former_bots(&former::waiting(conn)?, Some(bot_id), language);
        Ok(([answers, former_bots], condition::failures(conn, bot_id)?))
    };
    let Condition { mut findings, migrations } = known.lately(&app, language, condition).await?.value;
    let (of_now, failures) = app.ask(look).await?;
    findings.extend(of_now);
    findings.push(backups(&app, language).await);
    Ok(Page(Shown {
        frame: operator.page(Section::Health),
        trouble: app.settings.view.ready().await.err().map(|why| language.unready(why)),
        findings,
        failures,
        migrations,
        settings: app.settings.shown.iter().map(|setting| (setting.clone(), is_value(setting))).collect(),
    }))
}

/// Whether a setting is otherwise set to something that is the same in all languages.
fn is_value(setting: &Setting) -> bool {
    Language::Russian.otherwise(setting.default) == setting.default
}

fn condition(conn: &mut PgConnection, language: Language) -> QueryResult<Condition> {
    let server = diagnostics::server(conn)?;
    let database = condition::database(conn)?;
    let size = language.database_size(&database.size, &database.version);
    let mut findings = vec![
        Finding::well("database", size),
        examine::judge(&server, language),
        examine::rights(conn, &server, language),
        examine::ids(diagnostics::message_ids(conn)?, language),
    ];
    let mut migrations = Vec::new();
    match Migrations::read(conn) {
        Ok(state) => {
            let others = diagnostics::tables_of_others(conn)?;
            findings
                .extend([examine::migrations(&state, &others, language), examine::indexes(&state, language)]);
            migrations.extend(state.entries.iter().rev().take(MIGRATIONS).map(|entry| {
                let at = if let Status::Applied(at) = &entry.status { at } else { "—" };
                (entry.migration.name, at.to_owned())
            }));
        }
        Err(error) => {
            let found = language.cannot_be_read(&error.to_string());
            findings.push(Finding::fault("migrations", found, language.read_server_log()));
        }
    }
    Ok(Condition { findings, migrations })
}

async fn backups(app: &App, language: Language) -> Finding {
    const CHECK: &str = "backups";
    let Some(dir) = app.settings.backup_dir.clone() else {
        return Finding::well(CHECK, language.no_backup_dir());
    };
    let Some(newest) = app.disk.look(move || folder::newest(&dir)).await else {
        let (found, remedy) = language.backups_unseen();
        return Finding::fault(CHECK, found, remedy);
    };
    let Some(age) = newest else {
        let (found, remedy) = language.no_backup();
        return Finding::fault(CHECK, found, remedy);
    };
    Finding::well(CHECK, language.newest_backup(age.as_secs() / 3600))
}
