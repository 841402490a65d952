//! `systech-aidd takeover`: what moving over from the predecessor will do, told before it is done.

use std::fmt;

use anyhow::Context;
use clap::Args;
use diesel::pg::PgConnection;

use crate::base::exit::ExitCode;
use crate::cli::migrate;
use crate::cli::terminal::show;
use crate::config::dotenv::Repeated;
use crate::config::predecessor::in_another_case;
use crate::config::{Database, ENVIRONMENT};
use crate::database::migrate::session;
use crate::database::migrate::state::State;
use crate::database::takeover::{self, Failure, Rehearsal, rows};

/// How `takeover` ends, for its help.
pub(super) const EXIT_CODES: &str = "\
With --check nothing is changed: the migrations run in a transaction that is rolled back, and the predecessor may be at
work meanwhile. ✓ is as it should be, ! is what you should know, ✗ keeps the takeover from succeeding.

Exit code: 0 nothing is in the way; 1 something is, and its line says what to do; 2 a wrong command line.";

/// `takeover …`
#[derive(Args)]
pub(super) struct Arguments {
    /// Only tell what would happen
    #[arg(long)]
    check: bool,
}

/// A line of the report.
struct Line {
    mark: Mark,
    subject: &'static str,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Well,
    Note,
    Fault,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Well => '✓',
            Mark::Note => '!',
            Mark::Fault => '✗',
        };
        writeln!(f, "{mark} {:<10} {}", self.subject, self.text)
    }
}

#[derive(Default)]
struct Report(Vec<Line>);

impl Report {
    fn add(&mut self, mark: Mark, subject: &'static str, text: impl Into<String>) {
        self.0.push(Line { mark, subject, text: text.into() });
    }
}

impl Arguments {
    /// Reports, and unless only that was asked for, and if nothing is in the way, takes over.
    pub(super) fn run(self, env_file: anyhow::Result<Vec<Repeated>>) -> anyhow::Result<ExitCode> {
        let database = Database::load(&ENVIRONMENT)?;
        database.logging.start();
        let database = database.settings;
        let mut report = Report::default();
        settings(env_file, &mut report);
        let conn = &mut session::connect_now(&database.url)?;
        let is_open = look(conn, &mut report).context("the database cannot be looked at")?;
        show(&report.0.iter().map(Line::to_string).collect::<String>())?;
        if report.0.iter().any(|line| line.mark == Mark::Fault) {
            return Ok(ExitCode::FAILURE);
        }
        if self.check || !is_open { Ok(ExitCode::SUCCESS) } else { migrate::up(&database) }
    }
}

/// What needs no database.
fn settings(env_file: anyhow::Result<Vec<Repeated>>, report: &mut Report) {
    const SUBJECT: &str = "settings";
    match env_file {
        Err(error) => report.add(Mark::Fault, SUBJECT, format!("{error:#}; correct the line")),
        Ok(repeated) => {
            for repeated in repeated {
                report.add(Mark::Note, SUBJECT, format!("{}; {}", repeated.found(), Repeated::REMEDY));
            }
        }
    }
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in in_another_case(names) {
        let text = format!("{name} is not read here; write {}", name.to_uppercase());
        report.add(Mark::Note, SUBJECT, text);
    }
    let faults = ENVIRONMENT.faults(&ENVIRONMENT.choices());
    for fault in &faults {
        let text = format!("{} {}; expected: {}", fault.variable, fault.problem, fault.accepted);
        report.add(Mark::Fault, SUBJECT, text);
    }
    if faults.is_empty() {
        report.add(Mark::Well, SUBJECT, "this bot can use all that are set");
    }
    for default in ENVIRONMENT.changed_defaults() {
        let [was, is] = [default.was, default.is].map(|value| {
            let price = if default.name != "LLM_MODEL" {
                ""
            } else if value.ends_with(":free") {
                ", which is free"
            } else {
                ", which costs money"
            };
            format!("{value}{price}")
        });
        let text = format!(
            "{name} is not set: it was {was}; now it is {is}. To keep it: {name}={kept}",
            name = default.name,
            kept = default.was
        );
        report.add(Mark::Note, "defaults", text);
    }
    if let Some(role) = ENVIRONMENT.role() {
        let line = role.lines().next().unwrap_or_default();
        let begins: String = line.chars().take(80).collect();
        let more = if begins.len() < role.len() { "…" } else { "" };
        report.add(Mark::Note, "/role", format!("it answers: {begins}{more} (ROLE_TEXT sets another text)"));
    }
}

/// What the database says. False: there is nothing to take over.
fn look(conn: &mut PgConnection, report: &mut Report) -> anyhow::Result<bool> {
    const SUBJECT: &str = "database";
    let state = State::read(conn)?;
    state.refuse_unknown()?;
    let origin = rows::origin(conn)?;
    if state.current().is_some() {
        report.add(Mark::Well, SUBJECT, format!("{} is this bot's already", state.database));
        return Ok(false);
    }
    if !origin.has_messages {
        report.add(
            Mark::Note,
            SUBJECT,
            format!("{} has no table messages: nothing is taken over", state.database),
        );
        return Ok(false);
    }
    if origin.has_alembic {
        let revision = rows::revision(conn)?.unwrap_or_else(|| "none".to_owned());
        report.add(
            Mark::Well,
            SUBJECT,
            format!("{} of the predecessor, at revision {revision}", state.database),
        );
    } else {
        let text = "there is no alembic_version: migrate down --all would drop messages, for nothing says whose it was";
        report.add(Mark::Note, SUBJECT, text);
    }
    if origin.others > 0 {
        let text = format!(
            "{} other connections: stop the predecessor before the takeover; for this check it may run",
            origin.others
        );
        report.add(Mark::Note, SUBJECT, text);
    }
    match takeover::rehearse(conn, &state) {
        Ok(rehearsal) => {
            told(&rehearsal, report);
            contents(conn, report)?;
        }
        Err(failure @ Failure::Migration(..)) => report.add(Mark::Fault, "rehearsal", failure.to_string()),
        Err(Failure::Query(error)) => report.add(Mark::Fault, "rehearsal", error.to_string()),
    }
    Ok(true)
}

fn told(rehearsal: &Rehearsal, report: &mut Report) {
    let Rehearsal { before, after, written, migrations, left_out } = rehearsal;
    let text = format!(
        "messages has the predecessor's shape; {migrations} migrations ran and were rolled back; {left_out} more build or \
         drop an index beside everybody's work and were left out"
    );
    report.add(Mark::Well, "rehearsal", text);
    let is_same = after.as_ref().is_none_or(|after| after == before) && *written == 0;
    let text = match after {
        Some(after) => format!(
            "{} rows, checksum {}; under the migrations {} rows, checksum {}",
            before.rows, before.sum, after.rows, after.sum
        ),
        None => format!(
            "{} rows, checksum {}; too many to be read again while the predecessor waits; the migrations wrote {written} of \
             them",
            before.rows, before.sum
        ),
    };
    report.add(if is_same { Mark::Well } else { Mark::Fault }, "messages", text);
}

/// What in the rows is out of the ordinary.
fn contents(conn: &mut PgConnection, report: &mut Report) -> anyhow::Result<()> {
    let ahead = rows::ahead(conn)?;
    if ahead.rows == 0 {
        report.add(Mark::Well, "stamps", "none is ahead of the server's clock");
    } else {
        let text = format!(
            "{} rows are ahead of the server's clock, the farthest by {} min; dialogues are read in the order of id, so \
             nothing is out of order",
            ahead.rows, ahead.minutes
        );
        report.add(Mark::Note, "stamps", text);
    }
    let odd = rows::odd_roles(conn)?;
    if odd.is_empty() {
        report.add(Mark::Well, "roles", "user and assistant only");
    } else {
        let odd: Vec<_> = odd.iter().map(|odd| format!("{:?} in {} rows", odd.role, odd.rows)).collect();
        let text = format!("{}: these rows stay, and the model does not read them", odd.join(", "));
        report.add(Mark::Note, "roles", text);
    }
    Ok(())
}
