//! Messages as JSON Lines or CSV: row by row from the connection to the file, so that a million takes no more memory
//! than one.

use std::borrow::Cow;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use diesel::pg::PgConnection;
use serde::Serialize;

use super::output::{bar, line};
use crate::base::whole_file::WholeFile;
use crate::cli::spreadsheet::no_formula;
use crate::pipeline::export_archive::{self, Files};
use crate::store::archive::{self, Record, Selection};

/// By this mark at the beginning a spreadsheet knows that a file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How messages are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// With a heading, for spreadsheets: what would be a formula begins with an apostrophe
    Csv,
}

impl Format {
    /// What the messages are called in an archive.
    fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "messages.jsonl",
            Self::Csv => "messages.csv",
        }
    }
}

/// Writes the selected messages to `out`.
pub fn write(
    conn: &mut PgConnection,
    selection: Selection,
    format: Format,
    mut out: &mut (impl Write + ?Sized),
) -> anyhow::Result<()> {
    let bar = bar("messages", || archive::count(conn, selection).map(i64::unsigned_abs))?;
    let records = bar.wrap_iter(archive::records(conn, selection)?);
    match format {
        Format::Jsonl => {
            for record in records {
                line(&mut out, &record?)?;
            }
        }
        Format::Csv => {
            out.write_all(BYTE_ORDER_MARK.as_bytes())?;
            let mut csv = csv::Writer::from_writer(&mut *out);
            for record in records {
                csv.serialize(Row::from(&record?))?;
            }
            csv.flush()?;
        }
    }
    bar.finish();
    Ok(out.flush()?)
}

/// Writes them to a file, perhaps an archive that has their files too. It gets its name when it is complete and on disk.
pub fn to_file(
    conn: &mut PgConnection,
    selection: Selection,
    (format, with_files): (Format, bool),
    path: &Path,
    overwrite: bool,
) -> anyhow::Result<()> {
    let file = WholeFile::begin(path, overwrite)?;
    let mut write_whole = || {
        let mut out = BufWriter::new(file.file());
        if !with_files {
            return write(conn, selection, format, &mut out);
        }
        let files = Files::of(conn, selection)?;
        let messages = |conn: &mut PgConnection, out: &mut dyn Write| write(conn, selection, format, out);
        Ok(export_archive::write(conn, out, &files, None, format.name(), messages)?.flush()?)
    };
    write_whole().and_then(|()| file.finish()).with_context(|| format!("{} was not written", path.display()))
}

/// A message as a row of CSV: what people wrote is no formula.
#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    user_id: i64,
    chat_id: i64,
    role: Cow<'a, str>,
    content: Cow<'a, str>,
    message_length: i32,
    created_at: &'a str,
    deleted_at: Option<&'a str>,
    thread_id: Option<i64>,
    quoted: Option<Cow<'a, str>>,
}

impl<'a> From<&'a Record> for Row<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            id: record.id,
            user_id: record.user_id,
            chat_id: record.chat_id,
            role: no_formula(&record.role),
            content: no_formula(&record.content),
            message_length: record.message_length,
            created_at: &record.created_at,
            deleted_at: record.deleted_at.as_deref(),
            thread_id: record.thread_id,
            quoted: record.quoted.as_deref().map(no_formula),
        }
    }
}
