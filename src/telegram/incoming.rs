//! Updates as they arrive, read for what this program uses and for nothing else: a field it does not know, of a
//! shape nobody foresaw, cannot make a message unreadable.

use serde::Deserialize;

use crate::phrases::Language;

/// The kinds asked for; Telegram delivers no other (Bot API, getUpdates).
pub(super) const ALLOWED_UPDATES: &[&str] = &["message"];

/// An update that asks for an answer.
pub struct Incoming {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Kind, as Telegram names it.
    pub kind: &'static str,
    /// The message in it.
    pub message: Message,
}

/// A message of a person.
pub struct Message {
    /// Its id within the chat.
    pub message_id: i64,
    /// The chat.
    pub chat_id: i64,
    /// Whether the chat is one person's own with the bot.
    pub private: bool,
    /// The person.
    pub user_id: i64,
    /// The person's language.
    pub language: Language,
    /// Topic of the chat.
    pub thread_id: Option<i64>,
    /// The text; `None` for a picture, a voice message and everything else that is not text.
    pub text: Option<String>,
}

/// Why an update is passed over.
#[derive(Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// Not even a number: it cannot be confirmed by itself. Confirmed with the next one.
    Unreadable,
    /// Nothing in it that this bot answers. The number is there to be confirmed.
    NothingToAnswer(i64),
}

#[derive(Deserialize)]
struct RawUpdate {
    update_id: i64,
    message: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawMessage {
    message_id: i64,
    chat: RawChat,
    from: RawPerson,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
    text: Option<String>,
    // what Telegram reports about the chat itself: nobody asked anything
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct RawPerson {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    language_code: Option<String>,
}

/// Fields that make a message one that a person sent for somebody to read (Bot API, Message). Without any of
/// them it is a service message: somebody joined, a topic was closed, a message was pinned.
const CONTENT: &[&str] = &[
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

impl Incoming {
    /// Reads an update.
    pub fn decode(json: &str) -> Result<Self, PassedOver> {
        let json = &well_formed(json);
        let update: RawUpdate = serde_json::from_str(json).map_err(|_| PassedOver::Unreadable)?;
        let nothing = PassedOver::NothingToAnswer(update.update_id);
        let Some(Ok(raw)) = update.message.map(serde_json::from_value::<RawMessage>) else {
            return Err(nothing);
        };
        let has_content = raw.text.is_some() || CONTENT.iter().any(|field| raw.rest.contains_key(*field));
        if raw.from.is_bot || !has_content {
            return Err(nothing);
        }
        let message = Message {
            message_id: raw.message_id,
            chat_id: raw.chat.id,
            private: raw.chat.kind == "private",
            user_id: raw.from.id,
            language: Language::of(raw.from.language_code.as_deref()),
            // in a plain group the field names a chain of replies, not a topic
            thread_id: raw.message_thread_id.filter(|_| raw.is_topic_message),
            text: raw.text,
        };
        Ok(Self { update_id: update.update_id, kind: "message", message })
    }
}

/// Replaces what is legal in JSON but not in text that PostgreSQL can keep: NUL, and halves of surrogate pairs.
fn well_formed(json: &str) -> String {
    let unit = |at: usize| {
        let escape = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut out = String::with_capacity(json.len());
    let mut rest = 0;
    while let Some(found) = json[rest..].find('\\') {
        let at = rest + found;
        out.push_str(&json[rest..at]);
        let (taken, keep) = match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, true),
            (Some(0 | 0xD800..=0xDFFF), _) => (6, false),
            (Some(_), _) => (6, true),
            // `\\`, `\"` and their like; a character after the backslash may be longer in broken JSON only
            (None, _) => (1 + json[at + 1..].chars().next().map_or(0, char::len_utf8), true),
        };
        out.push_str(if keep { &json[at..at + taken] } else { "\\ufffd" });
        rest = at + taken;
    }
    out.push_str(&json[rest..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(message: &str) -> String {
        format!(r#"{{"update_id":7,"message":{message}}}"#)
    }

    const FROM: &str =
        r#""message_id":5000000000,"chat":{"id":1,"type":"private"},"from":{"id":2,"language_code":"en"}"#;

    fn text(escaped: &str) -> Option<String> {
        Incoming::decode(&update(&format!(r#"{{{FROM},"text":"{escaped}"}}"#))).ok()?.message.text
    }

    #[test]
    fn a_message_is_read_whatever_else_is_in_it() {
        let strange =
            format!(r#"{{{FROM},"text":"hi","external_reply":{{"story":{{}}}},"forward_origin":7}}"#);
        let incoming = Incoming::decode(&update(&strange)).ok().unwrap();
        assert_eq!(incoming.message.text.as_deref(), Some("hi"));
        assert_eq!(incoming.message.message_id, 5_000_000_000);
    }

    #[test]
    fn nul_and_lone_surrogates_become_replacement_characters_and_pairs_stay() {
        assert_eq!(text(r"a\u0000b").as_deref(), Some("a\u{fffd}b"));
        assert_eq!(text(r"a\ud800b").as_deref(), Some("a\u{fffd}b"));
        assert_eq!(text(r"\udc00\ud83d\ude00\ud83d").as_deref(), Some("\u{fffd}\u{1f600}\u{fffd}"));
        assert_eq!(text(r"\\u0000 \\\u0000").as_deref(), Some("\\u0000 \\\u{fffd}"));
        assert_eq!(text(r"tab\tПривет\n").as_deref(), Some("tab\tПривет\n"));
    }

    #[test]
    fn what_asks_for_nothing_is_passed_over_with_its_number() {
        for message in [
            r#"{"message_id":1,"chat":{"id":1}}"#.to_owned(),
            format!(r#"{{{FROM},"new_chat_title":"x"}}"#),
            format!("{{{}}}", FROM.replace(r#""id":2"#, r#""id":2,"is_bot":true"#) + r#","text":"hi""#),
            "7".to_owned(),
        ] {
            let decoded = Incoming::decode(&update(&message)).err();
            assert_eq!(decoded, Some(PassedOver::NothingToAnswer(7)), "{message}");
        }
        assert_eq!(Incoming::decode(r#"{"update_id":7}"#).err(), Some(PassedOver::NothingToAnswer(7)));
        assert_eq!(Incoming::decode("{}").err(), Some(PassedOver::Unreadable));
    }

    #[test]
    fn a_picture_is_a_message_without_text() {
        let incoming = Incoming::decode(&update(&format!(r#"{{{FROM},"photo":[]}}"#))).ok().unwrap();
        assert_eq!(incoming.message.text, None);
    }

    #[test]
    fn a_topic_is_told_from_a_chain_of_replies() {
        let thread = |extra: &str| {
            let message = format!(r#"{{{FROM},"text":"hi","message_thread_id":9{extra}}}"#);
            Incoming::decode(&update(&message)).ok().unwrap().message.thread_id
        };
        assert_eq!(thread(r#","is_topic_message":true"#), Some(9));
        assert_eq!(thread(""), None);
    }
}
