//! What the endpoint is, and how the model is asked.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::kind::Kind;
use crate::base::secret::Secret;
use crate::domain::catalogue::Price;

/// What to ask, and whom.
#[derive(Clone, PartialEq, Debug)]
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
