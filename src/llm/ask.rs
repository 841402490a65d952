//! What is asked: a prompt, and who asks it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::domain::catalogue::Effort;

/// However much the model thinks aloud, and however often it is asked, the answer has to be there by then.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(30 * 60);

/// What is asked.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The prompt.
    pub messages: &'a [Message<'a>],
    /// How much the model is to think.
    pub effort: Option<Effort>,
    /// Who asks: always the same for a person, and nothing that leads to one.
    pub asker: Option<&'a str>,
    /// In which conversation, likewise.
    pub conversation: Option<&'a str>,
    /// The models that the endpoint may ask in this one's place, where it is one that does so.
    pub stand_ins: &'a [&'a str],
    /// By when the answer has to be there; it is given up then.
    pub until: Instant,
}

impl<'a> From<&'a [Message<'a>]> for Ask<'a> {
    fn from(messages: &'a [Message<'a>]) -> Self {
        Self {
            messages,
            effort: None,
            asker: None,
            conversation: None,
            stand_ins: &[],
            until: Instant::now() + LONGEST_ANSWER,
        }
    }
}

/// One message of a prompt.
#[derive(Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'a str,
    /// What it says and shows.
    pub content: Content<'a>,
}

/// What a message says and shows. Text alone is sent as a string, which every endpoint reads.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Content<'a> {
    /// Text alone.
    Text(&'a str),
    /// Text, pictures and PDFs, in this order.
    Parts(Vec<Part<'a>>),
}

/// A piece of a message.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// Text.
    Text(&'a str),
    /// A picture.
    Picture(&'a Picture),
    /// A PDF.
    Pdf(&'a Pdf),
}

/// A picture as endpoints take it.
pub struct Picture {
    /// `image/jpeg`, `image/png`, `image/webp` or `image/gif`.
    pub mime: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A PDF as endpoints take it that read them.
pub struct Pdf {
    /// Its name.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl<'a> From<&'a str> for Content<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Picture(Picture { mime, bytes }) => {
                let url = format!("data:{mime};base64,{}", BASE64.encode(bytes));
                json!({"type": "image_url", "image_url": {"url": url}})
            }
            Self::Pdf(Pdf { name, bytes }) => {
                let url = format!("data:application/pdf;base64,{}", BASE64.encode(bytes));
                json!({"type": "file", "file": {"filename": name, "file_data": url}})
            }
        }
        .serialize(serializer)
    }
}
