//! What stands beside the words of a prompt, for one model: what it is shown as it is, and the words of files.

use std::borrow::Cow;

use crate::domain::document::Refused;
use crate::domain::history::Exchange;
use crate::domain::reading::{self, Document, Extent};
use crate::domain::token_budget::tokens;
use crate::llm::Part;
use crate::pipeline::assistant::Chosen;
use crate::pipeline::shown::{Documents, Seen, Shown, What};

/// Fewer words of a file than these tokens are of no use.
const FEWEST: usize = 400;

/// What of a file of the question the model did not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// What follows.
    Rest(Extent),
    /// All of it.
    All(Refused),
}

/// What there is, and how much of it this model is given.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    shown: &'a Shown<'a>,
    documents: &'a Documents,
    chosen: Chosen<'a>,
    /// What earlier turns show is shown, too.
    past: bool,
    /// PDFs are shown as they are.
    pdfs: bool,
    /// How many tokens the words of files may have.
    room: usize,
}

impl<'a> Beside<'a> {
    pub(super) fn new(shown: &'a Shown<'a>, documents: &'a Documents, chosen: Chosen<'a>) -> Self {
        let room = chosen.room().for_files();
        Self { shown, documents, chosen, past: true, pdfs: true, room }
    }

    /// Of these, what this model is shown.
    fn seen(self, of: &'a [Seen]) -> impl Iterator<Item = &'a Seen> {
        of.iter().filter(move |seen| {
            let fits = match seen.what {
                What::Picture(_) => true,
                // A long one whose words can be cut is read in words.
                What::Pdf(_) => !seen.has_words || self.pdfs && seen.tokens <= self.room,
            };
            fits && self.chosen.model.reads.contains(&seen.medium())
        })
    }

    fn with(self, question_id: Option<i64>) -> &'a [Seen] {
        match question_id {
            None => &self.shown.question,
            Some(id) => self.shown.past.get(&id).filter(|_| self.past).map_or(&[], Vec::as_slice),
        }
    }

    /// What is shown with a question, or with an earlier one.
    pub(super) fn parts(self, question_id: Option<i64>) -> impl Iterator<Item = Part<'a>> {
        self.seen(self.with(question_id)).map(Seen::part)
    }

    /// About how many tokens all that is shown has.
    pub(super) fn tokens(self) -> usize {
        let past = self.shown.past.values().filter(|_| self.past).flatten();
        let past: usize = past
            .map(|seen| self.seen(std::slice::from_ref(seen)).map(|seen| seen.tokens).sum::<usize>())
            .sum();
        past + self.seen(&self.shown.question).map(|seen| seen.tokens).sum::<usize>()
    }

    /// Those documents which are not shown as they are.
    fn in_words(self, documents: &'a [(i64, Document)], shown: &'a [Seen]) -> Vec<&'a Document> {
        self.to_word(documents, shown).map(|(_, document)| document).collect()
    }

    fn to_word(
        self,
        documents: &'a [(i64, Document)],
        shown: &'a [Seen],
    ) -> impl Iterator<Item = &'a (i64, Document)> {
        let is_shown = move |id: i64| self.seen(shown).any(|seen| seen.id == id);
        documents.iter().filter(move |(id, _)| !is_shown(*id))
    }

    /// The files that are shown where these turns are read, which [`Beside::turns`] made of `past`, and those whose words are
    /// read, by their ids; and how many tokens the words could have.
    pub(super) fn files(self, read: &[Exchange], past: &[Exchange]) -> (Vec<i64>, Vec<i64>, usize) {
        let past = &past[past.len() - read.len()..];
        let places = || read.iter().map(|turn| Some(turn.question_id)).chain([None]);
        let shown = places().flat_map(|id| self.seen(self.with(id))).map(|seen| seen.id).collect();
        let with_words = read.iter().zip(past).filter(|(read, past)| read.question != past.question);
        let of_past = with_words.filter_map(|(read, _)| {
            Some(self.to_word(self.documents.past.get(&read.question_id)?, self.with(Some(read.question_id))))
        });
        let own = self.to_word(&self.documents.question, self.with(None));
        let worded = of_past.flatten().chain(own).map(|(id, _)| *id).collect();
        (shown, worded, self.room)
    }

    /// The question with the words of its files, and which of these the model does not read to their ends.
    pub(super) fn question(self, words: &'a str) -> (Cow<'a, str>, Vec<(String, Unread)>) {
        let documents = self.in_words(&self.documents.question, self.with(None));
        if documents.is_empty() {
            return (words.into(), Vec::new());
        }
        let (text, cut) = reading::marked(&documents, self.room);
        let lost = documents.iter().filter_map(|document| {
            Some((document.name.clone(), Unread::All(*document.words.as_ref().err()?)))
        });
        let cut = cut.into_iter().map(|(document, extent)| (document.name.clone(), Unread::Rest(extent)));
        (reading::above(&text, words).into(), lost.chain(cut).collect())
    }

    /// The turns with the words of their files, as they were read when they were asked about: of as many of the newest as
    /// there is room for beside those of the question.
    pub(super) fn turns(self, turns: &'a [Exchange]) -> Cow<'a, [Exchange]> {
        if self.documents.past.is_empty() {
            return turns.into();
        }
        let own = self.in_words(&self.documents.question, self.with(None));
        let mut left = self.room.saturating_sub(tokens(&reading::marked(&own, self.room).0));
        let mut turns = turns.to_vec();
        for turn in turns.iter_mut().rev() {
            let Some(documents) = self.documents.past.get(&turn.question_id) else { continue };
            let documents = self.in_words(documents, self.with(Some(turn.question_id)));
            if documents.is_empty() {
                continue;
            }
            let (text, _) = reading::marked(&documents, self.room);
            let Some(rest) = left.checked_sub(tokens(&text)) else { break };
            left = rest;
            turn.question = reading::above(&text, &turn.question);
        }
        turns.into()
    }

    /// The same with fewer words of files. `None`: there are too few as it is.
    pub(super) fn with_less(self) -> Option<Self> {
        let wanted = self.documents.question.iter().filter_map(|(_, document)| document.words.as_ref().ok());
        let most: usize = wanted.map(reading::Words::tokens).sum();
        let room = self.room.min(most) / 2;
        (room >= FEWEST).then_some(Self { room, ..self })
    }

    /// The same without what an endpoint may have refused: first what earlier turns show, then PDFs that have words. `None`:
    /// there is nothing of that.
    pub(super) fn with_fewer(self) -> Option<Self> {
        let (shows_past, shows_pdfs) = {
            let mut past = self.shown.past.values().filter(|_| self.past).flatten();
            let shown = |seen: &'a Seen| self.seen(std::slice::from_ref(seen)).next().is_some();
            let is_pdf = |seen: &&Seen| matches!(seen.what, What::Pdf(_)) && seen.has_words;
            (past.any(shown), self.seen(&self.shown.question).any(|seen| is_pdf(&seen)))
        };
        match (shows_past, shows_pdfs) {
            (true, _) => Some(Self { past: false, ..self }),
            (false, true) => Some(Self { pdfs: false, ..self }),
            (false, false) => None,
        }
    }
}
