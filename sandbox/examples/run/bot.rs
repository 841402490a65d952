//! The bot's program: asked what its settings lack, asked to look at an answer, and become in the end.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::postgres::Server;
use serde::Deserialize;

use super::{Outcome, database};

/// What can be asked for. The program takes an empty variable for one that is not set, but lets it win over `.env`.
const ASKED: [&str; 5] =
    ["TELEGRAM_BOT_TOKEN", "OPENROUTER_API_KEY", "LLM_BASE_URL", "LLM_MODEL", "DATABASE_URL"];

/// The program `target/<profile>/systech-aidd`, beside the folder of the examples.
pub(super) struct Bot {
    program: PathBuf,
}

/// What `systech-aidd doctor --json` tells of one check.
#[derive(Deserialize)]
pub(super) struct Finding {
    pub(super) check: String,
    pub(super) ok: bool,
    pub(super) found: String,
    pub(super) remedy: Option<String>,
    /// The setting that is wrong for certain.
    pub(super) setting: Option<String>,
}

/// What the settings are like, before any neighbour is asked.
pub(super) struct Settings(Vec<Finding>);

impl Settings {
    pub(super) fn lacks(&self, setting: &str) -> bool {
        let missing = format!("{setting} is missing");
        self.0.iter().any(|finding| finding.found == missing)
    }

    pub(super) fn lack_anything_but_a_database(&self) -> bool {
        self.lacks("TELEGRAM_BOT_TOKEN") || self.lacks("OPENROUTER_API_KEY")
    }

    /// Whether nothing is wrong with them but what answers can mend.
    pub(super) fn can_be_completed(&self) -> bool {
        let mut faults =
            self.0.iter().filter(|finding| !finding.ok && finding.check != "env file").peekable();
        faults.peek().is_some()
            && faults.all(|fault| fault.setting.as_deref().is_some_and(|setting| self.lacks(setting)))
    }

    /// Why `.env` cannot be read, or that others can read it.
    pub(super) fn fault_of_env_file(&self) -> Option<&Finding> {
        let mut findings = self.0.iter().filter(|finding| finding.check == "env file");
        // Of a file that is read and closed to others, this is said too, whatever lines it repeats.
        if findings.clone().any(|finding| finding.ok) { None } else { findings.next() }
    }
}

impl Bot {
    pub(super) fn find() -> Outcome<Self> {
        let example = std::env::current_exe()?;
        let built = example.parent().and_then(Path::parent).map(|folder| folder.join("systech-aidd"));
        let program = built.filter(|program| program.is_file());
        program
            .map(|program| Self { program })
            .ok_or_else(|| "the bot is not built: run it as `make run`".into())
    }

    pub(super) fn settings(&self) -> Outcome<Settings> {
        self.examine("settings", &[]).map(Settings)
    }

    /// Looks at settings, or at a neighbour with these.
    pub(super) fn examine(&self, what: &str, settings: &[(&str, &str)]) -> Outcome<Vec<Finding>> {
        let mut doctor = self.command();
        doctor.args(["doctor", "--json", "--only", what]).envs(settings.iter().copied());
        let output = doctor.output().map_err(|error| format!("{}: {error}", self.program.display()))?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("systech-aidd doctor ended with {}: {}", output.status, said.trim_end()).into()
        })
    }

    /// Becomes the program, with the private database if there is one. Returns what prevents that.
    pub(super) fn become_with(
        &self,
        words: &[OsString],
        private: Option<Server>,
    ) -> Outcome<Box<dyn std::error::Error>> {
        let mut command = self.command();
        command.args(words);
        if let Some(server) = private {
            command.env("DATABASE_URL", server.url(database::NAME));
            server.hold_over_exec()?;
        }
        Ok(format!("{}: {}", self.program.display(), command.exec()).into())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for name in ASKED {
            if std::env::var(name).is_ok_and(|value| value.trim().is_empty()) {
                command.env_remove(name);
            }
        }
        command
    }
}
