//! What the endpoint is, and what it is asked.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value};

use super::kind::Kind;
use crate::base::secret::Secret;
use crate::domain::catalogue::{Effort, Price};

/// What to ask, and whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the endpoint is called in the ledger.
    pub endpoint: String,
    /// What the endpoint takes beside what every one takes.
    pub kind: Kind,
    /// Base URL with its `/v1`.
    pub base_url: String,
    /// Key, if the endpoint wants one.
    pub key: Option<Secret>,
    /// Headers for each request.
    pub headers: HeaderMap,
    /// Name of the model.
    pub model: String,
    /// Sampling temperature, 0 to 2.
    pub temperature: f64,
    /// The most tokens an answer may have.
    pub max_tokens: u32,
    /// The longest silence of the model: since the request, then since the last token.
    pub silence: Duration,
    /// Fields for each request; null takes one away.
    pub extra: Map<String, Value>,
    /// What it costs, for calls whose cost the endpoint does not tell.
    pub price: Option<Price>,
    /// Where the endpoint can be told so, it keeps nothing of what it is sent.
    pub private: bool,
}

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
}

impl<'a> From<&'a [Message<'a>]> for Ask<'a> {
    fn from(messages: &'a [Message<'a>]) -> Self {
        Self { messages, effort: None, asker: None, conversation: None }
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
