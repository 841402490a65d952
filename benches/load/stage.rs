//! The neighbours of the bot under load, and the bot: the real binary on a leash, so that nothing outlives the bench.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sandbox::model::Behaviour;
use sandbox::postgres::{Options, Server, reachable};
use sandbox::process::{Leash, Leashed, children};
use sandbox::{Model, Person, Telegram};
use tempfile::TempDir;

use crate::processors::Processors;

/// The bot, as built for this bench.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");

/// What people ask and the model answers, of the length of a usual short exchange.
pub(crate) const QUESTION: &str =
    "How much protein does a runner of seventy kilograms need on a day of long training?";
pub(crate) const ANSWER: &str = "About 100 to 125 grams: 1.4 to 1.8 grams for each kilogram of weight. Spread it over \
    four meals, one of them within two hours after the run. Lentils, eggs, cottage cheese and fish make it easy.";

/// How long the bench waits for anything before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Telegram, a model that answers at once, and a PostgreSQL with the durability of a real one.
pub(crate) struct Stage {
    pub(crate) telegram: Telegram,
    pub(crate) model: Model,
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    processors: Processors,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = folder();
        // `Server::temporary` would not wait for the disk
        let server = Options::default()
            .folder(folder.path().join("postgres"))
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        let (telegram, model) = (Telegram::start(), Model::start());
        telegram.record(false);
        model.record(false);
        model.usually(instant());
        Self { telegram, model, server, folder, processors: Processors::of_this_process() }
    }

    /// Gives half of the processors to the database and the others to everybody else; says how many each have.
    pub(crate) fn divide_processors(&self) -> (usize, usize) {
        self.processors.divide(&self.database(), &[std::process::id()])
    }

    /// Everybody may run everywhere.
    pub(crate) fn share_processors(&self) {
        self.processors.share(&self.database());
        self.processors.share(&[std::process::id()]);
    }

    /// The processes of the database.
    fn database(&self) -> Vec<u32> {
        let postmaster = self.postmaster();
        [postmaster].into_iter().chain(children(postmaster)).collect()
    }

    /// People of the bench, a dialogue each. They are known to Telegram as soon as they write.
    pub(crate) fn people(first: i64, count: usize) -> Vec<Person> {
        (first..).take(count).map(|id| Person::private(id).speaking("en")).collect()
    }

    /// Starts the bot on `database` and waits until it polls.
    pub(crate) fn start(&self, database: &str, settings: &[(&str, String)]) -> Bot {
        self.start_program(PROGRAM, database, settings)
    }

    /// As [`Stage::start`], another build of the bot.
    pub(crate) fn start_program(&self, program: &str, database: &str, settings: &[(&str, String)]) -> Bot {
        let polls = self.polls();
        let bot = self.launch(program, database, settings);
        self.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > polls).then_some(()));
        bot
    }

    /// Starts a build of the bot; it may not poll yet.
    pub(crate) fn launch(&self, program: &str, database: &str, settings: &[(&str, String)]) -> Bot {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name != "PATH") {
            command.env_remove(name);
        }
        command
            .env("TELEGRAM_API_URL", self.telegram.url())
            .env("TELEGRAM_BOT_TOKEN", self.telegram.token())
            .env("LLM_BASE_URL", self.model.url())
            .env("OPENROUTER_API_KEY", self.model.key())
            .env("DATABASE_URL", self.server.url(database))
            .env("SYSTEM_PROMPT_PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/nutritionist.txt"))
            .envs(settings.iter().map(|(name, value)| (name, value)));
        let log = self.folder.path().join("bot.log");
        let leash = Leash { log: &log, signal: "KILL", remove: None };
        Bot(leash.start(&command).unwrap_or_else(|error| panic!("the bot does not start: {error}")))
    }

    /// Gives so many people from `first` on a past that fills the prompt.
    pub(crate) fn fill(&self, database: &str, first: i64, count: usize) {
        let sql = format!(
            "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
             SELECT person, person, role, content, length(content), now()::timestamp - (20 - n) * interval '1 minute'
             FROM generate_series({first}, {first} + {count} - 1) person, generate_series(1, 10) n,
                  (VALUES ('user', '{QUESTION}'), ('assistant', '{ANSWER}')) said (role, content)
             ORDER BY person, n, role DESC"
        );
        self.server.psql(database, &sql);
    }

    /// How many messages the bot has sent so far.
    pub(crate) fn sent(&self) -> usize {
        self.telegram.look(|state| state.sent().len())
    }

    /// How often Telegram was asked for updates so far.
    pub(crate) fn polls(&self) -> u64 {
        self.telegram.look(|state| state.count("getUpdates"))
    }

    /// The process that the database's own processes are children of.
    pub(crate) fn postmaster(&self) -> u32 {
        self.server.pid().expect("the server runs")
    }
}

/// The whole answer in one event: what the model costs is not what is measured.
fn instant() -> Behaviour {
    Behaviour::text(ANSWER).token_characters(ANSWER.len())
}

/// Beside the build, so that it is on a disk; `/tmp` often is not.
fn folder() -> TempDir {
    let beside = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = if reachable(&beside).unwrap_or(false) { beside } else { std::env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("load-").tempdir_in(folder).expect("a folder can be made");
    // where we are root, PostgreSQL runs as somebody else, who has to get in
    let _ = std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711));
    folder
}

/// A running bot; killed when dropped.
pub(crate) struct Bot(Leashed);

impl Bot {
    pub(crate) fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(mut self) {
        self.0.signal("KILL");
        let _ = self.0.wait(PATIENCE);
    }
}
