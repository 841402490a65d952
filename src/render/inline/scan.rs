//! What one pass over a text holds: what it has found so far, and what it still looks for.
//!
//! `pass` goes through the text; `brackets`, `tags` and `escapes` say what begins at their characters. With [`Growing`],
//! a text that is still being written: what is open at its end is taken for closed, and where something begins that may
//! become something else, the pass ends with its place.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::definitions::Definitions;
use super::emphasis::Run;
use super::growing::Growing;
use super::piece::Piece;
use super::tag_mark::TagMark;
use super::{math, symbols};

/// What a text is made of.
pub(super) enum Node<'a> {
    Piece(Piece<'a>),
    /// A run of marks, by its number.
    Run(usize),
    /// A tag, by its number.
    Tag(usize),
}

/// An opening bracket whose closing one has not come.
pub(super) struct Bracket {
    /// Its node.
    pub(super) node: usize,
    /// Where it stands in the text, and how long it is: two for an image.
    pub(super) start: usize,
    pub(super) length: usize,
    /// How many runs of marks stand before it.
    pub(super) runs: usize,
    /// Not within a link's text already.
    pub(super) active: bool,
}

/// The pass over a text.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) definitions: &'a Definitions,
    pub(super) growing: Option<Growing>,
    /// Where the words begin that no node holds yet.
    pub(super) from: usize,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) runs: Vec<Run>,
    pub(super) brackets: Vec<Bracket>,
    pub(super) tags: Vec<TagMark<'a>>,
    pub(super) formulas: math::Search,
    /// Runs of backticks that nothing closes, and tags and comments that have no end from here on.
    pub(super) missing: BTreeSet<usize>,
    pub(super) endless: Vec<&'static str>,
    /// Commands of TeX are what the text is about.
    pub(super) lesson: bool,
    /// The word in which backslashes are text, and how far words have been looked at.
    pub(super) path: Range<usize>,
}

/// What stands at a place: a node, or nothing but text; and how much of the text it takes.
pub(super) type Step<'a> = (Option<Node<'a>>, usize);

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str, definitions: &'a Definitions, growing: Option<Growing>) -> Self {
        Self {
            text,
            definitions,
            growing,
            from: 0,
            nodes: Vec::new(),
            runs: Vec::new(),
            brackets: Vec::new(),
            tags: Vec::new(),
            formulas: math::Search::of(text),
            missing: BTreeSet::new(),
            endless: Vec::new(),
            lesson: symbols::are_subject(text),
            path: 0..0,
        }
    }

    /// Takes the words up to here into a node.
    pub(super) fn words(&mut self, to: usize) {
        if self.from < to {
            self.nodes.push(Node::Piece(Piece::Text(Cow::Borrowed(&self.text[self.from..to]))));
        }
        self.from = to;
    }
}
