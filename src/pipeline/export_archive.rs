//! Messages and their files as a ZIP archive: the messages first, then what is in the files, then a list of those that are
//! missing.
//!
//! Everything goes through in pieces, so that an archive of any size takes no more memory than one piece. Files are stored as
//! they are: pictures become no smaller.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Seek, SeekFrom, Write};
use std::rc::Rc;

use diesel::pg::PgConnection;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::attachment::readable_size;
use crate::domain::file_name::safe;
use crate::domain::transcript::time;
use crate::store::archive::Selection;
use crate::store::kept_files::{self, KeptFile};

/// The folder of the files.
const FOLDER: &str = "files/";
/// The list of what is missing.
const MISSING: &str = "missing.txt";

/// So much of an archive is left for what stands at its end, and so much more for each file: its name, twice, and its line.
const END: u64 = 4096;
const END_OF_FILE: u64 = 1024;

/// The files of messages, with their names in the archive.
pub struct Files {
    /// By the numbers of their questions.
    of: HashMap<i64, Vec<String>>,
    /// The newest first: where there is no room for all, the older ones are missing.
    files: Vec<(KeptFile, String)>,
}

impl Files {
    /// The files of these messages.
    pub fn of(conn: &mut PgConnection, selection: Selection) -> diesel::QueryResult<Self> {
        let named = |file: KeptFile| {
            let name =
                safe((file.message_id, file.id), file.name.as_deref(), &file.kind, file.mime.as_deref());
            (file, format!("{FOLDER}{name}"))
        };
        let files: Vec<_> = kept_files::of(conn, selection)?.into_iter().rev().map(named).collect();
        let mut of: HashMap<i64, Vec<String>> = HashMap::new();
        for (file, name) in files.iter().rev() {
            of.entry(file.message_id).or_default().push(name.clone());
        }
        Ok(Self { of, files })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What the files of this message are called.
    pub fn names(&self, message_id: i64) -> &[String] {
        self.of.get(&message_id).map_or(&[], Vec::as_slice)
    }
}

/// Writes an archive of at most so many bytes: the file `name`, which `messages` writes, and the files.
pub fn write<W: Write + Seek>(
    conn: &mut PgConnection,
    out: W,
    files: &Files,
    most: Option<u64>,
    name: &str,
    messages: impl FnOnce(&mut PgConnection, &mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<W> {
    let written = Rc::new(Cell::new(0));
    let mut zip = ZipWriter::new(Counted { out, at: 0, written: Rc::clone(&written) });
    let plain = SimpleFileOptions::default().unix_permissions(0o600);
    let stored = plain.compression_method(CompressionMethod::Stored);
    zip.start_file(name, plain.large_file(most.is_none()))?;
    messages(conn, &mut zip)?;
    // With the next entry it is written whole.
    zip.add_directory(FOLDER, SimpleFileOptions::default())?;
    let count = u64::try_from(files.files.len()).unwrap_or(u64::MAX);
    let room = most.map_or(u64::MAX, |most| most.saturating_sub(END + count.saturating_mul(END_OF_FILE)));
    let mut missing = Vec::new();
    for (file, name) in &files.files {
        let bytes = file.bytes.map_or(0, i64::unsigned_abs);
        let fits = written.get().saturating_add(bytes) <= room;
        if !file.kept || !fits {
            let why = if file.kept { "no room in this archive" } else { "not kept any more" };
            missing.push((file, name, why));
            continue;
        }
        zip.start_file(name.as_str(), stored)?;
        let whole = kept_files::pieces(conn, file.id, |piece| zip.write_all(piece))??;
        if !whole {
            // It was emptied since it was listed.
            zip.abort_file()?;
            missing.push((file, name, "not kept any more"));
        }
    }
    if !missing.is_empty() {
        zip.start_file(MISSING, plain)?;
        for (KeptFile { bytes, created_at, .. }, name, why) in missing.into_iter().rev() {
            let size = bytes.map_or_else(|| "unknown size".to_owned(), readable_size);
            writeln!(zip, "{name}  {size}, of {}: {why}", time(created_at))?;
        }
    }
    Ok(zip.finish()?.out)
}

/// Tells how much was written.
struct Counted<W> {
    out: W,
    at: u64,
    written: Rc<Cell<u64>>,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.at += u64::try_from(count).unwrap_or_default();
        self.written.set(self.written.get().max(self.at));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Seek> Seek for Counted<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.out.seek(to)?;
        Ok(self.at)
    }
}
