//! What can be chosen from: models and roles, who may use which, and which model stands in for which.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use bigdecimal::BigDecimal;

use crate::domain::access::Access;

/// Models and roles, each list in the order in which people see it; the first ones are the defaults.
#[derive(Clone, PartialEq, Debug)]
pub struct Catalogue {
    /// At least one.
    pub models: Vec<Model>,
    /// At least one.
    pub roles: Vec<Role>,
}

/// A model that can be chosen.
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    /// Its name in the catalogue, in buttons and in `dialogue_settings`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What people are told about it in /model.
    pub words: Option<String>,
    /// How many tokens it can read and write in all.
    pub context: Option<NonZeroU32>,
    /// The most tokens an answer of it may have.
    pub max_tokens: u32,
    /// How much it thinks, where that is not left to it.
    pub effort: Option<Effort>,
    /// How much people may have it think; [`Self::effort`] is among them.
    pub efforts: Vec<Effort>,
    /// What it costs, where that is known beforehand.
    pub price: Option<Price>,
    /// The models that stand in for it, by their ids, in this order.
    pub fallback: Vec<String>,
    /// What it can be given.
    pub reads: Reads,
    /// Who may choose it.
    pub access: Access,
}

/// What a model can be given to read; text among it, always.
pub type Reads = BTreeSet<Medium>;

/// A form in which a question can come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Medium {
    /// Words.
    Text,
    /// Pictures.
    Pictures,
    /// PDF documents, as they are.
    Pdf,
    /// Sound.
    Sound,
}

/// How much a model thinks before it answers (`reasoning_effort`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as it can.
    Minimal,
    /// A little.
    Low,
    /// The usual.
    Medium,
    /// A lot.
    High,
    /// As much as it can.
    Max,
}

/// US dollars for a million tokens.
#[derive(Clone, PartialEq, Debug)]
pub struct Price {
    /// Read.
    pub input: BigDecimal,
    /// Read from the endpoint's cache; as [`Self::input`] where that is not said.
    pub cached: BigDecimal,
    /// Written, thoughts among them.
    pub output: BigDecimal,
}

/// Who the model is told to be.
#[derive(Clone, PartialEq, Debug)]
pub struct Role {
    /// Its name in the catalogue, in buttons and in `dialogue_settings`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What the model is told before the dialogue.
    pub prompt: String,
    /// What people are told about it.
    pub words: String,
    /// The model that answers in this role where nobody chooses another one, by its id.
    pub model: Option<String>,
    /// Who may choose it.
    pub access: Access,
}

impl Medium {
    /// All.
    pub const ALL: [Self; 4] = [Self::Text, Self::Pictures, Self::Pdf, Self::Sound];

    /// What a model reads where nobody says it, as today's models do.
    pub fn usual() -> Reads {
        Reads::from([Self::Text, Self::Pictures])
    }

    /// As settings and the catalogue name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Pictures => "pictures",
            Self::Pdf => "pdf",
            Self::Sound => "sound",
        }
    }

    /// As lists of models name it (OpenRouter's `input_modalities`).
    pub fn modality(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Pictures => "image",
            Self::Pdf => "file",
            Self::Sound => "audio",
        }
    }
}

impl Model {
    /// Whether it can be shown pictures.
    pub fn sees(&self) -> bool {
        self.reads.contains(&Medium::Pictures)
    }
}

impl Effort {
    /// All, from the least.
    pub const ALL: [Self; 6] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Max];

    /// As endpoints and the catalogue name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Max => "max",
        }
    }
}

impl Price {
    /// What these tokens cost. `cached` is a part of `read`.
    pub fn of(&self, read: i32, cached: i32, written: i32) -> BigDecimal {
        let cached = cached.clamp(0, read.max(0));
        let of = |tokens: i32, price: &BigDecimal| BigDecimal::from(tokens.max(0)) * price;
        let millionths =
            of(read - cached, &self.input) + of(cached, &self.cached) + of(written, &self.output);
        (millionths / BigDecimal::from(1_000_000)).round(12).normalized()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_counts_what_was_read_from_the_cache_at_its_own() {
        let price = |text: &str| text.parse::<BigDecimal>().unwrap();
        let of = Price { input: price("0.25"), cached: price("0.025"), output: price("2") };
        assert_eq!(of.of(1_000_000, 0, 0), price("0.25"));
        assert_eq!(of.of(1_000_000, 1_000_000, 0), price("0.025"));
        assert_eq!(of.of(1000, 400, 100), price("0.00036"));
        assert_eq!(of.of(10, 400, 0), price("0.00000025"), "no more than was read");
        assert_eq!(of.of(-5, -1, -1), price("0"));
    }
}
