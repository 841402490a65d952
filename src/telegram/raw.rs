//! What is read of an update's JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

// What is not named here costs no memory, however large it is.

#[derive(Deserialize)]
pub(super) struct RawUpdate<'a> {
    pub(super) update_id: i64,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) edited_message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) callback_query: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stopped_message_generation: Option<&'a RawValue>,
    /// Not Telegram's: what the message quotes, as the inbox keeps it.
    #[serde(borrow)]
    pub(super) quoted: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct RawPress {
    pub(super) id: String,
    pub(super) from: RawPerson,
    pub(super) message: RawPressed,
    pub(super) data: String,
}

/// The message below which the button is; perhaps an old one of which Telegram tells no more than this.
#[derive(Deserialize)]
pub(super) struct RawPressed {
    pub(super) message_id: i64,
    pub(super) chat: RawChat,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
}

/// In a private chat, whose id is the user's (Bot API, MessageGenerationStopped).
#[derive(Deserialize)]
pub(super) struct RawStopped {
    pub(super) chat: RawChat,
    pub(super) message_thread_id: Option<i64>,
    pub(super) draft_id: i64,
}

#[derive(Deserialize)]
pub(super) struct RawMessage<'a> {
    pub(super) message_id: i64,
    #[serde(default)]
    pub(super) date: i64,
    pub(super) chat: RawChat,
    pub(super) from: RawPerson,
    #[serde(borrow)]
    pub(super) sender_chat: Option<&'a RawValue>,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
    pub(super) text: Option<String>,
    #[serde(borrow)]
    pub(super) entities: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) caption: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) caption_entities: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) reply_to_message: Option<&'a RawValue>,
    pub(super) media_group_id: Option<String>,
}

/// The two service messages by which Telegram announces that a group became a supergroup: the last one of the old
/// chat, the first one of the new (Bot API, Message).
#[derive(Deserialize)]
pub(super) struct RawMove {
    pub(super) chat: RawChat,
    pub(super) migrate_to_chat_id: Option<i64>,
    pub(super) migrate_from_chat_id: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct RawChat {
    pub(super) id: i64,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

/// In whose name a message is: an anonymous administrator writes in the group's, an owner perhaps in a channel's. `from`
/// is then a bot that stands for all of them (Bot API, Message).
#[derive(Deserialize)]
pub(super) struct RawSenderChat {
    pub(super) id: i64,
}

#[derive(Deserialize)]
pub(super) struct RawPerson {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    pub(super) language_code: Option<String>,
}

/// Fields that make a message one that a user sent for somebody to read (Bot API, Message). Without any of
/// them it is a service message: somebody joined, a topic was closed, a message was pinned.
pub(super) const CONTENT: &[&str] = &[
    "animation",
    "audio",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "invoice",
    "live_photo",
    "location",
    "paid_media",
    "photo",
    "poll",
    "rich_message",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
];

/// From where to where a message says that its chat moved.
pub(super) fn moved(message: &str) -> Option<(i64, i64)> {
    let RawMove { chat, migrate_to_chat_id, migrate_from_chat_id } = serde_json::from_str(message).ok()?;
    migrate_to_chat_id.map(|to| (chat.id, to)).or(migrate_from_chat_id.map(|from| (from, chat.id)))
}

#[expect(clippy::zero_sized_map_values, reason = "a set is not read from an object")]
pub(super) fn has_content(message: &str) -> bool {
    let fields: BTreeMap<Cow<'_, str>, IgnoredAny> = serde_json::from_str(message).unwrap_or_default();
    CONTENT.iter().any(|field| fields.contains_key(*field))
}
