//! Messages as JSON Lines or CSV: row by row from the connection to the file, so that a million takes no more memory
//! than one.

use std::borrow::Cow;
use std::io::{self, Write};

use clap::ValueEnum;
use diesel::QueryResult;
use serde::Serialize;

use crate::domain::spreadsheet::no_formula;
use crate::store::archive::Record;

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
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "messages.jsonl",
            Self::Csv => "messages.csv",
        }
    }
}

/// Writes messages to `out`.
pub fn write(
    records: impl Iterator<Item = QueryResult<Record>>,
    format: Format,
    out: &mut (impl Write + ?Sized),
) -> anyhow::Result<()> {
    match format {
        Format::Jsonl => {
            for record in records {
                // As an error of the file: who stops reading has read enough.
                serde_json::to_writer(&mut *out, &record?).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
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
    Ok(out.flush()?)
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
