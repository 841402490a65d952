//! `migrate mend`: puts right what somebody changed by hand, one object after the other. What one cannot be mended for is
//! said, and the others are mended all the same.

use anyhow::{Context, bail};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::cli::terminal::{self, NOT_CONFIRMED, say, show};
use crate::config::Database;
use crate::database::backup::{self, Outcome};
use crate::database::drift::{Difference, Drift};
use crate::database::migrate::session;
use crate::database::migrate::state::State;

/// Mends, or shows the SQL that would.
pub(super) fn mend(database: &Database, dry_run: bool, yes: bool) -> anyhow::Result<ExitCode> {
    let conn = &mut session::connect_to_change(&database.url)?;
    if dry_run {
        let state = State::read(conn)?;
        return show(&script(find(conn, &state)?.differences()));
    }
    let stop = CancelToken::new();
    session::locked(conn, &stop, |conn| carry_out(conn, database, yes, &stop))?.context("interrupted")
}

fn find(conn: &mut PgConnection, state: &State) -> anyhow::Result<Drift> {
    state.refuse_unknown()?;
    match Drift::find(conn, state).context("what was changed by hand is not known")? {
        Drift::Open => bail!("migrations are missing below the newest: first run systech-aidd migrate up"),
        found @ Drift::Found(_) => Ok(found),
    }
}

/// The SQL for psql. What cannot be mended stands in it as a comment.
fn script(differences: &[Difference]) -> String {
    let head = format!("\\set ON_ERROR_STOP on\n{};\n", session::lock_timeout());
    let steps = differences.iter().map(|found| match &found.mend {
        Ok(mend) => format!("\n-- {found}\n{}", mend.sql()),
        Err(why) => format!("\n-- {found}\n-- {why}\n"),
    });
    std::iter::once(head).chain(steps).collect()
}

fn carry_out(
    conn: &mut PgConnection,
    database: &Database,
    yes: bool,
    stop: &CancelToken,
) -> anyhow::Result<ExitCode> {
    let state = State::read(conn)?;
    let drift = find(conn, &state)?;
    if drift.differences().is_empty() {
        say("nothing to do: all is as the migrations made it");
        return Ok(ExitCode::SUCCESS);
    }
    let losses: Vec<_> = drift.differences().iter().filter(|found| found.lost.is_some()).collect();
    if !losses.is_empty() && !yes && !consents(&losses)? {
        return Ok(ExitCode::from(NOT_CONFIRMED));
    }
    match backup::before_change(conn, database, state.contents(), stop)? {
        Outcome::Stopped => bail!("interrupted"),
        Outcome::Made(backup) => say(format!("backup {backup}")),
        Outcome::NotNeeded => {}
    }
    session::ends_if_frozen(conn)?;
    conn.batch_execute("SET client_min_messages TO warning")?;
    let left = mend_all(conn, &state, drift)?;
    if left.is_empty() {
        say("all is as the migrations made it");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("not everything could be mended:\n  {}", left.join("\n  "))
}

/// Asks before an empty one takes the place of what was lost.
fn consents(losses: &[&Difference]) -> anyhow::Result<bool> {
    eprintln!("This was lost, and is made anew without what it held; a backup may still have it:");
    for found in losses {
        eprintln!("  {found}");
    }
    Ok(terminal::confirm()?)
}

/// Goes through everything as long as something gets better: one may have needed another. Returns what is left, and why.
fn mend_all(conn: &mut PgConnection, state: &State, mut drift: Drift) -> anyhow::Result<Vec<String>> {
    loop {
        let before = drift.differences().len();
        let mut left = Vec::new();
        for found in drift.differences() {
            match &found.mend {
                Err(why) => left.push(format!("{found}: {why}")),
                Ok(mend) => {
                    say(format!("mend: {found}"));
                    if let Err(error) = mend.run(conn) {
                        left.push(format!("{found}: {error}"));
                    }
                }
            }
        }
        drift = find(conn, state)?;
        match drift.differences().len() {
            0 => return Ok(Vec::new()),
            after if after < before => {}
            // What reported no error and is still there.
            _ if left.is_empty() => return Ok(drift.differences().iter().map(ToString::to_string).collect()),
            _ => return Ok(left),
        }
    }
}
