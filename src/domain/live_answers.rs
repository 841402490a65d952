//! How an answer is shown while it grows.

use std::fmt;
use std::str::FromStr;

/// How an answer is shown while it grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveAnswers {
    /// As a draft, which only private chats have; other chats show that the bot is typing.
    #[default]
    Draft,
    /// As a message that is sent with the first words and edited.
    Edit,
    /// Not at all: the chat shows that the bot is typing.
    Off,
}

/// What a draft says while the model thinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    /// Nothing: the app says "Thinking…" in its own language.
    #[default]
    Plain,
    /// That the bot is thinking, in the thinking block of a rich draft (Bot API 10.1).
    Block,
}

impl FromStr for Thinking {
    type Err = &'static str;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        match value {
            "plain" => Ok(Self::Plain),
            "block" => Ok(Self::Block),
            _ => Err("expected plain or block"),
        }
    }
}

/// A value that is not a [`LiveAnswers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLiveAnswers;

impl fmt::Display for UnknownLiveAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected draft, edit or off")
    }
}

impl std::error::Error for UnknownLiveAnswers {}

impl FromStr for LiveAnswers {
    type Err = UnknownLiveAnswers;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        match value {
            "draft" => Ok(Self::Draft),
            "edit" => Ok(Self::Edit),
            "off" => Ok(Self::Off),
            _ => Err(UnknownLiveAnswers),
        }
    }
}
