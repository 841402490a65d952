//! The console beside the bot: a thread, a runtime and a store of its own, so that no page delays an answer.

use std::sync::Arc;

use tracing::{info, warn};

use super::{Served, enforce_deadlines, spawn};
use crate::base::cancel::CancelToken;
use crate::config::{Config, ENVIRONMENT, settings};
use crate::console::{self, Endpoint, Settings};
use crate::domain::pass::Keys;
use crate::pipeline::console::Door;
use crate::status::View;

/// The console of CONSOLE_ADDR, if it is set, from now on until the returned guard is dropped.
pub(super) fn serve(config: &Config, view: &Arc<View>) -> anyhow::Result<Option<Served>> {
    let Some(console) = &config.console else { return Ok(None) };
    let endpoint = Endpoint::bind(&console.addr)?;
    if let Some(address) = endpoint.address() {
        info!(%address, "the console is served; systech-aidd console prints a link into it");
    }
    if !console.is_local() {
        warn!("{}: {}", console::EXPOSED, console::REMEDY);
    }
    let settings = Settings {
        console: console.clone(),
        store: Settings::store(&config.database.url),
        view: Arc::clone(view),
        bot_id: config.telegram.token.bot_id(),
        keys: Keys::new(config.telegram.token.expose()),
        listed: config.admission.owners.clone(),
        budgets: config.budgets.clone(),
        backup_dir: config.database.backup_dir.clone(),
        shown: settings::shown(&ENVIRONMENT),
    };
    enforce_deadlines(&settings.store)?;
    let stop = CancelToken::new();
    let thread = {
        let stop = stop.clone();
        spawn("console".to_owned(), move || endpoint.serve(settings, &stop))?
    };
    Ok(Some(Served { stop, thread: Some(thread) }))
}

/// The way into it, for /console.
pub(super) fn door(config: &Config) -> Option<Door> {
    let keys = || Keys::new(config.telegram.token.expose());
    config.console.clone().map(|console| Door { console, keys: keys() })
}
