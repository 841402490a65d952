//! The ways in which a question can end without an answer.

use std::time::Duration;

use crate::domain::budget::{Date, UsedUp};

/// A class of failure: what the user reads depends on it, and `turns.failure` names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The endpoint cannot be reached, fails, or breaks off.
    Unreachable,
    /// The model was silent for longer than LLM_TIMEOUT.
    TooSlow,
    /// The model, or a filter before it, would not answer.
    Refused,
    /// The account behind the key is used up.
    OutOfQuota,
    /// The endpoint rejects the key, the model's name or the request.
    Misconfigured,
    /// The model ended without a word.
    Empty,
    /// Thinking took all the tokens that an answer may have (LLM_MAX_TOKENS).
    OutOfTokens,
    /// The question alone is more than the model can read.
    TooLong,
    /// What was to be gone on with is more than the model can read.
    ConversationTooLong,
    /// Telegram does not have a file of the question any more.
    FileGone,
    /// A file of the question, or all of them together, is larger than can be fetched and shown.
    FileTooLarge,
    /// Telegram does not hand a file of the question out.
    FileUnreachable,
    /// No file of the question has anything that a model could read.
    FileUnreadable,
    /// What is in a file of the question is no picture that models read.
    NoPicture,
    /// The question has a picture, and no model that may answer it can see.
    CannotSee,
    /// The endpoint would not take a picture of the question.
    PictureRefused,
    /// Nothing turns what is said in a recording into words: TRANSCRIBE_MODEL is not set.
    CannotHear,
    /// A recording plays longer than the bot listens.
    SoundTooLong {
        /// TRANSCRIBE_MAX_SECONDS
        seconds: u32,
    },
    /// A recording is larger than the bot takes.
    SoundTooLarge {
        /// TRANSCRIBE_MAX_MB
        megabytes: u32,
    },
    /// There are no words in a recording, and none came with it.
    NoWords,
    /// The endpoint for speech would not take a recording.
    SoundRefused,
    /// The endpoint for speech cannot be reached, fails, or takes too long.
    HearingUnreachable,
    /// The endpoint for speech rejects the key, the model's name or the address, or the account is used up.
    HearingMisconfigured,
    /// Answering crashed the program, or the database refused a statement of it, again and again.
    Crashed,
    /// A budget is used up.
    OverBudget(UsedUp),
    /// The user has asked as much as RATE_LIMIT allows.
    RateLimited {
        /// How long until the next question can be asked.
        wait: Duration,
    },
}

impl Failure {
    /// One of each class.
    pub const ALL: [Self; 26] = [
        Self::Unreachable,
        Self::TooSlow,
        Self::Refused,
        Self::OutOfQuota,
        Self::Misconfigured,
        Self::Empty,
        Self::OutOfTokens,
        Self::TooLong,
        Self::ConversationTooLong,
        Self::FileGone,
        Self::FileTooLarge,
        Self::FileUnreachable,
        Self::FileUnreadable,
        Self::NoPicture,
        Self::CannotSee,
        Self::PictureRefused,
        Self::CannotHear,
        Self::SoundTooLong { seconds: 1 },
        Self::SoundTooLarge { megabytes: 1 },
        Self::NoWords,
        Self::SoundRefused,
        Self::HearingUnreachable,
        Self::HearingMisconfigured,
        Self::Crashed,
        Self::OverBudget(UsedUp { is_own: false, is_month: false, anew: Date { month: 1, day: 1 } }),
        Self::RateLimited { wait: Duration::ZERO },
    ];

    /// Its name in `turns.failure` and in the log.
    pub fn class(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Refused => "refused",
            Self::OutOfQuota => "out_of_quota",
            Self::Misconfigured => "misconfigured",
            Self::Empty => "empty",
            Self::OutOfTokens => "out_of_tokens",
            Self::TooLong => "too_long",
            Self::ConversationTooLong => "conversation_too_long",
            Self::FileGone => "file_gone",
            Self::FileTooLarge => "file_too_large",
            Self::FileUnreachable => "file_unreachable",
            Self::FileUnreadable => "file_unreadable",
            Self::NoPicture => "no_picture",
            Self::CannotSee => "cannot_see",
            Self::PictureRefused => "picture_refused",
            Self::CannotHear => "cannot_hear",
            Self::SoundTooLong { .. } => "sound_too_long",
            Self::SoundTooLarge { .. } => "sound_too_large",
            Self::NoWords => "no_words",
            Self::SoundRefused => "sound_refused",
            Self::HearingUnreachable => "hearing_unreachable",
            Self::HearingMisconfigured => "hearing_misconfigured",
            Self::Crashed => "crashed",
            Self::OverBudget(_) => "over_budget",
            Self::RateLimited { .. } => "rate_limited",
        }
    }
}
