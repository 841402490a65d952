//! What all commands share: how they end, JSON for programs, a progress bar for people.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// How a command ended that had no error.
pub enum Outcome {
    /// It did what was asked for.
    Done,
    /// There is nothing of the kind.
    Nothing,
    /// Nobody said yes.
    NotConfirmed,
}

impl From<bool> for Outcome {
    fn from(found: bool) -> Self {
        if found { Self::Done } else { Self::Nothing }
    }
}

/// `--json`
#[derive(Args, Clone, Copy)]
pub struct Json {
    /// Print one JSON object per line, for programs
    #[arg(long)]
    pub json: bool,
}

/// One JSON object on a line of its own.
pub fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A progress bar on standard error, if that is a terminal; else nothing is counted and nothing is shown.
pub fn bar<E>(what: &'static str, total: impl FnOnce() -> Result<u64, E>) -> Result<ProgressBar, E> {
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} {msg}, {eta} to go");
    let bar = ProgressBar::new(total()?).with_message(what);
    Ok(match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    })
}
