//! The press of a button that belongs to a chat: an anonymous administrator asked in the group's name, or somebody in a
//! channel's, and the press tells who pressed. Telegram is asked whether that user may speak for the chat.
//!
//! The press waits in the lane of the chat, and is acknowledged here: only now it is known what the user is to be told.

use tracing::{debug, warn};

use crate::base::cancel::CancelToken;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::pipeline::services::Services;
use crate::telegram::{Press, TelegramError};

/// Whether the press counts as the chat's own.
pub(super) enum Verdict {
    /// Who pressed speaks for the chat.
    Granted,
    /// Who pressed does not, or that cannot be found out, and has been told so.
    Denied,
    /// The end was asked for meanwhile.
    Interrupted,
    /// Another instance may lead: nobody is asked.
    Later,
}

impl Services {
    /// Finds out whether who pressed may act for `lane.user_id`, and acknowledges the press.
    pub(super) fn judge(&self, lane: Lane, press: &Press, language: Language, stop: &CancelToken) -> Verdict {
        let Lane { chat_id, user_id: owner, .. } = lane;
        let refusal = match self.telegram.until(stop).member(owner, press.by) {
            Ok(member) if member.speaks_for(owner, chat_id) => None,
            Ok(_) => Some(language.button_of_a_chat()),
            Err(TelegramError::Stopped) => return Verdict::Interrupted,
            Err(TelegramError::NotLeading) => return Verdict::Later,
            // For good: the bot sees no members there.
            Err(error @ (TelegramError::BadRequest(_) | TelegramError::Forbidden(_))) => {
                debug!(chat = owner, "{error}; nobody can press the buttons of this chat");
                Some(language.members_not_seen())
            }
            Err(error) => {
                warn!(chat = owner, "{error}; the press of a button was not carried out");
                Some(language.press_later())
            }
        };
        self.telegram.acknowledge(press, refusal);
        if refusal.is_none() { Verdict::Granted } else { Verdict::Denied }
    }
}
