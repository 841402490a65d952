//! Migrations from inside the binary: at boot, and in the operator's hands.
//!
//! ```text
//! embedded, script   what this binary brings along
//! session            the connection: lock, lock_timeout
//! state              what the database says
//! plan               from there to where it should be
//! loss               what that would destroy
//! apply              doing it
//! command            `systech-aidd migrate …`
//! ```
//!
//! Whatever changes a database goes through [`session`], [`state`], [`crate::backup`] and [`apply`], in this order:
//! only the holder of the lock looks, only who has looked backs up, and nothing is changed before the backup is there.

use std::time::Duration;

use anyhow::bail;
use tracing::info;

use crate::backup;
use crate::config::Database;
use crate::stop::Stop;
use crate::store;

pub mod apply;
pub mod command;
pub mod embedded;
pub mod loss;
pub mod plan;
pub mod script;
pub mod session;
pub mod state;

use plan::Plan;
use state::State;

/// Brings the database up to date. False: the end was asked for while waiting.
pub fn at_boot(database: &Database, patience: Duration, stop: &Stop) -> anyhow::Result<bool> {
    let Some(mut conn) = session::connect(&database.url, patience, stop)? else { return Ok(false) };
    let encoding = store::encoding(&mut conn)?;
    if !["UTF8", "SQL_ASCII"].contains(&encoding.as_str()) {
        bail!(
            "the database of DATABASE_URL has the encoding {encoding}, which not every message fits into; it has to be UTF8"
        );
    }
    if !session::lock(&mut conn, stop)? {
        return Ok(false);
    }
    let state = State::read(&mut conn)?;
    state.refuse_unknown()?;
    let plan = Plan::up(&state);
    if plan.0.is_empty() {
        return Ok(true);
    }
    match backup::before_change(&mut conn, database, &state, stop)? {
        backup::Outcome::Stopped => return Ok(false),
        backup::Outcome::Made(backup) => {
            info!(file = %backup.path.display(), bytes = backup.bytes, "backed up");
        }
        backup::Outcome::NotNeeded => {}
    }
    apply::apply(&mut conn, &plan, &mut |action| info!(step = %action, "migrating"))?;
    Ok(true)
}
