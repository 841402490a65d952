//! The console beside the bot: a thread, a runtime and a store of its own, so that no page delays an answer.

use std::sync::Arc;

use tracing::{info, warn};

use crate::config::{Config, ENVIRONMENT, shown};
use crate::console::{self, Endpoint, Settings};
use crate::domain::pass::Keys;
use crate::pipeline::door::Door;
use crate::status::View;

/// The server of CONSOLE_ADDR, if that is set, bound and not served yet, and what it serves.
pub(super) fn open(config: &Config, view: &Arc<View>) -> anyhow::Result<Option<(Endpoint, Settings)>> {
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
        shown: shown::all(&ENVIRONMENT),
    };
    Ok(Some((endpoint, settings)))
}

/// The way into it, for /console.
pub(super) fn door(config: &Config) -> Option<Door> {
    let keys = || Keys::new(config.telegram.token.expose());
    config.console.clone().map(|console| Door { console, keys: keys() })
}
