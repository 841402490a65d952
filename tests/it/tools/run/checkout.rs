//! A checkout on a machine with nothing set.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sandbox::{Model, Person, Telegram, wait_until};

use super::session::Session;

/// A checkout on a machine with nothing set, between a Telegram and a model.
pub(super) struct Checkout {
    pub(super) telegram: Telegram,
    pub(super) model: Model,
    pub(super) folder: tempfile::TempDir,
}

impl Checkout {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Under root, PostgreSQL runs as a user that has to come in.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("prompts")).unwrap();
        fs::write(folder.path().join("prompts/nutritionist.txt"), "You are brief.").unwrap();
        Self { telegram: Telegram::start(), model: Model::start(), folder }
    }

    /// One whose `.env` lacks nothing but what the test is about.
    pub(super) fn with_env(lines: &[&str]) -> Self {
        let checkout = Self::new();
        fs::write(checkout.env_file(), lines.concat()).unwrap();
        checkout
    }

    /// One whose `.env` has all but the database.
    pub(super) fn without_database() -> Self {
        let checkout = Self::new();
        let Self { telegram, model, .. } = &checkout;
        let text = format!(
            "TELEGRAM_BOT_TOKEN={}\nLLM_BASE_URL={}\nLLM_MODEL={}\nOPENROUTER_API_KEY={}\n",
            telegram.token(),
            model.url(),
            model.name(),
            model.key()
        );
        fs::write(checkout.env_file(), text).unwrap();
        checkout
    }

    pub(super) fn env_file(&self) -> PathBuf {
        self.folder.path().join(".env")
    }

    pub(super) fn env(&self) -> String {
        fs::read_to_string(self.env_file()).unwrap()
    }

    pub(super) fn command(&self, words: &[&str]) -> Command {
        let bot = Path::new(env!("CARGO_BIN_EXE_systech-aidd"));
        let run = bot.parent().unwrap().join("examples/run");
        assert!(run.exists(), "build it first: cargo build --workspace --example run");
        let mut command = Command::new(run);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(
                ["PATH", "HOME", "PG_BIN"]
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var(name).ok()?))),
            )
            .env("TELEGRAM_API_URL", self.telegram.url());
        command
    }

    /// With nobody at a terminal.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    pub(super) fn on_terminal(&self, words: &[&str]) -> Session {
        Session::start(self, self.command(words))
    }

    /// A person's question, answered by the bot.
    pub(super) fn ask(&self, person: &Person, text: &str) -> String {
        let before = self.telegram.texts(person.chat_id).len();
        self.telegram.say(person, text);
        self.telegram.wait_for_count(person.chat_id, before + 1)[before].text().to_owned()
    }

    /// Waits until nothing of the private PostgreSQL is at work any more.
    pub(super) fn wait_for_its_end(&self) {
        let Ok(data) = self.folder.path().join(".postgres/data").canonicalize() else { return };
        wait_until("the end of the private PostgreSQL", || at_work_in(&data).is_empty().then_some(()));
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // It stops a moment after the bot, and needs its folder until then.
        if !std::thread::panicking() {
            self.wait_for_its_end();
        }
    }
}

/// The processes that work in this folder, as all of a PostgreSQL do.
pub(super) fn at_work_in(folder: &Path) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}
