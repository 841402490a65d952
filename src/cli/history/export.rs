//! Messages as JSON Lines or CSV: row by row from the connection to the file, so that a million takes no more memory
//! than one.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use diesel::pg::PgConnection;

use super::output::{bar, line};
use crate::store::archive::{self, Selection};

/// How messages are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// With a heading, for spreadsheets
    Csv,
}

/// Writes the selected messages to `out`.
pub fn write(
    conn: &mut PgConnection,
    selection: Selection,
    format: Format,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let bar = bar("messages", || archive::count(conn, selection).map(i64::unsigned_abs))?;
    let records = bar.wrap_iter(archive::records(conn, selection)?);
    match format {
        Format::Jsonl => {
            for record in records {
                line(out, &record?)?;
            }
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut *out);
            for record in records {
                csv.serialize(record?)?;
            }
            csv.flush()?;
        }
    }
    bar.finish();
    Ok(out.flush()?)
}

/// Writes them to a file. It gets its name when it is complete and on disk; what a killed run leaves is called
/// `….part` and is begun anew by the next.
pub fn to_file(
    conn: &mut PgConnection,
    selection: Selection,
    format: Format,
    path: &Path,
) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut write_whole = || -> anyhow::Result<()> {
        // for nobody else to read: it holds what people wrote
        let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        let mut out = BufWriter::new(options);
        write(conn, selection, format, &mut out)?;
        out.get_ref().sync_all()?;
        fs::rename(&part, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(File::open(folder)?.sync_all()?)
    };
    write_whole().with_context(|| format!("{} could not be written", path.display()))
}
