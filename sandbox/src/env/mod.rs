//! One environment for all tests: a Telegram, a model and a database of its own, and the real bot between them.

mod bot;
mod database;
mod operator;

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

pub use bot::{Bot, KILLED, program};
pub use database::Database;
pub use operator::{Operator, Printed, Running};

use crate::model::Asked;
use crate::postgres::{Server, shared};
use crate::{Model, Person, Telegram};

/// What the model is told first.
pub const PROMPT: &str = "You are a sandbox assistant.\nYou are brief.\n\nYou never give up.";

/// How many updates are not done, and parts of replies not settled.
pub const UNSETTLED: &str = "SELECT (SELECT count(*) FROM updates WHERE done_at IS NULL)
                              + (SELECT count(*) FROM reply_parts WHERE state = 'unsent')";

/// What a start says where anybody may use the bot.
pub const OPEN: &str = "anybody who finds the bot can use it";

/// An operator whose settings lead to neighbours of this test's own.
pub struct TestEnv {
    /// The Bot API.
    pub telegram: Telegram,
    /// The endpoint of the model.
    pub model: Model,
    operator: Operator,
    starts: AtomicU32,
    others: AtomicI64,
}

impl Deref for TestEnv {
    type Target = Operator;

    fn deref(&self) -> &Operator {
        &self.operator
    }
}

impl Default for TestEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl TestEnv {
    /// On the server that all tests share; the database has every migration.
    #[track_caller]
    pub fn new() -> Self {
        Self::of(Operator::up_to_date())
    }

    /// On the server that all tests share; the database is empty, as it is before the very first start.
    #[track_caller]
    pub fn empty() -> Self {
        Self::on(shared())
    }

    /// With a server of its own, to be stopped and frozen. The database is empty.
    #[track_caller]
    pub fn with_own_server() -> Self {
        Self::on(Arc::new(Server::temporary().unwrap_or_else(|error| panic!("{error}"))))
    }

    /// On this server. The database is empty.
    #[track_caller]
    pub fn on(server: Arc<Server>) -> Self {
        Self::of(Operator::on(server))
    }

    fn of(operator: Operator) -> Self {
        let mut env = Self {
            telegram: Telegram::start(),
            model: Model::start(),
            operator,
            starts: AtomicU32::new(0),
            others: AtomicI64::new(0),
        };
        let prompts = env.folder().join("prompts");
        fs::create_dir(&prompts).expect("a folder can be made");
        fs::write(prompts.join("nutritionist.txt"), PROMPT).expect("a file can be written");
        for (name, value) in [
            ("TELEGRAM_API_URL", env.telegram.url()),
            ("TELEGRAM_BOT_TOKEN", env.telegram.token().to_owned()),
            ("LLM_BASE_URL", env.model.url()),
            ("OPENROUTER_API_KEY", env.model.key().to_owned()),
            ("LLM_MODEL", env.model.name().to_owned()),
            // The stand-in takes as many as there are, unless a test limits it.
            ("TELEGRAM_RATE", "10000".to_owned()),
            // Whoever finds this bot is a test.
            ("RATE_LIMIT", "off".to_owned()),
            ("RUST_LOG", "info,systech_aidd=debug".to_owned()),
        ] {
            env.set(name, value);
        }
        env
    }

    /// As [`Operator::set`].
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.operator.set(name, value);
    }

    /// As [`Operator::unset`].
    pub fn unset(&mut self, name: &str) {
        self.operator.unset(name);
    }

    /// Starts a bot. It may not be ready yet.
    #[track_caller]
    pub fn start(&self) -> Bot {
        self.start_with(&[])
    }

    /// Starts a bot with further settings, which hold for this start only.
    #[track_caller]
    pub fn start_with(&self, further: &[(&str, &str)]) -> Bot {
        let mut command = self.command(&[]);
        command.envs(further.iter().copied());
        Bot::start(&command, &self.log_file(self.starts.fetch_add(1, Ordering::Relaxed)))
    }

    /// Starts a bot and waits until it polls.
    #[track_caller]
    pub fn start_ready(&self) -> Bot {
        let bot = self.start();
        bot.wait_ready();
        bot
    }

    /// SIGKILL. Afterwards nothing is under way that the bot had begun: neither in the database nor at Telegram.
    #[track_caller]
    pub fn kill(&self, bot: Bot) {
        bot.kill();
        self.wait_disconnected();
    }

    /// As [`TestEnv::kill`], for a bot that a kill point ends.
    #[track_caller]
    pub fn wait_killed(&self, bot: Bot) {
        assert_eq!(bot.wait().code(), Some(KILLED), "a kill point ends the bot");
        self.wait_disconnected();
    }

    /// Waits until PostgreSQL and Telegram have dealt with everything that dead bots had sent them.
    #[track_caller]
    pub fn wait_disconnected(&self) {
        self.telegram.wait_disconnected();
        self.database.wait_disconnected();
    }

    /// Waits until every update is taken in and done, and every part of a reply settled.
    #[track_caller]
    pub fn wait_settled(&self) {
        self.telegram.wait_confirmed();
        self.wait_for_rows(UNSETTLED, |rows| rows == "0");
    }

    /// Somebody who never wrote before is answered, whatever else is going on.
    #[track_caller]
    pub fn others_are_served(&self) {
        let person = Person::private(7_000_001 + self.others.fetch_add(1, Ordering::Relaxed));
        self.telegram.say(&person, "and me?");
        self.telegram.wait_for_count(person.chat_id, 1);
    }

    /// The requests to the model whose question has this in it, oldest first. What else the bot asks is not among them.
    pub fn asked(&self, part: &str) -> Vec<Asked> {
        let is_question = |asked: &Asked| !asked.sums_up() && asked.question().contains(part);
        self.model.requests().into_iter().filter(is_question).collect()
    }

    /// How many these are.
    pub fn times_asked(&self, part: &str) -> usize {
        self.asked(part).len()
    }

    /// The log has `count` lines with this in it, and nothing that people or operators keep secret: texts of people and
    /// models are marked with "zebra".
    #[track_caller]
    pub fn assert_logged(&self, part: &str, count: usize) {
        let logs = self.logs();
        // Whoever finds this bot is a test: that anybody may use it is told at each start, and no surprise.
        let told = |line: &&str| line.contains(part) && (part == OPEN || !line.contains(OPEN));
        assert_eq!(logs.lines().filter(told).count(), count, "lines with: {part}");
        let token = self.telegram.token();
        let secret_of_token = token.split(':').next_back().unwrap_or(token);
        let prompt = PROMPT.lines().next().unwrap_or(PROMPT);
        for secret in ["zebra", secret_of_token, self.model.key(), prompt] {
            let leak = logs.lines().find(|line| line.contains(secret));
            assert!(leak.is_none(), "a secret is in the log: {leak:?}");
        }
    }

    /// What every bot of this environment has logged so far.
    pub fn logs(&self) -> String {
        let starts = self.starts.load(Ordering::Relaxed);
        (0..starts).map(|start| bot::read(&self.log_file(start))).collect()
    }

    fn log_file(&self, start: u32) -> PathBuf {
        self.folder().join(format!("bot-{start}.log"))
    }
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Logs hold no message texts, so they may be shown.
            eprintln!("--- logs of the bot ---\n{}", self.logs());
        }
    }
}
