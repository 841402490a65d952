//! Calls of a model: who was asked, how it ended, and its figures, as far as the endpoint told them.

use std::time::Instant;

use bigdecimal::BigDecimal;

/// A call that may cost, whatever became of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who was asked: the host of the endpoint.
    pub endpoint: String,
    /// The model that was asked.
    pub model: String,
    /// When it was made.
    pub began: Instant,
    /// How it ended.
    pub outcome: Outcome,
    /// Its figures.
    pub usage: Usage,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// With a whole answer.
    Answered,
    /// At the limit of tokens.
    Cut,
    /// It was given up: its user stopped it, changed the question, or the program ended.
    Stopped,
    /// The model would not answer.
    Refused,
    /// With an error of this class ([`crate::domain::failure::Failure::class`]).
    Failed(&'static str),
}

/// What the endpoint said about a call.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Usage {
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens read.
    pub prompt_tokens: Option<i32>,
    /// Those of them that came from the endpoint's cache.
    pub cached_tokens: Option<i32>,
    /// Tokens written, thoughts among them.
    pub completion_tokens: Option<i32>,
    /// Those of them that were thoughts.
    pub thinking_tokens: Option<i32>,
    /// US dollars.
    pub cost: Option<BigDecimal>,
    /// Milliseconds to the first token.
    pub first_token_ms: Option<i32>,
    /// Milliseconds to the end.
    pub duration_ms: Option<i32>,
    /// Why the model ended.
    pub finish_reason: Option<String>,
}
