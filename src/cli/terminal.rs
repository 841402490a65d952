//! Asks the operator at the terminal before something is destroyed.

use std::io::{self, BufRead, IsTerminal, Write};

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
