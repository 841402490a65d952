//! Who owns the bot, at its start: each owner has a menu, and a bot without one says so, and how it is claimed.
//!
//! The code itself is shown to somebody at a terminal and to nobody else: a log goes to places where many can read it, and who
//! reads the code first owns the bot. Without a terminal `systech-aidd owner` shows one.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;

use tracing::{info, warn};

use super::reload;
use crate::config::Config;
use crate::domain::admission::Known;
use crate::domain::claim::Codes;
use crate::pipeline::services::Services;
use crate::store::{Store, owner_codes, people};
use crate::telegram::Telegram;

/// Begins; `owned`: the database has an owner. Returns whether anybody may use the bot.
pub(super) fn begin(bot: &Services, owned: bool, telegram: &Telegram) -> bool {
    let open = bot.admission.is_open(Known { owned, ..Known::default() });
    if open {
        let limit = bot.rate_limit.limit(true);
        let questions = limit.map_or("no limit".to_owned(), |limit| format!("{limit} an hour each"));
        warn!(
            questions,
            "anybody who finds the bot can use it and spend the key: set OWNER or ALLOWED_USERS, or claim the bot"
        );
    }
    if owned || !bot.admission.owners.is_empty() {
        reload::set_owner_menus(telegram, &bot.assistant.get().commands(), &owners(bot));
    } else if stderr().is_terminal() {
        show_code(bot);
    } else {
        info!(
            "nobody owns the bot: systech-aidd owner shows a code by which /claim makes its sender the owner"
        );
    }
    open
}

/// Where everybody is found who is an owner, whether this instance leads or not.
pub(super) struct Owners {
    listed: Vec<i64>,
    leases: Arc<Store>,
    bot_id: i64,
}

impl Owners {
    pub(super) fn of(config: &Config, leases: &Arc<Store>) -> Self {
        let listed = config.admission.owners.iter().copied().collect();
        Self { listed, leases: Arc::clone(leases), bot_id: config.telegram.token.bot_id() }
    }

    /// Those of the environment, and those of the database where it answers.
    pub(super) fn now(&self) -> Vec<i64> {
        let mut owners = self.listed.clone();
        // Beside the connection of the lease, which waits for nobody.
        if let Ok(mut conn) = self.leases.apart() {
            owners.extend(people::owners(&mut conn, self.bot_id).unwrap_or_default());
        }
        owners
    }
}

/// Everybody who is an owner, as far as the database says so.
fn owners(bot: &Services) -> Vec<i64> {
    let claimed = bot.store.run(|conn| people::owners(conn, bot.me.id)).unwrap_or_default();
    let others = claimed.into_iter().filter(|id| !bot.admission.owners.contains(id));
    bot.admission.owners.iter().copied().chain(others).collect()
}

fn show_code(bot: &Services) {
    let Some(code) = Codes::make() else {
        return warn!("there is no code to claim the bot: the system has no random numbers");
    };
    match bot.store.run(|conn| owner_codes::store(conn, bot.me.id, &bot.codes.tag(&code))) {
        Ok(()) => {
            let say = "Nobody owns the bot. Send it within an hour, in your private chat:";
            let _ = writeln!(stderr(), "{say} /claim {code}");
        }
        Err(problem) => warn!("there is no code to claim the bot: {problem}"),
    }
}
