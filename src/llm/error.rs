//! What can go wrong at the model's endpoint, sorted by what is to be done about it.
//!
//! The problem's text is made of statuses, short codes and names of fields only: endpoints quote the prompt in their
//! messages.

use std::fmt;
use std::time::Duration;

use super::completion::Completion;
use crate::domain::failure::Failure;

/// Why a call of the model has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// Worth another try, after `pause` if the endpoint named one.
    #[error("{problem}{cause}")]
    Passing {
        /// What it is when every try ended like this.
        failure: Failure,
        /// Where to look.
        cause: Cause,
        /// The pause asked for.
        pause: Option<Duration>,
        /// For the log.
        problem: String,
    },
    /// Another try would end the same way.
    #[error("{problem}{cause}")]
    Final {
        /// Its class.
        failure: Failure,
        /// Where to look.
        cause: Cause,
        /// For the log.
        problem: String,
    },
    /// The prompt is longer than the model can read.
    #[error("the prompt is too long for the model")]
    ContextTooLong,
    /// The call was given up because the end was asked for. This is what had come by then; its text may be empty.
    #[error("the call was given up because the answer is not wanted any more")]
    Stopped(Completion),
}

/// What an operator has to look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The way to the endpoint.
    Network,
    /// LLM_BASE_URL.
    Address,
    /// LLM_BASE_URL, which redirects.
    Redirect,
    /// OPENROUTER_API_KEY, which the endpoint refused with this status.
    Key(u16),
    /// What the account has left.
    Account,
    /// LLM_MODEL.
    Model,
    /// The request, in a way that the endpoint does not name.
    Request,
    /// A field of the request that the endpoint does not take.
    Field,
    /// LLM_MAX_TOKENS.
    Limit,
    /// Nothing of ours: the endpoint itself.
    Endpoint,
}

/// Says where to look, to follow the problem.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => ": it does not accept the key; check OPENROUTER_API_KEY",
            Self::Model => ": it does not know the model; check LLM_MODEL",
            Self::Redirect => {
                ": a redirect, which is not followed; LLM_BASE_URL has to be the endpoint's own address"
            }
            Self::Field => "; LLM_EXTRA_BODY can change the fields of the request",
            Self::Limit => "; raise LLM_MAX_TOKENS, or have the model think less (LLM_EXTRA_BODY)",
            Self::Network | Self::Address | Self::Account | Self::Request | Self::Endpoint => "",
        })
    }
}

impl LlmError {
    /// The class of it.
    pub fn failure(&self) -> Failure {
        match *self {
            Self::Passing { failure, .. } | Self::Final { failure, .. } => failure,
            Self::ContextTooLong | Self::Stopped(_) => Failure::TooLong,
        }
    }

    pub(super) fn passing(cause: Cause, problem: impl Into<String>) -> Self {
        Self::Passing { failure: Failure::Unreachable, cause, pause: None, problem: problem.into() }
    }

    /// An error after which another try would end the same way.
    pub fn last(failure: Failure, cause: Cause, problem: impl Into<String>) -> Self {
        Self::Final { failure, cause, problem: problem.into() }
    }
}

/// A word fit for a log: codes and names of fields are, sentences are not.
pub(super) fn harmless(text: &str) -> Option<&str> {
    let fit = (1..=64).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c));
    fit.then_some(text)
}
