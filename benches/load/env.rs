//! The environment of the bot under load. Nothing in it outlives the bench.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use sandbox::env::{Bot, TestEnv};
use sandbox::model::Behaviour;
use sandbox::postgres::{Options, reachable};
use sandbox::process::children;
use sandbox::{PATIENCE, Person};
use tempfile::TempDir;

use crate::processors::Processors;

/// The bot, as built for this bench.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");

/// What people ask and the model answers, of the length of a usual short exchange.
pub(crate) const QUESTION: &str =
    "How much protein does a runner of seventy kilograms need on a day of long training?";
pub(crate) const ANSWER: &str = "About 100 to 125 grams: 1.4 to 1.8 grams for each kilogram of weight. Spread it over \
    four meals, one of them within two hours after the run. Lentils, eggs, cottage cheese and fish make it easy.";

/// Telegram, a model that answers at once, and a PostgreSQL with the durability of a real one.
pub(crate) struct LoadEnv {
    env: TestEnv,
    processors: Processors,
    // Dropped last: it holds the database.
    folder: TempDir,
}

impl Deref for LoadEnv {
    type Target = TestEnv;

    fn deref(&self) -> &TestEnv {
        &self.env
    }
}

impl LoadEnv {
    pub(crate) fn new() -> Self {
        let folder = folder();
        // `Server::temporary` would not wait for the disk
        let server = Options::default().folder(folder.path().join("postgres")).start();
        let mut env = TestEnv::on(Arc::new(server.unwrap_or_else(|error| panic!("{error}"))));
        env.telegram.record(false);
        env.model.record(false);
        env.model.usually(instant());
        env.set("SYSTEM_PROMPT_PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/nutritionist.txt"));
        env.unset("RUST_LOG");
        Self { env, processors: Processors::of_this_process(), folder }
    }

    /// Where the bench keeps its files.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.folder.path().to_owned()
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

    /// As [`LoadEnv::start`], another build of the bot.
    pub(crate) fn start_program(&self, program: &str, database: &str, settings: &[(&str, String)]) -> Bot {
        let polls = self.polls();
        let bot = self.launch(program, database, settings);
        self.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > polls).then_some(()));
        bot
    }

    /// Starts a build of the bot; it may not poll yet.
    pub(crate) fn launch(&self, program: &str, database: &str, settings: &[(&str, String)]) -> Bot {
        let mut command = Command::new(program);
        self.env.prepare(&mut command);
        command.env("DATABASE_URL", self.server().url(database));
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        Bot::start(&command, &self.scratch().join("bot.log"))
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
        self.server().psql(database, &sql);
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
        self.server().pid().expect("the server runs")
    }
}

/// The whole answer in one event: what the model costs is not what is measured.
pub(crate) fn instant() -> Behaviour {
    Behaviour::text(ANSWER).token_characters(ANSWER.len())
}

/// Beside the build, so that it is on a disk; `/tmp` often is not.
fn folder() -> TempDir {
    let beside = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let folder = if reachable(&beside).unwrap_or(false) { beside } else { std::env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("load-").tempdir_in(folder).expect("a folder can be made");
    // Where we are root, PostgreSQL runs as somebody else, who has to get in.
    let _ = std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711));
    folder
}
