//! Programs that a test puts somewhere and then starts.
//!
//! Another process writes them. What this one writes, a child of another test's thread may hold open for writing until it has
//! become its own program, and Linux starts no program that somebody writes ("Text file busy").

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A shell script.
pub(crate) fn script(path: &Path, text: &str) {
    let mut install = installing("/dev/stdin".as_ref(), path).stdin(Stdio::piped()).spawn().unwrap();
    write!(install.stdin.take().unwrap(), "#!/bin/sh\n{text}\n").unwrap();
    assert!(install.wait().unwrap().success());
}

/// A copy.
pub(crate) fn copy(program: &Path, path: &Path) {
    assert!(installing(program, path).status().unwrap().success());
}

fn installing(from: &Path, to: &Path) -> Command {
    let mut install = Command::new("install");
    install.args(["-m", "755"]).args([from, to]);
    install
}
