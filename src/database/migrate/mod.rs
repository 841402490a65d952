//! Migrations from inside the binary: at boot, and in the operator's hands.
//!
//! ```text
//! embedded, script   what this binary brings along
//! session            the connection: lock, lock_timeout
//! state, own         what the database says, of our migrations and of an operator's
//! plan               from there to where it should be
//! loss, kept         what that would destroy, and what it leaves behind
//! apply              doing it
//! progress           how far an index is meanwhile
//! command            `systech-aidd migrate …`
//! ```
//!
//! Whatever changes a database goes through [`session`], [`state`], [`crate::database::backup`] and [`apply`], in this order:
//! only the holder of the lock looks, only who has looked backs up, and nothing is changed before the backup is there.

use std::fs;
use std::time::Duration;

use diesel::pg::PgConnection;
use tracing::{debug, info};

use crate::base::cancel::CancelToken;
use crate::config::Database;
use crate::database::backup::{self, Backup, Outcome};
use crate::domain::alert::Kind;
use crate::store::alerts;

pub mod apply;
pub mod embedded;
pub mod kept;
pub mod loss;
pub mod own;
pub mod plan;
mod progress;
pub mod script;
pub mod session;
pub mod state;

use plan::{Action, Plan};
use state::State;

/// The migration with which instances can tell who leads.
const LEASES: &str = "20261127000801";

/// Brings the database up to date. False: the end was asked for while waiting.
pub fn at_boot(database: &Database, patience: Duration, stop: &CancelToken) -> anyhow::Result<bool> {
    let Some(mut conn) = session::connect(&database.url, patience, stop)? else { return Ok(false) };
    let done = session::locked(&mut conn, stop, |conn| bring_up_to_date(conn, database, stop))?;
    Ok(done.unwrap_or(false))
}

/// As [`at_boot`], for an instance that does not lead yet: it only looks whether it knows all that was applied, unless the
/// database is of a time before there were leases: then it is brought up to date at once.
pub fn before_leading(database: &Database, patience: Duration, stop: &CancelToken) -> anyhow::Result<bool> {
    let Some(mut conn) = session::connect(&database.url, patience, stop)? else { return Ok(false) };
    let state = State::read(&mut conn)?;
    state.refuse_unknown()?;
    if state.applied().any(|version| version == LEASES) {
        return Ok(true);
    }
    let done = session::locked(&mut conn, stop, |conn| bring_up_to_date(conn, database, stop))?;
    Ok(done.unwrap_or(false))
}

fn bring_up_to_date(
    conn: &mut PgConnection,
    database: &Database,
    stop: &CancelToken,
) -> anyhow::Result<bool> {
    let state = State::read(conn)?;
    state.refuse_unknown()?;
    let plan = Plan::up(&state);
    if plan.0.is_empty() {
        return Ok(true);
    }
    let done = change(
        conn,
        database,
        &state,
        &plan,
        stop,
        &mut |backup| info!(file = %backup.path.display(), bytes = backup.bytes, "backup made"),
        &mut |action| info!(step = %action, "migrating"),
    )?;
    if done && let Err(problem) = alerts::raise(conn, Kind::Migrated) {
        debug!("the owners are not told of the migrations: {problem}");
    }
    Ok(done)
}

/// Backs up and carries the plan out; the connection holds the lock. False: the end was asked for before anything was
/// changed.
///
/// A backup before a change that did not come about is removed: a start that fails is repeated, and would fill the disk.
pub(crate) fn change(
    conn: &mut PgConnection,
    database: &Database,
    state: &State,
    plan: &Plan,
    stop: &CancelToken,
    backed_up: &mut dyn FnMut(&Backup),
    announce: &mut dyn FnMut(&Action),
) -> anyhow::Result<bool> {
    let backup = match backup::before_change(conn, database, state.contents(), stop)? {
        Outcome::Stopped => return Ok(false),
        Outcome::Made(backup) => {
            backed_up(&backup);
            Some(backup)
        }
        Outcome::NotNeeded => None,
    };
    let applied = apply::apply(conn, &database.url, plan, announce);
    if applied.is_err()
        && let Some(backup) = backup
        && State::read(conn).is_ok_and(|now| now.applied().eq(state.applied()))
        && fs::remove_file(&backup.path).is_ok()
    {
        info!(file = %backup.path.display(), "nothing was changed, so the backup is removed");
    }
    applied.map(|()| true)
}
