//! The entities of a stretch of flat text: sorted, one within the other or apart, without white space at their ends.
//!
//! Looks change from run to run. [`Marks`] holds the entities that are open at a place, the outermost first, and goes on
//! from run to run: what the next one has no more is closed, with all that lies within it.

use std::cmp::Reverse;
use std::ops::Range;

use super::look::{Kind, Look};

/// An entity with its place in bytes.
pub(super) struct Mark {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
    /// How many entities lie around it.
    depth: usize,
}

/// The entities as far as the runs were read.
pub(super) struct Marks<'a> {
    text: &'a str,
    /// Where code begins the stretch: its indent is part of it.
    indent: Option<usize>,
    closed: Vec<Mark>,
    /// What is open, each with the place where it began.
    open: Vec<(Kind, usize)>,
}

impl<'a> Marks<'a> {
    pub(super) fn new(text: &'a str, indent: Option<usize>) -> Self {
        Self { text, indent, closed: Vec::new(), open: Vec::new() }
    }

    /// A run of this look begins here.
    pub(super) fn go_on(&mut self, look: &Look, at: usize) {
        let kinds = look.kinds();
        let same = self.open.iter().zip(&kinds).take_while(|((open, _), kind)| open == *kind).count();
        self.close(same, at);
        self.open.extend(kinds.into_iter().skip(same).map(|kind| (kind, at)));
    }

    /// The stretch ends here.
    pub(super) fn finish(mut self, end: usize) -> Vec<Mark> {
        self.close(0, end);
        // The outer one first where two begin together.
        self.closed.sort_by_key(|mark| (mark.range.start, Reverse(mark.range.end), mark.depth));
        self.closed
    }

    /// Closes all but the outermost ones.
    fn close(&mut self, keep: usize, end: usize) {
        for (depth, (kind, start)) in (keep..).zip(self.open.split_off(keep)) {
            let range = self.ink(start..end);
            if !range.is_empty() {
                self.closed.push(Mark { kind, range, depth });
            }
        }
    }

    /// The range without white space at its ends.
    fn ink(&self, range: Range<usize>) -> Range<usize> {
        let text = &self.text[range.clone()];
        let ink = if self.indent == Some(range.start) { text } else { text.trim_start_matches([' ', '\n']) };
        let start = range.end - ink.len();
        start..start + ink.trim_end_matches([' ', '\n']).len()
    }
}
