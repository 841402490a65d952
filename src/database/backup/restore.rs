//! Back from a backup: into an empty database, all or nothing.
//!
//! `pg_restore` makes a script of the backup and `psql` runs it, in one transaction whose COMMIT is sent only after the
//! script came to its end: a kill at any moment leaves the database empty. `pg_restore` itself cannot be left to do it:
//! since version 17 it opens with a setting that older servers do not know, and gives up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::tool::{Running, Tool};
use crate::config::Database;

/// The setting that only servers from version 17 on know. It switches off a limit that is off anyway.
const TOO_NEW: &str = "SET transaction_timeout = 0;\n";

/// Restores `path` into the database, which holds nothing. The connection holds the lock, so that no bot that starts
/// meanwhile migrates the same database.
pub fn restore(conn: &mut PgConnection, database: &Database, path: &Path) -> anyhow::Result<()> {
    let (pg_restore, psql) = (Tool::find("pg_restore")?, Tool::find("psql")?);
    std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    pg_restore.check(path)?;
    if !is_empty(conn)? {
        bail!(
            "the database of DATABASE_URL is not empty, and a restore never overwrites anything: create a new database \
             (createdb), or name an empty one in DATABASE_URL"
        );
    }
    // Diesel's own table, left without a row by `migrate down --all`: the backup brings its own
    conn.batch_execute(
        "SET client_min_messages TO warning; DROP TABLE IF EXISTS __diesel_schema_migrations",
    )?;
    run(pg_restore.script(path)?, psql.session(&database.url)?)
        .context("nothing was restored; the database is empty as before")
}

fn run(mut script: Running, mut psql: Running) -> anyhow::Result<()> {
    let output = script.child.stdout.take().context("pg_restore has no output")?;
    let mut input = psql.child.stdin.take().context("psql has no input")?;
    let sent = send(output, &mut input).context("psql cannot be written to").and_then(|()| {
        script.succeed()?;
        input.write_all(b"COMMIT;\n").context("psql cannot be written to")
    });
    drop(input);
    // If psql ended early, its own error says more than the broken pipe.
    psql.succeed()?;
    sent
}

/// The script without what older servers do not know, in a transaction that is yet to be committed.
fn send(script: impl Read, psql: &mut impl Write) -> io::Result<()> {
    let mut script = BufReader::new(script);
    psql.write_all(b"BEGIN;\n")?;
    let mut line = Vec::new();
    loop {
        line.clear();
        script.read_until(b'\n', &mut line)?;
        if line != TOO_NEW.as_bytes() {
            psql.write_all(&line)?;
        }
        // The settings stand at its head; what comes after them is not looked at.
        let head = ["\n", "--", "SET ", "SELECT pg_catalog.set_config", "\\restrict "];
        if !head.iter().any(|start| line.starts_with(start.as_bytes())) {
            break;
        }
    }
    io::copy(&mut script, psql).map(drop)
}

/// Whether the database holds nothing of anybody: nothing to lose, and a place to restore to. Diesel's empty table of
/// migrations does not count, nor does what belongs to an extension.
pub fn is_empty(conn: &mut PgConnection) -> anyhow::Result<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let Found { found } = diesel::sql_query(
        "SELECT EXISTS (
             SELECT FROM pg_class
             WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relpersistence <> 't'
               AND relnamespace NOT IN (SELECT oid FROM pg_namespace
                                        WHERE nspname IN ('pg_catalog', 'information_schema', 'pg_toast'))
               AND pg_class.oid IS DISTINCT FROM to_regclass('__diesel_schema_migrations')
               AND NOT EXISTS (SELECT FROM pg_depend
                               WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
         ) AS found",
    )
    .get_result(conn)?;
    Ok(!found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_older_servers_do_not_know_is_left_out_at_the_head_and_nowhere_else() {
        let script = "--\n-- dump\n\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\nCREATE TABLE t (x text);\n\
                      COPY t FROM stdin;\nSET transaction_timeout = 0;\n\\.\n";
        let mut sent = Vec::new();
        send(script.as_bytes(), &mut sent).unwrap();
        let expected = format!("BEGIN;\n{}", script.replacen(TOO_NEW, "", 1));
        assert_eq!(String::from_utf8(sent).unwrap(), expected);
    }
}
