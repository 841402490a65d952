//! What the endpoint is, and what it is asked.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::secret::Secret;

/// What to ask, and whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL with its `/v1`.
    pub base_url: String,
    /// Key, if the endpoint wants one.
    pub key: Option<Secret>,
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
}

/// One message of a prompt.
#[derive(Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'a str,
    /// The text.
    pub content: &'a str,
}
