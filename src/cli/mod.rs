//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tracing::warn;

use crate::base::exit::ExitCode;
use crate::boot;
use crate::config::dotenv::{self, Repeated};
use crate::config::{self, Config, Database, ENVIRONMENT, Faults, Loaded, Owners, Reader};
use crate::extract::child;

pub mod backup;
pub mod console;
pub mod doctor;
pub mod extract;
pub mod health;
pub mod history;
pub mod migrate;
mod moment;
pub mod owner;
pub mod people;
mod sql;
mod takeover;
mod terminal;
pub mod usage;

/// The Telegram assistant that never loses a message.
///
/// People write to the bot in Telegram, a language model answers, and every dialogue stays in your own PostgreSQL, in
/// the table `messages`. Without arguments the bot applies pending migrations and runs until SIGTERM or Ctrl-C.
#[derive(Parser)]
#[command(version, after_help = after_help())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows, applies and reverts the migrations of the database
    #[command(after_help = migrate::EXIT_CODES)]
    Migrate {
        #[command(subcommand)]
        command: migrate::Command,
    },
    /// Takes over the predecessor's database; with --check only tells what that would do
    #[command(after_help = takeover::EXIT_CODES)]
    Takeover {
        /// See [`takeover::Arguments`].
        #[command(flatten)]
        arguments: takeover::Arguments,
    },
    /// Lists, shows, searches, exports, clears, restores and deletes dialogues
    #[command(after_help = history::command::EXIT_CODES)]
    History {
        #[command(subcommand)]
        command: history::command::Command,
    },
    /// Sums up what the calls of models cost, by day, person, model or purpose
    #[command(after_help = usage::EXIT_CODES)]
    Usage {
        /// See [`usage::Arguments`].
        #[command(flatten)]
        arguments: usage::Arguments,
    },
    /// Shows a code by which somebody becomes an owner of the bot, with /claim
    #[command(after_help = owner::EXIT_CODES)]
    Owner {
        /// See [`owner::Arguments`].
        #[command(flatten)]
        arguments: owner::Arguments,
    },
    /// Lists who may use the bot and who waits for that, and decides about them
    #[command(after_help = people::EXIT_CODES)]
    People {
        /// See [`people::Command`].
        #[command(subcommand)]
        command: people::Command,
    },
    /// Prints a link into the console, the pages for operators
    #[command(after_help = console::EXIT_CODES)]
    Console,
    /// Prints the text of a file as the bot reads it, in a child process without rights
    #[command(after_help = extract::EXIT_CODES)]
    Extract {
        /// See [`extract::Arguments`].
        #[command(flatten)]
        arguments: extract::Arguments,
    },
    /// Makes a backup of the database with `pg_dump`, while the bot runs
    Backup {
        /// Folder for the backup  [BACKUP_DIR]
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Restores a backup into the database of DATABASE_URL, which must be empty
    Restore {
        /// A file made by `backup`, or any custom-format file of `pg_dump`
        file: PathBuf,
    },
    /// Prints DATABASE_URL as libpq understands it, with its password: for a pipe or a variable
    Url,
    /// Opens psql on the database of DATABASE_URL; the password is on no command line
    Sql {
        /// Arguments of psql, as in `sql -c 'SELECT 1'`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Checks everything the bot depends on, and says what is wrong and what to do about it
    #[command(after_help = doctor::EXIT_CODES)]
    Doctor {
        /// See [`doctor::Arguments`].
        #[command(flatten)]
        arguments: doctor::Arguments,
    },
    /// Asks the running bot whether it is ready, for the health check of a container
    #[command(after_help = health::EXIT_CODES)]
    Health {
        /// See [`health::Arguments`].
        #[command(flatten)]
        arguments: health::Arguments,
    },
}

fn after_help() -> String {
    format!(
        "Settings come from the environment and from .env in the working directory; the environment wins.\n\n{}\n\
         systech-aidd doctor checks all of this and says what is wrong.\n\n\
         Exit code: 0 after SIGTERM or SIGINT, 1 after an error, 2 for a wrong command line, 128 + signal after a second \
         signal.",
        config::settings::help()
    )
}

/// Reads the command line and does what it says.
pub fn run() -> anyhow::Result<ExitCode> {
    // A child that reads one file is this program, too, and is nothing else from its first moment on.
    if let Some(code) = child::called() {
        return Ok(code);
    }
    let Arguments { command } = Arguments::parse();
    let env_file = dotenv::load();
    match command {
        None => {
            let config = settings(env_file, Config::load)?;
            if dotenv::exposed() == Some(true) {
                warn!("{}; {}", dotenv::EXPOSED, dotenv::REMEDY);
            }
            boot::run(config).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Migrate { command }) => command.run(&settings(env_file, Database::load)?),
        Some(Command::History { command }) => command.run(&settings(env_file, Database::load)?),
        Some(Command::Usage { arguments }) => arguments.run(&settings(env_file, Database::load)?),
        Some(Command::Owner { arguments }) => arguments.run(&settings(env_file, Owners::load)?),
        Some(Command::People { command }) => command.run(&settings(env_file, Owners::load)?),
        Some(Command::Console) => console::run(&settings(env_file, Owners::load)?),
        Some(Command::Extract { arguments }) => arguments.run(),
        Some(Command::Backup { to }) => backup::backup(&settings(env_file, Database::load)?, to.as_deref()),
        Some(Command::Restore { file }) => backup::restore_file(&settings(env_file, Database::load)?, &file),
        Some(Command::Url) => sql::print_url(&settings(env_file, Database::load)?),
        Some(Command::Sql { arguments }) => sql::psql(&settings(env_file, Database::load)?, &arguments),
        Some(Command::Health { arguments }) => {
            arguments.run(settings(env_file, config::load_metrics_addr)?.as_deref())
        }
        // doctor reports the faults that keep the other commands from starting.
        Some(Command::Takeover { arguments }) => arguments.run(env_file),
        Some(Command::Doctor { arguments }) => arguments.run(env_file),
    }
}

/// Reads settings, if `.env` could be read, and starts logging as they say.
fn settings<T>(
    env_file: anyhow::Result<Vec<Repeated>>,
    load: fn(&Reader<'_>) -> Result<Loaded<T>, Faults>,
) -> anyhow::Result<T> {
    let repeated = env_file?;
    let Loaded { logging, notes, settings } = load(&ENVIRONMENT)?;
    logging.start();
    for repeated in repeated {
        warn!("{}; {}", repeated.found(), Repeated::REMEDY);
    }
    for note in notes {
        warn!("{note}");
    }
    Ok(settings)
}
