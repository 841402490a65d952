//! The private PostgreSQL of a checkout: in `.postgres`, at work as long as the bot or a command that needs it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::postgres::{self, Options, Server};

use super::Outcome;

/// Where it is, in the working directory; under root perhaps a link.
const FOLDER: &str = ".postgres";
/// The database in it.
pub(super) const NAME: &str = "systech_aidd";

pub(super) fn exists() -> Outcome<bool> {
    match fs::symlink_metadata(FOLDER) {
        // A link that leads nowhere is data out of reach, not none.
        Ok(_) => match fs::metadata(FOLDER) {
            Ok(folder) if folder.is_dir() => Ok(true),
            Ok(_) => Err(format!("{FOLDER} is not a folder").into()),
            Err(error) => Err(format!("{FOLDER}: {error}; with it the dialogues are out of reach").into()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("{FOLDER}: {error}").into()),
    }
}

/// Makes the place. PostgreSQL refuses to run as root, and the user that it runs as then cannot enter a checkout below
/// /root: there the data is elsewhere, and a link leads to it.
pub(super) fn create() -> Outcome<()> {
    let failed = |error| format!("{FOLDER}: {error}");
    if postgres::reachable(&std::env::current_dir()?)? {
        return Ok(fs::create_dir(FOLDER).map_err(failed)?);
    }
    let elsewhere = free_folder()?;
    symlink(&elsewhere, FOLDER).map_err(failed)?;
    eprintln!(
        "PostgreSQL does not run as root, and the user it runs as cannot enter this folder: the data is in {}, and \
         {FOLDER} leads there.",
        elsewhere.display()
    );
    Ok(())
}

/// A new folder for data below /var/lib: nothing sweeps there, unlike in /var/tmp.
fn free_folder() -> Outcome<PathBuf> {
    for number in 1.. {
        let folder = PathBuf::from(format!("/var/lib/systech-aidd-run-{number}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}", folder.display()).into()),
        }
    }
    unreachable!("numbers do not end")
}

/// Its server, if it is there: started, or joined where the bot or another command has it at work.
pub(super) fn open() -> Outcome<Option<Server>> {
    if !exists()? {
        return Ok(None);
    }
    let folder = fs::canonicalize(FOLDER)?;
    let server = match start(&folder) {
        // Whoever has it may just be ending it.
        Err(error) if error.is_in_use() => Server::join(&folder).or_else(|_| start(&folder)),
        started => started,
    };
    server.map(Some).map_err(|error| with_advice(&error))
}

/// The same for the bot, whom a server that another process ends does not serve.
pub(super) fn open_alone() -> Outcome<Option<Server>> {
    if !exists()? {
        return Ok(None);
    }
    eprintln!("Starting the private PostgreSQL in {FOLDER} …");
    match start(&fs::canonicalize(FOLDER)?) {
        Err(error) if error.is_in_use() => Err(format!(
            "{error}: `make psql` or `make run ARGS=…`, begun while the bot was not running. End that first"
        )
        .into()),
        started => started.map(Some).map_err(|error| with_advice(&error)),
    }
}

fn start(folder: &Path) -> Result<Server, postgres::Error> {
    let server = Options::default().folder(folder).private().setting("log_checkpoints", "off").start()?;
    let known = format!("SELECT 1 FROM pg_database WHERE datname = '{NAME}'");
    if server.try_psql("postgres", &known)?.is_empty() {
        server.try_psql("postgres", &format!("CREATE DATABASE {NAME}"))?;
    }
    Ok(server)
}

fn with_advice(error: &postgres::Error) -> Box<dyn std::error::Error> {
    format!(
        "{error}\nOf the private database, `make run ARGS='backup --to FOLDER'` makes a backup and `make run ARGS='restore \
         FILE'` restores one; a DATABASE_URL in .env would name a server of your own instead."
    )
    .into()
}

/// Says before the bot starts where the dialogues are, and how they move on.
pub(super) fn explain(private: bool) {
    if private {
        eprintln!(
            "It keeps the dialogues and ends with the bot; `make psql` reads them.\n\
             To move to a server of your own later, end the bot; make run ARGS='backup --to FOLDER'; put the server's\n\
             DATABASE_URL into .env; make run ARGS='restore FOLDER/….dump'."
        );
    } else if exists().unwrap_or_default() {
        eprintln!("DATABASE_URL is set: the private PostgreSQL in {FOLDER} is not used.");
    }
}

/// Becomes psql on the private PostgreSQL.
pub(super) fn psql(words: &[OsString]) -> Outcome<Infallible> {
    let server = open()?.ok_or("there is no private PostgreSQL here yet; `make run` creates one")?;
    let psql = postgres::program("psql").ok_or("psql is not installed (Debian: postgresql-client)")?;
    let mut command = Command::new(psql);
    command.arg(server.url(NAME)).args(words);
    server.hold_over_exec()?;
    Err(format!("psql: {}", command.exec()).into())
}
