//! Migrations at boot, from inside the binary.
//!
//! Diesel takes no lock, and waiting for an advisory lock inside the server would deadlock with CREATE INDEX
//! CONCURRENTLY, which waits for every older snapshot. So the lock is polled: several instances may start together,
//! one migrates, the others wait.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::secret::Secret;
use crate::stop::Stop;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Identifies the lock among the advisory locks of a database: the bytes of "aidd", and our version of its meaning.
const LOCK: i64 = 0x6169_6464_0001;
const LOCK_POLL: Duration = Duration::from_millis(200);
/// How long another instance may migrate before this one gives up.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);
/// How long a migration may queue behind somebody's transaction: everybody else queues behind the migration.
const LOCK_TIMEOUT: &str = "SET lock_timeout TO '10s'";

/// Indexes built CONCURRENTLY, with the version of their migration. An interrupted build leaves an invalid one.
const CONCURRENT_INDEXES: &[(&str, &str)] = &[("idx_messages_history", "20261123000002")];

/// Brings the database up to date. False: the end was asked for while waiting.
pub fn at_boot(url: &Secret, patience: Duration, stop: &Stop) -> anyhow::Result<bool> {
    let Some(mut conn) = wait_for_database(url, patience, stop)? else { return Ok(false) };
    let conn = &mut conn;
    diesel::sql_query(LOCK_TIMEOUT).execute(conn)?;
    if !take_lock(conn, stop)? {
        return Ok(false);
    }
    // the lock goes with the connection
    migrate(conn)?;
    Ok(true)
}

fn migrate(conn: &mut PgConnection) -> anyhow::Result<()> {
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|error| anyhow!(error))?;
    let known: HashSet<String> =
        known.iter().map(|migration| migration.name().version().to_string()).collect();
    let mut unknown: Vec<_> = applied(conn)?.into_iter().filter(|version| !known.contains(version)).collect();
    if !unknown.is_empty() {
        unknown.sort();
        bail!(
            "the database has migrations that this program does not know ({}): it was migrated by a newer version. \
             Start that version, or revert those migrations with it",
            unknown.join(", ")
        );
    }
    drop_unfinished_indexes(conn)?;
    let pending = conn.pending_migrations(MIGRATIONS).map_err(|error| anyhow!(error))?;
    for migration in pending {
        let name = migration.name().to_string();
        info!(migration = name, "migrating");
        run(conn, migration.as_ref()).with_context(|| {
            format!("migration {name} failed; the database is as it was before it, and everything before it is applied")
        })?;
    }
    Ok(())
}

fn applied(conn: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let versions = conn.applied_migrations().map_err(|error| anyhow!(error))?;
    Ok(versions.into_iter().map(|version| version.to_string()).collect())
}

fn run(conn: &mut PgConnection, migration: &dyn Migration<Pg>) -> anyhow::Result<()> {
    conn.run_migration(migration).map(drop).map_err(|error| anyhow!(error))
}

/// Drops what an interrupted CREATE INDEX CONCURRENTLY left: the migration would find the name taken.
fn drop_unfinished_indexes(conn: &mut PgConnection) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let applied = applied(conn)?;
    for (index, version) in CONCURRENT_INDEXES {
        let invalid: Found = diesel::sql_query(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid) AS found",
        )
        .bind::<Text, _>(*index)
        .get_result(conn)?;
        if invalid.found && !applied.iter().any(|done| done == version) {
            warn!(
                index,
                "an earlier migration was interrupted; its unfinished index is dropped and built anew"
            );
            diesel::sql_query(format!("DROP INDEX CONCURRENTLY {index}")).execute(conn)?;
        }
    }
    Ok(())
}

fn wait_for_database(url: &Secret, patience: Duration, stop: &Stop) -> anyhow::Result<Option<PgConnection>> {
    let deadline = Instant::now() + patience;
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
    let mut waiting = false;
    loop {
        let problem = match super::connect(url) {
            Ok(conn) => return Ok(Some(conn)),
            Err(error) => error.to_string().trim().to_owned(),
        };
        // a wrong password or name does not get better by waiting
        let hopeless = ["authentication failed", "does not exist", "invalid"];
        if hopeless.iter().any(|words| problem.contains(words)) || Instant::now() > deadline {
            bail!("the database cannot be reached (DATABASE_URL): {problem}");
        }
        if !std::mem::replace(&mut waiting, true) {
            warn!(problem, "the database is not there yet; waiting up to {} s for it", patience.as_secs());
        }
        thread::sleep(backoff.next());
        if stop.is_requested() {
            return Ok(None);
        }
    }
}

fn take_lock(conn: &mut PgConnection, stop: &Stop) -> anyhow::Result<bool> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    let deadline = Instant::now() + LOCK_PATIENCE;
    let mut waiting = false;
    loop {
        let lock: Taken = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS taken")
            .bind::<BigInt, _>(LOCK)
            .get_result(conn)?;
        if lock.taken {
            return Ok(true);
        }
        if Instant::now() > deadline {
            bail!("another instance has been migrating for {} s; look at it first", LOCK_PATIENCE.as_secs());
        }
        if !std::mem::replace(&mut waiting, true) {
            info!("another instance is migrating; waiting for it");
        }
        thread::sleep(LOCK_POLL);
        if stop.is_requested() {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_concurrent_index_is_known_with_its_migration() {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
            let path = entry.unwrap().path();
            let up = std::fs::read_to_string(path.join("up.sql")).unwrap();
            let sql: String = up.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
            if let Some((_, rest)) = sql.split_once("INDEX CONCURRENTLY ") {
                let directory = path.file_name().unwrap().to_string_lossy().into_owned();
                let version = directory.split('_').next().unwrap().replace('-', "");
                found.push((rest.split_whitespace().next().unwrap().to_owned(), version));
            }
        }
        let known: Vec<_> = CONCURRENT_INDEXES
            .iter()
            .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()))
            .collect();
        assert_eq!(found, known);
    }
}
