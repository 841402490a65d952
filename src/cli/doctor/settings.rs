//! What needs no neighbour: the environment, the file `.env`, the prompt.

use std::path::Path;

use crate::config::dotenv::{self, Repeated};
use crate::config::{Choices, Console, Fault, Reader};
use crate::console;
use crate::database::finding::Finding;
use crate::domain::admission::Known;
use crate::domain::catalogue::Catalogue;

/// The setting whose fault is told by a check of its own.
const PROMPT: &str = "SYSTEM_PROMPT_PATH";
/// What everybody's access means.
const OPEN: &str = "; unless somebody claimed it, anybody who finds the bot can spend the key: set OWNER, or send /claim with the \
                    code of systech-aidd owner";
const ENV_FILE: &str = "env file";

pub(super) fn examine(
    env: &Reader<'_>,
    choices: &Choices,
    env_file: anyhow::Result<Vec<Repeated>>,
) -> Vec<Finding> {
    let faults = env.faults(choices);
    let mut findings: Vec<_> = faults
        .iter()
        .filter(|fault| fault.variable != PROMPT)
        .map(|fault| told("environment", fault))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::well("environment", "all settings are valid"));
    }
    match env_file {
        Err(error) => findings.push(Finding::fault(
            ENV_FILE,
            format!("{error:#}"),
            "correct the line; .env.example shows the form",
        )),
        Ok(repeated) => {
            let told = |repeated: Repeated| Finding::fault(ENV_FILE, repeated.found(), Repeated::REMEDY);
            findings.extend(repeated.into_iter().map(told));
            findings.push(permissions());
        }
    }
    findings.extend(match (faults.iter().find(|fault| fault.variable == PROMPT), env.catalogue_path()) {
        (Some(fault), _) => Some(told("prompt", fault)),
        (None, Some(path)) => choices.read.as_ref().map(|read| catalogue(&path, &read.catalogue)),
        (None, None) => env
            .system_prompt()
            .map(|prompt| Finding::well("prompt", format!("{} characters", prompt.chars().count()))),
    });
    // Faults in these settings are reported above.
    if let Some(admission) = env.admission() {
        let open = admission.is_open(Known::default());
        let limit = env.rate_limit().limit(open);
        let limit = limit.map_or(String::new(), |limit| format!(", up to {limit} questions an hour each"));
        let note = if open { OPEN } else { "" };
        findings.push(Finding::well("access", format!("{admission} may use the bot{limit}{note}")));
    }
    findings.extend(env.console().flatten().map(|console| self::console(&console)));
    findings
}

/// Who reaches the pages for operators, and how.
fn console(console: &Console) -> Finding {
    const CHECK: &str = "console";
    if console.is_local() || console.is_behind_tls() {
        return Finding::well(CHECK, format!("at {}", console.base()));
    }
    Finding::fault(CHECK, console::EXPOSED, console::REMEDY).of("CONSOLE_ADDR")
}

fn catalogue(path: &Path, Catalogue { models, roles }: &Catalogue) -> Finding {
    let models: Vec<_> = models.iter().map(|model| &*model.name).collect();
    let roles: Vec<_> = roles.iter().map(|role| &*role.name).collect();
    let found = format!("{}: models {}; roles {}", path.display(), models.join(", "), roles.join(", "));
    Finding::well("catalogue", found)
}

fn told(check: &'static str, Fault { variable, problem, accepted }: &Fault) -> Finding {
    Finding::fault(check, format!("{variable} {problem}"), format!("expected: {accepted}")).of(variable)
}

fn permissions() -> Finding {
    match dotenv::exposed() {
        Some(true) => Finding::fault(ENV_FILE, dotenv::EXPOSED, dotenv::REMEDY),
        Some(false) => Finding::well(ENV_FILE, "only its owner can read .env"),
        None => Finding::well(ENV_FILE, "there is no .env; all settings come from the environment"),
    }
}
