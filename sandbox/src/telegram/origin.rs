//! Where a pushed update comes from, read as far as it can be read.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::record::ChatType;
use super::state::{Received, State};

/// The id that an update brings along.
pub(super) fn update_id(update: &str) -> Option<i64> {
    serde_json::from_str::<UpdateId>(update).ok()?.update_id
}

impl State {
    /// Makes known what a pushed update comes from, as far as that can be read.
    pub(super) fn know_from(&mut self, update: &str) {
        let Ok(fields) = serde_json::from_str::<HashMap<String, &RawValue>>(update) else {
            return;
        };
        for content in fields.values() {
            let Ok(content) = serde_json::from_str::<Origin>(content.get()) else { continue };
            let message = content.message.unwrap_or(MessageOrigin {
                message_id: content.message_id,
                message_thread_id: content.message_thread_id,
                chat: content.chat,
            });
            let Some(chat) = message.chat else { continue };
            let kind = match chat.kind.as_deref() {
                Some("private") => ChatType::Private,
                Some("group") => ChatType::Group,
                _ => ChatType::Supergroup,
            };
            self.know(chat.id, kind, message.message_thread_id);
            if let Some(id) = message.message_id {
                let message = json!({"message_id": id, "chat": self.chat_json(chat.id), "date": self.now()});
                self.received.insert((chat.id, id), Received { message });
            }
        }
    }
}

#[derive(Deserialize)]
struct UpdateId {
    update_id: Option<i64>,
}

/// Only what is needed of an update's content: a field that is not read may hold what does not decode. (No `flatten`:
/// it would decode everything.)
#[derive(Deserialize)]
struct Origin {
    /// Of a callback query.
    message: Option<MessageOrigin>,
    message_id: Option<i64>,
    message_thread_id: Option<i64>,
    chat: Option<ChatOrigin>,
}

#[derive(Deserialize)]
struct MessageOrigin {
    message_id: Option<i64>,
    message_thread_id: Option<i64>,
    chat: Option<ChatOrigin>,
}

#[derive(Deserialize)]
struct ChatOrigin {
    id: i64,
    #[serde(rename = "type")]
    kind: Option<String>,
}
