//! The menu of commands that one person sees.

use frankenstein::TelegramApi;
use frankenstein::methods::{DeleteMyCommandsParams, SetMyCommandsParams};
use frankenstein::types::{BotCommand, BotCommandScope, BotCommandScopeChat, ChatId};

use super::error::TelegramError;
use super::transport::Telegram;
use crate::domain::phrases::Language;

/// The languages of a menu: Russian for everybody whose language has no menu of its own.
const LANGUAGES: [(Language, Option<&str>); 2] = [(Language::Russian, None), (Language::English, Some("en"))];

impl Telegram {
    /// Gives this person a menu of their own.
    pub fn set_own_menu(
        &self,
        user_id: i64,
        menu: impl Fn(Language) -> Vec<BotCommand>,
    ) -> Result<(), TelegramError> {
        for (language, code) in LANGUAGES {
            let menu = SetMyCommandsParams::builder()
                .commands(menu(language))
                .scope(only(user_id))
                .maybe_language_code(code.map(str::to_owned))
                .build();
            self.set_my_commands(&menu)?;
        }
        Ok(())
    }

    /// From now on this person sees the menu of everybody.
    pub fn delete_own_menu(&self, user_id: i64) -> Result<(), TelegramError> {
        for (_, code) in LANGUAGES {
            let menu = DeleteMyCommandsParams::builder()
                .scope(only(user_id))
                .maybe_language_code(code.map(str::to_owned))
                .build();
            self.delete_my_commands(&menu)?;
        }
        Ok(())
    }
}

fn only(user_id: i64) -> BotCommandScope {
    BotCommandScope::Chat(BotCommandScopeChat { chat_id: ChatId::Integer(user_id) })
}
