//! Backups: a whole database as a file of `pg_dump`'s custom format, and back from it.
//!
//! A file under a final name is a whole backup, read back by `pg_restore`, on disk before anything is changed. What a
//! killed run leaves has another name and is removed by the next run. No password is on a command line.

use std::path::Path;

use anyhow::Context;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tracing::{debug, warn};

use crate::base::cancel::CancelToken;
use crate::config::Database;
use crate::domain::alert::Kind;
use crate::store::alerts;

pub mod folder;
pub mod restore;
pub mod tool;

pub use folder::Backup;
use folder::Folder;
pub use restore::is_empty;
use tool::Tool;

/// What is backed up, for the name of the file.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// The name of the database.
    pub database: &'a str,
    /// Its newest migration, `0` for none.
    pub version: &'a str,
}

/// What became of a backup before a change.
pub enum Outcome {
    /// It is there.
    Made(Backup),
    /// BACKUP_DIR is not set, or the database holds no table of anybody.
    NotNeeded,
    /// The end was asked for meanwhile; there is none.
    Stopped,
}

/// Backs up before a change, where BACKUP_DIR asks for it and there is anything to lose. With an error nothing may be
/// changed.
pub fn before_change(
    conn: &mut PgConnection,
    database: &Database,
    contents: Contents<'_>,
    stop: &CancelToken,
) -> anyhow::Result<Outcome> {
    let Some(folder) = &database.backup_dir else { return Ok(Outcome::NotNeeded) };
    if is_empty(conn)? {
        return Ok(Outcome::NotNeeded);
    }
    let made = make(conn, database, folder, contents, stop).context(
        "nothing was migrated: BACKUP_DIR asks for a backup first, and no backup could be made \
         (to migrate without one, unset BACKUP_DIR)",
    )?;
    Ok(made.map_or(Outcome::Stopped, Outcome::Made))
}

/// Makes a backup in `folder`. `None`: the end was asked for meanwhile. Owners are told of one that fails, by the bot that runs or
/// by the next one.
pub fn make(
    conn: &mut PgConnection,
    database: &Database,
    folder: &Path,
    contents: Contents<'_>,
    stop: &CancelToken,
) -> anyhow::Result<Option<Backup>> {
    let made = attempt(conn, database, folder, contents, stop);
    if made.is_err()
        && let Err(problem) = alerts::raise(conn, Kind::Backup)
    {
        // A database from before there were owners, or one that takes no writes.
        debug!("the owners are not told of the backup that failed: {problem}");
    }
    made
}

fn attempt(
    conn: &mut PgConnection,
    database: &Database,
    folder: &Path,
    contents: Contents<'_>,
    stop: &CancelToken,
) -> anyhow::Result<Option<Backup>> {
    let (pg_dump, pg_restore) = tools(Some(conn))?;
    let folder = Folder::open(folder)?;
    for leftover in folder.remove_leftovers(&prefix(contents))? {
        warn!(file = %leftover.display(), "removed an unfinished backup of a killed run");
    }
    folder.require_room(size(conn)?)?;
    let mut file = folder.begin(&name(conn, contents)?)?;
    let is_there = || diesel::sql_query("SELECT 1").execute(conn).is_ok();
    if !pg_dump.dump(&database.url, file.as_file_mut(), stop, is_there)? {
        return Ok(None);
    }
    pg_restore.check(file.path())?;
    file.finish().map(Some)
}

/// An error if a backup in `folder` would fail now, with what to do about it; without a connection, as far as can be
/// told. Nothing stays behind.
pub fn rehearse(mut conn: Option<&mut PgConnection>, folder: &Path) -> anyhow::Result<()> {
    tools(conn.as_deref_mut())?;
    let folder = Folder::open(folder)?;
    if let Some(conn) = conn {
        folder.require_room(size(conn)?)?;
    }
    folder.begin("rehearsal").map(drop)
}

/// pg_dump and pg_restore, fit for the server.
fn tools(conn: Option<&mut PgConnection>) -> anyhow::Result<(Tool, Tool)> {
    let pg_dump = Tool::find("pg_dump")?;
    if let Some(conn) = conn {
        pg_dump.require_version_of(conn)?;
    }
    Ok((pg_dump, Tool::find("pg_restore")?))
}

/// What the tables take on the server's disk, without their indexes: a dump, which is compressed, takes less.
fn size(conn: &mut PgConnection) -> anyhow::Result<u64> {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = BigInt)]
        bytes: i64,
    }
    let Size { bytes } = diesel::sql_query(
        "SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint AS bytes FROM pg_class WHERE relkind IN ('r', 'm')",
    )
    .get_result(conn)?;
    u64::try_from(bytes).context("the server reports a negative size of the database")
}

/// Database, time and version: what somebody looks for in a folder of backups. The time is the server's, in UTC.
fn name(conn: &mut PgConnection, contents: Contents<'_>) -> anyhow::Result<String> {
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = Text)]
        now: String,
    }
    let Now { now } = diesel::sql_query(
        r#"SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"') AS now"#,
    )
    .get_result(conn)?;
    Ok(format!("{}{now}-{}", prefix(contents), contents.version))
}

/// How the names of all backups of this database begin, whatever characters its own name has.
fn prefix(contents: Contents<'_>) -> String {
    let fit = |c: char| if c.is_alphanumeric() || "_-".contains(c) { c } else { '_' };
    contents.database.chars().map(fit).chain(['-']).collect()
}
