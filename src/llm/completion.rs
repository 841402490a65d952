//! What the model wrote.

use std::fmt;

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
