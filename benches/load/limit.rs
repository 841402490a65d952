//! The limit: what PostgreSQL does with the same statements, or with the fewest that do the same, when nobody but pgbench asks it.

use std::fs;
use std::process::Command;

use sandbox::postgres::program;

use crate::env::LoadEnv;
use crate::usage::cpu_with_children;

/// The dialogues of pgbench, apart from those of the bot.
pub(crate) const FIRST_PERSON: i64 = 8_000_000_000;

/// What came of it.
pub(crate) struct Limit {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Milliseconds of PostgreSQL's processor time for each.
    pub(crate) processor: f64,
}

/// Runs the script for so many seconds. `run` keeps the update ids of several runs apart.
pub(crate) fn run(
    env: &LoadEnv,
    database: &str,
    (text, constants): (&str, &[(String, String)]),
    connections: usize,
    seconds: u64,
    run: usize,
) -> Limit {
    let file = env.scratch().join("answer.sql");
    fs::write(&file, text).expect("the script can be written");
    let program = program("pgbench").expect("pgbench is installed: scripts/setup pgbench");
    let mut pgbench = Command::new(program);
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    pgbench.arg(format!("--client={connections}")).arg(format!("--time={seconds}")).arg("--file").arg(file);
    for (name, value) in [("lane", 0), ("left", 0), ("count", 0), ("first_person", FIRST_PERSON)] {
        pgbench.arg(format!("--define={name}={value}"));
    }
    pgbench.arg(format!("--define=run={}", run + 1));
    for (name, value) in constants {
        pgbench.arg(format!("--define={name}={value}"));
    }
    let done = || -> f64 {
        let sql = format!("SELECT count(done_at) FROM updates WHERE user_id >= {FIRST_PERSON}");
        env.server().psql(database, &sql).parse().unwrap_or_default()
    };
    let done_before = done();
    let before = cpu_with_children(env.postmaster());
    let output = pgbench.arg(env.server().url(database)).output().expect("pgbench starts");
    let used = cpu_with_children(env.postmaster()).saturating_sub(before);
    let said = String::from_utf8_lossy(&output.stdout);
    let after = |label: &str| -> Option<f64> {
        said.lines().find_map(|line| line.strip_prefix(label)?.split(' ').next()?.parse().ok())
    };
    match (after("tps = "), after("number of transactions actually processed: ")) {
        (Some(rate), Some(answers)) if output.status.success() => {
            assert!((done() - done_before - answers).abs() < 0.5, "pgbench has not done what it counted");
            Limit { rate, processor: 1000.0 * used.as_secs_f64() / answers }
        }
        _ => panic!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}
