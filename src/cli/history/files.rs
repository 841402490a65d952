//! `systech-aidd history files`: the files that came with questions, and one of them saved.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use diesel::pg::PgConnection;

use super::output::{Json, Outcome, line};
use crate::base::whole_file::WholeFile;
use crate::domain::attachment::readable_size;
use crate::domain::transcript::time;
use crate::store::archive::Selection;
use crate::store::kept_files::{self, KeptFile};

/// One line a file, and at the end how many bytes are here.
pub(super) fn list(
    conn: &mut PgConnection,
    out: &mut impl Write,
    selection: Selection,
    Json { json }: Json,
) -> anyhow::Result<Outcome> {
    let files = kept_files::of(conn, selection)?;
    if json {
        for file in &files {
            line(out, file)?;
        }
    } else if !files.is_empty() {
        writeln!(out, "{:>8} {:>10} {:>14} {:>16}  {:<19}  file", "file", "message", "user", "chat", "time")?;
        for file in &files {
            let KeptFile { id, message_id, user_id, chat_id, created_at, .. } = file;
            let at = time(created_at);
            writeln!(out, "{id:>8} {message_id:>10} {user_id:>14} {chat_id:>16}  {at}  {}", about(file))?;
        }
        let kept: Vec<i64> = files.iter().filter(|file| file.kept).filter_map(|file| file.bytes).collect();
        writeln!(
            out,
            "{} files, {} of them here: {}",
            files.len(),
            kept.len(),
            readable_size(kept.iter().sum())
        )?;
    }
    Ok(Outcome::from(!files.is_empty()))
}

/// Writes what is in a file to `to`.
pub(super) fn save(
    conn: &mut PgConnection,
    out: &mut impl Write,
    id: i64,
    (to, overwrite): (&Path, bool),
) -> anyhow::Result<Outcome> {
    let file = WholeFile::begin(to, overwrite)?;
    let not_written = || format!("{} was not written", to.display());
    if !kept_files::pieces(conn, id, |piece| file.file().write_all(piece))?.with_context(not_written)? {
        eprintln!("There is no file {id}, or what was in it is not here any more.");
        return Ok(Outcome::Nothing);
    }
    let bytes = file.file().metadata()?.len();
    file.finish().with_context(not_written)?;
    writeln!(out, "saved {} to {}", readable_size(i64::try_from(bytes)?), to.display())?;
    Ok(Outcome::Done)
}

/// What a file is, in a few words.
pub(super) fn about(file: &KeptFile) -> String {
    let KeptFile { kind, name, mime, bytes, kept, .. } = file;
    let size = bytes.map(readable_size);
    let here = (!kept).then(|| "not here".to_owned());
    let parts = [Some(kind.clone()), name.clone(), mime.clone(), size, here];
    // A name is the sender's, and may hold what a terminal obeys.
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ").replace(char::is_control, " ")
}
