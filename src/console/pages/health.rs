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
    settings: Vec<Setting>,
}

/// What the database says of itself, which changes seldom and takes it long to tell.
#[derive(Clone)]
struct Condition {
    findings: Vec<Finding>,
    /// The newest, each with when it was applied.
    migrations: Vec<(&'static str, String)>,
}

type Known = Arc<Kept<(), Condition>>;

pub(super) fn routes() -> Router<App> {
    let known = Known::default();
    Router::new()
        .route("/health", get(move |State(app): State<App>, operator: Operator| show(known, app, operator)))
}

async fn show(known: Known, app: App, operator: Operator) -> Result<impl IntoResponse, Problem> {
    let (bot_id, settings) = (app.settings.bot_id, app.settings.shown.clone());
    let look = move |conn: &mut PgConnection| {
        let condition = if let Some(found) = known.get(&()) {
            found
        } else {
            let found = condition(conn)?;
            known.keep((), found.clone());
            found
        };
        let answers = examine::answers(conn, Some(bot_id))?;
        let former_bots = examine::former_bots(&former::waiting(conn)?, Some(bot_id));
        Ok((condition, [answers, former_bots], condition::failures(conn, bot_id)?))
    };
    let (Condition { mut findings, migrations }, of_now, failures) = app.ask(look).await?;
    findings.extend(of_now);
    findings.push(backups(app.settings.backup_dir.as_deref()));
    Ok(Page(Shown {
        frame: operator.page(Section::Health),
        trouble: app.settings.view.ready().await.err(),
        findings,
        failures,
        migrations,
        settings,
    }))
}

fn condition(conn: &mut PgConnection) -> QueryResult<Condition> {
    let server = diagnostics::server(conn)?;
    let database = condition::database(conn)?;
    let size = format!("{} on PostgreSQL {}", database.size, database.version);
    let mut findings = vec![
        Finding::well("database", size),
        examine::judge(&server),
        examine::rights(conn, &server),
        examine::ids(diagnostics::message_ids(conn)?),
    ];
    let mut migrations = Vec::new();
    match Migrations::read(conn) {
        Ok(state) => {
            let others = diagnostics::tables_of_others(conn)?;
            findings.extend([examine::migrations(&state, &others), examine::indexes(&state)]);
            migrations.extend(state.entries.iter().rev().take(MIGRATIONS).map(|entry| {
                let at = if let Status::Applied(at) = &entry.status { at } else { "—" };
                (entry.migration.name, at.to_owned())
            }));
        }
        Err(error) => {
            findings.push(Finding::fault(
                "migrations",
                format!("cannot be read: {error}"),
                examine::SERVER_LOG,
            ));
        }
    }
    Ok(Condition { findings, migrations })
}

fn backups(dir: Option<&std::path::Path>) -> Finding {
    const CHECK: &str = "backups";
    let Some(dir) = dir else { return Finding::well(CHECK, "BACKUP_DIR is not set") };
    match folder::newest(dir) {
        Some(age) => Finding::well(CHECK, format!("the newest is {} h old", age.as_secs() / 3600)),
        None => Finding::fault(CHECK, "there is none", "make one with systech-aidd backup"),
    }
}
