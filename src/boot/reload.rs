//! SIGHUP: the catalogue and its prompts are read anew, while the bot works. What cannot be used changes nothing.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use frankenstein::TelegramApi;
use frankenstein::methods::SetMyCommandsParams;
use tracing::{info, warn};

use crate::base::http::Http;
use crate::config::{Choices, Faults, Reader, dotenv};
use crate::domain::command::Command;
use crate::domain::phrases::Language;
use crate::pipeline::assistant::Current;
use crate::telegram::Telegram;

/// Reads anew at each of `hangups`.
pub(super) fn at_each(
    hangups: &Receiver<()>,
    current: &Arc<Current>,
    http: &Http,
    telegram: &Telegram,
    owners: &dyn Fn() -> Vec<i64>,
) {
    for () in hangups {
        reload(current, http, telegram, owners);
    }
}

fn reload(current: &Current, http: &Http, telegram: &Telegram, owners: &dyn Fn() -> Vec<i64>) {
    // A key of a new endpoint may have come into the file `.env`. The environment itself stays: other threads read it.
    let added = dotenv::now();
    let lookup = |name: &str| std::env::var(name).ok().or_else(|| added.get(name).cloned());
    let read = match Choices::anew(&Reader::new(&lookup)) {
        Ok(read) => read,
        Err(Faults(faults)) => {
            for fault in &faults {
                warn!("{} {}; expected: {}", fault.variable, fault.problem, fault.accepted);
            }
            let faults = faults.len();
            return warn!(faults, "SIGHUP: models and roles stay as they were");
        }
    };
    let old = current.get();
    let new = old.renewed(http, read);
    let (changes, commands) = (old.changes(&new), new.commands());
    current.set(new);
    if changes.is_empty() {
        return info!("SIGHUP: models and roles are read anew; nothing has changed");
    }
    info!(changes = changes.join(", "), "SIGHUP: models and roles are read anew");
    if commands != old.commands() {
        set_menu(telegram, &commands);
        set_owner_menus(telegram, &commands, &owners());
    }
}

/// Gives each owner the menu of one. Whoever never wrote to the bot has none yet.
pub(super) fn set_owner_menus(telegram: &Telegram, commands: &[Command], owners: &[i64]) {
    for owner in owners {
        if let Err(error) = telegram.set_own_menu(*owner, |language| language.owner_menu(commands)) {
            info!(owner, "{error}; the owner has no menu of its own yet");
        }
    }
}

/// Tells Telegram the commands. The bot works without a menu.
pub(super) fn set_menu(telegram: &Telegram, commands: &[Command]) {
    for (language, code) in [(Language::Russian, None), (Language::English, Some("en".to_owned()))] {
        let menu = SetMyCommandsParams::builder()
            .commands(language.menu(commands))
            .maybe_language_code(code)
            .build();
        if let Err(error) = telegram.set_my_commands(&menu) {
            warn!("setMyCommands: {error}");
        }
    }
}
