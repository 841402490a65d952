//! A user's own dialogue as a file, for /export, and behind it what is remembered of the user: a text, or where there are files,
//! an archive of both.
//!
//! Built at the moment it is sent, in a temporary file without a name: the outbox holds no copy of what people wrote, a
//! killed program leaves none behind, and no connection is held while the file uploads.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use diesel::pg::PgConnection;

use crate::domain::lane::{Dialogue, Lane};
use crate::domain::transcript::entry;
use crate::pipeline::export_archive::{self, Files};
use crate::store::archive::{self, Selection};
use crate::store::{Store, StoreError, facts, summaries};

/// What the user sees the text called, and the archive.
const TEXT: &str = "dialogue.txt";
const ARCHIVE: &str = "dialogue.zip";

/// The largest file that Telegram takes from a bot (Bot API, sendDocument), less what stands around it.
const MOST: u64 = 50_000_000 - 65_536;

/// Writes what is live of the dialogue into a file, which is to be read from its beginning and has this name. The inner error
/// says why there is no room for a file.
pub(super) fn build(store: &Store, lane: Lane) -> Result<anyhow::Result<(File, &'static str)>, StoreError> {
    // A new one each time: a broken connection repeats it.
    store.run(|conn| match write(conn, lane).map_err(anyhow::Error::downcast) {
        Ok(file) => Ok(Ok(file)),
        Err(Ok(query)) => Err(query),
        Err(Err(problem)) => Ok(Err(problem)),
    })
}

fn write(conn: &mut PgConnection, lane: Lane) -> anyhow::Result<(File, &'static str)> {
    let selection = Selection::from(Dialogue::from(lane));
    let files = Files::of(conn, selection)?;
    let out = BufWriter::new(tempfile::tempfile()?);
    let (out, name) = if files.is_empty() {
        let mut out = out;
        told(conn, lane, &files, &mut out)?;
        (out, TEXT)
    } else {
        let write = |conn: &mut PgConnection, out: &mut dyn Write| told(conn, lane, &files, out);
        (export_archive::write(conn, out, &files, Some(MOST), TEXT, write)?, ARCHIVE)
    };
    let mut file = out.into_inner()?;
    file.rewind()?;
    Ok((file, name))
}

/// What was said, behind each question what its files are called, and at the end what models read beside it.
fn told(conn: &mut PgConnection, lane: Lane, files: &Files, out: &mut dyn Write) -> anyhow::Result<()> {
    for record in archive::records(conn, Selection::from(Dialogue::from(lane)))? {
        let record = record?;
        out.write_all(record.transcript().as_bytes())?;
        for name in files.names(record.id) {
            writeln!(out, "    {name}\n")?;
        }
    }
    // The newest of those in force.
    if let Some(summary) = summaries::of(conn, lane)?.into_iter().max_by_key(|summary| summary.id) {
        out.write_all(entry("== summary", &summary.content).as_bytes())?;
    }
    let facts = facts::list(conn, lane)?;
    if !facts.is_empty() {
        out.write_all(b"== facts\n\n")?;
    }
    for fact in facts {
        out.write_all(entry(&fact.day, &fact.content).as_bytes())?;
    }
    Ok(())
}
