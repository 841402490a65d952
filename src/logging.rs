//! Logs: to standard error, as text or JSON, and never with what people wrote.

use std::io::IsTerminal;

use tracing::error;
use tracing_subscriber::EnvFilter;

/// Starts logging. RUST_LOG filters (default `info`), LOG_FORMAT chooses `text` (default) or `json`.
pub fn start() -> anyhow::Result<()> {
    let directives = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::try_new(directives.as_deref().unwrap_or("info")).map_err(|_| {
        anyhow::anyhow!("RUST_LOG is not a filter; expected: info, or systech_aidd=debug,warn")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match std::env::var("LOG_FORMAT").unwrap_or_default().trim() {
        "" | "text" => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        "json" => builder.json().flatten_event(true).init(),
        other => anyhow::bail!("LOG_FORMAT is {other:?}; expected: text or json"),
    }
    // the default hook prints the panic's message, and that may quote a person's
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        error!(thread = thread.name().unwrap_or("?"), place, "panic");
    }));
    Ok(())
}
