//! Carrying out a plan. Each migration is all or nothing, or builds or drops one index, and the next run can tell
//! whether that was finished.

use std::error::Error;

use anyhow::{Context, anyhow};
use diesel::connection::SimpleConnection;
use diesel::migration::CREATE_MIGRATIONS_TABLE;
use diesel::pg::PgConnection;
use diesel_migrations::MigrationHarness;

use super::embedded::Migration;
use super::plan::{self, Action, Plan};
use super::progress;
use super::script::Refused;
use super::session;
use crate::base::secret::Secret;

/// Carries out the plan and says before each action what it is. The connection holds the lock.
pub fn apply(
    conn: &mut PgConnection,
    url: &Secret,
    plan: &Plan,
    announce: &mut dyn FnMut(&Action),
) -> anyhow::Result<()> {
    if plan.0.is_empty() {
        return Ok(());
    }
    session::ends_if_frozen(conn)?;
    conn.batch_execute("SET client_min_messages TO warning")?;
    conn.batch_execute(CREATE_MIGRATIONS_TABLE)?;
    for action in &plan.0 {
        announce(action);
        run(conn, url, action)?;
    }
    Ok(())
}

fn run(conn: &mut PgConnection, url: &Secret, action: &Action) -> anyhow::Result<()> {
    match action {
        Action::DropLeftover(index) => conn
            .batch_execute(&plan::drop_index(index))
            .with_context(|| format!("{index}, left by an interrupted build, cannot be dropped"))?,
        Action::Forget(migration) => conn.batch_execute(&plan::forget(migration))?,
        Action::Up(migration) => {
            run_told(conn, url, migration, |conn| conn.run_migration(*migration).map(drop)).map_err(
                |error| {
                    leave_nothing_unfinished(conn, migration.concurrent_indexes());
                    explain(migration, "failed", &*error, was_in_the_way(url, &*error))
                },
            )?;
        }
        Action::Down(migration) => {
            run_told(conn, url, migration, |conn| conn.revert_migration(*migration).map(drop)).map_err(
                |error| {
                    leave_nothing_unfinished(conn, migration.dropped_indexes());
                    explain(migration, "could not be reverted", &*error, was_in_the_way(url, &*error))
                },
            )?;
        }
    }
    Ok(())
}

/// Runs one. A transactional one is tried again while somebody's lock is in its way; another one builds or drops an index
/// beside running bots, which may take long, and tells how far it is.
fn run_told<T>(
    conn: &mut PgConnection,
    url: &Secret,
    migration: &Migration,
    run: impl FnMut(&mut PgConnection) -> diesel::migration::Result<T>,
) -> diesel::migration::Result<T> {
    if migration.is_transactional() {
        session::tried_again(conn, run, |error| was_in_the_way(url, &**error))
    } else {
        progress::told(conn, url, run)
    }
}

/// Tries to drop the index of a failed build. What cannot be dropped now is dropped by the next run.
fn leave_nothing_unfinished(conn: &mut PgConnection, indexes: impl Iterator<Item = String>) {
    for index in indexes {
        let _ = conn.batch_execute(&plan::drop_index(&index));
    }
}

/// Whether it was somebody's lock.
fn was_in_the_way(url: &Secret, error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| session::is_lock_timeout(url, refused.reason()))
}

/// What happened to a migration, and what can be done about it.
pub fn explain(
    migration: &Migration,
    outcome: &str,
    error: &dyn Error,
    is_lock_timeout: bool,
) -> anyhow::Error {
    let state = if migration.is_transactional() {
        "the database is as it was before this migration, and every step before it is done"
    } else {
        "every step before it is done; if an unfinished index is left, the next run replaces or drops it"
    };
    let advice = if is_lock_timeout {
        "\nAnother transaction held a lock on what it needs for more than 10 s, and waiting longer would have held up the \
         bot. Try again when that transaction has ended; this shows it:\n  \
         SELECT pid, usename, state, xact_start, query FROM pg_stat_activity ORDER BY xact_start LIMIT 5;"
    } else {
        ""
    };
    anyhow!("migration {migration} {outcome}; {state}\n{error}{advice}")
}
