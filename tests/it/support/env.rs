//! A world for one test: Telegram, a model and a database of its own, and the real binary between them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use sandbox::postgres::{self, Server, unique_name};
use sandbox::telegram::Person;
use sandbox::{Model, Telegram};

use crate::support::operator::Said;

/// How long a condition may take to come true on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The neighbours, and the settings with which the bot is started between them.
pub(crate) struct World {
    pub(crate) telegram: Telegram,
    pub(crate) model: Model,
    pub(crate) database: String,
    server: &'static Server,
    own_server: Option<Server>,
    settings: Vec<(String, String)>,
    folder: tempfile::TempDir,
    starts: std::cell::Cell<u32>,
    others: std::cell::Cell<i64>,
}

impl World {
    /// A database of its own on the server that all tests share.
    pub(crate) fn new() -> Self {
        Self::on(None)
    }

    /// A server of its own, to be stopped and frozen.
    pub(crate) fn with_own_server() -> Self {
        Self::on(Some(Server::temporary().unwrap()))
    }

    fn on(own_server: Option<Server>) -> Self {
        let database = unique_name("aidd");
        let server = postgres::shared();
        own_server.as_ref().unwrap_or(server).create_database(&database);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("prompts")).unwrap();
        fs::write(folder.path().join("prompts/nutritionist.txt"), PROMPT).unwrap();
        let telegram = Telegram::start();
        let model = Model::start();
        let mut world = Self {
            telegram,
            model,
            database,
            server,
            own_server,
            settings: Vec::new(),
            folder,
            starts: std::cell::Cell::new(0),
            others: std::cell::Cell::new(0),
        };
        for (name, value) in [
            ("TELEGRAM_API_URL", world.telegram.url()),
            ("TELEGRAM_BOT_TOKEN", world.telegram.token().to_owned()),
            ("LLM_BASE_URL", world.model.url()),
            ("OPENROUTER_API_KEY", world.model.key().to_owned()),
            ("LLM_MODEL", world.model.name().to_owned()),
            ("DATABASE_URL", world.database_url()),
            ("RUST_LOG", "info,systech_aidd=debug".to_owned()),
        ] {
            world.set(name, value);
        }
        world
    }

    pub(crate) fn server(&self) -> &Server {
        self.own_server.as_ref().unwrap_or(self.server)
    }

    pub(crate) fn database_url(&self) -> String {
        self.server().url(&self.database)
    }

    /// Changes a setting for bots started from now on.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.into()));
    }

    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        self.settings.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.settings.retain(|(other, _)| other != name);
    }

    /// The working directory of the bot.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a bot; it may not be ready yet.
    pub(crate) fn start(&self) -> Bot {
        self.starts.set(self.starts.get() + 1);
        let log = self.folder.path().join(format!("bot-{}.log", self.starts.get()));
        let file = File::create(&log).unwrap();
        let child = self.command(&[]).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Bot { child, log }
    }

    /// Runs a command with the bot's settings.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.command(arguments).output().unwrap().into()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Starts a bot and waits until it polls.
    pub(crate) fn start_ready(&self) -> Bot {
        let bot = self.start();
        bot.wait_for_line("ready");
        bot
    }

    pub(crate) fn psql(&self, sql: &str) -> String {
        self.server().psql(&self.database, sql)
    }

    /// Waits until the query's output satisfies `fits`.
    pub(crate) fn wait_for_rows(&self, sql: &str, fits: impl Fn(&str) -> bool) -> String {
        // an error is a table that a migration has yet to create
        wait_until(sql, || self.server().try_psql(&self.database, sql).ok().filter(|rows| fits(rows)))
    }

    /// Waits until so many statements wait for somebody's lock.
    pub(crate) fn wait_blocked(&self, statements: usize) {
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.wait_for_rows(blocked, |rows| rows == statements.to_string());
    }

    /// Every update is done and every part settled.
    pub(crate) fn wait_settled(&self) {
        self.wait_for_rows(
            "SELECT (SELECT count(*) FROM updates WHERE done_at IS NULL)
                  + (SELECT count(*) FROM reply_parts WHERE state = 'unsent')",
            |rows| rows == "0",
        );
    }

    /// Somebody who never wrote before is answered, whatever else is going on.
    #[track_caller]
    pub(crate) fn others_are_served(&self) {
        self.others.set(self.others.get() + 1);
        let person = Person::private(7_000_000 + self.others.get());
        self.telegram.say(&person, "and me?");
        self.telegram.wait_for_count(person.chat_id, 1);
    }

    /// The log has `count` lines with this in it, and nothing that people or operators keep secret: texts of people and
    /// models are marked with "zebra".
    #[track_caller]
    pub(crate) fn assert_logged(&self, part: &str, count: usize) {
        let logs = self.logs();
        assert_eq!(logs.lines().filter(|line| line.contains(part)).count(), count, "lines with: {part}");
        let (_, token_secret) = self.telegram.token().split_once(':').unwrap();
        for secret in ["zebra", token_secret, self.model.key(), PROMPT.lines().next().unwrap()] {
            let leak = logs.lines().find(|line| line.contains(secret));
            assert!(leak.is_none(), "a secret is in the log: {leak:?}");
        }
    }

    /// What every bot of this world has logged so far.
    pub(crate) fn logs(&self) -> String {
        (1..=self.starts.get())
            .map(|n| fs::read_to_string(self.folder.path().join(format!("bot-{n}.log"))).unwrap())
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // logs hold no message texts, so they may be shown
            eprintln!("--- logs of the bot ---\n{}", self.logs());
        }
    }
}

pub(crate) const PROMPT: &str = "You are a sandbox assistant.\nYou are brief.\n\nYou never give up.";

/// A running bot; killed when dropped.
pub(crate) struct Bot {
    child: Child,
    log: PathBuf,
}

impl Bot {
    /// SIGKILL: no farewell.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        wait_until("the bot to end", || self.child.try_wait().unwrap())
    }

    /// Its end, and what it logged until then.
    pub(crate) fn wait_log(self) -> (ExitStatus, String) {
        let log = self.log.clone();
        let status = self.wait();
        (status, fs::read_to_string(log).unwrap())
    }

    /// The most memory it ever had, in megabytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn wait_for_line(&self, part: &str) -> String {
        wait_until(part, || self.log().lines().find(|line| line.contains(part)).map(str::to_owned))
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` yields something. Polls, for conditions that nobody announces.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
