//! The people: who writes, where, and what Telegram makes of their words.

use serde_json::{Value, json};

use super::record::ChatType;

/// Somebody who writes to the bot, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Person {
    /// The user.
    pub user_id: i64,
    /// The chat; in a private one the user's id.
    pub chat_id: i64,
    /// What the chat is.
    pub chat_type: ChatType,
    /// The language of the person's app.
    pub language_code: Option<String>,
    /// The topic the person writes in.
    pub thread: Option<i64>,
    /// The name shown.
    pub first_name: String,
}

impl Person {
    /// Somebody in a private chat, with a Russian app.
    pub fn private(user_id: i64) -> Self {
        Self {
            user_id,
            chat_id: user_id,
            chat_type: ChatType::Private,
            language_code: Some("ru".into()),
            thread: None,
            first_name: format!("Person {user_id}"),
        }
    }

    /// Somebody in a basic group (its id is negative).
    pub fn in_group(user_id: i64, chat_id: i64) -> Self {
        Self { chat_id, chat_type: ChatType::Group, ..Self::private(user_id) }
    }

    /// Somebody in a supergroup (its id begins with -100).
    pub fn in_supergroup(user_id: i64, chat_id: i64) -> Self {
        Self { chat_id, chat_type: ChatType::Supergroup, ..Self::private(user_id) }
    }

    /// The same person in a topic.
    pub fn in_thread(self, thread: i64) -> Self {
        Self { thread: Some(thread), ..self }
    }

    /// The same person with another language; `""`: with none.
    pub fn speaking(self, language_code: &str) -> Self {
        Self { language_code: Some(language_code.to_owned()).filter(|code| !code.is_empty()), ..self }
    }

    pub(super) fn user(&self) -> Value {
        let mut user = json!({"id": self.user_id, "is_bot": false, "first_name": self.first_name});
        if let Some(code) = &self.language_code {
            user["language_code"] = json!(code);
        }
        user
    }
}

/// A text with the entities that Telegram finds in what people write, as far as bots care.
pub(super) fn text_fields(text: &str) -> Value {
    let mut entities = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let length = word.trim_end().encode_utf16().count();
        let kind = match word.chars().next() {
            Some('/') => "bot_command",
            Some('@') => "mention",
            _ => "",
        };
        let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '@';
        let bare = word.trim_end().get(1..).unwrap_or_default();
        if !kind.is_empty() && !bare.is_empty() && bare.chars().all(of_name) {
            entities.push(json!({"type": kind, "offset": offset, "length": length}));
        }
        offset += word.encode_utf16().count();
    }
    let mut fields = json!({"text": text});
    if !entities.is_empty() {
        fields["entities"] = json!(entities);
    }
    fields
}
