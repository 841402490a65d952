//! An upgrade with two instances, the older of them built from an older commit, and the way back: docs/operations.md, "High
//! availability". scripts/rolling-upgrade builds it and plays this.

use std::ops::RangeInclusive;
use std::process::Command;

use sandbox::TestEnv;
use sandbox::env::{Bot, Printed};
use sandbox::model::When;
use sandbox::telegram::Person;

/// Where the older binary is.
const OLDER: &str = "OLDER_BINARY";

/// How many people ask while the versions change.
const PEOPLE: u32 = 30;

/// Their numbers.
fn people() -> RangeInclusive<i64> {
    1..=i64::from(PEOPLE)
}

/// The older binary, in the surroundings of this one.
struct Older<'a>(&'a TestEnv);

impl Older<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let program =
            std::env::var(OLDER).unwrap_or_else(|_| panic!("{OLDER} is the path of an older binary"));
        let mut command = Command::new(program);
        self.0.prepare(command.args(arguments));
        command
    }

    fn run(&self, arguments: &[&str]) -> Printed {
        self.command(arguments).output().unwrap().into()
    }

    fn start(&self, log: &str) -> Bot {
        Bot::start(&self.command(&[]), &self.0.folder().join(log))
    }

    /// The last migration that it knows, as the docs have an operator find it.
    fn last_migration(&self) -> String {
        let status = self.run(&["migrate", "status"]).ok();
        let last = status.lines().rfind(|line| line.contains("applied"));
        let version = last.and_then(|line| line.split_whitespace().find(|word| word.starts_with("20")));
        version.expect("a line says applied, and of what").to_owned()
    }
}

fn versions(env: &TestEnv) -> String {
    env.psql("SELECT count(*) || ' ' || max(version) FROM __diesel_schema_migrations")
}

fn all_ask(env: &TestEnv, text: &str) {
    for user in people() {
        env.telegram.say(&Person::private(user), text);
    }
}

/// Everybody has so many answers, and none is repeated.
fn all_are_answered(env: &TestEnv, times: usize) {
    for user in people() {
        env.telegram.wait_for_count(user, times);
    }
    env.wait_settled();
    for user in people() {
        assert_eq!(env.telegram.texts(user).len(), times, "of {user}");
    }
    let answered = env.psql("SELECT count(*) FROM turns WHERE state = 'answered'");
    assert_eq!(answered, (PEOPLE as usize * times).to_string());
}

#[test]
#[ignore = "scripts/rolling-upgrade builds the older version"]
fn nothing_is_lost_or_repeated_on_the_way_to_this_version_and_back() {
    let mut env = TestEnv::empty();
    env.set("SHUTDOWN_GRACE", "1");
    env.set("LIVE_ANSWERS", "off");
    let before = Older(&env).start("older-1.log");
    before.wait_ready();
    all_ask(&env, "before");
    all_are_answered(&env, 1);
    let (of_older, last) = (versions(&env), Older(&env).last_migration());

    // This version waits, and changes nothing meanwhile. The older one ends with all these questions in work.
    let newer = env.start();
    newer.wait_for_line("on standby: another instance leads");
    assert_eq!(versions(&env), of_older);
    let gate = env.model.hold(When::asked("the way there"));
    all_ask(&env, "the way there");
    gate.wait_arrivals(PEOPLE as usize);
    assert!(before.stop().success());
    newer.wait_ready();
    gate.release();
    all_are_answered(&env, 2);
    assert_ne!(versions(&env), of_older);

    // The older one leaves a database of the newer one alone.
    let (status, log) = Older(&env).start("older-2.log").wait_log();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("newer version"), "{log}");

    // The way back, with what waits for it.
    let gate = env.model.hold(When::asked("the way back"));
    all_ask(&env, "the way back");
    gate.wait_arrivals(PEOPLE as usize);
    assert!(newer.stop().success());
    env.run(&["migrate", "to", &last, "--yes"]).ok();
    assert_eq!(versions(&env), of_older);
    let again = Older(&env).start("older-3.log");
    again.wait_ready();
    gate.release();
    all_are_answered(&env, 3);

    // An older leader works on while somebody migrates by hand.
    env.run(&["migrate", "up"]).ok();
    all_ask(&env, "beside newer tables");
    all_are_answered(&env, 4);
    assert!(again.stop().success());
    let newer = env.start_ready();
    all_ask(&env, "at last");
    all_are_answered(&env, 5);
    assert!(newer.stop().success());
}
