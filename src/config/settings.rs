//! The table of settings: what each is called, what it is where nobody sets it, which values it takes, and what it is for.
//!
//! From here comes what is checked at the start, what a fault says, and `--help`; tests compare `.env.example` and both
//! languages of `docs/configuration.md` with it. A new setting is an entry here, a row in both documents, a line in
//! `.env.example`, and the field of [`super::Config`] that reads it.

use super::values::{self, Values};

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the environment.
    pub name: &'static str,
    /// What it is where nobody sets it.
    pub default: Fallback,
    /// What it takes.
    pub values: Values,
    /// What it is for.
    pub purpose: &'static str,
}

/// What a setting is where nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing: the bot does not start without it.
    Required,
    /// A value.
    Value(&'static str),
    /// No value, and what that means.
    Nothing(&'static str),
}

macro_rules! settings {
    ($($name:ident: $default:expr, $values:expr, $purpose:literal;)*) => {
        $(
            #[doc = $purpose]
            pub const $name: Setting =
                Setting { name: stringify!($name), default: $default, values: $values, purpose: $purpose };
        )*

        /// All of them, in the order in which people read them.
        pub const ALL: &[Setting] = &[$($name),*];
    };
}

use Fallback::{Nothing, Required, Value};

settings! {
    TELEGRAM_BOT_TOKEN: Required, values::TOKEN, "the token from @BotFather";
    DATABASE_URL: Required, values::DATABASE,
        "`postgresql://user:password@host:port/database`; `postgresql+asyncpg://` works too";
    OPENROUTER_API_KEY: Nothing("required for OpenRouter"), values::KEY,
        "the key of the endpoint that `LLM_BASE_URL` names";
    LLM_BASE_URL: Value("https://openrouter.ai/api/v1"), values::HTTP,
        "any OpenAI-compatible endpoint, with its `/v1`; a query (`?api-version=…`) is kept";
    LLM_MODEL: Value("~openai/gpt-luna-latest"), values::TEXT, "the name of the model, as the endpoint knows it";
    LLM_TEMPERATURE: Value("0.7"), values::number("a number", 0.0, 2.0), "the sampling temperature";
    LLM_MAX_TOKENS: Value("4000"), values::whole("a whole number", 1, 1_000_000),
        "the longest answer, in tokens; what a model thinks counts too";
    LLM_TIMEOUT: Value("60"), values::number("seconds,", 0.1, 3600.0),
        "the longest silence of the model, in seconds; after it the question fails";
    LLM_EXTRA_BODY: Nothing("no fields"), values::FIELDS,
        "fields for each request: `{\"reasoning_effort\":\"low\"}`; `null` takes a field away";
    LLM_READS: Value("text,pictures"), values::MEDIA,
        "what the model can be given: `text`, `pictures`, `pdf`, `sound`";
    TRANSCRIBE_MODEL: Nothing("voice messages are not understood"), values::TEXT,
        "the model that turns voice messages, video notes and audio files into words, as its endpoint knows it";
    TRANSCRIBE_URL: Nothing("the endpoint of the (first) model"), values::HTTP,
        "the OpenAI-compatible endpoint that has it, with its `/v1`: `/audio/transcriptions` is put behind it";
    TRANSCRIBE_KEY: Nothing("the model's key, if `TRANSCRIBE_URL` is not set"), values::KEY, "the key of that endpoint";
    TRANSCRIBE_LANGUAGE: Nothing("the model finds out"), values::LANGUAGE, "the language that people speak: `ru`";
    TRANSCRIBE_TIMEOUT: Value("120"), values::number("seconds,", 0.1, 3600.0),
        "how long the words of a recording may take, in seconds";
    TRANSCRIBE_MAX_SECONDS: Value("600"), values::whole("seconds,", 1, 36_000),
        "how long a recording may play that the bot listens to";
    TRANSCRIBE_MAX_MB: Value("20"), values::whole("megabytes,", 1, 20), "how large it may be";
    TRANSCRIPT_CHATS: Nothing("none"), values::CHATS,
        "Telegram ids of groups in which everybody's recordings are answered with their words alone: `-1001234567890`";
    TRANSCRIBE_PRICE: Nothing("not known, if the endpoint tells no cost"), values::PRICE,
        "what a minute of a recording costs, in US dollars";
    SPEECH_MODEL: Nothing("answers are not spoken"), values::TEXT,
        "the model that speaks answers in voice messages, for who asks for it with `/voice`";
    SPEECH_URL: Nothing("the endpoint of the (first) model"), values::HTTP,
        "the OpenAI-compatible endpoint that has it, with its `/v1`: `/audio/speech` is put behind it";
    SPEECH_KEY: Nothing("the model's key, if `SPEECH_URL` is not set"), values::KEY, "the key of that endpoint";
    SPEECH_VOICE: Value("alloy"), values::TEXT, "the voice, as that model knows it";
    SPEECH_TIMEOUT: Value("30"), values::number("seconds,", 0.1, 600.0),
        "how long one voice message may take, in seconds; after it the answer stands in writing alone";
    SPEECH_PRICE: Nothing("not known, if the endpoint tells no cost"), values::PRICE,
        "what a million characters cost, in US dollars";
    CATALOGUE_PATH: Nothing("`assistant.toml`, if it is there"), values::CATALOGUE,
        "the file with the models and roles to choose from; with it, they take the place of `LLM_…` and the prompt";
    MAX_HISTORY_MESSAGES: Value("20"), values::whole("a whole number", 0, 1000),
        "how many earlier messages of the dialogue the model reads";
    PICTURE_TURNS: Value("3"), values::whole("a whole number", 0, 100),
        "in how many of the newest turns the model still sees the pictures and PDFs; of older ones it reads a line each, of documents the words";
    PICTURE_PIXELS: Value("1280"), values::whole("pixels,", 64, 10_000),
        "the longer side of the pictures that the model is shown, in pixels: of Telegram's sizes the largest that has no more";
    LLM_CONTEXT_TOKENS: Nothing("no limit"),
        values::whole("tokens that the model can read and write,", 100, 100_000_000),
        "how many tokens the model can read and write in all; the oldest turns that do not fit are left out";
    SUMMARIES: Value("on"), values::one_of(&["on", "off"]),
        "`on`: what falls out of these limits is summed up when nobody asks, and the model reads the summary";
    FACT_PROPOSALS: Value("on"), values::one_of(&["on", "off"]),
        "`on`: when a private dialogue is summed up, the model may propose one fact to remember, which the bot asks about, at most once a day";
    SUMMARY_MODEL: Nothing("the model of the dialogue"), values::TEXT,
        "the model that sums up and finds titles, at the same endpoint; with a catalogue, one of its models by its name there";
    TOPIC_TITLES: Value("on"), values::one_of(&["on", "off"]),
        "`on`: a new topic of a private chat that its user did not name gets a title from its first exchange";
    SYSTEM_PROMPT_PATH: Value("prompts/nutritionist.txt"), values::PROMPT, "the text that tells the model who it is";
    ROLE_TEXT: Nothing("first paragraph of that file"), values::MESSAGE, "the answer to `/role`";
    OWNER: Nothing("who claims the bot"), values::USERS,
        "Telegram ids of the owners, who decide in Telegram who may use the bot: `42`";
    ALLOWED_USERS: Nothing("everybody"), values::USERS,
        "Telegram ids of users who may use the bot in every chat: `42,43`";
    ALLOWED_CHATS: Nothing("everybody"), values::CHATS,
        "Telegram ids of chats in which everybody may use the bot: `-1001234567890`";
    RATE_LIMIT: Nothing("60 if anybody may ask, else no limit"), values::RATE,
        "how many questions a user may ask in any hour, in all chats together; `off` is no limit";
    BUDGET_DAY: Nothing("no limit"), values::DOLLARS, "how many US dollars the bot may spend on models in a day (UTC)";
    BUDGET_MONTH: Nothing("no limit"), values::DOLLARS, "the same in a calendar month";
    BUDGET_PERSON_DAY: Nothing("no limit"), values::DOLLARS,
        "how many US dollars each user may spend in a day, in all chats together";
    BUDGET_PERSON_MONTH: Nothing("no limit"), values::DOLLARS, "the same in a calendar month";
    RICH_MESSAGES: Value("auto"), values::one_of(&["auto", "never", "always"]),
        "`auto` sends a rich message where an answer holds a table, a formula or details";
    LIVE_ANSWERS: Value("draft"), values::one_of(&["draft", "edit", "off"]),
        "how an answer is shown while it grows: as a draft (private chats only), as a message that is edited, or not at all";
    THINKING: Value("plain"), values::one_of(&["plain", "block"]),
        "what a draft says while the model thinks: the app's own words, or a thinking block in the user's language";
    TELEGRAM_API_URL: Value("https://api.telegram.org"), values::HTTP, "the address of a self-hosted Bot API server";
    TELEGRAM_TIMEOUT: Value("30"), values::number("seconds,", 0.1, 300.0),
        "the longest wait for an answer of the Bot API, in seconds";
    TELEGRAM_RATE: Value("30"), values::whole("calls in a second,", 1, 10_000),
        "how many calls Telegram takes from the bot in a second, in all chats together";
    WORKERS: Value("512"), values::whole("a whole number", 1, 4096),
        "how many answers may be in the making at the same time at most";
    RETENTION_DAYS: Nothing("no limit"), values::whole("days,", 1, 100_000),
        "the bot deletes older messages for good, once a day";
    FILES_KEEP_DAYS: Nothing("no limit"), values::whole("days,", 1, 100_000),
        "the bot empties older files once a day: their lines and the words of recordings stay, what else is in them is gone for good";
    BACKUP_DIR: Nothing("no backup"), values::FOLDER, "where the bot puts a backup before each migration";
    DATABASE_POOL_SIZE: Value("8"), values::whole("a whole number", 1, 500),
        "connections to PostgreSQL; no answer holds one while it waits for the model";
    SHUTDOWN_GRACE: Value("20"), values::number("seconds,", 0.0, 3600.0),
        "how many seconds running answers get after SIGTERM";
    STANDBY: Value("off"), values::one_of(&["off", "on"]),
        "`on`: of several instances that start together another one comes first, and this one takes over when that ends";
    SHARED_DATABASE: Value("off"), values::one_of(&["off", "on"]),
        "`on`: the bot works on a database on which another bot works, and they share their users' private dialogues";
    METRICS_ADDR: Nothing("no metrics"), values::ADDRESS, "where the bot serves `/metrics`, `/healthz` and `/readyz`";
    CONSOLE_ADDR: Nothing("no console"), values::ADDRESS,
        "where the bot serves its console, the pages for operators; `systech-aidd console` prints a link into it";
    CONSOLE_URL: Nothing("`CONSOLE_ADDR`"), values::SITE,
        "the console's address in front of a reverse proxy: `https://aidd.example.org`";
    CONSOLE_READ_ONLY: Value("off"), values::one_of(&["off", "on"]),
        "`on`: nothing can be changed in the console";
    LOG_FORMAT: Value("text"), values::one_of(&["text", "json"]), "the form of the log, which goes to standard error";
    RUST_LOG: Value("info"), values::FILTER,
        "`error`, `warn`, `info`, `debug`, `trace`, or by module: `systech_aidd=debug,warn`";
}

impl Setting {
    /// What it takes, for who gave it something else.
    pub fn accepted(&self) -> String {
        let nothing = if matches!(self.default, Nothing(_)) { "; or nothing" } else { "" };
        format!("{}{nothing}", self.values)
    }
}

/// What the catalogue says in their place.
pub(super) const REPLACED: &[Setting] = &[
    LLM_BASE_URL,
    OPENROUTER_API_KEY,
    LLM_MODEL,
    LLM_EXTRA_BODY,
    LLM_READS,
    LLM_CONTEXT_TOKENS,
    SYSTEM_PROMPT_PATH,
    ROLE_TEXT,
];

/// What `--help` says about them.
pub fn help() -> String {
    ALL.iter().map(Setting::help).collect()
}

impl Setting {
    /// Name, purpose and default, in as many lines as it takes.
    fn help(&self) -> String {
        const INDENT: usize = 24;
        const WIDTH: usize = 100;
        let default = match self.default {
            Required => "required",
            Value(text) | Nothing(text) => text,
        };
        let mut help = String::new();
        let mut line = format!("  {:<width$}", self.name, width = INDENT - 3);
        let purpose = self.purpose.replace('`', "");
        for word in purpose.split(' ').chain([&*format!(" [{default}]")]) {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                help.extend([line.trim_end(), "\n"]);
                line = " ".repeat(INDENT) + word.trim_start();
            } else {
                line.extend([" ", word]);
            }
        }
        help + &line + "\n"
    }
}
