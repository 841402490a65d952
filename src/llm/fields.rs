//! The fields of a request.

use serde_json::{Map, Value};

/// The body of a request, field by field.
pub(super) type Body = Map<String, Value>;

/// What the limit of tokens is called, in the order in which it is tried.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Limit {
    #[default]
    MaxTokens,
    MaxCompletionTokens,
    /// There is none.
    Absent,
}

impl Limit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::Absent => "",
        }
    }
}
