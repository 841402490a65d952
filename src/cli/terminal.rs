//! What a command says to its operator, and asks before something is destroyed.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;

use crate::base::exit::ExitCode;

/// The exit code of a command that was not confirmed: the question was answered with no, or could not be asked.
pub(super) const NOT_CONFIRMED: u8 = 4;

/// Asks whether to go on. Without a terminal nobody can be asked: then the answer is no.
pub(super) fn confirm() -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        eprintln!("Nothing was done: there is no terminal to ask on. Pass --yes to do it without asking.");
        return Ok(false);
    }
    eprint!("Continue? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let yes = ["y", "yes", "д", "да"].contains(&answer.trim().to_lowercase().as_str());
    if !yes {
        eprintln!("Nothing was done.");
    }
    Ok(yes)
}

/// Tells how a change goes on. Whoever listens may have gone; that is no reason to stop midway.
pub(super) fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Shows what was asked for. A reader such as `head` may have enough of it.
pub(super) fn show(text: &str) -> anyhow::Result<ExitCode> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written to")
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
