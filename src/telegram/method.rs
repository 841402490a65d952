//! The methods of the Bot API that the bot calls, each with its name.

use crate::domain::reply::{Content, Op};

/// The one list of methods: what is called is in it, and so has a name in the metrics.
macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident = $name:literal),+ $(,)?) => {
        /// A method of the Bot API.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Method {
            $($(#[$doc])* $method),+
        }

        impl Method {
            const ALL: &[Self] = &[$(Self::$method),+];

            /// As the Bot API calls it.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$method => $name),+
                }
            }
        }
    };
}

methods! {
    /// The press of a button has arrived.
    AnswerCallbackQuery = "answerCallbackQuery",
    /// A message of the bot's taken away.
    DeleteMessage = "deleteMessage",
    /// No menu for these.
    DeleteMyCommands = "deleteMyCommands",
    /// Updates are polled for.
    DeleteWebhook = "deleteWebhook",
    /// Another title for a topic.
    EditForumTopic = "editForumTopic",
    /// Another text for a message of the bot's.
    EditMessageText = "editMessageText",
    /// What somebody is in a chat.
    GetChatMember = "getChatMember",
    /// How many are in a chat.
    GetChatMemberCount = "getChatMemberCount",
    /// Where a file is.
    GetFile = "getFile",
    /// Who the bot is.
    GetMe = "getMe",
    /// What has come.
    GetUpdates = "getUpdates",
    /// Whether updates go elsewhere.
    GetWebhookInfo = "getWebhookInfo",
    /// Out of a chat.
    LeaveChat = "leaveChat",
    /// What the bot is doing.
    SendChatAction = "sendChatAction",
    /// A file.
    SendDocument = "sendDocument",
    /// Classic text.
    SendMessage = "sendMessage",
    /// Classic text while it is being written.
    SendMessageDraft = "sendMessageDraft",
    /// A picture.
    SendPhoto = "sendPhoto",
    /// Typed blocks.
    SendRichMessage = "sendRichMessage",
    /// Typed blocks while they are being written.
    SendRichMessageDraft = "sendRichMessageDraft",
    /// A voice message.
    SendVoice = "sendVoice",
    /// A menu of commands.
    SetMyCommands = "setMyCommands",
}

impl Method {
    /// Those of the outbox, whose calls can be told to pause, each by itself.
    pub const OF_OUTBOX: [Self; 7] = [
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

    /// The method of this name. `None`: none that the bot is known to call.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|method| method.name() == name).copied()
    }
}
