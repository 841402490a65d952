//! A text of the bot's own with formatting: what people wrote is put in as it is, for nothing in it is read as markup.

use frankenstein::types::{MessageEntity, MessageEntityType};

use crate::domain::reply::{Content, ReplyPart};

/// Below this the ids of supergroups and channels begin, and only their messages have links (Bot API, Chat).
const SUPERGROUPS: i64 = -1_000_000_000_000;

/// A text in the making. Foreign words in it can stand as code: then neither Telegram nor an app makes links, mentions or
/// commands of them.
#[derive(Default)]
pub struct MarkedText {
    text: String,
    entities: Vec<MessageEntity>,
}

impl MarkedText {
    /// Text without formatting.
    pub fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Text of this kind.
    pub fn mark(&mut self, text: &str, kind: MessageEntityType) -> &mut Self {
        self.with_entity(text, kind, None)
    }

    /// Text that leads somewhere; without an address it is text like any other.
    pub fn lead(&mut self, text: &str, to: Option<String>) -> &mut Self {
        match to {
            Some(to) => self.with_entity(text, MessageEntityType::TextLink, Some(to)),
            None => self.say(text),
        }
    }

    fn with_entity(&mut self, text: &str, kind: MessageEntityType, url: Option<String>) -> &mut Self {
        let units = |text: &str| u16::try_from(text.encode_utf16().count()).unwrap_or(u16::MAX);
        let entity = MessageEntity::builder().type_field(kind).offset(units(&self.text)).length(units(text));
        let entity = entity.maybe_url(url).build();
        self.entities.extend((!text.is_empty()).then_some(entity));
        self.say(text)
    }

    /// The message.
    pub fn part(self) -> ReplyPart {
        ReplyPart::of(Content::Text { text: self.text, entities: self.entities })
    }
}

/// The address of a message, for whoever is in its chat. `None`: its chat is of a kind whose messages have none.
pub fn link(chat_id: i64, thread_id: Option<i64>, message_id: i64) -> Option<String> {
    let number = SUPERGROUPS.checked_sub(chat_id).filter(|number| *number > 0)?;
    Some(match thread_id {
        Some(thread_id) => format!("https://t.me/c/{number}/{thread_id}/{message_id}"),
        None => format!("https://t.me/c/{number}/{message_id}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_supergroups_have_links() {
        assert_eq!(link(-1_001_234_567_890, None, 7).as_deref(), Some("https://t.me/c/1234567890/7"));
        assert_eq!(link(-1_001_234_567_890, Some(3), 7).as_deref(), Some("https://t.me/c/1234567890/3/7"));
        for chat_id in [1, -5, SUPERGROUPS, i64::MAX] {
            assert_eq!(link(chat_id, None, 7), None, "{chat_id}");
        }
        assert!(link(i64::MIN, None, 7).is_some());
    }

    #[test]
    fn formatting_is_counted_in_utf_16_and_what_people_wrote_is_no_markup() {
        let mut text = MarkedText::default();
        text.say("😀<b>").mark("жир", MessageEntityType::Bold).lead("day", None);
        text.lead("day", Some("https://t.me/c/1/2".to_owned())).mark("", MessageEntityType::Bold);
        assert_eq!(text.text, "😀<b>жирdayday");
        let places: Vec<_> = text.entities.iter().map(|entity| (entity.offset, entity.length)).collect();
        assert_eq!(places, [(5, 3), (11, 3)]);
    }
}
