//! `history export`: messages with a progress bar, to standard output or into a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use diesel::pg::PgConnection;

use super::output::bar;
use crate::base::whole_file::WholeFile;
use crate::pipeline::export_archive::{self, Files};
use crate::pipeline::export_records::{self, Format};
use crate::store::archive::{self, Selection};

/// Writes the selected messages to `out`.
pub fn write(
    conn: &mut PgConnection,
    selection: Selection,
    format: Format,
    out: &mut (impl Write + ?Sized),
) -> anyhow::Result<()> {
    let bar = bar("messages", || archive::count(conn, selection).map(i64::unsigned_abs))?;
    export_records::write(bar.wrap_iter(archive::records(conn, selection)?), format, out)?;
    bar.finish();
    Ok(())
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
