//! The child's side: one file, read by a process that can do nothing else.

use std::env;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use super::formats;
use super::locks;
use super::order::{About, CHILD, Order};
use super::probe;
use crate::base::exit::ExitCode;
use crate::domain::document::{Extracted, Refused};

/// How a child ends that could not lock itself in: it has read nothing.
pub(super) const NOT_LOCKED: u8 = 90;

/// Reads the file of the standard input, if this process was started as such a child. Comes before anything else in the program:
/// before settings, logging and threads.
pub fn called() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    (arguments.next()? == CHILD).then(|| {
        let order = arguments.next().and_then(|order| serde_json::from_str(order.to_str()?).ok());
        order.map_or(ExitCode::from(NOT_LOCKED), |order| run(&order))
    })
}

fn run(order: &Order) -> ExitCode {
    // What a panic has to say may quote the file.
    panic::set_hook(Box::new(|_| {}));
    if let Err(error) = locks::apply(order) {
        // Nothing foreign is in this message.
        let _ = writeln!(io::stderr(), "{error}");
        return ExitCode::from(NOT_LOCKED);
    }
    if let Some(probe) = &order.probe {
        return probe::try_it(probe);
    }
    let read = panic::catch_unwind(AssertUnwindSafe(|| read(order.characters)));
    let answer: Result<Extracted, Refused> = read.unwrap_or(Err(Refused::Damaged));
    let told = serde_json::to_vec(&answer).is_ok_and(|answer| io::stdout().write_all(&answer).is_ok());
    if told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(characters: usize) -> Result<Extracted, Refused> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).map_err(|_| Refused::Damaged)?;
    let end = input.iter().position(|byte| *byte == b'\n').ok_or(Refused::Damaged)?;
    let about: About = serde_json::from_slice(&input[..end]).map_err(|_| Refused::Damaged)?;
    formats::read(&input[end + 1..], about.name.as_deref(), about.mime.as_deref(), characters)
}
