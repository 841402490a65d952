//! What a message answers or forwards (Bot API, Message: `reply_to_message`, `quote`, `external_reply`, `forward_origin`).
//!
//! Read by [`super::incoming`]. What is strange is looked past, but whatever is forwarded stays somebody's words: a strange
//! origin has no name.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::addressed::Me;
use super::attached::attached;
use super::described::{Fields, described};
use super::entities::entities;
use super::markup::{shortened, spelt_out};
use super::named::named;
use crate::domain::quote::{Kind, Quote, QuotedFile, Whose};

/// What stands for words that Telegram does not tell bots.
const UNSEEN: &str = "[its words are not shown to bots]";

/// Who reads a message: by this it is known whose words are whose.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) me: &'a Me,
    /// The user who sent it, or the chat in whose name it is.
    pub(super) user_id: i64,
}

impl Reader<'_> {
    /// What the message quotes. A forwarded message is one quotation, and replies to nothing.
    pub(super) fn quotes(self, message: &str) -> Vec<Quote> {
        let Some(held) = Fields::of(message) else { return Vec::new() };
        if let Some(origin) = object(&held, "forward_origin") {
            let (whose, author) = self.origin(origin);
            let text = words(message, self.me).unwrap_or_else(|| UNSEEN.to_owned());
            return vec![Quote::new(Kind::Forward, whose, author.as_deref(), &text)];
        }
        let part = object(&held, "quote").and_then(|part| Some((words(part, self.me)?, is_manual(part))));
        if let Some(reply) = object(&held, "reply_to_message") {
            return self.reply(reply, part);
        }
        object(&held, "external_reply").map(|reply| self.elsewhere(reply, part)).into_iter().collect()
    }

    /// A reply within the chat: the message, and the part of it that the user marked. In a topic, what replies to nothing
    /// has the message that opened the topic here.
    fn reply(self, reply: &str, part: Option<(String, bool)>) -> Vec<Quote> {
        let Some(held) = Fields::of(reply).filter(|held| held.get("forum_topic_created").is_none()) else {
            return Vec::new();
        };
        let (whose, author) = match object(&held, "forward_origin") {
            Some(origin) => self.origin(origin),
            None => self.sender(&held),
        };
        let quote = |kind, text: &str| Quote::new(kind, whose, author.as_deref(), text);
        let message = words(reply, self.me).map(|text| Quote {
            file: file(reply, held.read("message_id"), self.me),
            ..quote(Kind::Reply, &text)
        });
        // Telegram marks a part by itself where it knows no better; that says nothing new.
        let marked = part.filter(|(text, manual)| {
            message
                .as_ref()
                .is_none_or(|message| message.text != *text && (*manual || !message.text.contains(&**text)))
        });
        message.into_iter().chain(marked.map(|(text, _)| quote(Kind::Part, &text))).collect()
    }

    /// A reply to another chat comes without the message's own text: there is only what was marked, and what the message
    /// holds beside it.
    fn elsewhere(self, reply: &str, part: Option<(String, bool)>) -> Quote {
        let (whose, author) = match Fields::of(reply).as_ref().and_then(|held| object(held, "origin")) {
            Some(origin) => self.origin(origin),
            None => (Whose::Other, None),
        };
        let text = [words(reply, self.me), part.map(|(text, _)| text)];
        let text = text.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let text = if text.is_empty() { UNSEEN } else { &text };
        // Its id is one of another chat.
        let file = file(reply, None, self.me);
        Quote { file, ..Quote::new(Kind::Elsewhere, whose, author.as_deref(), text) }
    }

    /// Who sent a message that is told in full.
    fn sender(self, held: &Fields<'_>) -> (Whose, Option<String>) {
        match (held.read::<RawChat>("sender_chat"), held.read::<RawUser>("from")) {
            (Some(chat), _) => self.chat(chat, None),
            (None, Some(user)) => self.user(user),
            (None, None) => (Whose::Other, None),
        }
    }

    /// Bot API, MessageOrigin.
    fn origin(self, origin: &str) -> (Whose, Option<String>) {
        let Some(held) = Fields::of(origin) else { return (Whose::Other, None) };
        if let Some(user) = held.read::<RawUser>("sender_user") {
            return self.user(user);
        }
        let chat = held.read::<RawChat>("chat").or_else(|| held.read::<RawChat>("sender_chat"));
        match chat {
            Some(chat) => self.chat(chat, held.read::<String>("author_signature")),
            None => (Whose::Other, held.read::<String>("sender_user_name").filter(|name| !name.is_empty())),
        }
    }

    fn user(self, RawUser { id, first_name, last_name }: RawUser) -> (Whose, Option<String>) {
        let name = [first_name, last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
        match id {
            id if id == self.me.id => (Whose::Bot, None),
            id if id == self.user_id => (Whose::User, None),
            _ => (Whose::Other, Some(name).filter(|name| !name.trim().is_empty())),
        }
    }

    fn chat(
        self,
        RawChat { id, kind, title }: RawChat,
        signature: Option<String>,
    ) -> (Whose, Option<String>) {
        if id == self.user_id {
            return (Whose::User, None);
        }
        let whose = if kind == "channel" { Whose::Channel } else { Whose::Group };
        let title = title.unwrap_or_default();
        let name = signature.filter(|name| !name.is_empty()).map(|name| format!("{title} ({name})"));
        (whose, Some(name.unwrap_or(title)))
    }
}

#[derive(Deserialize)]
struct RawUser {
    id: i64,
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
    title: Option<String>,
}

/// A field that is an object; anything else is none.
fn object<'a>(held: &Fields<'a>, name: &str) -> Option<&'a str> {
    held.get(name).map(RawValue::get).filter(|json| json.starts_with('{'))
}

fn is_manual(part: &str) -> bool {
    Fields::of(part).and_then(|held| held.read::<Value>("is_manual")).is_some_and(|manual| manual == true)
}

/// The file of a message that is replied to, where it can be looked at or read. A recording is its line.
fn file(message: &str, message_id: Option<i64>, me: &Me) -> Option<Box<QuotedFile>> {
    attached(message, me)
        .filter(|file| !file.is_sound())
        .map(|file| Box::new(QuotedFile { message_id: message_id.unwrap_or_default(), file }))
}

/// What a message says: its text; or what it holds, and its caption. `None`: nothing.
fn words(message: &str, me: &Me) -> Option<String> {
    let held = Fields::of(message)?;
    let spelt = |text: &str, marks: &str| {
        let text = shortened(held.read::<String>(text)?);
        let words = spelt_out(&text, 0..text.len(), &entities(&text, held.get(marks)));
        Some(words).filter(|words| !words.trim().is_empty())
    };
    if let Some(text) = spelt("text", "entities") {
        return Some(text);
    }
    let file = || attached(message, me).map(|file| file.line(None));
    let thing = described(message).or_else(file).or_else(|| named(&held));
    let said = [thing, spelt("caption", "caption_entities")].into_iter().flatten().collect::<Vec<_>>();
    (!said.is_empty()).then(|| said.join("\n"))
}

#[cfg(test)]
mod tests;
