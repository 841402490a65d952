//! What came of asking: an answer or an error, and the call itself.

use super::completion::Completion;
use super::error::LlmError;
use crate::domain::usage::Call;

/// What came of a call.
pub struct Asked {
    /// The call, for the ledger.
    pub call: Call,
    /// The answer, or why there is none.
    pub answer: Result<Completion, LlmError>,
}
