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

use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::ensure;
use diesel::pg::PgConnection;
use tracing::{debug, info, warn};

use crate::base::backoff::Backoff;
use crate::base::cancel::CancelToken;
use crate::config::Database;
use crate::database::backup::{self, Backup, Outcome};
use crate::domain::alert::Kind;
use crate::store::{Store, alerts};

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
/// How many connections may break while something is changed until a start gives up: each made a backup, and what is changed may be
/// what breaks them.
const BREAKS: u32 = 3;

/// Brings the database up to date, for an instance that leads: it waits for a database as long as it takes, and goes on with the
/// server that a failover has brought. False: the end was asked for while waiting.
pub fn at_boot(database: &Database, store: &Store, stop: &CancelToken) -> anyhow::Result<bool> {
    let mut start = Start { database, store, deadline: None, stop, breaks: 0 };
    start.run(Start::bring_up_to_date)
}

/// As [`at_boot`], for an instance that does not lead yet: it only looks whether it knows all that was applied, unless the
/// database is of a time before there were leases: then it is brought up to date at once. The database may take `patience`.
pub fn before_leading(
    database: &Database,
    store: &Store,
    patience: Duration,
    stop: &CancelToken,
) -> anyhow::Result<bool> {
    let deadline = Some(Instant::now() + patience);
    let mut start = Start { database, store, deadline, stop, breaks: 0 };
    start.run(|start, conn, database| {
        let state = State::read(conn)?;
        state.refuse_unknown()?;
        if state.applied().any(|version| version == LEASES) {
            return Ok(true);
        }
        start.bring_up_to_date(conn, database)
    })
}

/// What a start does with the schema.
struct Start<'a> {
    database: &'a Database,
    /// Knows the servers, and watches over what is connected by it.
    store: &'a Store,
    deadline: Option<Instant>,
    stop: &'a CancelToken,
    /// How often a connection was lost while something was changed.
    breaks: u32,
}

impl Start<'_> {
    /// Runs `work`, again on another connection when its server is gone, or takes no writes any more. `work` gets the database by
    /// the URL of its one server.
    fn run(
        &mut self,
        work: impl Fn(&mut Self, &mut PgConnection, &Database) -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        let (store, stop) = (self.store, self.stop);
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
        loop {
            let connected = session::connect(store, &self.database.url, self.deadline, stop)?;
            let Some(mut conn) = connected else { return Ok(false) };
            let database = Database { url: conn.url(), backup_dir: self.database.backup_dir.clone() };
            let done = session::prepare(&mut conn).and_then(|()| work(self, &mut conn, &database));
            let Err(problem) = done else { return done };
            let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if session::takes_writes(&mut conn) || is_late || self.breaks >= BREAKS {
                return Err(problem);
            }
            warn!(
                "the database went away while the schema was brought up to date: {problem:#}; connecting again"
            );
            drop(conn);
            thread::sleep(backoff.next());
        }
    }

    /// Only one instance at a time. Most starts find nothing to do, and wait for nobody: who has the lock may be an operator who
    /// has yet to answer a question.
    fn bring_up_to_date(&mut self, conn: &mut PgConnection, database: &Database) -> anyhow::Result<bool> {
        let stop = self.stop;
        if plan(conn)?.1.0.is_empty() {
            return Ok(true);
        }
        let done = session::locked(conn, stop, |conn| self.change(conn, database))?;
        Ok(done.unwrap_or(false))
    }

    fn change(&mut self, conn: &mut PgConnection, database: &Database) -> anyhow::Result<bool> {
        let (state, plan) = plan(conn)?;
        if plan.0.is_empty() {
            return Ok(true);
        }
        ensure!(session::takes_writes(conn), "the database takes no writes");
        // If the connection breaks, it may be for what is changed.
        self.breaks += 1;
        let done = change(
            conn,
            database,
            &state,
            &plan,
            self.stop,
            &mut |backup| info!(file = %backup.path.display(), bytes = backup.bytes, "backup made"),
            &mut |action| info!(step = %action, "migrating"),
        )?;
        if done && let Err(problem) = alerts::raise(conn, Kind::Migrated) {
            debug!("the owners are not told of the migrations: {problem}");
        }
        Ok(done)
    }
}

/// What there is, and the way from there to where a start wants it.
fn plan(conn: &mut PgConnection) -> anyhow::Result<(State, Plan)> {
    let state = State::read(conn)?;
    state.refuse_unknown()?;
    let plan = Plan::up(&state);
    Ok((state, plan))
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
