//! Back from a backup: into an empty database, all or nothing.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

use super::is_empty;
use super::tool::Tool;
use crate::config::Database;

/// Restores `path` into the database, which holds nothing. The connection holds the lock, so that no bot that starts
/// meanwhile migrates the same database.
pub fn restore(conn: &mut PgConnection, database: &Database, path: &Path) -> anyhow::Result<()> {
    let pg_restore = Tool::find("pg_restore")?;
    pg_restore.require_version_of(conn)?;
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    pg_restore.check(path)?;
    if !is_empty(conn)? {
        bail!(
            "the database of DATABASE_URL is not empty, and a restore never overwrites anything: create a new one \
             (createdb), or let DATABASE_URL name an empty one"
        );
    }
    // Diesel's own table, left without a row by `migrate down --all`: the backup brings its own
    conn.batch_execute(
        "SET client_min_messages TO warning; DROP TABLE IF EXISTS __diesel_schema_migrations",
    )?;
    pg_restore.restore(&database.url, file).context("nothing was restored; the database is empty as before")
}
