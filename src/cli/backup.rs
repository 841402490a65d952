//! `systech-aidd backup` and `systech-aidd restore`: by hand.

use std::path::Path;

use anyhow::Context;

use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::cli::migrate::whereabouts;
use crate::cli::terminal::say;
use crate::config::Database;
use crate::database::backup::restore::restore;
use crate::database::migrate::session;
use crate::database::migrate::state::State;
use crate::domain::attachment::readable_size;
use crate::store::kept_files;

/// Makes a backup in `to`, or in BACKUP_DIR. Nobody has to stop for it, and no lock is taken that a start waits for.
pub fn backup(database: &Database, to: Option<&Path>) -> anyhow::Result<ExitCode> {
    let folder = to
        .or(database.backup_dir.as_deref())
        .context("no destination: pass --to FOLDER or set BACKUP_DIR")?;
    let conn = &mut session::connect_now(&database.url)?;
    let state = State::read(conn)?;
    let backup =
        crate::database::backup::make(conn, database, folder, state.contents(), &CancelToken::new())?
            .context("interrupted")?;
    say(format!("backup {backup}"));
    // A database from before there were files has none.
    if let Ok((count @ 1.., bytes)) = kept_files::totals(conn) {
        say(format!("files of questions in it: {count}, {}", readable_size(bytes)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores a backup into the empty database of DATABASE_URL.
pub fn restore_file(database: &Database, file: &Path) -> anyhow::Result<ExitCode> {
    let conn = &mut session::connect_to_change(&database.url)?;
    session::locked(conn, &CancelToken::new(), |conn| restore(conn, database, file))?
        .context("interrupted")?;
    let state = State::read(conn)?;
    say(format!("restored {}; {}", file.display(), whereabouts(&state)));
    Ok(ExitCode::SUCCESS)
}
