//! What is asked: a prompt, and who asks it.

use serde::Serialize;

use crate::domain::catalogue::Effort;

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
}

impl<'a> From<&'a [Message<'a>]> for Ask<'a> {
    fn from(messages: &'a [Message<'a>]) -> Self {
        Self { messages, effort: None, asker: None, conversation: None, stand_ins: &[] }
    }
}

/// One message of a prompt.
#[derive(Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'a str,
    /// The text.
    pub content: &'a str,
}
