//! A bot without an owner says so at its start, and how it is claimed.
//!
//! The code itself is shown to somebody at a terminal and to nobody else: a log goes to places where many can read it, and who
//! reads the code first owns the bot. Without a terminal `systech-aidd owner` shows one.

use std::io::{IsTerminal, Write, stderr};

use tracing::{info, warn};

use crate::domain::admission::{Admission, Known};
use crate::domain::claim::Codes;
use crate::domain::rate::RateLimit;
use crate::store::{Store, owner_codes};

/// Tells it. `owned`: the database has an owner.
pub(super) fn tell(
    admission: &Admission,
    owned: bool,
    rate_limit: RateLimit,
    store: &Store,
    bot_id: i64,
    codes: &Codes,
) {
    let known = Known { owned, ..Known::default() };
    if admission.is_open(&known) {
        let limit =
            rate_limit.limit(true).map_or("no limit".to_owned(), |limit| format!("{limit} an hour each"));
        warn!(
            questions = limit,
            "anybody who finds the bot can use it and spend the key: set OWNER or ALLOWED_USERS, or claim the bot"
        );
    }
    if owned || !admission.owners.is_empty() {
        return;
    }
    if !stderr().is_terminal() {
        return info!(
            "nobody owns the bot: systech-aidd owner shows a code by which /claim makes its sender the owner"
        );
    }
    let Some(code) = Codes::make() else {
        return warn!("there is no code to claim the bot: no random numbers");
    };
    match store.run(|conn| owner_codes::store(conn, bot_id, &codes.tag(&code))) {
        Ok(()) => {
            let _ = writeln!(
                stderr(),
                "Nobody owns the bot. Send it within an hour, in your private chat: /claim {code}"
            );
        }
        Err(problem) => warn!("there is no code to claim the bot: {problem}"),
    }
}
