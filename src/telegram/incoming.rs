//! Updates as they arrive, read for what this program uses and for nothing else: a field it does not know, of a
//! shape nobody foresaw, cannot make a message unreadable.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::RawValue;

use super::addressed::{Me, without};
use crate::domain::phrases::Language;
use crate::domain::update::{CALLBACK_QUERY, EDITED_MESSAGE, MESSAGE, STOPPED_MESSAGE_GENERATION};

/// The longest text that is read, in bytes. Telegram's longest message has 32,768 characters: nobody's text is cut.
const LONGEST_TEXT: usize = 4 * 32_768;

/// An update that asks for an answer.
pub struct Incoming {
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Kind, as Telegram names it.
    pub kind: &'static str,
    /// The message in it, as it is after an edit; or the press of a button.
    pub message: Message,
}

/// A message of a person; or a person who presses a button below a message of the bot's, or on a draft.
pub struct Message {
    /// Its id within the chat; a draft has none.
    pub message_id: Option<i64>,
    /// When it was written, in seconds of Telegram's clock; 0 where that is not told.
    pub date: i64,
    /// The chat.
    pub chat_id: i64,
    /// Whether the chat is one person's own with the bot.
    pub private: bool,
    /// The person; or the chat in whose name the message is.
    pub user_id: i64,
    /// The person's language.
    pub language: Language,
    /// Topic of the chat.
    pub thread_id: Option<i64>,
    /// Whether it is for the bot: in a private chat always, in a group when it mentions the bot, replies to it or gives it
    /// a command.
    pub addressed: bool,
    /// The text, in a group without the bot's name around it; `None` for a picture, a voice message and everything else
    /// that is not text.
    pub text: Option<String>,
    /// The press, if it is one.
    pub press: Option<Press>,
    /// The draft whose stop button was pressed, if one was.
    pub stopped_draft: Option<i64>,
}

/// The press of a button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Press {
    /// Telegram's id of it, to be acknowledged.
    pub id: String,
    /// What the button means ([`crate::domain::button`]).
    pub data: String,
}

/// Why an update is passed over.
#[derive(Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// Not even a number: it cannot be confirmed by itself. Confirmed with the next one.
    Unreadable,
    /// Nothing in it that this bot answers. The number is there to be confirmed.
    NothingToAnswer(i64),
    /// The group `from` became the supergroup `to`.
    Moved {
        /// Telegram's number of the update.
        update_id: i64,
        /// Its id until now.
        from: i64,
        /// Its id from now on.
        to: i64,
    },
}

// what is not named here costs no memory, however large it is

#[derive(Deserialize)]
struct RawUpdate<'a> {
    update_id: i64,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    edited_message: Option<&'a RawValue>,
    #[serde(borrow)]
    callback_query: Option<&'a RawValue>,
    #[serde(borrow)]
    stopped_message_generation: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawPress {
    id: String,
    from: RawPerson,
    message: RawPressed,
    data: String,
}

/// The message below which the button is; perhaps an old one of which Telegram tells no more than this.
#[derive(Deserialize)]
struct RawPressed {
    message_id: i64,
    chat: RawChat,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
}

/// In a private chat, whose id is the person's (Bot API, MessageGenerationStopped).
#[derive(Deserialize)]
struct RawStopped {
    chat: RawChat,
    message_thread_id: Option<i64>,
    draft_id: i64,
}

#[derive(Deserialize)]
struct RawMessage<'a> {
    message_id: i64,
    #[serde(default)]
    date: i64,
    chat: RawChat,
    from: RawPerson,
    #[serde(borrow)]
    sender_chat: Option<&'a RawValue>,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
    text: Option<String>,
    #[serde(borrow)]
    entities: Option<&'a RawValue>,
    #[serde(borrow)]
    caption: Option<&'a RawValue>,
    #[serde(borrow)]
    caption_entities: Option<&'a RawValue>,
    #[serde(borrow)]
    reply_to_message: Option<&'a RawValue>,
}

/// The two service messages by which Telegram announces that a group became a supergroup: the last one of the old
/// chat, the first one of the new (Bot API, Message).
#[derive(Deserialize)]
struct RawMove {
    chat: RawChat,
    migrate_to_chat_id: Option<i64>,
    migrate_from_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
}

/// In whose name a message is: an anonymous administrator writes in the group's, an owner perhaps in a channel's. `from`
/// is then a bot that stands for all of them (Bot API, Message).
#[derive(Deserialize)]
struct RawSenderChat {
    id: i64,
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
    /// Reads an update that `me` received.
    pub fn decode(json: &str, me: &Me) -> Result<Self, PassedOver> {
        let json = &well_formed(json);
        let raw = serde_json::from_str::<RawUpdate<'_>>(json).map_err(|_| PassedOver::Unreadable)?;
        let update_id = raw.update_id;
        let nothing = PassedOver::NothingToAnswer(update_id);
        if let Some(press) = raw.callback_query {
            let press = serde_json::from_str::<RawPress>(press.get()).map_err(|_| nothing)?;
            return Ok(Self { update_id, kind: CALLBACK_QUERY, message: press.into() });
        }
        if let Some(stopped) = raw.stopped_message_generation {
            let stopped = serde_json::from_str::<RawStopped>(stopped.get()).map_err(|_| nothing)?;
            return Ok(Self { update_id, kind: STOPPED_MESSAGE_GENERATION, message: stopped.into() });
        }
        let (kind, message) = match (raw.message, raw.edited_message) {
            (Some(message), _) => (MESSAGE, message.get()),
            (None, Some(message)) => (EDITED_MESSAGE, message.get()),
            (None, None) => return Err(nothing),
        };
        if let Some((from, to)) = moved(message) {
            return Err(PassedOver::Moved { update_id, from, to });
        }
        let Ok(mut raw) = serde_json::from_str::<RawMessage>(message) else { return Err(nothing) };
        if let Some(chat) =
            raw.sender_chat.and_then(|chat| serde_json::from_str::<RawSenderChat>(chat.get()).ok())
        {
            raw.from = RawPerson { id: chat.id, is_bot: false, language_code: raw.from.language_code };
        }
        // what was changed is looked at for its text alone
        let content = raw.text.is_some() || (kind == MESSAGE && has_content(message));
        if raw.from.is_bot || !content {
            return Err(nothing);
        }
        Ok(Self { update_id, kind, message: raw.read(me) })
    }

    /// The update again, with nothing in it but what [`Incoming::decode`] reads.
    pub fn essence(&self, me: &Me) -> String {
        let message = &self.message;
        let chat = json!({"id": message.chat_id, "type": if message.private { "private" } else { "" }});
        let from = json!({"id": message.user_id, "language_code": message.language.code()});
        let json = if let Some(Press { id, data }) = &message.press {
            json!({"id": id, "from": from, "message": {"message_id": message.message_id, "chat": chat}, "data": data})
        } else if let Some(draft_id) = message.stopped_draft {
            json!({"chat": chat, "draft_id": draft_id})
        } else {
            let mut json =
                json!({"message_id": message.message_id, "date": message.date, "chat": chat, "from": from});
            if let Some(thread_id) = message.thread_id {
                json["message_thread_id"] = json!(thread_id);
                json["is_topic_message"] = json!(true);
            }
            if message.addressed && !message.private {
                // however it was: the text has no mention any more
                json["reply_to_message"] = json!({"from": {"id": me.id}});
            }
            match &message.text {
                Some(text) => json["text"] = json!(text),
                // any of them says that it was a message, and not text
                None => json[CONTENT[0]] = json!({}),
            }
            json
        };
        json!({"update_id": self.update_id, self.kind: json}).to_string()
    }
}

impl RawMessage<'_> {
    fn read(self, me: &Me) -> Message {
        let private = self.chat.kind == "private";
        let mut text = self.text;
        if let Some(text) = &mut text {
            text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        }
        let mut addressed = true;
        if !private {
            let caption =
                || self.caption.and_then(|caption| serde_json::from_str::<String>(caption.get()).ok());
            let (words, entities) = match &text {
                Some(text) => (Cow::Borrowed(text.as_str()), self.entities),
                None => (Cow::Owned(caption().unwrap_or_default()), self.caption_entities),
            };
            let mentions = me.mentions(&words, entities);
            addressed = me.is_addressed(&words, !mentions.is_empty(), self.reply_to_message);
            text = text.map(|text| without(&mentions, &text));
        }
        Message {
            message_id: Some(self.message_id),
            date: self.date,
            chat_id: self.chat.id,
            private,
            user_id: self.from.id,
            language: Language::of(self.from.language_code.as_deref()),
            // in a plain group the field names a chain of replies, not a topic
            thread_id: self.message_thread_id.filter(|_| self.is_topic_message),
            addressed,
            text,
            press: None,
            stopped_draft: None,
        }
    }
}

impl From<RawStopped> for Message {
    fn from(RawStopped { chat, message_thread_id, draft_id }: RawStopped) -> Self {
        Self {
            message_id: None,
            date: 0,
            chat_id: chat.id,
            private: true,
            user_id: chat.id,
            language: Language::of(None),
            thread_id: message_thread_id,
            addressed: true,
            text: None,
            press: None,
            stopped_draft: Some(draft_id),
        }
    }
}

impl From<RawPress> for Message {
    fn from(RawPress { id, from, message, data }: RawPress) -> Self {
        Self {
            message_id: Some(message.message_id),
            date: 0,
            chat_id: message.chat.id,
            private: message.chat.kind == "private",
            user_id: from.id,
            language: Language::of(from.language_code.as_deref()),
            thread_id: message.message_thread_id.filter(|_| message.is_topic_message),
            // only the bot's own messages have its buttons
            addressed: true,
            text: None,
            press: Some(Press { id, data }),
            stopped_draft: None,
        }
    }
}

/// From where to where a message says that its chat moved.
fn moved(message: &str) -> Option<(i64, i64)> {
    let RawMove { chat, migrate_to_chat_id, migrate_from_chat_id } = serde_json::from_str(message).ok()?;
    migrate_to_chat_id.map(|to| (chat.id, to)).or(migrate_from_chat_id.map(|from| (from, chat.id)))
}

#[expect(clippy::zero_sized_map_values, reason = "a set is not read from an object")]
fn has_content(message: &str) -> bool {
    let fields: BTreeMap<Cow<'_, str>, IgnoredAny> = serde_json::from_str(message).unwrap_or_default();
    CONTENT.iter().any(|field| fields.contains_key(*field))
}

/// Replaces what is legal in JSON but not in text that PostgreSQL can keep: NUL, and halves of surrogate pairs.
fn well_formed(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
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
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(message: &str) -> String {
        format!(r#"{{"update_id":7,"message":{message}}}"#)
    }

    fn decode(json: &str) -> Result<Incoming, PassedOver> {
        Incoming::decode(json, &me())
    }

    fn me() -> Me {
        Me { id: 77, username: "our_bot".to_owned() }
    }

    const FROM: &str =
        r#""message_id":5000000000,"chat":{"id":1,"type":"private"},"from":{"id":2,"language_code":"en"}"#;

    fn text(escaped: &str) -> Option<String> {
        decode(&update(&format!(r#"{{{FROM},"text":"{escaped}"}}"#))).ok()?.message.text
    }

    #[test]
    fn a_message_is_read_whatever_else_is_in_it() {
        let strange =
            format!(r#"{{{FROM},"text":"hi","external_reply":{{"story":{{}}}},"forward_origin":7}}"#);
        let incoming = decode(&update(&strange)).ok().unwrap();
        assert_eq!(incoming.message.text.as_deref(), Some("hi"));
        assert_eq!(incoming.message.message_id, Some(5_000_000_000));
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
            let decoded = decode(&update(&message)).err();
            assert_eq!(decoded, Some(PassedOver::NothingToAnswer(7)), "{message}");
        }
        assert_eq!(decode(r#"{"update_id":7}"#).err(), Some(PassedOver::NothingToAnswer(7)));
        assert_eq!(decode("{}").err(), Some(PassedOver::Unreadable));
    }

    #[test]
    fn a_picture_is_a_message_without_text() {
        let incoming = decode(&update(&format!(r#"{{{FROM},"photo":[]}}"#))).ok().unwrap();
        assert_eq!(incoming.message.text, None);
    }

    #[test]
    fn in_a_group_a_message_is_for_the_bot_or_not_and_reads_without_its_name() {
        let group = FROM.replace("private", "group");
        let mention = r#"[{"type":"mention","offset":0,"length":8}]"#;
        let read = |fields: &str| {
            let message = decode(&update(&format!("{{{group},{fields}}}"))).ok().unwrap().message;
            (message.addressed, message.text)
        };
        let said = |text: &str| Some(text.to_owned());
        for (fields, expected) in [
            (r#""text":"hi""#.to_owned(), (false, said("hi"))),
            (format!(r#""text":"@our_bot hi","entities":{mention}"#), (true, said("hi"))),
            (format!(r#""text":"@our_bot","entities":{mention}"#), (true, said(""))),
            (r#""text":"hi","reply_to_message":{"from":{"id":77}}"#.to_owned(), (true, said("hi"))),
            (r#""photo":[],"caption":"@our_bot hi""#.to_owned(), (false, None)),
            (format!(r#""photo":[],"caption":"@our_bot hi","caption_entities":{mention}"#), (true, None)),
            (r#""photo":[],"caption":[{}],"caption_entities":7"#.to_owned(), (false, None)),
            (r#""sticker":{},"reply_to_message":{"from":{"id":77}}"#.to_owned(), (true, None)),
        ] {
            assert_eq!(read(&fields), expected, "{fields}");
        }
        // to a person alone with the bot every message is for it, and its name is a word like any other
        let private = format!(r#"{{{FROM},"text":"@our_bot hi","entities":{mention}}}"#);
        let message = decode(&update(&private)).ok().unwrap().message;
        assert_eq!((message.addressed, message.text), (true, said("@our_bot hi")));
    }

    #[test]
    fn a_group_that_moves_is_known_by_either_of_its_two_announcements() {
        let moved = |message: &str| decode(&update(message)).err();
        let expected = Some(PassedOver::Moved { update_id: 7, from: -5, to: -1005 });
        assert_eq!(moved(r#"{"message_id":1,"chat":{"id":-5},"migrate_to_chat_id":-1005}"#), expected);
        assert_eq!(moved(r#"{"message_id":1,"chat":{"id":-1005},"migrate_from_chat_id":-5}"#), expected);
    }

    #[test]
    fn the_essence_of_an_update_reads_as_the_update_does() {
        let all = |update: &str| {
            let Incoming { update_id, kind, message: m } = decode(update).ok().unwrap();
            (
                update_id,
                kind,
                (m.message_id, m.date, m.chat_id, m.private, m.user_id),
                m.language,
                m.thread_id,
                (m.addressed, m.text),
            )
        };
        let topic = r#","message_thread_id":9,"is_topic_message":true"#;
        let group = FROM.replace("private", "supergroup");
        let mention = r#","entities":[{"type":"mention","offset":0,"length":8}]"#;
        for message in [
            format!(r#"{{{FROM},"date":9,"text":"hi\n"{topic},"entities":[{{}}]}}"#),
            format!(r#"{{{FROM},"photo":[]}}"#),
            format!(r#"{{{},"text":""}}"#, FROM.replace("private", "group").replace("en", "ru")),
            format!(r#"{{{group},"text":"@our_bot, hi"{mention}}}"#),
            format!(r#"{{{group},"text":"/clear@our_bot"{topic}}}"#),
            format!(r#"{{{group},"text":"/clear@other_bot"}}"#),
            format!(r#"{{{group},"photo":[],"caption":"@our_bot","caption_{}}}"#, &mention[2..]),
        ] {
            let update = update(&message);
            assert_eq!(all(&decode(&update).ok().unwrap().essence(&me())), all(&update), "{message}");
        }
    }

    #[test]
    fn an_edited_message_reads_as_the_message_it_is_now() {
        let json = update(&format!(r#"{{{FROM},"date":9,"text":"now"}}"#))
            .replace("message\":{", "edited_message\":{");
        let edited = decode(&json).ok().unwrap();
        assert_eq!((edited.kind, edited.message.text.as_deref()), (EDITED_MESSAGE, Some("now")));
        let again = decode(&edited.essence(&me())).ok().unwrap();
        assert_eq!((again.kind, again.message.text), (EDITED_MESSAGE, edited.message.text));
        let picture =
            update(&format!(r#"{{{FROM},"photo":[]}}"#)).replace("message\":{", "edited_message\":{");
        assert_eq!(decode(&picture).err(), Some(PassedOver::NothingToAnswer(7)));
    }

    #[test]
    fn the_stop_button_of_a_draft_is_the_persons_whose_chat_it_is() {
        let json =
            r#"{"update_id":7,"stopped_message_generation":{"chat":{"id":5,"type":"private"},"draft_id":9}}"#;
        let incoming = decode(json).ok().unwrap();
        let again = decode(&incoming.essence(&me())).ok().unwrap();
        for Incoming { kind, message, .. } in [incoming, again] {
            assert_eq!(kind, STOPPED_MESSAGE_GENERATION);
            assert_eq!((message.chat_id, message.user_id, message.stopped_draft), (5, 5, Some(9)));
        }
    }

    #[test]
    fn a_text_beyond_what_telegram_sends_is_cut_at_a_character() {
        let long = text(&"я".repeat(LONGEST_TEXT)).unwrap();
        assert_eq!(long, "я".repeat(LONGEST_TEXT / 2));
    }

    #[test]
    fn a_topic_is_told_from_a_chain_of_replies() {
        let thread = |extra: &str| {
            let message = format!(r#"{{{FROM},"text":"hi","message_thread_id":9{extra}}}"#);
            decode(&update(&message)).ok().unwrap().message.thread_id
        };
        assert_eq!(thread(r#","is_topic_message":true"#), Some(9));
        assert_eq!(thread(""), None);
    }

    #[test]
    fn the_press_of_a_button_is_read_also_below_a_message_too_old_to_be_told() {
        let json = r#"{"update_id":7,"callback_query":{"id":"42","from":{"id":2,"language_code":"en"},
            "message":{"message_id":3,"date":0,"chat":{"id":-5,"type":"group"}},"chat_instance":"x","data":"forget:2:1"}}"#;
        let incoming = decode(json).ok().unwrap();
        let again = decode(&incoming.essence(&me())).ok().unwrap();
        for Incoming { update_id, kind, message } in [incoming, again] {
            assert_eq!((update_id, kind), (7, "callback_query"));
            assert_eq!(
                (message.chat_id, message.user_id, message.message_id, message.private),
                (-5, 2, Some(3), false)
            );
            assert_eq!(message.language, Language::English);
            assert_eq!(message.press, Some(Press { id: "42".to_owned(), data: "forget:2:1".to_owned() }));
        }
        let without = r#"{"update_id":7,"callback_query":{"id":"42","from":{"id":2},"data":"x"}}"#;
        assert_eq!(decode(without).err(), Some(PassedOver::NothingToAnswer(7)));
    }
}
