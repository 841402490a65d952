//! Logs: to standard error, as text or JSON, and never with what people wrote.

use std::io::{self, IsTerminal, Write};
use std::str::FromStr;

use tracing::error;
use tracing_subscriber::EnvFilter;

/// What is logged, and how; read with all other settings.
#[derive(Debug, Default)]
pub struct Settings {
    /// RUST_LOG
    pub filter: EnvFilter,
    /// LOG_FORMAT
    pub format: Format,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// A log that cannot be written (a full disk, a pipe whose reader has gone) costs lines of the log, not the bot.
struct Lossy<W>(W);

impl<W: Write> Write for Lossy<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

impl Settings {
    /// Starts logging, once in a process.
    pub fn start(self) {
        let builder = tracing_subscriber::fmt()
            .with_env_filter(self.filter)
            .with_writer(|| Lossy(io::stderr()))
            // It would be told where the log itself cannot be written, and end the program.
            .log_internal_errors(false);
        match self.format {
            Format::Text => builder.with_ansi(io::stderr().is_terminal()).with_target(false).init(),
            Format::Json => builder.json().flatten_event(true).init(),
        }
        // The default hook prints the panic's message, and that may quote a person's.
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            error!(thread = thread.name().unwrap_or("?"), place, "panic");
        }));
    }
}
