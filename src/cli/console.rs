//! `systech-aidd console`: prints a link into the console.

use anyhow::{Context, bail};

use super::history::command::open;
use super::terminal::show;
use crate::base::exit::ExitCode;
use crate::config::Owners;
use crate::domain::pass::Keys;
use crate::store::console::sessions;

/// How `console` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 done; 1 an error; 2 a wrong command line.

The link works once, for five minutes. The command needs DATABASE_URL, TELEGRAM_BOT_TOKEN and CONSOLE_ADDR as the bot has
them, and the bot has to run.";

/// Prints it.
pub fn run(Owners { database, telegram, console, .. }: &Owners) -> anyhow::Result<ExitCode> {
    let Some(console) = console else {
        bail!("there is no console: set CONSOLE_ADDR, as in 127.0.0.1:8080, and start the bot again");
    };
    let code = Keys::make().context("the system has no random numbers")?;
    let keys = Keys::new(telegram.token.expose());
    sessions::offer(&mut open(database)?, telegram.token.bot_id(), &keys.tag_of_code(&code), None)?;
    show(&format!("{}\n", console.link(&code)))
}
