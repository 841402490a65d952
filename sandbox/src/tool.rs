//! The programs that tests run beside the project's own. `make tools` brings them, in pinned versions; no test does.

use std::path::PathBuf;
use std::process::Command;

/// Where a tool is. A test that misses it fails with the sentence that says which command brings it.
#[track_caller]
pub fn tool(name: &str) -> PathBuf {
    let output = path_of(name).output().expect("scripts/tools starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim_end());
    String::from_utf8(output.stdout).expect("a path in UTF-8").trim_end().into()
}

/// The command that prints it.
pub fn path_of(name: &str) -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/tools"));
    command.args(["--path", name]);
    command
}
