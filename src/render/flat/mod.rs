//! Formatted text laid out flat: the text of a whole answer and the looks of its runs, from which any stretch
//! can be taken as a message.
//!
//! Written by `text`, cut by `split`. Because looks are flat, a stretch cut out of a code block, a quote or a link
//! is such a block, quote or link again, language and target included.

mod entities;
mod look;
mod marks;
mod plain;

use std::ops::Range;

use frankenstein::types::MessageEntity;

pub(in crate::render) use look::{Look, Pre, Quote};
use marks::Marks;

/// Formatted text.
#[derive(Default)]
pub(in crate::render) struct Flat {
    pub(in crate::render) text: String,
    runs: Vec<Run>,
    /// Line breaks that divide more, or less, than a line does; in order.
    borders: Vec<(usize, Border)>,
}

struct Run {
    end: usize,
    look: Look,
}

/// How much the text before and after a line break belong together.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::render) enum Border {
    /// Two blocks: the best place to cut.
    Block,
    /// Two lines of one block.
    Line,
    /// A heading and its text, or the lines of one row of a table: not cut while they fit.
    Glue,
}

impl Flat {
    pub(in crate::render) fn push(&mut self, text: &str, look: &Look) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(last) if last.look == *look => last.end = end,
            _ => self.runs.push(Run { end, look: look.clone() }),
        }
    }

    /// Appends line breaks that divide blocks, or glue them.
    pub(in crate::render) fn push_border(&mut self, breaks: &str, look: &Look, border: Border) {
        if border != Border::Line {
            self.borders.extend((0..breaks.len()).map(|at| (self.text.len() + at, border)));
        }
        self.push(breaks, look);
    }

    /// What the line break at this place divides.
    pub(in crate::render) fn border(&self, at: usize) -> Border {
        let found = self.borders.binary_search_by_key(&at, |(place, _)| *place);
        found.map_or(Border::Line, |found| self.borders[found].1)
    }

    /// Whether the character at this place is code of a block, where leading spaces count.
    pub(in crate::render) fn in_pre(&self, at: usize) -> bool {
        let run = self.runs.partition_point(|run| run.end <= at);
        self.runs.get(run).is_some_and(|run| run.look.pre.is_some())
    }

    /// The runs within a stretch, with their places in the whole text.
    fn runs(&self, stretch: Range<usize>) -> impl Iterator<Item = (Range<usize>, &Look)> {
        let first = self.runs.partition_point(|run| run.end <= stretch.start);
        let beyond = self.runs.partition_point(|run| run.end < stretch.end) + 1;
        let mut from = stretch.start;
        self.runs[first..beyond.min(self.runs.len())].iter().map(move |run| {
            let range = from..run.end.min(stretch.end);
            from = range.end;
            (range, &run.look)
        })
    }

    /// The entities of a stretch.
    fn marks(&self, stretch: Range<usize>) -> Vec<marks::Mark> {
        let mut marks = Marks::new(&self.text, self.in_pre(stretch.start).then_some(stretch.start));
        for (range, look) in self.runs(stretch.clone()) {
            marks.go_on(look, range.start);
        }
        marks.finish(stretch.end)
    }

    /// Where the entity begins that is one too many for a message, if the stretch has so many.
    pub(in crate::render) fn one_too_many(&self, stretch: Range<usize>, limit: usize) -> Option<usize> {
        self.marks(stretch).get(limit).map(|mark| mark.range.start)
    }

    /// A stretch as the text and entities of a message.
    pub(in crate::render) fn message(&self, stretch: Range<usize>) -> (String, Vec<MessageEntity>) {
        let mut text = self.text[stretch.clone()].to_owned();
        let units = entities::utf16_offsets(&text);
        let entities = self.marks(stretch.clone()).into_iter().map(|mark| {
            let place = mark.range.start - stretch.start..mark.range.end - stretch.start;
            entities::entity(mark.kind, &text[place.clone()], units[place.start], units[place.end])
        });
        let entities = entities.collect();
        // Telegram takes spaces away from the beginning of a message and of a block of code.
        if text.starts_with(' ') && self.in_pre(stretch.start) {
            text.replace_range(..1, "\u{a0}");
        }
        (text, entities)
    }
}
