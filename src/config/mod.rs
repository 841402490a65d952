//! The configuration: read whole at boot, from the environment and `.env`, and checked before anything starts.
//! Every fault is reported at once, by its variable; no value of a secret ever is.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;

use crate::base::logging;
use crate::base::secret::Secret;
use crate::config::database_url::DatabaseUrl;
use crate::domain::access::Access;
use crate::domain::token_budget::{self, TokenBudget};
use crate::llm;
use crate::render::{MAX_UNITS, RichMessages};
use crate::telegram::{self, Token};

pub mod database_url;
pub mod dotenv;

const TELEGRAM_API_URL: &str = "https://api.telegram.org";
const OPENROUTER_URL: &str = "https://openrouter.ai/api/v1";
/// The newest of OpenAI's small models: names of single models end, one by one.
const DEFAULT_MODEL: &str = "~openai/gpt-luna-latest";

/// All settings. `.env.example` describes each.
#[derive(Debug)]
pub struct Config {
    /// TELEGRAM_BOT_TOKEN, TELEGRAM_API_URL, TELEGRAM_TIMEOUT
    pub telegram: telegram::Settings,
    /// DATABASE_URL, BACKUP_DIR
    pub database: Database,
    /// RETENTION_DAYS: messages older than this are deleted. `None`: they stay.
    pub retention_days: Option<u32>,
    /// DATABASE_POOL_SIZE
    pub pool_size: u32,
    /// LLM_BASE_URL, OPENROUTER_API_KEY, LLM_MODEL, LLM_TEMPERATURE, LLM_MAX_TOKENS, LLM_TIMEOUT, LLM_EXTRA_BODY
    pub llm: llm::Settings,
    /// MAX_HISTORY_MESSAGES
    pub max_history: u32,
    /// LLM_CONTEXT_TOKENS, without the prompt and the answer.
    pub room: TokenBudget,
    /// The text of SYSTEM_PROMPT_PATH.
    pub system_prompt: String,
    /// ROLE_TEXT, or what stands for it.
    pub role: String,
    /// ALLOWED_USERS, ALLOWED_CHATS
    pub access: Access,
    /// RATE_LIMIT: questions of a user in any hour. `None`: as many as they like.
    pub rate_limit: Option<u32>,
    /// RICH_MESSAGES
    pub rich_messages: RichMessages,
    /// WORKERS
    pub workers: usize,
    /// SHUTDOWN_GRACE
    pub grace: Duration,
    /// METRICS_ADDR: where metrics and health are told. `None`: nowhere.
    pub metrics_addr: Option<String>,
}

/// The database and what protects it: all that `migrate`, `backup` and `restore` need.
#[derive(Debug)]
pub struct Database {
    /// DATABASE_URL, as libpq understands it.
    pub url: Secret,
    /// BACKUP_DIR: a backup is made there before a migration changes anything. `None`: no backup.
    pub backup_dir: Option<PathBuf>,
}

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong with it, to follow the name.
    pub problem: String,
    /// What can be used.
    pub accepted: &'static str,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used:")?;
        for Fault { variable, problem, accepted } in &self.0 {
            write!(f, "\n  {variable} {problem}; expected: {accepted}")?;
        }
        Ok(())
    }
}

impl Database {
    /// Reads the process's environment; logging comes along, for whatever else is read, that is needed.
    pub fn from_env() -> Result<(logging::Settings, Self), Faults> {
        let mut env = Reader { lookup: &of_process, faults: Vec::new() };
        let (logging, database) = (env.logging(), env.database());
        env.done(logging.zip(database))
    }
}

/// METRICS_ADDR alone: all that `health` needs.
pub fn metrics_addr_from_env() -> Result<(logging::Settings, Option<String>), Faults> {
    let mut env = Reader { lookup: &of_process, faults: Vec::new() };
    let (logging, metrics_addr) = (env.logging(), env.metrics_addr());
    env.done(logging.map(|logging| (logging, metrics_addr)))
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<(logging::Settings, Self), Faults> {
        Self::read(&of_process)
    }

    /// Reads every variable through `lookup`.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<(logging::Settings, Self), Faults> {
        Parts::read(lookup).whole()
    }
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The settings one by one, each if it can be used: what `doctor` goes on with where not all of them can.
pub(crate) struct Parts {
    pub(crate) logging: Option<logging::Settings>,
    pub(crate) telegram: Option<telegram::Settings>,
    pub(crate) database: Option<Database>,
    pub(crate) llm: Option<llm::Settings>,
    pub(crate) system_prompt: Option<String>,
    pub(crate) access: Option<Access>,
    pub(crate) faults: Vec<Fault>,
    retention_days: Option<u32>,
    pub(crate) rate_limit: Option<u32>,
    pool_size: Option<u32>,
    max_history: Option<u32>,
    room: Option<TokenBudget>,
    role: Option<String>,
    rich_messages: Option<RichMessages>,
    workers: Option<usize>,
    grace: Option<f64>,
    metrics_addr: Option<String>,
}

impl Parts {
    /// Reads the process's environment.
    pub(crate) fn from_env() -> Self {
        Self::read(&of_process)
    }

    fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut env = Reader { lookup, faults: Vec::new() };
        let logging = env.logging();
        let telegram = env.telegram();
        let database = env.database();
        env.require_folder("BACKUP_DIR", "a folder for backups that is there already");
        let retention_days =
            env.optional_number("RETENTION_DAYS", 1..=100_000, "days, from 1 to 100000; or nothing");
        let pool_size = env.number("DATABASE_POOL_SIZE", "8", 1..=500, "a whole number from 1 to 500");
        let llm = env.llm();
        let max_history = env.number("MAX_HISTORY_MESSAGES", "20", 0..=1000, "a whole number from 0 to 1000");
        let system_prompt = env.prompt();
        let room = env.room(system_prompt.as_deref(), llm.as_ref());
        let role = env.text("ROLE_TEXT").or_else(|| system_prompt.as_deref().map(role_of));
        if role.as_ref().is_some_and(|role| role.encode_utf16().count() > MAX_UNITS) {
            env.fault("ROLE_TEXT", "is too long for a message".to_owned(), "up to 4096 characters");
        }
        let access = env.access();
        let rate_limit = env.optional_number(
            "RATE_LIMIT",
            1..=100_000,
            "questions of a user in an hour, from 1 to 100000; or nothing",
        );
        let rich_messages =
            env.parse("RICH_MESSAGES", "auto", |text| text.parse().ok(), "auto, never or always");
        let workers = env.number("WORKERS", "64", 1..=4096, "a whole number from 1 to 4096");
        let grace = env.number("SHUTDOWN_GRACE", "20", 0.0..=3600.0, "seconds, from 0 to 3600");
        let metrics_addr = env.metrics_addr();
        Self {
            logging,
            telegram,
            database,
            llm,
            system_prompt,
            access,
            faults: env.faults,
            retention_days,
            rate_limit,
            pool_size,
            max_history,
            room,
            role,
            rich_messages,
            workers,
            grace,
            metrics_addr,
        }
    }

    /// All of them, or everything that is wrong with them.
    fn whole(self) -> Result<(logging::Settings, Config), Faults> {
        if !self.faults.is_empty() {
            return Err(Faults(self.faults));
        }
        // `?` only leaves this block where a fault was noted
        let config = (|| {
            let config = Config {
                telegram: self.telegram?,
                database: self.database?,
                retention_days: self.retention_days,
                pool_size: self.pool_size?,
                llm: self.llm?,
                max_history: self.max_history?,
                room: self.room?,
                system_prompt: self.system_prompt?,
                role: self.role?,
                access: self.access?,
                rate_limit: self.rate_limit,
                rich_messages: self.rich_messages?,
                workers: self.workers?,
                grace: Duration::from_secs_f64(self.grace?),
                metrics_addr: self.metrics_addr,
            };
            Some((self.logging?, config))
        })();
        config.ok_or(Faults(self.faults))
    }
}

/// Reads variables and notes what is wrong with them. An empty variable is one that is not set.
struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn fault(&mut self, variable: &'static str, problem: String, accepted: &'static str) {
        self.faults.push(Fault { variable, problem, accepted });
    }

    fn required<T: FromStr<Err = &'static str>>(
        &mut self,
        name: &'static str,
        accepted: &'static str,
    ) -> Option<T> {
        let problem = match self.text(name).map(|text| text.parse()) {
            Some(Ok(value)) => return Some(value),
            Some(Err(problem)) => problem,
            None => "is missing",
        };
        self.fault(name, problem.to_owned(), accepted);
        None
    }

    fn parse<T>(
        &mut self,
        name: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        accepted: &'static str,
    ) -> Option<T> {
        let text = self.text(name);
        let value = parse(text.as_deref().unwrap_or(default));
        if value.is_none() {
            let harmless = text.as_deref().filter(|text| is_harmless(text));
            let problem = harmless.map_or("cannot be read".to_owned(), |text| format!("is {text:?}"));
            self.fault(name, problem, accepted);
        }
        value
    }

    /// Telegram ids with commas between them; none where the variable is empty.
    fn ids(
        &mut self,
        name: &'static str,
        possible: impl Fn(i64) -> bool,
        accepted: &'static str,
    ) -> Option<BTreeSet<i64>> {
        let mut ids = BTreeSet::new();
        let text = self.text(name).unwrap_or_default();
        // a comma that stands alone is a fault: no id at all would let everybody in
        for item in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
            let Some(id) = item.parse().ok().filter(|id| possible(*id)) else {
                let problem =
                    if is_harmless(item) { format!("holds {item:?}") } else { "cannot be read".to_owned() };
                self.fault(name, problem, accepted);
                return None;
            };
            ids.insert(id);
        }
        Some(ids)
    }

    fn access(&mut self) -> Option<Access> {
        let people = "Telegram ids of users with commas between them, as in 42,43; or nothing";
        let users = self.ids("ALLOWED_USERS", |id| id > 0, people);
        let places = "Telegram ids of chats with commas between them, as in -1001234567890,-42; or nothing";
        let chats = self.ids("ALLOWED_CHATS", |id| id != 0, places);
        Some(Access { users: users?, chats: chats? })
    }

    fn number<T: FromStr + PartialOrd>(
        &mut self,
        name: &'static str,
        default: &str,
        range: std::ops::RangeInclusive<T>,
        accepted: &'static str,
    ) -> Option<T> {
        let parse = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        self.parse(name, default, parse, accepted)
    }

    /// What was read, if nothing was wrong.
    fn done<T>(self, read: Option<T>) -> Result<T, Faults> {
        read.filter(|_| self.faults.is_empty()).ok_or(Faults(self.faults))
    }

    fn logging(&mut self) -> Option<logging::Settings> {
        let filter = |text: &str| EnvFilter::try_new(text).ok();
        let filter = self.parse(
            "RUST_LOG",
            "info",
            filter,
            "a level (info), or levels by module (systech_aidd=debug,warn)",
        );
        let format = self.parse("LOG_FORMAT", "text", |text| text.parse().ok(), "text or json");
        Some(logging::Settings { filter: filter?, format: format? })
    }

    fn telegram(&mut self) -> Option<telegram::Settings> {
        let token = self
            .required::<Token>("TELEGRAM_BOT_TOKEN", "the token that @BotFather gave, <number>:<letters>");
        let url = self.parse("TELEGRAM_API_URL", TELEGRAM_API_URL, http_url, HTTP_URL);
        let timeout = self.number("TELEGRAM_TIMEOUT", "30", 0.1..=300.0, "seconds, from 0.1 to 300");
        Some(telegram::Settings { token: token?, url: url?, timeout: Duration::from_secs_f64(timeout?) })
    }

    fn llm(&mut self) -> Option<llm::Settings> {
        let base_url = self.parse("LLM_BASE_URL", OPENROUTER_URL, http_url, HTTP_URL);
        let key = self.text("OPENROUTER_API_KEY");
        if key.is_none() && base_url.as_deref() == Some(OPENROUTER_URL) {
            let accepted = "a key of openrouter.ai (another endpoint, set with LLM_BASE_URL, may need none)";
            self.fault("OPENROUTER_API_KEY", "is missing".to_owned(), accepted);
        }
        if key.as_ref().is_some_and(|key| !key.chars().all(|c| c.is_ascii_graphic())) {
            self.fault("OPENROUTER_API_KEY", "holds a character no key has".to_owned(), "the key alone");
        }
        let model = self.text("LLM_MODEL").unwrap_or_else(|| DEFAULT_MODEL.to_owned());
        let temperature = self.number("LLM_TEMPERATURE", "0.7", 0.0..=2.0, "a number from 0 to 2");
        let max_tokens =
            self.number("LLM_MAX_TOKENS", "4000", 1..=1_000_000, "a whole number from 1 to 1000000");
        let silence = self.number("LLM_TIMEOUT", "60", 0.1..=3600.0, "seconds, from 0.1 to 3600");
        let extra = self.parse(
            "LLM_EXTRA_BODY",
            "{}",
            extra_body,
            r#"a JSON object of fields for each request, without model and messages, as in {"reasoning_effort":"low","temperature":null}; or nothing"#,
        );
        Some(llm::Settings {
            base_url: base_url?,
            key: key.map(Secret::new),
            model,
            temperature: temperature?,
            max_tokens: max_tokens?,
            silence: Duration::from_secs_f64(silence?),
            extra: extra?,
        })
    }

    /// `None` with a fault noted, here or where the others that belong to it were read.
    fn room(&mut self, prompt: Option<&str>, llm: Option<&llm::Settings>) -> Option<TokenBudget> {
        const NAME: &str = "LLM_CONTEXT_TOKENS";
        let accepted = "tokens that the model can read and write, from 100 to 100000000; or nothing";
        let limit = self.optional_number(NAME, 100..=100_000_000, accepted);
        let (prompt, max_tokens) = (prompt?, llm?.max_tokens);
        let room = TokenBudget::beside(limit, prompt, max_tokens);
        if room.is_none() {
            let prompt = token_budget::tokens(prompt);
            let problem = format!(
                "leaves no room for a question: LLM_MAX_TOKENS takes {max_tokens} and the prompt about {prompt}"
            );
            self.fault(NAME, problem, accepted);
        }
        Some(room)
    }

    /// A number that need not be there. `None` with a fault noted: it cannot be used.
    fn optional_number(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
        accepted: &'static str,
    ) -> Option<u32> {
        self.text(name)?;
        self.number(name, "", range, accepted)
    }

    /// `None` with a fault noted: it cannot be used.
    fn metrics_addr(&mut self) -> Option<String> {
        self.text("METRICS_ADDR")?;
        self.parse("METRICS_ADDR", "", host_and_port, "host:port, as in 127.0.0.1:9464; or nothing")
    }

    fn database(&mut self) -> Option<Database> {
        let url = self.required::<DatabaseUrl>(
            "DATABASE_URL",
            "postgresql://user:password@host:port/database (postgresql+asyncpg:// is understood too)",
        );
        Some(Database { url: url?.into(), backup_dir: self.text("BACKUP_DIR").map(PathBuf::from) })
    }

    /// Notes a fault if the setting names something, and no folder.
    fn require_folder(&mut self, name: &'static str, accepted: &'static str) {
        if let Some(folder) = self.text(name).filter(|folder| !Path::new(folder).is_dir()) {
            self.fault(name, format!("names {folder}, which is not a folder"), accepted);
        }
    }

    fn prompt(&mut self) -> Option<String> {
        let path = PathBuf::from(
            self.text("SYSTEM_PROMPT_PATH").unwrap_or_else(|| "prompts/nutritionist.txt".to_owned()),
        );
        let problem = match std::fs::read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => match text.trim_start_matches('\u{feff}').trim() {
                "" => "is empty".to_owned(),
                text => return Some(text.replace('\0', "").replace("\r\n", "\n")),
            },
            Ok(Err(_)) => "is not UTF-8 text".to_owned(),
            Err(error) => format!("cannot be read ({error})"),
        };
        self.fault(
            "SYSTEM_PROMPT_PATH",
            format!("names {}, which {problem}", path.display()),
            "a text file that tells the model who it is",
        );
        None
    }
}

/// Whether a value may be shown: a URL may hold a password, and a key pasted into the wrong line is still a key.
fn is_harmless(text: &str) -> bool {
    text.len() <= 20 && !text.contains(['/', '@', ':'])
}

const HTTP_URL: &str = "a URL that begins with http:// or https://";

fn http_url(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let valid = matches!(url.scheme(), "http" | "https") && url.has_host();
    valid.then(|| text.trim_end_matches('/').to_owned())
}

fn extra_body(text: &str) -> Option<Map<String, Value>> {
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    (!fields.contains_key("model") && !fields.contains_key("messages")).then_some(fields)
}

fn host_and_port(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    // an IPv6 address stands in brackets
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_good = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && !host.contains([':', '/', '@', '[', ']'])
                && !host.contains(char::is_whitespace)
        }
    };
    (host_is_good && port.parse::<u16>().is_ok()).then(|| text.to_owned())
}

/// What stands for ROLE_TEXT: the first paragraph of the prompt, up to 500 characters.
fn role_of(prompt: &str) -> String {
    let paragraph = prompt.split("\n\n").map(str::trim).find(|text| !text.is_empty()).unwrap_or_default();
    let mut role: String = paragraph.chars().take(500).collect();
    if role.len() < paragraph.len() {
        let cut = role.rfind(char::is_whitespace).unwrap_or(role.len());
        role.truncate(cut);
        role.push('…');
    }
    role
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("TELEGRAM_BOT_TOKEN", "123456:abcdefghijklmnop"),
        ("OPENROUTER_API_KEY", "sk-or-secret"),
        ("DATABASE_URL", "postgresql+asyncpg://systech:pass@localhost:5432/systech_aidd"),
        ("SYSTEM_PROMPT_PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/nutritionist.txt")),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Config, String> {
        let lookup = |name: &str| {
            let set = changes.iter().chain(GOOD).find(|(variable, _)| *variable == name);
            set.map(|(_, value)| (*value).to_owned())
        };
        Config::read(&lookup).map(|(_, config)| config).map_err(|faults| faults.to_string())
    }

    #[test]
    fn an_env_of_the_predecessor_is_enough() {
        let config = read(&[]).unwrap();
        assert_eq!(config.database.url.expose(), "postgresql://systech:pass@localhost:5432/systech_aidd");
        assert_eq!(config.llm.base_url, "https://openrouter.ai/api/v1");
        assert_eq!((config.workers, config.pool_size, config.max_history), (64, 8, 20));
        assert!(config.system_prompt.starts_with(&config.role));
    }

    #[test]
    fn every_fault_is_named_at_once_and_none_shows_a_secret() {
        let message = read(&[
            ("TELEGRAM_BOT_TOKEN", "topsecret"),
            ("DATABASE_URL", "mysql://root:topsecret@localhost/x"),
            ("OPENROUTER_API_KEY", ""),
            ("LLM_TEMPERATURE", "2.5"),
            ("LLM_MAX_TOKENS", "many"),
            ("WORKERS", "0"),
            ("LLM_TIMEOUT", "NaN"),
            ("LLM_EXTRA_BODY", "{\"model\":\"x\"}"),
            ("TELEGRAM_API_URL", "localhost:8081"),
            ("SYSTEM_PROMPT_PATH", "no/such/file"),
            ("BACKUP_DIR", "no/such/folder"),
            ("LOG_FORMAT", "xml"),
            ("RUST_LOG", "systech_aidd=loud"),
            ("RETENTION_DAYS", "0"),
            ("ALLOWED_USERS", "42,topsecret:topsecret"),
            ("ALLOWED_CHATS", ","),
            ("RATE_LIMIT", "many"),
            ("LLM_CONTEXT_TOKENS", "4k"),
        ])
        .unwrap_err();
        for variable in [
            "TELEGRAM_BOT_TOKEN",
            "DATABASE_URL",
            "OPENROUTER_API_KEY",
            "LLM_TEMPERATURE",
            "LLM_MAX_TOKENS",
            "LLM_EXTRA_BODY",
            "WORKERS",
            "LLM_TIMEOUT",
            "TELEGRAM_API_URL",
            "SYSTEM_PROMPT_PATH",
            "BACKUP_DIR",
            "LOG_FORMAT",
            "RUST_LOG",
            "RETENTION_DAYS",
            "ALLOWED_USERS",
            "ALLOWED_CHATS",
            "RATE_LIMIT",
            "LLM_CONTEXT_TOKENS",
        ] {
            assert!(message.contains(&format!("\n  {variable} ")), "{variable} is not in: {message}");
        }
        assert!(!message.contains("topsecret"), "{message}");
        assert_eq!(message.lines().count(), 19, "{message}");
    }

    #[test]
    fn a_temperature_of_zero_is_allowed() {
        assert!(read(&[("LLM_TEMPERATURE", "0")]).unwrap().llm.temperature.abs() < f64::EPSILON);
    }

    #[test]
    fn the_context_has_to_have_room_for_prompt_answer_and_question() {
        let message =
            |limit: &str| read(&[("LLM_CONTEXT_TOKENS", limit), ("LLM_MAX_TOKENS", "1000")]).map(drop);
        let prompt = token_budget::tokens(&read(&[]).unwrap().system_prompt);
        let least = 1000 + prompt + token_budget::tokens("a");
        assert_eq!(message(&least.to_string()), Ok(()));
        let problem = message(&(least - 1).to_string()).unwrap_err();
        let said = format!(
            "\n  LLM_CONTEXT_TOKENS leaves no room for a question: LLM_MAX_TOKENS takes 1000 and the prompt about {prompt};"
        );
        assert!(problem.contains(&said), "{problem}");
    }

    #[test]
    fn fields_of_the_request_are_the_operators_to_change() {
        let extra = |text: &str| read(&[("LLM_EXTRA_BODY", text)]).map(|config| config.llm.extra.len());
        assert_eq!((extra(""), extra("{\"temperature\":null,\"top_k\":5}")), (Ok(0), Ok(2)));
        for bad in ["5", "[]", "{", "{\"messages\":[]}", "{\"model\":\"x\"}"] {
            assert!(extra(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn another_endpoint_may_need_no_key() {
        let config =
            read(&[("OPENROUTER_API_KEY", ""), ("LLM_BASE_URL", "http://localhost:11434/v1/")]).unwrap();
        assert_eq!(config.llm.base_url, "http://localhost:11434/v1");
        assert!(config.llm.key.is_none());
    }

    #[test]
    fn the_role_is_the_first_paragraph_up_to_500_characters() {
        assert_eq!(role_of("You are kind.\nAnd brief.\n\nMore."), "You are kind.\nAnd brief.");
        let long = role_of(&"слово ".repeat(200));
        assert!(long.chars().count() <= 500 && long.ends_with("слово…"), "{long}");
    }
}
