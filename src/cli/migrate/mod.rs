//! `systech-aidd migrate …`: what an operator does with migrations, where there is neither a source tree nor the
//! diesel CLI. Results go to standard output, the log and questions to standard error.

use anyhow::Context;
use clap::{Args, Subcommand};
use diesel::pg::PgConnection;

use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::cli::terminal::{self, NOT_CONFIRMED, say, show};
use crate::config::Database;
use crate::database::migrate;
use crate::database::migrate::kept::{self, Kept};
use crate::database::migrate::loss::{self, Losses};
use crate::database::migrate::plan::{Action, Plan};
use crate::database::migrate::session;
use crate::database::migrate::state::State;

mod mend;
mod report;

/// How `migrate` ends, for its help.
pub const EXIT_CODES: &str = "\
A version is typed as 20261123000002, 2026-11-23-000002 or the whole name.
DATABASE_URL is the only setting needed. With BACKUP_DIR set, the command makes
a backup before it changes anything; if that fails, it changes nothing.

Exit code:
  0  done, or nothing to do
  1  an error, which says what was done and what was not
  2  a wrong command line
  3  status --check: something is pending, unknown to this program, invalid or
     changed by hand
  4  not confirmed: nothing was done";

/// What to do with migrations.
#[derive(Subcommand)]
pub enum Command {
    /// Shows the version of the database, what is applied, pending, unknown or invalid, and what was changed by hand
    Status {
        /// End with 0 only if everything is applied, known, valid and as the migrations made it
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
    /// Puts right what somebody changed by hand in what the applied migrations made
    Mend {
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
            Self::Status { check } => report::status(database, check),
            Self::History { verbose } => report::history(database, verbose),
            Self::Up { dry_run } => change(database, |state| Ok(Plan::up(state)), dry_run, true),
            Self::Down { all, consent, dry_run } => {
                let plan = if all { Plan::down_all } else { Plan::down };
                change(database, |state| Ok(plan(state)), dry_run, consent.yes)
            }
            Self::To { version, consent, dry_run } => {
                crate::database::migrate::plan::find(&version)?;
                change(database, |state| Plan::to(state, &version), dry_run, consent.yes)
            }
            Self::Mend { consent, dry_run } => mend::mend(database, dry_run.dry_run, consent.yes),
            Self::Redo { consent, dry_run } => {
                change(database, |state| Ok(Plan::redo(state)), dry_run, consent.yes)
            }
        }
    }
}

/// Applies all pending migrations.
pub(super) fn up(database: &Database) -> anyhow::Result<ExitCode> {
    change(database, |state| Ok(Plan::up(state)), DryRun { dry_run: false }, true)
}

/// Where the database is, as a sentence.
pub fn whereabouts(state: &State) -> String {
    state
        .current()
        .map_or("no migration is applied".to_owned(), |migration| format!("the database is at {migration}"))
}

/// Whatever changes the database.
fn change(
    database: &Database,
    plan: impl FnOnce(&State) -> anyhow::Result<Plan>,
    DryRun { dry_run }: DryRun,
    yes: bool,
) -> anyhow::Result<ExitCode> {
    let conn = &mut session::connect_to_change(&database.url)?;
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
        // The operator was not asked about the migrations beyond the refused one, and the refusal may be a passing one.
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
