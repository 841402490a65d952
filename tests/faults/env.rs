//! The environment of one row of the table, and a record of what happened in it.
//!
//! What happened and when is kept for the judge: what people did, when the bot died, when a fault ended.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sandbox::PATIENCE;
use sandbox::TestEnv;
use sandbox::env::Bot;
use sandbox::model::Behaviour;
use sandbox::postgres::{self, Server};

use crate::people::Act;

/// What the judge has to know.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) acts: Vec<Act>,
    /// When a process of the bot ended.
    pub(crate) deaths: Vec<Instant>,
    /// When a fault ended.
    pub(crate) ends: Vec<Instant>,
}

/// Everything that is needed for one row.
pub(crate) struct FaultEnv {
    env: TestEnv,
    pub(crate) seed: u64,
    bot: Mutex<Option<Bot>>,
    record: Mutex<Record>,
}

impl Deref for FaultEnv {
    type Target = TestEnv;

    fn deref(&self) -> &TestEnv {
        &self.env
    }
}

impl FaultEnv {
    /// With a server of its own, PostgreSQL can be stopped and frozen.
    pub(crate) fn new(own_server: bool, seed: u64, settings: &[(&str, &str)]) -> Self {
        let server = if own_server { Arc::new(Server::temporary().unwrap()) } else { postgres::shared() };
        let mut env = TestEnv::on(server);
        env.model.usually(Behaviour::answer().random_delay(Duration::from_millis(300), seed));
        let usual = [("TELEGRAM_TIMEOUT", "2"), ("MAX_HISTORY_MESSAGES", "4"), ("SHUTDOWN_GRACE", "1")];
        for (name, value) in usual.iter().chain(settings) {
            env.set(name, *value);
        }
        Self { env, seed, bot: Mutex::default(), record: Mutex::default() }
    }

    /// Starts the bot with further settings, unless it runs; it may not be ready yet.
    pub(crate) fn start(&self, further: &[(&str, &str)]) {
        let mut bot = self.bot();
        if bot.is_none() {
            // What its predecessor began may be under way in a database that was frozen when it died.
            self.env.wait_disconnected();
            *bot = Some(self.env.start_with(further));
        }
    }

    /// As [`FaultEnv::start`], and waits until it polls.
    pub(crate) fn start_ready(&self) {
        self.start(&[]);
        if let Some(bot) = &*self.bot() {
            bot.wait_for_line("ready");
        }
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
        self.wait_for_death();
    }

    /// Waits for the end of the bot, and returns its code: 128 and the signal's number, if it died of one.
    pub(crate) fn wait_for_death(&self) -> Option<i32> {
        let bot = self.bot().take()?;
        let status = bot.wait();
        // What it had sent before its death counts as sent before.
        self.telegram.wait_disconnected();
        self.record().deaths.push(Instant::now());
        status.code()
    }

    fn bot(&self) -> MutexGuard<'_, Option<Bot>> {
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
    pub(crate) fn is_settled_in_time(&self) -> bool {
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
        let log = self.logs();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}
