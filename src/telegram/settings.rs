//! Where the Bot API is, and whose bot this is.

use std::time::Duration;

use crate::base::secret::Secret;

/// Where the Bot API is, and whose bot this is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token.
    pub token: Token,
    /// What stands before `/bot<token>/`.
    pub url: String,
    /// The longest wait for an answer.
    pub timeout: Duration,
}

/// A bot's token, `<bot id>:<secret>`.
#[derive(Clone, Debug)]
pub struct Token {
    pub(super) bot_id: i64,
    pub(super) secret: Secret,
}

impl Token {
    /// Telegram's id of the bot.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// The whole token.
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }
}

impl std::str::FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = "does not look like a token";
        let (bot_id, secret) = text.split_once(':').ok_or(shape)?;
        let well_formed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if secret.len() < 10 || !secret.chars().all(well_formed) {
            return Err(shape);
        }
        let bot_id = bot_id.parse().ok().filter(|id| *id > 0).ok_or(shape)?;
        Ok(Self { bot_id, secret: Secret::new(text) })
    }
}
