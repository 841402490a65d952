//! The limit: what PostgreSQL does with the same statements when nobody but pgbench asks it.

use std::fs;
use std::process::Command;

use sandbox::postgres::program;

use crate::script::Script;
use crate::stage::Stage;

/// The dialogues of pgbench, apart from those of the bot.
pub(crate) const FIRST_PERSON: i64 = 8_000_000_000;

/// Runs the script for so many seconds and returns answers per second. `run` keeps the update ids of several runs apart.
pub(crate) fn run(
    stage: &Stage,
    database: &str,
    script: &Script,
    connections: usize,
    seconds: u64,
    run: usize,
) -> f64 {
    let file = stage.folder.path().join("answer.sql");
    fs::write(&file, &script.text).expect("the script can be written");
    let program = program("pgbench").expect("pgbench is installed: scripts/setup pgbench");
    let mut pgbench = Command::new(program);
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    pgbench.arg(format!("--client={connections}")).arg(format!("--time={seconds}")).arg("--file").arg(file);
    for (name, value) in [("lane", 0), ("left", 0), ("count", 0), ("first_person", FIRST_PERSON)] {
        pgbench.arg(format!("--define={name}={value}"));
    }
    pgbench.arg(format!("--define=run={}", run + 1));
    for (name, value) in &script.constants {
        pgbench.arg(format!("--define={name}={value}"));
    }
    let output = pgbench.arg(stage.server.url(database)).output().expect("pgbench starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.filter(|_| output.status.success())
        .unwrap_or_else(|| panic!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr)))
}
