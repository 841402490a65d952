//! One Telegram message of a reply, as the renderer makes it, the outbox stores it and the courier sends it.

use std::fmt;

use frankenstein::rich_message::InputRichBlock;
use frankenstein::types::MessageEntity;
use serde::{Deserialize, Serialize};

/// One message to send, and what takes its place should Telegram refuse it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What is sent.
    #[serde(flatten)]
    pub content: Content,
    /// The simpler parts that take this one's place, in order, after a permanent refusal (400, or 404 for a
    /// method the server does not know). Empty: this is the simplest form there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<Part>,
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
}

impl Part {
    /// A part of plain text, the simplest form.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { content: Content::Text { text: text.into(), entities: Vec::new() }, fallback: Vec::new() }
    }

    /// As many parts of plain text as `text` needs: none for an empty one, one for a text of the bot's own.
    pub fn plain_parts(text: &str) -> Vec<Self> {
        let mut rest = text.trim();
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(cut(rest));
            parts.push(Self::plain(head.trim_end()));
            rest = tail.trim_start();
        }
        parts
    }
}

/// The most UTF-16 units a text message may have (Bot API, sendMessage).
const LIMIT: usize = 4096;

/// Where to cut `text` so that the head fits a message: after a paragraph, else a line, else a word, else a character.
/// A cut in the first quarter is passed over for a later one of a lower kind, so that no part is a mere crumb.
fn cut(text: &str) -> usize {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > LIMIT
    });
    let Some((end, _)) = end else { return text.len() };
    // the separator itself may stand just beyond the limit: it is trimmed away
    let window = &text[..end];
    ["\n\n", "\n", " "]
        .into_iter()
        .filter_map(|separator| window.rfind(separator))
        .find(|at| *at > end / 4)
        .unwrap_or(end)
}

/// Says the form and the size only: what people and models write stays out of logs and panics.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Text { text, entities } => {
                write!(f, "Part(text, {} bytes, {} entities)", text.len(), entities.len())
            }
            Content::Rich { blocks } => write!(f, "Part(rich, {} blocks)", blocks.len()),
        }
    }
}
