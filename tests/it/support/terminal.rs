//! Commands at a terminal, on which a person types.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use sandbox::env::{Operator, Printed};

/// A terminal: the side of the person, and the side of the program.
pub(crate) fn terminal() -> (File, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let terminal = ptsname(&person, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(terminal.to_str().unwrap()).unwrap();
    (person.into(), terminal.into())
}

/// Runs a command whose standard input is a terminal, on which a person types `answer`.
pub(crate) fn run_on_terminal(operator: &Operator, arguments: &[&str], answer: &str) -> Printed {
    let (mut person, terminal) = terminal();
    person.write_all(format!("{answer}\n").as_bytes()).unwrap();
    operator.command(arguments).stdin(terminal).output().unwrap().into()
}
