//! One Telegram message of a reply, as the renderer makes it, the outbox stores it and the sender sends it.

use std::fmt;

use frankenstein::rich_message::InputRichBlock;
use frankenstein::types::MessageEntity;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::button::Button;
use crate::domain::chart::Chart;

/// A text is not cut into pieces shorter than this, in bytes: whatever a server calls too long, that is not.
const SHORTEST_HALF: usize = 100;

/// One message to send, and what takes its place should Telegram refuse it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplyPart {
    /// What is sent.
    #[serde(flatten)]
    pub content: Content,
    /// The buttons below it, row by row. Earlier versions stored one, as `button`.
    #[serde(default, alias = "button", skip_serializing_if = "Vec::is_empty", deserialize_with = "rows")]
    pub keyboard: Vec<Vec<Below>>,
    /// The simpler parts that take this one's place, in order, after a permanent refusal (400, or 404 for a
    /// method the server does not know). Empty: this is the simplest form there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<ReplyPart>,
}

/// The forms a message can have.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Text with formatting entities: `sendMessage`. At most 4096 UTF-16 units.
    Text {
        /// The text itself, without any markup.
        text: String,
        /// Formatting; offsets and lengths in UTF-16 units.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entities: Vec<MessageEntity>,
    },
    /// Typed blocks: `sendRichMessage` (Bot API 10.1). At most 32,768 characters and 500 blocks.
    Rich {
        /// Built from an allow-list by the renderer, never parsed from a model's text by Telegram.
        blocks: Vec<InputRichBlock>,
    },
    /// The user's dialogue as a file: `sendDocument`. The file is built when it is sent (`pipeline::export_file`).
    Document {
        /// What stands below it.
        caption: String,
    },
    /// A chart as a picture: `sendPhoto`. It is drawn when it is sent ([`crate::render::chart`]).
    Chart {
        /// What stands below it.
        caption: String,
        /// What it shows.
        chart: Chart,
    },
    /// A picture that somebody sent to the bot: `sendPhoto`, by Telegram's own id of it. Nothing is uploaded.
    Photo {
        /// By which this bot can send it again.
        file_id: String,
        /// What stands below it; may be empty. At most 1024 UTF-16 units.
        caption: String,
        /// Formatting of the caption; offsets and lengths in UTF-16 units.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entities: Vec<MessageEntity>,
    },
    /// Words to be spoken: `sendVoice`. The sound is made when it is sent (`pipeline::voice`).
    Voice {
        /// What is said.
        words: String,
        /// What stands below it; may be empty.
        caption: String,
        /// What is said where they could not be spoken.
        failed: String,
        /// What is said where nobody takes voice messages.
        unwanted: String,
    },
}

impl Content {
    /// Whether it is a file, which takes no message's place.
    pub fn is_file(&self) -> bool {
        !matches!(self, Self::Text { .. } | Self::Rich { .. })
    }
}

/// A button as it stands below a message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Below {
    /// What stands on it.
    pub label: String,
    /// What comes back when it is pressed ([`Button::data`]).
    pub data: String,
}

impl ReplyPart {
    /// This content, and nothing simpler to fall back on.
    pub fn of(content: Content) -> Self {
        Self { content, keyboard: Vec::new(), fallback: Vec::new() }
    }

    /// A part of plain text, the simplest form.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(Content::Text { text: text.into(), entities: Vec::new() })
    }

    /// The text alone, without formatting and buttons. `None`: it is no text.
    pub fn bare(&self) -> Option<Self> {
        match &self.content {
            Content::Text { text, .. } => Some(Self::plain(text)),
            Content::Rich { .. }
            | Content::Document { .. }
            | Content::Chart { .. }
            | Content::Photo { .. }
            | Content::Voice { .. } => None,
        }
    }

    /// Its text, without formatting, as two parts of about the same length; the second has the buttons. `None`: it is no
    /// text, or too short for that.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let Content::Text { text, .. } = &self.content else { return None };
        let middle = text.floor_char_boundary(text.len() / 2);
        if middle < SHORTEST_HALF {
            return None;
        }
        // The text is cut between two words, if a word ends in the second quarter.
        let space = text[..middle].rfind(char::is_whitespace).filter(|space| *space >= middle / 2);
        let (first, second) = text.split_at(space.unwrap_or(middle));
        let second = Self { keyboard: self.keyboard.clone(), ..Self::plain(second.trim_start()) };
        Some([Self::plain(first), second])
    }

    /// With a paragraph before it, if it is a text without formatting.
    #[must_use]
    pub fn after(mut self, paragraph: &str) -> Self {
        if let Content::Text { text, entities } = &mut self.content
            && entities.is_empty()
        {
            text.insert_str(0, &format!("{paragraph}\n\n"));
        }
        self
    }

    /// With a paragraph behind it, if it is a text.
    #[must_use]
    pub fn followed_by(mut self, paragraph: &str) -> Self {
        if let Content::Text { text, .. } = &mut self.content {
            text.push_str("\n\n");
            text.push_str(paragraph);
        }
        self
    }

    /// With a button below it, whatever form it takes in the end.
    #[must_use]
    pub fn with_button(self, label: &str, button: &Button) -> Self {
        self.with_keyboard(vec![vec![Below::of(label, button)]])
    }

    /// With rows of buttons below it, likewise.
    #[must_use]
    pub fn with_keyboard(mut self, keyboard: Vec<Vec<Below>>) -> Self {
        if let Some(last) = self.fallback.pop() {
            self.fallback.push(last.with_keyboard(keyboard.clone()));
        }
        self.keyboard = keyboard;
        self
    }
}

impl Below {
    /// A button with this on it.
    pub fn of(label: impl Into<String>, button: &Button) -> Self {
        Self { label: label.into(), data: button.data() }
    }
}

/// Reads the rows, or the one button that an earlier version stored.
fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<Below>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Rows(Vec<Vec<Below>>),
        One(Below),
    }
    Ok(match Stored::deserialize(deserializer)? {
        Stored::Rows(rows) => rows,
        Stored::One(below) => vec![vec![below]],
    })
}

/// What is done with a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// It is sent as a message of its own.
    Send,
    /// It takes the place of this message of the bot's.
    Edit(i64),
    /// This message of the bot's is taken away; the part says nothing.
    Delete(i64),
}

/// Says the form and the size only: what people and models write stays out of logs and panics.
impl fmt::Debug for ReplyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Text { text, entities } => {
                write!(f, "ReplyPart(text, {} bytes, {} entities)", text.len(), entities.len())
            }
            Content::Rich { blocks } => write!(f, "ReplyPart(rich, {} blocks)", blocks.len()),
            Content::Document { .. } => write!(f, "ReplyPart(document)"),
            Content::Voice { words, .. } => write!(f, "ReplyPart(voice, {} bytes)", words.len()),
            Content::Photo { caption, .. } => write!(f, "ReplyPart(photo, {} bytes)", caption.len()),
            Content::Chart { chart, .. } => write!(f, "ReplyPart(chart, {} columns)", chart.columns.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_button_that_an_earlier_version_stored_is_a_keyboard() {
        let stored = r#"{"text":{"text":"No."},"button":{"label":"Again","data":"retry:1:2"}}"#;
        let part: ReplyPart = serde_json::from_str(stored).unwrap();
        let button = Button { user_id: 1, action: crate::domain::button::Action::Retry(2) };
        assert!(part == ReplyPart::plain("No.").with_button("Again", &button));
        let again: ReplyPart = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        assert!(again == part);
    }
}
