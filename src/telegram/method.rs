//! The methods that send.

use crate::domain::reply::{Content, Op};

/// The methods whose calls can be told to pause, each by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// Classic text.
    SendMessage,
    /// Typed blocks.
    SendRichMessage,
    /// A file.
    SendDocument,
    /// A picture.
    SendPhoto,
    /// A voice message.
    SendVoice,
    /// Another text for a message of the bot's.
    EditMessageText,
    /// A message of the bot's taken away.
    DeleteMessage,
}

impl Method {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::SendMessage,
        Self::SendRichMessage,
        Self::SendDocument,
        Self::SendPhoto,
        Self::SendVoice,
        Self::EditMessageText,
        Self::DeleteMessage,
    ];

    /// The method that does this with `content`.
    pub fn of(op: Op, content: &Content) -> Self {
        match (op, content) {
            (Op::Delete(_), _) => Self::DeleteMessage,
            (Op::Edit(_), _) => Self::EditMessageText,
            (Op::Send, Content::Text { .. }) => Self::SendMessage,
            (Op::Send, Content::Rich { .. }) => Self::SendRichMessage,
            (Op::Send, Content::Document { .. }) => Self::SendDocument,
            (Op::Send, Content::Chart { .. } | Content::Photo { .. }) => Self::SendPhoto,
            (Op::Send, Content::Voice { .. }) => Self::SendVoice,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SendMessage => "sendMessage",
            Self::SendRichMessage => "sendRichMessage",
            Self::SendDocument => "sendDocument",
            Self::SendPhoto => "sendPhoto",
            Self::SendVoice => "sendVoice",
            Self::EditMessageText => "editMessageText",
            Self::DeleteMessage => "deleteMessage",
        }
    }
}
