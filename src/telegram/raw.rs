//! What is read of an update's JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::sender::Sender;
use crate::domain::topic::{Begun, Naming};

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
    #[serde(borrow)]
    pub(super) my_chat_member: Option<&'a RawValue>,
    /// Not Telegram's: what the message quotes, as the inbox keeps it.
    #[serde(borrow)]
    pub(super) quoted: Option<&'a RawValue>,
}

/// What the bot was in a chat, and what somebody made it.
#[derive(Deserialize)]
pub(super) struct RawMembership {
    pub(super) chat: RawChat,
    pub(super) from: RawPerson,
    pub(super) old_chat_member: RawStatus,
    pub(super) new_chat_member: RawStatus,
}

#[derive(Deserialize)]
pub(super) struct RawStatus {
    status: String,
    /// Of somebody who is restricted.
    #[serde(default)]
    is_member: bool,
}

impl RawMembership {
    /// Whether the bot came into a group by it.
    pub(super) fn added(&self) -> bool {
        self.chat.kind != "private" && self.new_chat_member.is_in() && !self.old_chat_member.is_in()
    }
}

impl RawStatus {
    fn is_in(&self) -> bool {
        match self.status.as_str() {
            "member" | "administrator" | "creator" => true,
            "restricted" => self.is_member,
            _ => false,
        }
    }
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
    #[serde(default, deserialize_with = "text_if_any")]
    pub(super) title: Option<String>,
}

impl RawChat {
    /// A group, as people see it.
    pub(super) fn group(&self) -> Sender {
        Sender::of(self.title.as_deref(), None, None)
    }
}

/// In whose name a message is: an anonymous administrator writes in the group's, an owner perhaps in a channel's. `from`
/// is then a bot that stands for all of them (Bot API, Message).
#[derive(Deserialize)]
pub(super) struct RawSenderChat {
    pub(super) id: i64,
}

#[derive(Deserialize, Default)]
pub(super) struct RawPerson {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    pub(super) language_code: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(super) first_name: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(super) last_name: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(super) username: Option<String>,
}

impl RawPerson {
    /// As people see it.
    pub(super) fn sender(&self) -> Sender {
        let names = [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str);
        Sender::of(names, self.username.as_deref(), self.language_code.as_deref())
    }
}

/// What is no text is as good as nothing: a message is not unreadable for it.
fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
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
    "giveaway",
    "giveaway_winners",
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

#[derive(Deserialize)]
struct RawTopic {
    message_thread_id: i64,
    chat: RawChat,
    #[serde(default)]
    from: RawPerson,
    forum_topic_created: Option<RawTopicCreated>,
    forum_topic_edited: Option<RawTopicEdited>,
}

#[derive(Deserialize)]
struct RawTopicCreated {
    #[serde(default)]
    is_name_implicit: bool,
}

#[derive(Deserialize)]
struct RawTopicEdited {
    name: Option<String>,
}

/// What a message says of a topic of its private chat (Bot API, ForumTopicCreated and ForumTopicEdited).
pub(super) fn topic_begun(message: &str) -> Option<Begun> {
    let topic: RawTopic = serde_json::from_str(message).ok()?;
    if topic.chat.kind != "private" || topic.from.is_bot {
        return None;
    }
    let naming = match (topic.forum_topic_created, topic.forum_topic_edited) {
        (Some(created), _) if created.is_name_implicit => Naming::LeftToBot,
        (_, Some(edited)) if edited.name.is_some() => Naming::ByPerson,
        _ => return None,
    };
    Some(Begun { chat_id: topic.chat.id, thread_id: topic.message_thread_id, naming })
}

#[expect(clippy::zero_sized_map_values, reason = "a set is not read from an object")]
pub(super) fn has_content(message: &str) -> bool {
    let fields: BTreeMap<Cow<'_, str>, IgnoredAny> = serde_json::from_str(message).unwrap_or_default();
    CONTENT.iter().any(|field| fields.contains_key(*field))
}
