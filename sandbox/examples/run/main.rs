//! `make run`: the real bot in one command.
//!
//! On a terminal it asks for what the settings lack, has each answer checked at once (by `systech-aidd doctor`, so by the
//! program that will use it) and keeps it in `.env`. Where no DATABASE_URL is set, a private PostgreSQL in `.postgres` keeps
//! the dialogues. Then this process becomes the bot (`exec`): its signals, its terminal and its exit code are the bot's own,
//! and the private PostgreSQL ends with it, however it ends.
//!
//! `run psql` opens psql on the private PostgreSQL; any other words are a command of systech-aidd with the same settings.
//! Everything happens in the working directory, which `make run` lets be the checkout.

mod answer;
mod bot;
mod database;
mod env_file;
mod env_lines;
mod questions;
mod terminal;

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::process::ExitCode;

use sandbox::process::keep_over_exec;

use bot::Bot;
use terminal::Terminal;

const ANOTHER: &str = "another `make run` is at work in this checkout. Ctrl-C ends it there; a second bot, with another \
                       token, needs a checkout of its own";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match words.first().and_then(|word| word.to_str()) {
        None => start(),
        Some("psql") => database::psql(&words[1..]),
        Some(_) => command(&words),
    };
    // Who succeeds has become another program.
    let Err(error) = outcome;
    eprintln!("run: {error}");
    ExitCode::FAILURE
}

/// Becomes the bot, one for each checkout.
fn start() -> Outcome<Infallible> {
    let bot = Bot::find()?;
    let checkout = lock_checkout()?;
    let mut settings = bot.settings()?;
    if settings.can_be_completed() && (settings.lack_anything_but_a_database() || !database::exists()?) {
        match Terminal::open()? {
            Some(terminal) => {
                questions::ask(&terminal, &bot, &settings)?;
                settings = bot.settings()?;
            }
            None => eprintln!(
                "run: there is no terminal to ask on. Run it on one, or set what is missing in .env or the environment."
            ),
        }
    }
    let private = if settings.lacks("DATABASE_URL") { database::open_alone()? } else { None };
    database::explain(private.is_some());
    keep_over_exec(&checkout)?;
    let error = bot.become_with(&[], private)?;
    drop(checkout);
    Err(error)
}

/// Becomes a command of systech-aidd; the bot may be running meanwhile.
fn command(words: &[OsString]) -> Outcome<Infallible> {
    let bot = Bot::find()?;
    let needs_database = bot.settings()?.lacks("DATABASE_URL");
    // Other commands have nothing to do on an empty database.
    if needs_database
        && words[0] == "restore"
        && !database::exists()?
        && let Some(terminal) = Terminal::open()?
        && terminal.confirm("DATABASE_URL is not set. Restore into a private PostgreSQL in .postgres?")?
    {
        database::create()?;
    }
    let private = if needs_database { database::open()? } else { None };
    Err(bot.become_with(words, private)?)
}

/// The lock on the working directory, which is freed with the bot.
fn lock_checkout() -> Outcome<File> {
    let folder = File::open(".")?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => Err(ANOTHER.into()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
