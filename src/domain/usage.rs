//! Calls of a model: who was asked, how it ended, and its figures, as far as the endpoint told them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Instant;

use bigdecimal::{BigDecimal, One, RoundingMode};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;

use crate::domain::catalogue::Price;

/// What a call is for: `model_calls.purpose`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum Purpose {
    /// The answer to a question.
    Answer,
    /// The words of a recording.
    Transcript,
    /// The sound of an answer.
    Speech,
    /// A summary of what was said before.
    Summary,
    /// The title of a topic.
    Title,
}

impl Purpose {
    /// All.
    pub const ALL: [Self; 5] = [Self::Answer, Self::Transcript, Self::Speech, Self::Summary, Self::Title];

    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Transcript => "transcript",
            Self::Speech => "speech",
            Self::Summary => "summary",
            Self::Title => "title",
        }
    }
}

/// A call that may cost, whatever became of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number, by which the ledger knows that it has the call already.
    pub id: CallId,
    /// What it is for.
    pub purpose: Purpose,
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

/// The number of a call: random, for nobody can be asked for the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallId(pub i64);

impl CallId {
    /// A new one.
    pub fn random() -> Self {
        // Its keys are random numbers of the system, and no two are the same.
        Self(RandomState::new().build_hasher().finish().cast_signed())
    }
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

impl Outcome {
    /// Its name in the metrics, and in `model_calls.outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Cut => "cut",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Failed(_) => "failed",
        }
    }
}

/// US dollars, and who says so.
#[derive(Clone, PartialEq, Debug)]
pub enum Cost {
    /// The endpoint.
    Told(BigDecimal),
    /// The price of the model, for these tokens, or for so many seconds or characters.
    Computed(BigDecimal),
}

impl Cost {
    /// US dollars.
    pub fn dollars(&self) -> &BigDecimal {
        let (Self::Told(dollars) | Self::Computed(dollars)) = self;
        dollars
    }
}

impl Usage {
    /// With a cost by this price, if the endpoint told none. Without the tokens it stays unknown.
    #[must_use]
    pub fn priced(mut self, price: Option<&Price>) -> Self {
        if let (None, Some(price), Some(read)) = (&self.cost, price, self.prompt_tokens) {
            let (cached, written) = (self.cached_tokens.unwrap_or(0), self.completion_tokens.unwrap_or(0));
            self.cost = Some(Cost::Computed(price.of(read, cached, written)));
        }
        self
    }

    /// With this cost, if the endpoint told none.
    #[must_use]
    pub fn or_computed(mut self, dollars: Option<BigDecimal>) -> Self {
        self.cost = self.cost.or_else(|| dollars.map(Cost::Computed));
        self
    }
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
    /// What it cost.
    pub cost: Option<Cost>,
    /// Milliseconds to the first token.
    pub first_token_ms: Option<i32>,
    /// Milliseconds to the end.
    pub duration_ms: Option<i32>,
    /// Why the model ended.
    pub finish_reason: Option<String>,
}

/// What calls took together.
#[derive(Clone, Debug)]
pub struct Spent {
    /// Calls, whatever became of them.
    pub calls: i64,
    /// Tokens read and written.
    pub tokens: i64,
    /// US dollars, as far as they are known, for people to read: `0.0123`.
    pub cost: String,
    /// Calls whose cost is not known.
    pub unknown: i64,
}

/// US dollars for people: cents, and of less than a dollar four figures that count.
pub fn dollars(cost: &BigDecimal) -> String {
    let two = cost.with_scale_round(2, RoundingMode::HalfUp);
    if two >= BigDecimal::one() || *cost == two {
        return two.to_plain_string();
    }
    // So many zeros stand behind the point before the first figure that counts.
    let zeros = cost.fractional_digit_count() - i64::try_from(cost.digits()).unwrap_or_default();
    cost.with_scale_round(zeros.max(0) + 2, RoundingMode::HalfUp).to_plain_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_cents_or_two_figures_that_count() {
        for (cost, expected) in [
            ("0", "0.00"),
            ("12", "12.00"),
            ("1.005", "1.01"),
            ("0.5", "0.50"),
            ("0.1234", "0.12"),
            ("0.0123456", "0.012"),
            ("0.00012345", "0.00012"),
            ("0.000000001", "0.0000000010"),
            ("0.999", "1.00"),
        ] {
            assert_eq!(dollars(&cost.parse().unwrap()), expected, "{cost}");
        }
    }
}
