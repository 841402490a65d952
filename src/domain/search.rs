//! What somebody types to find messages: `borscht or soup -salt "sour cream"`, «борщ или суп».
//!
//! All words between two `or` (или) have to be in a message, a phrase word by word, and nothing behind a `-`.

use std::fmt;
use std::mem::take;

/// The longest search, in characters, and the most words and phrases in it.
const LONGEST: usize = 1000;
const MOST: usize = 50;

/// A search. A message is found that has all terms of one of the alternatives.
#[derive(PartialEq, Eq, Debug)]
pub struct Search(pub Vec<Vec<Term>>);

/// A word or a phrase.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// As typed, without quotation marks and `-`.
    pub text: String,
    /// A message must not have it.
    pub without: bool,
}

impl Term {
    /// Whether it is one word, whoever takes it apart.
    pub fn is_word(&self) -> bool {
        self.text.chars().all(char::is_alphabetic)
    }
}

/// Why there is nothing to search for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// No word at all.
    Nothing,
    /// A phrase does not end.
    Unclosed,
    /// Nothing but what must not be there.
    OnlyWithout,
    /// It is longer than anybody types.
    TooLong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is no word to search for: type at least one with letters or digits"),
            Self::Unclosed => f.write_str("a phrase has no closing quotation mark"),
            Self::OnlyWithout => f.write_str(
                "there is only -… to leave out, which nearly every message would fit: type a word that has to be there, too",
            ),
            Self::TooLong => write!(f, "a search has at most {LONGEST} characters and {MOST} words"),
        }
    }
}

impl std::error::Error for Fault {}

impl Search {
    /// Reads what was typed.
    pub fn of(text: &str) -> Result<Self, Fault> {
        if text.chars().count() > LONGEST {
            return Err(Fault::TooLong);
        }
        let mut alternatives = Vec::new();
        let mut terms: Vec<Term> = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let positive = rest.trim_start_matches(['-', '−', '–']);
            let without = positive.len() < rest.len();
            let (text, quoted, after) = piece(positive)?;
            if !without && !quoted && ["or", "или"].contains(&&*text.to_lowercase()) {
                alternatives.push(take(&mut terms));
            } else if text.contains(char::is_alphanumeric) {
                terms.push(Term { text: text.to_owned(), without });
            }
            rest = after.trim_start();
        }
        alternatives.push(terms);
        alternatives.retain(|terms| !terms.is_empty());
        if alternatives.is_empty() {
            return Err(Fault::Nothing);
        }
        if alternatives.iter().map(Vec::len).sum::<usize>() > MOST {
            return Err(Fault::TooLong);
        }
        if alternatives.iter().any(|terms| terms.iter().all(|term| term.without)) {
            return Err(Fault::OnlyWithout);
        }
        Ok(Self(alternatives))
    }
}

/// The word or phrase at the beginning, whether it is in quotation marks, and what follows.
fn piece(text: &str) -> Result<(&str, bool, &str), Fault> {
    const MARKS: [(char, &[char]); 4] =
        [('"', &['"']), ('«', &['»']), ('“', &['”', '"']), ('„', &['“', '”', '"'])];
    let opened = MARKS.iter().find_map(|(open, close)| Some((text.strip_prefix(*open)?, *close)));
    if let Some((inside, close)) = opened {
        let (phrase, after) = inside.split_once(close).ok_or(Fault::Unclosed)?;
        return Ok((phrase, true, after));
    }
    let end = text.find(|c: char| c.is_whitespace() || MARKS.iter().any(|(open, _)| *open == c));
    let (word, after) = text.split_at(end.unwrap_or(text.len()));
    Ok((word, false, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>, Fault> {
        let shown = |term: Term| format!("{}{}", if term.without { "-" } else { "" }, term.text);
        let Search(alternatives) = Search::of(text)?;
        Ok(alternatives.into_iter().map(|terms| terms.into_iter().map(shown).collect()).collect())
    }

    #[test]
    fn words_phrases_alternatives_and_what_is_left_out_are_told_apart() {
        for (text, expected) in [
            ("борщ", &[&["борщ"][..]][..]),
            ("борщ суп", &[&["борщ", "суп"]]),
            ("борщ OR суп -соль", &[&["борщ"], &["суп", "-соль"]]),
            ("борщ Или суп или «или»", &[&["борщ"], &["суп"], &["или"]]),
            ("\"sour cream\" soup", &[&["sour cream", "soup"]]),
            ("«варить, суп!» -“без соли” –перец", &[&["варить, суп!", "-без соли", "-перец"]]),
            ("„so ist's“", &[&["so ist's"]]),
            ("soup -\"or\"", &[&["soup", "-or"]]),
            ("or or soup or", &[&["soup"]]),
            ("soup - salt --pepper", &[&["soup", "salt", "-pepper"]]),
            ("soup\"sour cream\"salt", &[&["soup", "sour cream", "salt"]]),
            ("a-b ??? c++ \"\"", &[&["a-b", "c++"]]),
        ] {
            let expected: Vec<Vec<String>> =
                expected.iter().map(|terms| terms.iter().map(ToString::to_string).collect()).collect();
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_searched_for_is_said() {
        for (text, fault) in [
            ("", Fault::Nothing),
            ("  ", Fault::Nothing),
            ("?! \"\" - or", Fault::Nothing),
            ("-salt", Fault::OnlyWithout),
            ("-salt -\"sour cream\"", Fault::OnlyWithout),
            ("soup or -salt", Fault::OnlyWithout),
            ("\"sour cream", Fault::Unclosed),
            ("soup \"", Fault::Unclosed),
            ("«sour cream\"", Fault::Unclosed),
            (&"a".repeat(1001), Fault::TooLong),
            (&"a ".repeat(51), Fault::TooLong),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
            assert!(!fault.to_string().is_empty());
        }
    }
}
