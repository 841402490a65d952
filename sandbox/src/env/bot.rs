//! The bot itself: the real binary.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::process::{Leash, Leashed};
use crate::wait::{PATIENCE, wait_until};

/// The code of a process that was killed: 128 and the signal's number, as a shell tells it.
pub const KILLED: i32 = 128 + 9;

/// The binary that cargo built for the tests. A test that is run by hand finds it above its own folder.
pub fn program() -> PathBuf {
    let of_cargo = std::env::var_os("CARGO_BIN_EXE_systech-aidd").map(PathBuf::from);
    let above = || {
        let test = std::env::current_exe().ok()?;
        Some(test.parent()?.parent()?.join("systech-aidd"))
    };
    of_cargo.or_else(above).filter(|program| program.is_file()).expect("cargo build makes the bot")
}

/// Leaves a command nothing of this process's environment but PATH and HOME, and these settings.
pub(super) fn isolate<'a>(command: &mut Command, settings: impl Iterator<Item = (&'a str, &'a str)>) {
    let kept = |name: &OsString| name == "PATH" || name == "HOME";
    for (name, _) in std::env::vars_os().filter(|(name, _)| !kept(name)) {
        command.env_remove(name);
    }
    command.envs(settings);
}

/// A running bot, which is killed when dropped or when its test is.
pub struct Bot {
    process: Leashed,
    log: PathBuf,
}

impl Bot {
    /// Starts a bot that logs into this file. It may not be ready yet.
    #[track_caller]
    pub fn start(command: &Command, log: &Path) -> Self {
        let leash = Leash { log, signal: "KILL", remove: None };
        let process = leash.start(command).unwrap_or_else(|error| panic!("the bot does not start: {error}"));
        Self { process, log: log.to_owned() }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Sends it a signal: `TERM`, `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// SIGKILL, and its end. What it had begun with its neighbours may still go on: `TestEnv::kill` waits for that too.
    #[track_caller]
    pub fn kill(self) {
        self.signal("KILL");
        self.wait();
    }

    /// SIGTERM, and its end.
    #[track_caller]
    pub fn stop(self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end. The code of a bot that a signal ended is 128 and the signal's number.
    #[track_caller]
    pub fn wait(mut self) -> ExitStatus {
        let ended = self.process.wait(PATIENCE);
        ended.ok().flatten().unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain for the bot to end"))
    }

    /// Its end, and what it logged until then.
    #[track_caller]
    pub fn wait_log(self) -> (ExitStatus, String) {
        let log = self.log.clone();
        let status = self.wait();
        (status, read(&log))
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// Waits until it logs a line with this in it, and returns the line.
    #[track_caller]
    pub fn wait_for_line(&self, part: &str) -> String {
        wait_until(part, || self.log().lines().find(|line| line.contains(part)).map(str::to_owned))
    }

    /// Waits until it has come up and polls.
    #[track_caller]
    pub fn wait_ready(&self) {
        // As text and as JSON. Other lines speak of /readyz.
        let ready = |line: &str| line.contains(" INFO ready ") || line.contains(r#""message":"ready""#);
        wait_until("the bot to be ready", || self.log().lines().any(ready).then_some(()));
    }

    /// The most memory it ever had, in megabytes.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:") / 1024
    }

    /// The memory that it has now, in megabytes.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:") / 1024
    }

    /// What of [`Bot::memory`] is neither the program nor a library, which the kernel shares and may drop, in megabytes.
    pub fn memory_of_its_own(&self) -> u64 {
        (self.status("RssAnon:") + 512) / 1024
    }

    /// How many of its threads are workers.
    pub fn workers(&self) -> usize {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).expect("the bot runs").flatten();
        let names = threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
        names.filter(|name| name.trim_end() == "worker").count()
    }

    /// A number that the kernel tells of the process, with or without a unit.
    fn status(&self, label: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let value =
            status.lines().find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse().ok());
        value.expect("the bot runs")
    }
}

/// The shell that starts the bot opens the log a moment later.
pub(super) fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}
