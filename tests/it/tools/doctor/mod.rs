//! `systech-aidd doctor`: every fault it knows, provoked for real, and the remedy it tells.

pub(crate) mod database;
mod endpoint;
mod only;
mod settings;
mod sound;
mod telegram;

use std::fs;

use sandbox::env::Printed;
use sandbox::model::{Behaviour, List, When};
use sandbox::telegram::{Action, Calls};
use sandbox::{PATIENCE, TestEnv};

use crate::support::at_once::all_at_once;

/// What is looked at, with one line each.
const CHECKS: [&str; 20] = [
    "environment",
    "env file",
    "prompt",
    "access",
    "reader",
    "database",
    "server",
    "rights",
    "migrations",
    "indexes",
    "ids",
    "former bots",
    "files",
    "backups",
    "token",
    "webhook",
    "poller",
    "model",
    "speech",
    "voice",
];

/// A fault, and the lines that are to tell it: check, what was found, what to do.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) provoke: fn(&mut TestEnv),
    pub(super) lines: &'static [[&'static str; 3]],
}

/// A bot that has everything it needs.
pub(super) fn healthy() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("SHORT_WAITS", "poller=0");
    env
}

/// The lines with `✗`, without those that say what could not be looked at for it.
pub(super) fn faults(said: &Printed) -> Vec<&str> {
    said.out.lines().filter(|line| line.starts_with('✗') && !line.contains(" not checked")).collect()
}

pub(super) fn keeps_secrets(env: &TestEnv, said: &Printed) {
    for secret in [env.telegram.token(), env.model.key(), "hunter2"] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{}{}", said.out, said.err);
    }
}

/// Provokes each fault in an environment of its own.
pub(super) fn examine(cases: &[Case]) {
    all_at_once(cases, tell);
}

fn tell(Case { name, provoke, lines }: &Case) {
    let mut env = healthy();
    provoke(&mut env);
    let said = env.run(&["doctor"]);
    keeps_secrets(&env, &said);
    assert_eq!(said.code, Some(1), "{name}: {}{}", said.out, said.err);
    let told = faults(&said);
    assert_eq!(told.len(), lines.len(), "{name}: {}", said.out);
    for ([check, found, remedy], line) in lines.iter().zip(told) {
        let (before, after) = line.split_once(" → ").unwrap();
        assert!(before.starts_with(&format!("✗ {check} ")), "{name}: {check} is not in: {line}");
        assert!(before.contains(found), "{name}: {found} is not in: {line}");
        assert!(after.contains(remedy), "{name}: {remedy} is not in: {line}");
    }
}

#[test]
fn where_all_is_well_each_line_says_so_and_nothing_is_changed() {
    let mut env = healthy();
    let backups = env.folder().join("backups");
    fs::create_dir(&backups).unwrap();
    env.set("BACKUP_DIR", backups.to_str().unwrap());
    let before = env.psql("SELECT * FROM __diesel_schema_migrations");
    let said = env.run(&["doctor"]);
    keeps_secrets(&env, &said);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.lines().all(|line| line.starts_with('✓')), "{}", said.out);
    for check in CHECKS {
        let lines = said.out.lines().filter(|line| line[4..].starts_with(&format!("{check} ")));
        assert_eq!(lines.count(), 1, "{check}: {}", said.out);
    }
    assert_eq!(said.err, "");
    assert_eq!(env.psql("SELECT * FROM __diesel_schema_migrations"), before);
    assert_eq!(fs::read_dir(backups).unwrap().count(), 0);
    assert_eq!(env.model.requests().len(), 1, "one short question");
    let polls = env.telegram.calls("getUpdates");
    let confirms = |params: &serde_json::Value| params.get("offset").is_some();
    let changes = |params: &serde_json::Value| params.get("allowed_updates").is_some();
    assert!(!polls.is_empty() && polls.iter().all(|poll| !confirms(&poll.params) && !changes(&poll.params)));
}

#[test]
fn programs_get_one_json_document() {
    let env = healthy();
    env.model.usually(Behaviour::status(404, "no such model"));
    let said = env.run(&["doctor", "--json"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&said.out).unwrap();
    for check in CHECKS {
        assert!(findings.iter().any(|finding| finding["check"] == check), "{check}: {}", said.out);
    }
    for finding in &findings {
        let well = finding["check"] != "model";
        assert_eq!(finding["ok"], well, "{finding}");
        assert_eq!(finding.get("remedy").is_none(), well, "{finding}");
        assert!(finding["found"].is_string());
    }
}

#[test]
fn it_says_who_may_use_the_bot() {
    let mut env = healthy();
    let open = "unless somebody claimed it, anybody who finds the bot can spend the key";
    for (limit, told) in [("off", ""), ("", ", up to 60 questions an hour each")] {
        env.set("RATE_LIMIT", limit);
        let line = format!("✓ access       everybody may use the bot{told}; {open}");
        let said = env.run(&["doctor"]);
        assert!(said.out.lines().any(|said| said.starts_with(&line)), "{}", said.out);
    }
    env.set("OWNER", "41");
    let line = "✓ access       1 owner (OWNER) and whom the owner lets in may use the bot";
    let said = env.run(&["doctor"]);
    assert!(said.out.lines().any(|said| said == line), "{}", said.out);
    env.unset("OWNER");
    env.set("ALLOWED_USERS", "42, 43");
    env.set("RATE_LIMIT", "9");
    let line = "✓ access       2 users (ALLOWED_USERS) may use the bot, up to 9 questions an hour each";
    let said = env.run(&["doctor"]);
    assert!(said.out.lines().any(|said| said == line), "{}", said.out);
    // Who may use it is not known then.
    env.set("ALLOWED_CHATS", "-5,x");
    let said = env.run(&["doctor"]);
    assert!(said.out.contains("✗ environment  ALLOWED_CHATS holds \"x\""), "{}", said.out);
    assert!(!said.out.contains("may use the bot"), "{}", said.out);
}

#[test]
fn a_running_bot_is_left_in_peace() {
    let env = healthy();
    let bot = env.start_ready();
    env.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > 0).then_some(()));
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("a bot is connected to the database"), "{}", said.out);
    assert!(env.telegram.calls("getUpdates").iter().all(|call| call.status != Some(409)));
    let is_warning = |line: &str| line.contains("WARN") && !line.contains(sandbox::env::OPEN);
    assert!(!bot.log().lines().any(is_warning), "{}", bot.log());
}

#[test]
fn neighbours_that_hang_are_told_at_the_deadline_and_hide_nothing() {
    let mut env = TestEnv::with_own_server();
    env.set("SYSTEM_PROMPT_PATH", "nowhere.txt");
    env.telegram.fault(Calls::to("getMe"), Action::Hang);
    env.model.list(List::Absent);
    env.model.on(When::any(), Behaviour::stall());
    env.server().freeze();
    let said = env.run(&["doctor", "--timeout", "5"]);
    env.server().thaw();
    assert_eq!(said.code, Some(1));
    let told = faults(&said);
    assert_eq!(told.len(), 4, "{}", said.out);
    for (line, part) in told.iter().zip(["✗ prompt", "✗ database     port: ", "✗ token", "✗ model"]) {
        assert!(line.starts_with(part), "{line}");
    }
    assert!(told[2..].iter().all(|line| line.contains("did not answer in time → ")), "{}", said.out);
}
