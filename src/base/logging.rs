//! Logs: to standard error, as text or JSON, and never with what people wrote.

use std::io::IsTerminal;
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

impl Settings {
    /// Starts logging, once in a process.
    pub fn start(self) {
        let builder = tracing_subscriber::fmt().with_env_filter(self.filter).with_writer(std::io::stderr);
        match self.format {
            Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
            Format::Json => builder.json().flatten_event(true).init(),
        }
        // the default hook prints the panic's message, and that may quote a person's
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            error!(thread = thread.name().unwrap_or("?"), place, "panic");
        }));
    }
}
