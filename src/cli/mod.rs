//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tracing::warn;

use crate::base::exit::ExitCode;
use crate::base::logging;
use crate::boot;
use crate::config::dotenv::{self, Repeated};
use crate::config::{self, Config, Database, Faults};

pub mod backup;
pub mod doctor;
pub mod health;
pub mod history;
pub mod migrate;
mod terminal;

/// The Telegram assistant that never loses a message.
///
/// People write to the bot in Telegram, a language model answers, and every dialogue stays in your own PostgreSQL, in
/// the table `messages`. Without arguments the bot applies pending migrations and runs until SIGTERM or Ctrl-C.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
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
    /// Lists, shows, searches, exports, clears, restores and deletes dialogues
    #[command(after_help = history::command::EXIT_CODES)]
    History {
        #[command(subcommand)]
        command: history::command::Command,
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
    /// Checks everything the bot depends on, and says what is wrong and what to do about it
    #[command(after_help = doctor::EXIT_CODES)]
    Doctor {
        /// See [`doctor::Arguments`].
        #[command(flatten)]
        arguments: doctor::Arguments,
    },
    /// Asks the running bot whether it is ready, for the health check of a container
    #[command(after_help = health::EXIT_CODES)]
    Health,
}

const AFTER_HELP: &str = "\
Settings come from the environment and from .env in the working directory; the environment wins.

  TELEGRAM_BOT_TOKEN    required; from @BotFather
  DATABASE_URL          required; postgresql://user:password@host:port/database
  OPENROUTER_API_KEY    required, unless LLM_BASE_URL names an endpoint that needs no key
  LLM_BASE_URL          any OpenAI-compatible endpoint, with its /v1  [https://openrouter.ai/api/v1]
  LLM_MODEL             [~openai/gpt-luna-latest]
  LLM_TEMPERATURE       0 to 2  [0.7]
  LLM_MAX_TOKENS        longest answer, in tokens, with what the model thinks  [4000]
  LLM_TIMEOUT           longest silence of the model, in seconds  [60]
  LLM_EXTRA_BODY        JSON object of fields for each request; null takes one away
  MAX_HISTORY_MESSAGES  earlier messages of the dialogue that the model reads  [20]
  LLM_CONTEXT_TOKENS    tokens the model can read and write; older turns that do not fit are left out
  SYSTEM_PROMPT_PATH    file that tells the model who it is  [prompts/nutritionist.txt]
  ROLE_TEXT             answer to /role  [first paragraph of that file]
  ALLOWED_USERS         Telegram ids of users who may use the bot in every chat
  ALLOWED_CHATS         Telegram ids of chats in which everybody may; with neither, everybody everywhere
  RATE_LIMIT            questions that a user may ask in any hour; without it there is no limit
  RICH_MESSAGES         never, always, or auto: for a table, a formula or details  [auto]
  TELEGRAM_API_URL      address of the Bot API, before /bot<token>/  [https://api.telegram.org]
  TELEGRAM_TIMEOUT      longest wait for an answer of the Bot API, in seconds  [30]
  WORKERS               answers in the making at the same time  [64]
  BACKUP_DIR            folder for a backup before each migration; without it there is none
  RETENTION_DAYS        the bot deletes older messages, once a day; without it they stay for ever
  DATABASE_POOL_SIZE    connections to PostgreSQL; far fewer than WORKERS are enough  [8]
  SHUTDOWN_GRACE        seconds that running answers get after SIGTERM  [20]
  METRICS_ADDR          host:port for /metrics, /healthz and /readyz; without it there are none
  LOG_FORMAT            text or json  [text]
  RUST_LOG              filter of the log, to standard error  [info]

systech-aidd doctor checks all of this and says what is wrong.

Exit code: 0 after SIGTERM or SIGINT, 1 after an error, 2 for a wrong command line, 128 + signal after a second signal.";

/// Reads the command line and does what it says.
pub fn run() -> anyhow::Result<ExitCode> {
    let Arguments { command } = Arguments::parse();
    let env_file = dotenv::load();
    match command {
        None => {
            let config = settings(env_file, Config::from_env)?;
            if dotenv::exposed() == Some(true) {
                warn!("{}; {}", dotenv::EXPOSED, dotenv::REMEDY);
            }
            boot::run(config).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Migrate { command }) => command.run(&settings(env_file, Database::from_env)?),
        Some(Command::History { command }) => command.run(&settings(env_file, Database::from_env)?),
        Some(Command::Backup { to }) => {
            backup::backup(&settings(env_file, Database::from_env)?, to.as_deref())
        }
        Some(Command::Restore { file }) => {
            backup::restore_file(&settings(env_file, Database::from_env)?, &file)
        }
        Some(Command::Health) => health::ask(settings(env_file, config::metrics_addr_from_env)?.as_deref()),
        // looks at the faults that end the others
        Some(Command::Doctor { arguments }) => arguments.run(env_file),
    }
}

/// Reads settings, if `.env` could be read, and starts logging as they say.
fn settings<T>(
    env_file: anyhow::Result<Vec<Repeated>>,
    read: fn() -> Result<(logging::Settings, T), Faults>,
) -> anyhow::Result<T> {
    let repeated = env_file?;
    let (logging, settings) = read()?;
    logging.start();
    for repeated in repeated {
        warn!("{}; {}", repeated.found(), Repeated::REMEDY);
    }
    Ok(settings)
}
