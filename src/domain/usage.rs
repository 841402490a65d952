//! Figures of an answer.

/// What the endpoint said about an answer.
#[derive(Clone, Default, Debug)]
pub struct Usage {
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens read.
    pub prompt_tokens: Option<i32>,
    /// Tokens written.
    pub completion_tokens: Option<i32>,
    /// Milliseconds to the first token.
    pub first_token_ms: Option<i32>,
    /// Milliseconds to the end.
    pub duration_ms: Option<i32>,
    /// Why the model ended.
    pub finish_reason: Option<String>,
}
