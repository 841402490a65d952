//! What the model wrote.

use std::fmt;

use super::error::LlmError;
use crate::domain::usage::Call;

/// What came of a call.
pub struct Asked {
    /// The call, for the ledger.
    pub call: Call,
    /// The answer, or why there is none.
    pub answer: Result<Completion, LlmError>,
}

/// An answer.
#[derive(Default)]
pub struct Completion {
    /// The text; of a complete one, never empty.
    pub text: String,
    /// The limit of tokens ended it.
    pub cut: bool,
}

/// Without the text.
impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completion({} bytes)", self.text.len())
    }
}
