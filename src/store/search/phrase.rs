//! A phrase as PostgreSQL understands it, and how an excerpt looks.

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text};

/// What an excerpt looks like; what was found stands between two marks.
pub(super) fn options(mark: &str) -> String {
    format!("StartSel={mark}, StopSel={mark}, MinWords=8, MaxWords=24")
}

/// A phrase, or what PostgreSQL takes for one: `sour-cream`.
pub(super) struct Phrase {
    pub(super) without: bool,
    /// Whatever holds the phrase fits this regular expression.
    pub(super) pattern: String,
    /// By any of these it is found.
    pub(super) readings: Vec<Reading>,
}

/// How PostgreSQL reads a term in one language.
#[derive(QueryableByName)]
pub(super) struct Reading {
    #[diesel(sql_type = Text)]
    pub(super) language: String,
    /// A tsquery of all words, wherever they are.
    #[diesel(sql_type = Text)]
    pub(super) words: String,
    /// One of the words one after the other.
    #[diesel(sql_type = Text)]
    pub(super) phrase: String,
    #[diesel(sql_type = Array<Text>)]
    pub(super) lexemes: Vec<String>,
    #[diesel(sql_type = Array<Integer>)]
    pub(super) places: Vec<i32>,
}
