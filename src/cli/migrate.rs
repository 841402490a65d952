//! `systech-aidd migrate …`: what an operator does with migrations, where there is neither a source tree nor the
//! diesel CLI. Results go to standard output, the log and questions to standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use diesel::pg::PgConnection;

use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::cli::terminal::{self, NOT_CONFIRMED};
use crate::config::Database;
use crate::database::migrate;
use crate::database::migrate::kept::{self, Kept};
use crate::database::migrate::loss::{self, Losses};
use crate::database::migrate::plan::{Action, Plan};
use crate::database::migrate::session;
use crate::database::migrate::state::{Entry, State, Status};

/// `status --check`: something is pending, unknown or invalid.
const NOT_UP_TO_DATE: u8 = 3;

/// How `migrate` ends, for its help.
pub const EXIT_CODES: &str = "\
A version is typed as 20261123000002, 2026-11-23-000002 or the whole name.
DATABASE_URL is the only setting needed. With BACKUP_DIR set, the command makes
a backup before it changes anything; if that fails, it changes nothing.

Exit code:
  0  done, or nothing to do
  1  an error, which says what was done and what was not
  2  a wrong command line
  3  status --check: something is pending, unknown to this program or invalid
  4  not confirmed: nothing was done";

/// What to do with migrations.
#[derive(Subcommand)]
pub enum Command {
    /// Shows the version of the database, and what is applied, pending, unknown or invalid
    Status {
        /// End with 0 only if everything is applied, known and valid
        #[arg(long)]
        check: bool,
    },
    /// Shows every migration, why it is there and when it was applied
    History {
        /// Show the SQL of both directions as well
        #[arg(long, short)]
        verbose: bool,
    },
    /// Applies all pending migrations, as a start of the bot does
    Up {
        /// See [`DryRun`].
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Reverts the newest migration
    Down {
        /// Revert all of them
        #[arg(long)]
        all: bool,
        /// See [`Consent`].
        #[command(flatten)]
        consent: Consent,
        /// See [`DryRun`].
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Applies or reverts migrations up to exactly this version
    To {
        /// The version to go to
        version: String,
        /// See [`Consent`].
        #[command(flatten)]
        consent: Consent,
        /// See [`DryRun`].
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Reverts the newest migration and applies it again
    Redo {
        /// See [`Consent`].
        #[command(flatten)]
        consent: Consent,
        /// See [`DryRun`].
        #[command(flatten)]
        dry_run: DryRun,
    },
}

/// `--dry-run`
#[derive(Args, Clone, Copy)]
pub struct DryRun {
    /// Print the SQL, as a script for psql, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// `--yes`
#[derive(Args, Clone, Copy)]
pub struct Consent {
    /// Destroy data without asking; needed where there is no terminal to ask on
    #[arg(long)]
    yes: bool,
}

impl Command {
    /// Does it.
    pub fn run(self, database: &Database) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status { check } => status(database, check),
            Self::History { verbose } => history(database, verbose),
            Self::Up { dry_run } => change(database, |state| Ok(Plan::up(state)), dry_run, true),
            Self::Down { all, consent, dry_run } => {
                let plan = if all { Plan::down_all } else { Plan::down };
                change(database, |state| Ok(plan(state)), dry_run, consent.yes)
            }
            Self::To { version, consent, dry_run } => {
                crate::database::migrate::plan::find(&version)?;
                change(database, |state| Plan::to(state, &version), dry_run, consent.yes)
            }
            Self::Redo { consent, dry_run } => {
                change(database, |state| Ok(Plan::redo(state)), dry_run, consent.yes)
            }
        }
    }
}

/// A connection for a command: an operator is waiting, so a database that is not there is an error at once.
pub fn connect(database: &Database) -> anyhow::Result<PgConnection> {
    session::connect(&database.url, Duration::ZERO, &CancelToken::new())?.context("interrupted")
}

/// Where the database is, as a sentence.
pub fn whereabouts(state: &State) -> String {
    state
        .current()
        .map_or("no migration is applied".to_owned(), |migration| format!("the database is at {migration}"))
}

/// Tells how a change goes on. Whoever listens may have gone; that is no reason to stop midway.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Shows what was asked for. A reader such as `head` may have enough of it.
fn show(text: &str) -> anyhow::Result<ExitCode> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written to")
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn status(database: &Database, check: bool) -> anyhow::Result<ExitCode> {
    let state = State::read(&mut connect(database)?)?;
    let version = state.current().map_or("none", |migration| migration.name);
    let mut lines = vec![
        format!("database  {} (PostgreSQL {})", state.database, state.server),
        format!("version   {version}\n"),
    ];
    for entry in &state.entries {
        let (word, note) = match &entry.status {
            Status::Applied(at) => ("applied", at.as_str()),
            Status::Pending => ("pending", ""),
            Status::Incomplete if entry.undropped.is_empty() => ("pending", "(its index is gone or invalid)"),
            Status::Incomplete => ("pending", "(the index it dropped is there again)"),
        };
        lines.push(format!("{word}   {:<36}  {note}", entry.migration).trim_end().to_owned());
    }
    for version in &state.unknown {
        lines.push(format!("unknown   {version}  (from a newer systech-aidd: start that one)"));
    }
    for index in &state.invalid_indexes {
        lines.push(format!("invalid   index {index}  ({})", state.remedy_for(index)));
    }
    show(&(lines.join("\n") + "\n"))?;
    let in_order = state.pending() == 0 && state.unknown.is_empty() && state.invalid_indexes.is_empty();
    Ok(if check && !in_order { ExitCode::from(NOT_UP_TO_DATE) } else { ExitCode::SUCCESS })
}

fn history(database: &Database, verbose: bool) -> anyhow::Result<ExitCode> {
    let state = State::read(&mut connect(database)?)?;
    let chapters: Vec<_> = state.entries.iter().map(|entry| chapter(entry, verbose)).collect();
    show(&chapters.join("\n"))
}

/// What history tells of one migration.
fn chapter(entry: &Entry, verbose: bool) -> String {
    let Entry { migration, status, .. } = entry;
    let status = match status {
        Status::Applied(at) => format!("applied {at}"),
        Status::Pending | Status::Incomplete => "pending".to_owned(),
    };
    let mut text = format!("{migration}  ({status})\n{}", indented(&migration.why()));
    if verbose {
        for (direction, script) in [("up", &migration.up), ("down", &migration.down)] {
            text.extend(["\n    --- ", direction, " ---\n", &indented(script.text().trim())]);
        }
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect()
}

/// Whatever changes the database.
fn change(
    database: &Database,
    plan: impl FnOnce(&State) -> anyhow::Result<Plan>,
    DryRun { dry_run }: DryRun,
    yes: bool,
) -> anyhow::Result<ExitCode> {
    let conn = &mut connect(database)?;
    if dry_run {
        let state = State::read(conn)?;
        state.refuse_unknown()?;
        return show(&plan(&state)?.sql());
    }
    let done = session::locked(conn, &CancelToken::new(), |conn| carry_out(conn, database, plan, yes))?;
    done.context("interrupted")
}

/// Look, ask, back up, do.
fn carry_out(
    conn: &mut PgConnection,
    database: &Database,
    plan: impl FnOnce(&State) -> anyhow::Result<Plan>,
    yes: bool,
) -> anyhow::Result<ExitCode> {
    let state = State::read(conn)?;
    state.refuse_unknown()?;
    let mut plan = plan(&state)?;
    if plan.0.is_empty() {
        say(format!("nothing to do: {}", whereabouts(&state)));
        return Ok(ExitCode::SUCCESS);
    }
    let destroys = plan.0.iter().any(|action| matches!(action, Action::Down(_)));
    let mut refusal = None;
    if destroys && !yes {
        let losses = loss::rehearse(conn, &database.url, &plan)?;
        if !losses.is_empty() && !consents(database, &losses)? {
            return Ok(ExitCode::from(NOT_CONFIRMED));
        }
        // nobody was asked about what lies beyond it, and it may have been refused in passing only
        refusal = losses.refusal;
        plan.0.truncate(refusal.as_ref().map_or(usize::MAX, |refusal| refusal.index));
    }
    migrate::change(
        conn,
        database,
        &state,
        &plan,
        &CancelToken::new(),
        &mut |backup| say(format!("backup {backup}")),
        &mut |action| say(action),
    )?;
    if let Some(refusal) = refusal {
        return Err(refusal.explain());
    }
    say(whereabouts(&State::read(conn)?));
    if kept::is_left_behind(conn, &plan)? {
        say(format!("this stays: {}", Kept::count(conn)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks.
fn consents(database: &Database, losses: &Losses) -> anyhow::Result<bool> {
    eprintln!("This destroys data:");
    for loss in &losses.all {
        eprintln!("  {loss}");
    }
    if let Some(kept) = &losses.kept {
        eprintln!("This stays:\n  {kept}");
    }
    if let Some(refusal) = &losses.refusal {
        eprintln!("and then it stops at {refusal}");
    }
    match &database.backup_dir {
        Some(folder) => eprintln!("A backup is made first, in {}.", folder.display()),
        None => eprintln!("No backup is made first: BACKUP_DIR is not set."),
    }
    Ok(terminal::confirm()?)
}
