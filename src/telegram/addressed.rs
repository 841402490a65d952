//! Whether a message in a group is for this bot, and what it says without the bot's name.
//!
//! Asked by [`super::incoming`] while an update is read. What is strange is looked past, as everywhere there.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::entities::{Entity, RawUser};
use crate::domain::command::Request;

/// The bot, as it reads what people send: by what they address it, and how large a picture it takes.
#[derive(Clone, Debug)]
pub struct Me {
    /// Telegram id.
    pub id: i64,
    /// The name after the `@`, in any case of its letters.
    pub username: String,
    /// Of a picture's sizes the largest is taken whose longer side has no more pixels than this: more costs tokens and shows
    /// models nothing new.
    pub picture_pixels: i32,
    /// Whether it understands what people say.
    pub hears: bool,
    /// The chats in which everybody's recordings are written down.
    pub transcript_chats: BTreeSet<i64>,
}

/// The message that another one is a reply to. In a topic, what replies to nothing has the message that opened the topic
/// here, whoever sent that.
#[derive(Deserialize)]
struct RawReply {
    from: RawUser,
    forum_topic_created: Option<IgnoredAny>,
}

impl Me {
    /// Where `words`, the text or the caption of a message with these entities, mention the bot.
    pub(super) fn mentions(&self, words: &str, entities: &[Entity]) -> Vec<Range<usize>> {
        let ours = |Entity { place, kind, user, .. }: &&Entity| match kind.as_str() {
            "mention" => {
                let name = words[place.clone()].strip_prefix('@');
                name.is_some_and(|name| name.eq_ignore_ascii_case(&self.username))
            }
            "text_mention" => user.as_ref().is_some_and(|user| user.id == self.id),
            _ => false,
        };
        entities.iter().filter(ours).map(|entity| entity.place.clone()).collect()
    }

    /// Whether a message of a group is for this bot: it gives it a command, mentions it or replies to it. A bare command
    /// that is not ours is another bot's, unless it mentions or replies to this one.
    pub(super) fn is_addressed(&self, words: &str, mentioned: bool, reply_to: Option<&RawValue>) -> bool {
        match Request::of(words, &self.username) {
            Request::Foreign => false,
            Request::Command(_) | Request::Unknown { named: true } => true,
            Request::Unknown { named: false } | Request::Question => {
                mentioned || reply_to.is_some_and(|message| self.wrote(message))
            }
        }
    }

    fn wrote(&self, message: &RawValue) -> bool {
        serde_json::from_str(message.get()).is_ok_and(|RawReply { from, forum_topic_created }| {
            from.id == self.id && forum_topic_created.is_none()
        })
    }
}

/// Where the text lies without the mentions at its beginning and its end, and the comma or colon that parts them from it.
pub(super) fn without(mentions: &[Range<usize>], text: &str) -> Range<usize> {
    let (mut start, mut end) = (0, text.len());
    loop {
        if let Some(first) = mentions.iter().find(|place| place.start == start && place.end <= end) {
            let rest =
                text[first.end..end].trim_start_matches(|c: char| c.is_whitespace() || ",:".contains(c));
            start = end - rest.len();
        } else if let Some(last) = mentions.iter().find(|place| place.end == end && place.start >= start) {
            let rest = text[start..last.start].trim_end_matches(|c: char| c.is_whitespace() || c == ',');
            end = start + rest.len();
        } else {
            return start..end;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::entities::entities;
    use super::*;

    fn raw(json: &Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(json).unwrap()
    }

    fn me() -> Me {
        Me {
            id: 7,
            username: "our_bot".to_owned(),
            picture_pixels: 1280,
            hears: false,
            transcript_chats: BTreeSet::new(),
        }
    }

    /// Where each `@name` stands in the text, in UTF-16 units, as Telegram marks it.
    fn marked(text: &str) -> Value {
        let units = |part: &str| part.encode_utf16().count();
        text.match_indices('@')
            .map(|(at, _)| {
                let name = text[at + 1..].split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next();
                json!({"type": "mention", "offset": units(&text[..at]), "length": 1 + name.unwrap().len()})
            })
            .collect()
    }

    #[test]
    fn a_mention_at_the_beginning_or_the_end_is_taken_off_and_no_other() {
        for (text, said) in [
            ("@our_bot what is soup?", "what is soup?"),
            ("@Our_Bot, what is soup?", "what is soup?"),
            ("@OUR_BOT:\nwhat is soup?", "what is soup?"),
            ("what is soup, @our_bot", "what is soup"),
            ("@our_bot what is soup? @our_bot", "what is soup?"),
            ("@our_bot @our_bot 🍲?", "🍲?"),
            ("🍲 @our_bot", "🍲"),
            ("tell @our_bot all", "tell @our_bot all"),
            ("what is soup, @our_bot?", "what is soup, @our_bot?"),
            ("@other_bot @our_bot hi", "@other_bot @our_bot hi"),
            ("@our_bot @other_bot hi", "@other_bot hi"),
            ("@our_bot", ""),
            (" @our_bot", ""),
            ("@our_bot, @our_bot", ""),
        ] {
            let mentions = me().mentions(text, &entities(text, Some(&raw(&marked(text)))));
            assert!(!mentions.is_empty(), "{text}");
            assert_eq!(&text[without(&mentions, text)], said, "{text}");
        }
    }

    #[test]
    fn a_mention_is_what_telegram_marks_as_one() {
        let found =
            |text: &str, marks: Value| !me().mentions(text, &entities(text, Some(&raw(&marks)))).is_empty();
        assert!(found("🍲 @our_bot", json!([{"type": "mention", "offset": 3, "length": 8}])));
        let named = |id: i64| json!([{"type": "text_mention", "offset": 0, "length": 3, "user": {"id": id}}]);
        assert!(found("Bot, hi", named(7)));
        assert!(!found("Bot, hi", named(8)));
        for (text, entities) in [
            ("@our_bot", json!([])),
            ("@our_bot", json!([{"type": "code", "offset": 0, "length": 8}])),
            ("@our_bot_2", json!([{"type": "mention", "offset": 0, "length": 10}])),
            ("🍲@our_bot", json!([{"type": "mention", "offset": 1, "length": 9}])),
            ("@our_bot", json!([{"type": "mention", "offset": 0, "length": 9}])),
            ("@our_bot", json!([{"type": "mention", "offset": u64::MAX, "length": u64::MAX}])),
            ("@our_bot", json!([{"type": "mention", "offset": -1, "length": 8}])),
            ("@our_bot", json!([{"type": "text_mention", "offset": 0, "length": 8}])),
            ("@our_bot", json!({"type": "mention"})),
            ("@our_bot", json!([7, null, {}])),
        ] {
            assert!(!found(text, entities.clone()), "{text}: {entities}");
        }
        // What is strange hides nothing beside it.
        let beside = json!([7, {"type": "mention", "offset": 0, "length": 8}]);
        assert!(found("@our_bot", beside));
    }

    #[test]
    fn a_bot_without_a_name_is_mentioned_by_nobody() {
        let me = Me {
            id: 7,
            username: String::new(),
            picture_pixels: 1280,
            hears: false,
            transcript_chats: BTreeSet::new(),
        };
        assert!(me.mentions("hi there", &entities("hi there", Some(&raw(&marked("hi there"))))).is_empty());
        assert!(!me.is_addressed("hi there", false, None));
    }

    #[test]
    fn a_message_is_for_the_bot_by_command_mention_or_reply() {
        let reply = |json: Value| raw(&json);
        let (to_us, to_other) = (reply(json!({"from": {"id": 7}})), reply(json!({"from": {"id": 8}})));
        let topic = reply(json!({"from": {"id": 7}, "forum_topic_created": {"name": "x"}}));
        let strange = reply(json!({"from": 7}));
        for (words, mentioned, reply_to, expected) in [
            ("hi", false, None, false),
            ("hi", true, None, true),
            ("hi", false, Some(&to_us), true),
            ("hi", false, Some(&to_other), false),
            ("hi", false, Some(&topic), false),
            ("hi", false, Some(&strange), false),
            ("/clear", false, None, true),
            ("/clear@Our_Bot", false, None, true),
            ("/clear@other_bot", false, None, false),
            ("/clear@other_bot", true, Some(&to_us), false),
            ("/foo", false, None, false),
            ("/foo", false, Some(&to_us), true),
            ("/foo@our_bot", false, None, true),
            ("/foo@other_bot", false, None, false),
        ] {
            let addressed = me().is_addressed(words, mentioned, reply_to.map(|reply| &**reply));
            assert_eq!(addressed, expected, "{words}, mentioned: {mentioned}, reply: {reply_to:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_entities_over_any_text_are_survived_and_only_take_away(
            text in "[a🍲, @:_]{0,12}(@our_bot)?[я, :]{0,3}",
            marks in proptest::collection::vec((0usize..24, 0usize..24), 0..6),
        ) {
            let marks: Value = marks
                .into_iter()
                .map(|(offset, length)| {
                    json!({"type": "text_mention", "offset": offset, "length": length, "user": {"id": 7}})
                })
                .collect();
            let mentions = me().mentions(&text, &entities(&text, Some(&raw(&marks))));
            proptest::prop_assert!(text.get(without(&mentions, &text)).is_some());
        }
    }
}
