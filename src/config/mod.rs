//! The configuration: read whole at boot, from the environment and `.env`, and checked before anything starts.
//! Every fault is reported at once, by its variable; no value of a secret ever is.
//!
//! ```text
//! dotenv               the file `.env`, added to the environment
//! settings, values     the table: every setting, what it takes, what it is for
//! reader, faults       a value by its setting, and what is wrong with it
//! shown                all of them, without secrets
//! database_url, prompt the two that need more than that
//! catalogue, choices   what people choose from
//! groups               the settings that belong together; all of them are here
//! ```

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::logging;
use crate::base::secret::Secret;
use crate::domain::admission::Admission;
use crate::domain::budget::Budgets;
use crate::domain::live_answers::{LiveAnswers, Thinking};
use crate::domain::rate::RateLimit;
use crate::domain::sound;
use crate::llm;
use crate::render::RichMessages;
use crate::telegram;

pub mod dotenv;
pub mod settings;
pub mod values;
pub mod reader;
pub mod shown;
pub mod faults;
pub mod database_url;
pub mod predecessor;
mod prompt;
pub mod catalogue;
mod groups;
pub mod choices;
#[cfg(test)]
mod tests;

pub use choices::Choices;
pub use faults::{Fault, Faults};
pub use reader::{ENVIRONMENT, Reader};
use settings::{self as names, Setting};

/// All settings; [`names`] says what each is for.
#[derive(Debug)]
pub struct Config {
    /// TELEGRAM_BOT_TOKEN, TELEGRAM_API_URL, TELEGRAM_TIMEOUT
    pub telegram: telegram::Settings,
    /// DATABASE_URL, BACKUP_DIR
    pub database: Database,
    /// RETENTION_DAYS; `None`: messages stay.
    pub retention_days: Option<u32>,
    /// After so many days the bot empties files.
    pub files_keep_days: Option<u32>,
    /// DATABASE_POOL_SIZE
    pub pool_size: u32,
    /// CATALOGUE_PATH, or one model and one role from LLM_BASE_URL, OPENROUTER_API_KEY, LLM_MODEL, LLM_TEMPERATURE,
    /// LLM_MAX_TOKENS, LLM_TIMEOUT, LLM_EXTRA_BODY, LLM_CONTEXT_TOKENS, SYSTEM_PROMPT_PATH, ROLE_TEXT.
    pub choices: catalogue::Read,
    /// TRANSCRIBE_…; `None`: what people say is not understood.
    pub hearing: Option<Hearing>,
    /// SPEECH_…; `None`: answers are not spoken.
    pub speaking: Option<Speaking>,
    /// MAX_HISTORY_MESSAGES
    pub max_history: u32,
    /// In how many of the newest turns it sees their pictures.
    pub picture_turns: usize,
    /// How many pixels the longer side of a picture has at most, where Telegram has it smaller.
    pub picture_pixels: i32,
    /// SUMMARIES, FACT_PROPOSALS, TOPIC_TITLES
    pub at_leisure: AtLeisure,
    /// OWNER, ALLOWED_USERS, ALLOWED_CHATS
    pub admission: Admission,
    /// RATE_LIMIT
    pub rate_limit: RateLimit,
    /// BUDGET_DAY, BUDGET_MONTH, BUDGET_PERSON_DAY, BUDGET_PERSON_MONTH
    pub budgets: Budgets,
    /// RICH_MESSAGES
    pub rich_messages: RichMessages,
    /// LIVE_ANSWERS
    pub live_answers: LiveAnswers,
    /// THINKING
    pub thinking: Thinking,
    /// TELEGRAM_RATE
    pub telegram_rate: u32,
    /// WORKERS
    pub workers: usize,
    /// SHUTDOWN_GRACE
    pub grace: Duration,
    /// SHARED_DATABASE
    pub shared_database: bool,
    /// STANDBY
    pub standby: bool,
    /// METRICS_ADDR; `None`: metrics and health are told nowhere.
    pub metrics_addr: Option<String>,
    /// CONSOLE_ADDR, CONSOLE_URL, CONSOLE_READ_ONLY; `None`: there is no console.
    pub console: Option<Console>,
}

/// The pages for operators.
#[derive(Clone, Debug)]
pub struct Console {
    /// CONSOLE_ADDR
    pub addr: String,
    /// CONSOLE_URL, without a slash at its end.
    pub url: Option<String>,
    /// CONSOLE_READ_ONLY
    pub read_only: bool,
}

impl Console {
    /// Where people reach it.
    pub fn base(&self) -> String {
        let Some(url) = &self.url else {
            let (host, port) = self.addr.rsplit_once(':').unwrap_or((&self.addr, "80"));
            // Every address of this machine; nobody else is known here.
            let host = if matches!(host, "0.0.0.0" | "[::]") { "localhost" } else { host };
            return format!("http://{host}:{port}");
        };
        url.clone()
    }

    /// The link by which this code opens it.
    pub fn link(&self, code: &str) -> String {
        format!("{}/login?code={code}", self.base())
    }

    /// Whether a proxy in front of it speaks TLS, as far as CONSOLE_URL says.
    pub fn is_behind_tls(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        let host = self.addr.rsplit_once(':').map_or(&*self.addr, |(host, _)| host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// How what people say comes into words.
#[derive(Clone, Debug)]
pub struct Hearing {
    /// TRANSCRIBE_MODEL, TRANSCRIBE_URL, TRANSCRIBE_KEY, TRANSCRIBE_LANGUAGE, TRANSCRIBE_TIMEOUT, TRANSCRIBE_PRICE
    pub transcriber: llm::TranscriberSettings,
    /// TRANSCRIBE_MAX_SECONDS, TRANSCRIBE_MAX_MB
    pub limits: sound::Limits,
    /// TRANSCRIPT_CHATS
    pub transcript_chats: BTreeSet<i64>,
}

/// How answers are spoken.
#[derive(Clone, Debug)]
pub struct Speaking {
    /// SPEECH_MODEL, SPEECH_URL, SPEECH_KEY, SPEECH_VOICE, SPEECH_TIMEOUT, SPEECH_PRICE
    pub speaker: llm::SpeakerSettings,
}

/// The database and what protects it: all that `migrate`, `backup` and `restore` need.
#[derive(Debug)]
pub struct Database {
    /// DATABASE_URL, as libpq understands it.
    pub url: Secret,
    /// BACKUP_DIR: a backup is made there before a migration changes anything. `None`: no backup.
    pub backup_dir: Option<PathBuf>,
}

/// Settings, and what comes along whatever is read.
pub struct Loaded<T> {
    /// RUST_LOG, LOG_FORMAT
    pub logging: logging::Settings,
    /// What is to be logged about the settings.
    pub notes: Vec<String>,
    /// What was asked for.
    pub settings: T,
}

/// What models are asked for when nobody asks.
#[derive(Clone, Copy, Debug)]
pub struct AtLeisure {
    /// What leaves the window is summed up.
    pub summaries: bool,
    /// People are asked about facts that a model proposes when it sums up.
    pub proposals: bool,
    /// Topics whose names were left to the bot get titles.
    pub titles: bool,
}

impl Config {
    /// Reads every setting.
    pub fn load(env: &Reader<'_>) -> Result<Loaded<Self>, Faults> {
        let settings: Vec<_> = env.settings().copied().collect();
        let Choices { read: choices, faults } = env.choices();
        env.load(&settings, faults, choices.and_then(|choices| Self::read(env, choices)))
    }

    /// `None` where a setting cannot be used; whatever is wrong is known besides.
    fn read(env: &Reader<'_>, choices: catalogue::Read) -> Option<Self> {
        Some(Self {
            telegram: env.telegram()?,
            database: env.database()?,
            retention_days: env.parsed(&names::RETENTION_DAYS),
            files_keep_days: env.parsed(&names::FILES_KEEP_DAYS),
            pool_size: env.parsed(&names::DATABASE_POOL_SIZE)?,
            max_history: env.parsed(&names::MAX_HISTORY_MESSAGES)?,
            picture_turns: env.parsed(&names::PICTURE_TURNS)?,
            picture_pixels: env.parsed(&names::PICTURE_PIXELS)?,
            hearing: env.hearing(&choices)?,
            speaking: env.speaking(&choices)?,
            at_leisure: AtLeisure {
                summaries: env.value(&names::SUMMARIES).as_deref() == Some("on"),
                proposals: env.value(&names::FACT_PROPOSALS).as_deref() == Some("on"),
                titles: env.value(&names::TOPIC_TITLES).as_deref() == Some("on"),
            },
            choices,
            admission: env.admission()?,
            rate_limit: env.rate_limit(),
            budgets: env.budgets()?,
            rich_messages: env.parsed(&names::RICH_MESSAGES)?,
            live_answers: env.parsed(&names::LIVE_ANSWERS)?,
            thinking: env.parsed(&names::THINKING)?,
            telegram_rate: env.parsed(&names::TELEGRAM_RATE)?,
            workers: env.parsed(&names::WORKERS)?,
            grace: env.seconds(&names::SHUTDOWN_GRACE)?,
            shared_database: env.value(&names::SHARED_DATABASE).as_deref() == Some("on"),
            standby: env.value(&names::STANDBY).as_deref() == Some("on"),
            metrics_addr: env.value(&names::METRICS_ADDR),
            console: env.console()?,
        })
    }
}

impl Database {
    /// Reads what the database needs, and nothing else.
    pub fn load(env: &Reader<'_>) -> Result<Loaded<Self>, Faults> {
        env.load(&[names::DATABASE_URL], Vec::new(), env.database())
    }
}

/// What the commands about owners and people need.
#[derive(Debug)]
pub struct Owners {
    /// DATABASE_URL
    pub database: Database,
    /// TELEGRAM_BOT_TOKEN, TELEGRAM_API_URL, TELEGRAM_TIMEOUT: whose owners and people they are.
    pub telegram: telegram::Settings,
    /// OWNER
    pub listed: BTreeSet<i64>,
    /// CONSOLE_ADDR, CONSOLE_URL
    pub console: Option<Console>,
}

impl Owners {
    /// Reads what these commands need, and nothing else.
    pub fn load(env: &Reader<'_>) -> Result<Loaded<Self>, Faults> {
        let read = || {
            let (database, telegram) = (env.database()?, env.telegram()?);
            Some(Self { database, telegram, listed: env.admission()?.owners, console: env.console()? })
        };
        let needed = [
            names::DATABASE_URL,
            names::TELEGRAM_BOT_TOKEN,
            names::TELEGRAM_API_URL,
            names::TELEGRAM_TIMEOUT,
            names::OWNER,
            names::ALLOWED_USERS,
            names::ALLOWED_CHATS,
            names::CONSOLE_ADDR,
            names::CONSOLE_URL,
            names::CONSOLE_READ_ONLY,
        ];
        env.load(&needed, Vec::new(), read())
    }
}

/// METRICS_ADDR alone: all that `health` needs.
pub fn load_metrics_addr(env: &Reader<'_>) -> Result<Loaded<Option<String>>, Faults> {
    env.load(&[names::METRICS_ADDR], Vec::new(), Some(env.value(&names::METRICS_ADDR)))
}

impl Reader<'_> {
    fn load<T>(
        &self,
        settings: &[Setting],
        others: Vec<Fault>,
        read: Option<T>,
    ) -> Result<Loaded<T>, Faults> {
        let of_logging = [names::RUST_LOG, names::LOG_FORMAT];
        let further = of_logging.iter().filter(|own| settings.iter().all(|other| other.name != own.name));
        let settings: Vec<_> = settings.iter().chain(further).collect();
        let (logging, settings) = self.checked(&settings, others, self.logging().zip(read))?;
        Ok(Loaded { logging, notes: self.notes(), settings })
    }
}
