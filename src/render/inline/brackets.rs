//! Brackets: the texts of links and images, and references to what is defined elsewhere.

use std::borrow::Cow;

use super::growing::Growing;
use super::piece::Piece;
use super::scan::{Bracket, Node, Scan, Step};
use super::{address, emphasis};
use crate::render::link;

impl<'a> Scan<'a> {
    pub(super) fn bracket(&mut self, at: usize, length: usize) -> Step<'a> {
        // The words before it are a node of their own yet to come.
        self.words(at);
        let node = self.nodes.len();
        self.brackets.push(Bracket { node, start: at, length, runs: self.runs.len(), active: true });
        (Some(Node::Piece(Piece::Text(Cow::Borrowed(&self.text[at..at + length])))), length)
    }

    pub(super) fn bracket_end(&mut self, at: usize) -> Result<Option<Step<'a>>, usize> {
        let Some(bracket) = self.brackets.last() else { return Ok(None) };
        let start = bracket.start;
        let inside = &self.text[start + bracket.length..at];
        let after = &self.text[at + 1..];
        if let Some(growing) = self.growing
            && growing.is_near(start)
            && waits(after, growing)
        {
            return Err(start);
        }
        let Some(bracket) = self.brackets.pop().filter(|bracket| bracket.active) else { return Ok(None) };
        if let Some(label) = inside.strip_prefix('^').filter(|label| self.definitions.is_footnote(label)) {
            return Ok(Some(self.footnote(&bracket, label, at)));
        }
        let Some((target, length)) = self.target(&bracket, inside, after) else { return Ok(None) };
        self.words(at);
        self.close_runs(bracket.runs);
        self.nodes[bracket.node] = Node::Piece(Piece::Link(target));
        if bracket.length == 1 {
            self.brackets.iter_mut().filter(|outer| outer.length == 1).for_each(|outer| outer.active = false);
        }
        Ok(Some((Some(Node::Piece(Piece::LinkEnd)), 1 + length)))
    }

    /// Where the link leads, and how much of the text behind the closing bracket says so.
    fn target(&self, bracket: &Bracket, inside: &'a str, after: &'a str) -> Option<(Cow<'a, str>, usize)> {
        if let Some((target, length)) = address::target(after) {
            // Behind a word it is more likely an index and a call.
            let indexed =
                self.text[..bracket.start].ends_with(char::is_alphanumeric) && !link::allowed(target);
            let meant = address::is_plausible(target) || target.is_empty();
            return (meant && !indexed).then(|| (entities(target), length));
        }
        let (label, length) = match after.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some(("", _)) => (inside, 2),
            Some((label, _)) => (label, label.len() + 2),
            None => (inside, 0),
        };
        // A line that begins with `[label]:` defines it.
        let line_start = self.text[..bracket.start].ends_with('\n') || bracket.start == 0;
        let defines = length == 0 && line_start && after.starts_with(':');
        let target = if defines { None } else { self.definitions.target(label) };
        target.map(|target| (Cow::Borrowed(target), length))
    }

    fn footnote(&mut self, bracket: &Bracket, label: &'a str, at: usize) -> Step<'a> {
        self.words(at);
        self.nodes.truncate(bracket.node);
        self.runs.truncate(bracket.runs);
        (Some(Node::Piece(Piece::Text(Cow::Owned(format!("[{label}]"))))), 1)
    }

    /// Pairs the runs within a link's text with each other and with no others.
    fn close_runs(&mut self, from: usize) {
        let runs = &mut self.runs[from..];
        emphasis::pair(self.text, runs);
        runs.iter_mut().for_each(emphasis::Run::settle);
    }

    /// What began with a bracket near the end waits for the rest.
    pub(super) fn waits_in_brackets(&self, growing: Growing) -> Result<(), usize> {
        match self.brackets.iter().find(|bracket| growing.is_near(bracket.start)) {
            Some(bracket) => Err(bracket.start),
            None => Ok(()),
        }
    }
}

/// Whether it is not told yet whether, or where, there is a target behind a closing bracket.
fn waits(after: &str, growing: Growing) -> bool {
    if after.is_empty() {
        return !growing.is_whole();
    }
    let mut depth = 0;
    after.starts_with('(')
        && !after.chars().any(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        })
}

/// A target with its character references read.
fn entities(target: &str) -> Cow<'_, str> {
    crate::render::entity::decoded(target)
}
