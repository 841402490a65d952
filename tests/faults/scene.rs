//! The neighbours of the bot, and the bot itself. One scene for each row of the table.
//!
//! What happened and when is kept for the judge: what people did, when the bot died, when a fault ended.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sandbox::model::Behaviour;
use sandbox::postgres::{self, Server, unique_name};
use sandbox::process::{Leash, Leashed};
use sandbox::{Model, Telegram};
use tempfile::TempDir;

use crate::fault::Fault;
use crate::people::Said;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What the judge has to know.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) said: Vec<Said>,
    /// When a process of the bot ended.
    pub(crate) deaths: Vec<Instant>,
    /// When a fault ended.
    pub(crate) ends: Vec<Instant>,
}

/// Everything that is needed for one row.
pub(crate) struct Scene {
    pub(crate) telegram: Telegram,
    pub(crate) model: Model,
    pub(crate) database: String,
    own_server: Option<Server>,
    standby: Option<Server>,
    /// The standby has taken the place of the first server.
    failed_over: AtomicBool,
    folder: TempDir,
    pub(crate) seed: u64,
    settings: Vec<(&'static str, String)>,
    bot: Mutex<Option<Leashed>>,
    record: Mutex<Record>,
}

impl Scene {
    /// With a server of its own, PostgreSQL can be stopped and frozen.
    pub(crate) fn new(fault: &Fault, seed: u64) -> Self {
        let own_server =
            fault.needs_own_server().then(|| Server::temporary().unwrap_or_else(|error| panic!("{error}")));
        let (telegram, model) = (Telegram::start(), Model::start());
        model.usually(Behaviour::answer().random_delay(fault.slowest_answer(), seed));
        let mut scene = Self {
            telegram,
            model,
            database: unique_name("faults"),
            own_server,
            standby: None,
            failed_over: AtomicBool::new(false),
            folder: tempfile::tempdir().unwrap(),
            seed,
            settings: Vec::new(),
            bot: Mutex::default(),
            record: Mutex::default(),
        };
        scene.server().create_database(&scene.database);
        let mut url = scene.server().url(&scene.database);
        if fault.needs_standby() {
            let standby = scene.server().standby().unwrap_or_else(|error| panic!("{error}"));
            let host = |url: &str| {
                url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).unwrap().0.to_owned()
            };
            let (first, second) = (host(&url), host(&standby.url(&scene.database)));
            url = url.replace(&first, &format!("{first},{second}")) + "?target_session_attrs=read-write";
            scene.standby = Some(standby);
        }
        scene.settings = vec![
            ("TELEGRAM_API_URL", scene.telegram.url()),
            ("TELEGRAM_BOT_TOKEN", scene.telegram.token().to_owned()),
            ("TELEGRAM_TIMEOUT", "2".to_owned()),
            ("LLM_BASE_URL", scene.model.url()),
            ("OPENROUTER_API_KEY", scene.model.key().to_owned()),
            ("DATABASE_URL", url),
            (
                "SYSTEM_PROMPT_PATH",
                concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/nutritionist.txt").to_owned(),
            ),
            ("MAX_HISTORY_MESSAGES", "4".to_owned()),
            ("SHUTDOWN_GRACE", "1".to_owned()),
            ("RUST_LOG", "info,systech_aidd=debug".to_owned()),
        ];
        scene.settings.extend(fault.settings().iter().map(|(name, value)| (*name, (*value).to_owned())));
        scene
    }

    pub(crate) fn server(&self) -> &Server {
        if let Some(standby) = self.standby.as_ref().filter(|_| self.failed_over.load(Ordering::Relaxed)) {
            return standby;
        }
        self.own_server.as_ref().unwrap_or_else(|| postgres::shared())
    }

    /// The first server dies, and the standby takes its place with what it knows.
    pub(crate) fn fail_over(&self) {
        self.server().kill();
        self.failed_over.store(true, Ordering::Relaxed);
        self.server().promote();
    }

    pub(crate) fn psql(&self, sql: &str) -> String {
        self.server().psql(&self.database, sql)
    }

    /// Starts the bot with further settings, unless it runs; it may not be ready yet.
    pub(crate) fn start(&self, further: &[(&str, String)]) {
        let mut bot = self.bot();
        if bot.is_some() {
            return;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name != "PATH") {
            command.env_remove(name);
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.envs(further.iter().map(|(name, value)| (name, value)));
        let log = self.folder.path().join("bot.log");
        let leash = Leash { log: &log, signal: "KILL", remove: None };
        *bot = Some(leash.start(&command).unwrap_or_else(|error| panic!("the bot does not start: {error}")));
    }

    /// As [`Scene::start`], and waits until it polls.
    pub(crate) fn start_ready(&self) {
        let polls = || self.telegram.look(|state| state.count("getUpdates"));
        let before = polls();
        self.start(&[]);
        wait_until("the bot to poll", || (polls() > before).then_some(()));
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(&self) {
        self.end("KILL");
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(&self) {
        self.end("TERM");
    }

    fn end(&self, signal: &str) {
        if let Some(bot) = &*self.bot() {
            bot.signal(signal);
        }
        self.wait_for_death(&format!("the bot to end after SIG{signal}"));
    }

    /// Waits for the end of the bot, and returns its code: 128 and the signal's number, if it died of one.
    pub(crate) fn wait_for_death(&self, why: &str) -> Option<i32> {
        let mut bot = self.bot().take()?;
        let status = bot.wait(PATIENCE).ok().flatten().unwrap_or_else(|| panic!("waited in vain for {why}"));
        self.record().deaths.push(Instant::now());
        status.code()
    }

    fn bot(&self) -> MutexGuard<'_, Option<Leashed>> {
        self.bot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault is over: what waits from now on waits for the bot.
    pub(crate) fn fault_ended(&self) {
        self.record().ends.push(Instant::now());
    }

    /// Waits until nothing waits any more: neither with Telegram nor in the database. False: something waits for ever.
    pub(crate) fn wait_settled(&self) -> bool {
        let waiting = "SELECT (SELECT count(*) FROM updates WHERE done_at IS NULL)
                            + (SELECT count(*) FROM reply_parts WHERE state = 'unsent')";
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.telegram.unconfirmed() == 0 && self.psql(waiting) == "0" {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// The end of the bot's log, for the report of a failure. It holds no message texts.
    pub(crate) fn end_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// All of the bot's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("bot.log")).unwrap_or_default()
    }
}

/// Waits until `condition` yields something.
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
