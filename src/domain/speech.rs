//! Answers that are spoken: when, and how much of one.

use bigdecimal::BigDecimal;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;

/// The most characters that endpoints speak at once (OpenAI, POST /audio/speech).
pub const MOST_CHARACTERS: usize = 4096;
/// An answer is no more voice messages than this: about a quarter of an hour.
pub const MOST_MESSAGES: usize = 3;

/// Why an answer stands in writing alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unspoken {
    /// It could not be spoken, or sent.
    Failed,
    /// The person, or the group, takes no voice messages.
    Unwanted,
}

/// What so many characters cost, at this price for a million.
pub fn price_of(characters: usize, million: &BigDecimal) -> BigDecimal {
    let characters = BigDecimal::from(u64::try_from(characters).unwrap_or(u64::MAX));
    (characters * million / BigDecimal::from(1_000_000)).round(12).normalized()
}

/// When the answers of a dialogue are spoken: `dialogue_settings.voice`. Where nobody chose, they are not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum Spoken {
    /// All of them.
    Always,
    /// Those to what was said and not written.
    ToVoice,
}

impl Spoken {
    /// All, in the order of the buttons.
    pub const ALL: [Self; 2] = [Self::Always, Self::ToVoice];

    /// As the column and buttons have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::ToVoice => "to voice",
        }
    }

    /// Whether an answer is spoken whose question was said, or was not.
    pub fn is_for(self, said: bool) -> bool {
        match self {
            Self::Always => true,
            Self::ToVoice => said,
        }
    }

    /// What somebody means who writes this behind /voice; the inner `None`: no answer is to be spoken.
    pub fn named(words: &str) -> Option<Option<Self>> {
        match words.to_lowercase().as_str() {
            "on" | "always" | "вкл" | "всегда" => Some(Some(Self::Always)),
            "off" | "never" | "выкл" | "никогда" => Some(None),
            "voice" | "to voice" | "голос" | "на голос" => Some(Some(Self::ToVoice)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_command_is_understood_in_both_languages_or_not_at_all() {
        for (words, expected) in [
            ("ON", Some(Some(Spoken::Always))),
            ("Выкл", Some(None)),
            ("voice", Some(Some(Spoken::ToVoice))),
            ("на голос", Some(Some(Spoken::ToVoice))),
            ("louder", None),
        ] {
            assert_eq!(Spoken::named(words), expected, "{words}");
        }
    }

    #[test]
    fn a_price_is_for_a_million_characters() {
        let price = "15".parse().unwrap();
        assert_eq!(price_of(1000, &price), "0.015".parse::<BigDecimal>().unwrap());
        assert_eq!(price_of(0, &price), "0".parse::<BigDecimal>().unwrap());
    }

    #[test]
    fn voice_with_voice_leaves_written_questions_alone() {
        assert!(Spoken::Always.is_for(false) && Spoken::ToVoice.is_for(true));
        assert!(!Spoken::ToVoice.is_for(false));
    }
}
