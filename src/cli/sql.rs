//! `systech-aidd url` and `systech-aidd sql`: the database of the settings, for the programs of others. So that there is one
//! reader of the settings, and nobody is led to another database than the bot's.

use std::ffi::OsString;
use std::io::{self, Write};

use anyhow::Context;

use crate::base::exit::ExitCode;
use crate::config::Database;
use crate::database::backup::tool::Tool;

/// Prints the URL, and nothing else.
pub(super) fn print_url(database: &Database) -> anyhow::Result<ExitCode> {
    writeln!(io::stdout(), "{}", database.url.expose()).context("standard output cannot be written to")?;
    Ok(ExitCode::SUCCESS)
}

/// Becomes psql, connected to the database. Returns where it cannot.
pub(super) fn psql(database: &Database, arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    Err(Tool::find("psql")?.take_over(&database.url, arguments))
}
