//! What a bot serves beside its messages, each by a thread of its own: metrics and health, and the console.

use std::sync::Arc;
use std::thread;

use tracing::info;

use super::console;
use super::threads::{enforce_deadlines, spawn};
use crate::base::cancel::CancelToken;
use crate::config::Config;
use crate::status::{Endpoint, View};

/// The endpoint of METRICS_ADDR, if it is set, from now on until the returned guard is dropped.
pub(super) fn serve_metrics(address: Option<&str>, view: &Arc<View>) -> anyhow::Result<Option<Served>> {
    let Some(address) = address else { return Ok(None) };
    let endpoint = Endpoint::bind(address)?;
    if let Some(address) = endpoint.address() {
        info!(%address, "metrics and health are served at /metrics, /healthz and /readyz");
    }
    let (view, stop) = (Arc::clone(view), CancelToken::new());
    let thread = {
        let stop = stop.clone();
        spawn("metrics".to_owned(), move || endpoint.serve(&view, &stop))?
    };
    Ok(Some(Served { stop, thread: Some(thread) }))
}

/// The console of CONSOLE_ADDR, if it is set, from now on until the returned guard is dropped.
pub(super) fn serve_console(config: &Config, view: &Arc<View>) -> anyhow::Result<Option<Served>> {
    let Some((endpoint, settings)) = console::open(config, view)? else { return Ok(None) };
    enforce_deadlines(&settings.store)?;
    let stop = CancelToken::new();
    let thread = {
        let stop = stop.clone();
        spawn("console".to_owned(), move || endpoint.serve(settings, &stop))?
    };
    Ok(Some(Served { stop, thread: Some(thread) }))
}

/// A server at work; dropped, it ends, which takes no time whatever its clients do.
pub(super) struct Served {
    stop: CancelToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
