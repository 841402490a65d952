//! What there is beside the words of a question: what can be shown as it is, and documents.

use std::collections::HashMap;

use crate::domain::catalogue::{Medium, Model};
use crate::domain::reading::Document;
use crate::domain::token_budget;
use crate::llm::{Part, Pdf, Picture};
use crate::pipeline::scales::Weighed;

/// Something a model is shown.
pub(super) struct Seen {
    /// `attachments.id`
    pub(super) id: i64,
    /// Its words can be read in its place.
    pub(super) has_words: bool,
    /// About how many tokens it is.
    pub(super) tokens: usize,
    /// Itself.
    pub(super) what: What,
}

/// What can be shown.
pub(super) enum What {
    Picture(Picture),
    Pdf(Pdf),
}

/// What a model is shown.
#[derive(Default)]
pub(super) struct Shown<'a> {
    /// With the question, in order.
    pub(super) question: Vec<Seen>,
    /// With questions before it, by their ids in `messages`.
    pub(super) past: HashMap<i64, Vec<Seen>>,
    /// They weigh as long as they are here.
    _weighed: Option<Weighed<'a>>,
}

/// The documents of a question, and of those before it.
#[derive(Default)]
pub(super) struct Documents {
    /// Of the question, in order, with their ids in `attachments`.
    pub(super) question: Vec<(i64, Document)>,
    /// Of questions before it, by their ids in `messages`.
    pub(super) past: HashMap<i64, Vec<(i64, Document)>>,
}

impl Seen {
    pub(super) fn medium(&self) -> Medium {
        match self.what {
            What::Picture(_) => Medium::Pictures,
            What::Pdf(_) => Medium::Pdf,
        }
    }

    pub(super) fn part(&self) -> Part<'_> {
        match &self.what {
            What::Picture(picture) => Part::Picture(picture),
            What::Pdf(pdf) => Part::Pdf(pdf),
        }
    }
}

impl What {
    /// About how many tokens it is; of a PDF with so many pages, if anybody knows.
    pub(super) fn tokens(&self, pages: Option<usize>) -> usize {
        match self {
            Self::Picture(_) => token_budget::PICTURE,
            Self::Pdf(Pdf { bytes, .. }) => {
                token_budget::PICTURE * pages.unwrap_or_else(|| bytes.len().div_ceil(SCANNED_PAGE))
            }
        }
    }
}

/// About how many bytes a page of a scan has.
const SCANNED_PAGE: usize = 100_000;

impl<'a> Shown<'a> {
    /// Nothing yet, and room for it.
    pub(super) fn weighing(weighed: Weighed<'a>) -> Self {
        Self { _weighed: Some(weighed), ..Self::default() }
    }

    /// What the model lacks for what the question shows and no words can stand for.
    pub(super) fn lacking(&self, model: &Model) -> Option<Medium> {
        let needed = self.question.iter().filter(|seen| !seen.has_words).map(Seen::medium);
        needed.into_iter().find(|medium| !model.reads.contains(medium))
    }

    /// Whether the model reads all of it as it is.
    pub(super) fn is_for(&self, model: &Model) -> bool {
        let all = self.question.iter().chain(self.past.values().flatten());
        all.map(Seen::medium).all(|medium| model.reads.contains(&medium))
    }
}
