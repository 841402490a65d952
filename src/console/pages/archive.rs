//! A dialogue as an archive: made within the time and the space that a page may take, or not at all.

use std::cell::Cell;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::{Connection, QueryResult};
use tracing::warn;

use super::dialogue::{Numbers, dialogue_of};
use super::files::{Spooled, spooled};
use crate::base::failpoints;
use crate::console::app::{App, LONGEST_STATEMENT};
use crate::console::operator::Operator;
use crate::console::patience::Patience;
use crate::console::problem::Problem;
use crate::pipeline::export_archive::{self, Files};
use crate::pipeline::export_records::{self, Format};
use crate::store::archive::{self, Selection};

/// After so long nothing more is begun. What is under way then ends with the limit of a statement: 25 seconds in all.
const LONGEST: Duration = Duration::from_secs(20);
/// The most of this machine's disk that an archive may take: as many as there are turns may be made at once.
const MOST: u64 = 256 << 20;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/dialogues/{user}/{chat}/{topic}/export", get(export))
}

/// Why there is no archive.
enum Failed {
    /// It took too much time or space.
    Large,
    Otherwise(anyhow::Error),
}

/// What `history export --files` writes of the dialogue, what was cleared among it.
async fn export(State(app): State<App>, _operator: Operator, numbers: Numbers) -> Result<Response, Problem> {
    let (user, chat, topic) = numbers.0;
    let selection = Selection { cleared: true, ..Selection::from(dialogue_of(numbers.0)) };
    let (began, longest) = (Instant::now(), failpoints::wait("archive", LONGEST));
    let made = app.ask_within(longest, move |conn, patience| archive(conn, selection, patience)).await;
    match made {
        Ok(Ok(file)) => {
            Ok(file.into_download(&format!("dialogue-{user}-{chat}-{topic}.zip"), "application/zip"))
        }
        Ok(Err(Failed::Large)) => Err(Problem::Large),
        // The server ended the statement that reads the messages.
        Err(Problem::Database(_)) if began.elapsed() >= longest => Err(Problem::Large),
        Ok(Err(Failed::Otherwise(error))) => {
            warn!("an archive for the console was not written: {error}");
            Err(Problem::Fault)
        }
        Err(problem) => Err(problem),
    }
}

fn archive(
    conn: &mut PgConnection,
    selection: Selection,
    patience: &Patience,
) -> QueryResult<Result<Spooled, Failed>> {
    let over = Rc::new(Cell::new(false));
    let written = conn.transaction(|conn| {
        write(conn, selection, patience, &over).map_or_else(
            |error| match error.downcast::<diesel::result::Error>() {
                Ok(query) => Err(query),
                Err(error) => Ok(Err(error)),
            },
            |file| Ok(Ok(file)),
        )
    });
    if over.get() {
        return Ok(Err(Failed::Large));
    }
    Ok(written?.map_err(Failed::Otherwise))
}

fn write(
    conn: &mut PgConnection,
    selection: Selection,
    patience: &Patience,
    over: &Rc<Cell<bool>>,
) -> anyhow::Result<Spooled> {
    let limit = |longest: Duration| format!("SET LOCAL statement_timeout TO {}", longest.as_millis().max(1));
    let files = Files::of(conn, selection)?;
    let out = BufWriter::new(tempfile::tempfile()?);
    let out = Limited { out, at: 0, most: MOST, patience, over };
    let messages = |conn: &mut PgConnection, out: &mut dyn Write| {
        // One statement reads all of them, each asked for when the one before it is written.
        conn.batch_execute(&limit(patience.left()))?;
        let mut out = Limited { out, at: 0, most: u64::MAX, patience, over };
        export_records::write(archive::records(conn, selection)?, Format::Jsonl, &mut out)?;
        Ok(conn.batch_execute(&limit(LONGEST_STATEMENT))?)
    };
    let out = export_archive::write(conn, out, &files, None, Format::Jsonl.name(), messages)?.out;
    let mut file = out.into_inner()?;
    file.rewind()?;
    Ok(spooled(file)?)
}

/// Takes so many bytes, and as long as there is patience. Once it is over, what comes is lost: nobody reads it, and whoever writes
/// the end of an archive that failed need not fail again.
struct Limited<'a, W> {
    out: W,
    at: u64,
    most: u64,
    patience: &'a Patience,
    over: &'a Cell<bool>,
}

impl<W: Write> Write for Limited<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.over.get() {
            return Ok(bytes.len());
        }
        let end = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if end > self.most || self.patience.is_over() {
            self.over.set(true);
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = self.out.write(bytes)?;
        self.at += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Seek> Seek for Limited<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.out.seek(to)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stops_at_the_limit_and_when_nobody_waits_any_more() {
        let (patience, waiting) = Patience::of(Duration::from_secs(3600));
        let over = Cell::new(false);
        let mut out =
            Limited { out: io::Cursor::new(Vec::new()), at: 0, most: 10, patience: &patience, over: &over };
        out.write_all(b"12345").unwrap();
        // What is written over counts once.
        out.rewind().unwrap();
        out.write_all(b"1234567890").unwrap();
        assert!(out.write_all(b"1").is_err() && over.get());
        out.write_all(b"the end").unwrap();
        assert_eq!(out.out.get_ref(), b"1234567890");

        over.set(false);
        let mut out = Limited { out: Vec::new(), at: 0, most: 10, patience: &patience, over: &over };
        out.write_all(b"1").unwrap();
        drop(waiting);
        assert!(out.write_all(b"1").is_err() && over.get());
    }
}
