//! What was said before.

/// Who said it, as `messages.role` has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// As stored and as the model's endpoint takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A message of the past: role, text.
pub type Said = (String, String);
