//! The pass itself: goes from one special character to the next, and assembles what was found.

use std::borrow::Cow;

use super::emphasis::{self, Run};
use super::math::{self, Found};
use super::piece::Piece;
use super::scan::{Node, Scan, Step};
use super::tag::Tag;
use super::tag_at::is_markup;
use super::{address, code, symbols};
use crate::render::entity;

/// Where the next character stands at which something may begin.
fn next_special(text: &str) -> Option<usize> {
    /// Whether something may begin at a byte. All are ASCII: no byte of another character is one.
    const SPECIAL: [bool; 256] = {
        let mut special = [false; 256];
        let marks = b"\\`$*_~|[]!<&\n:^";
        let mut at = 0;
        while at < marks.len() {
            special[marks[at] as usize] = true;
            at += 1;
        }
        special
    };
    text.bytes().position(|byte| SPECIAL[usize::from(byte)])
}

impl<'a> Scan<'a> {
    /// The pieces of the text; or where something begins that has to wait.
    pub(super) fn pieces(mut self) -> Result<Vec<Piece<'a>>, usize> {
        let mut at = 0;
        while let Some(found) = next_special(&self.text[at..]) {
            at += found;
            match self.step(at)? {
                Some((node, length)) => {
                    self.words(at);
                    self.nodes.extend(node);
                    at += length;
                    self.from = at;
                }
                None => at += self.plain(at),
            }
        }
        self.words(self.text.len());
        if let Some(growing) = self.growing {
            self.waits_in_brackets(growing)?;
        }
        self.settle_tags()?;
        let open = self.pair_runs();
        if let Some(growing) = self.growing {
            let name = emphasis::begun_name(self.text, &self.runs, &open);
            if let Some(at) = name.filter(|at| growing.is_doubtful(*at)) {
                return Err(at);
            }
            emphasis::leave_open(&mut self.runs, &open);
        }
        Ok(self.assembled())
    }

    /// Pairs the runs of each block that tags make. Returns those of the last one that are open.
    fn pair_runs(&mut self) -> Vec<usize> {
        let mut from = 0;
        for tag in self.tags.iter().filter(|tag| tag.divides()) {
            let to = self.runs.partition_point(|run| run.start() < tag.at);
            emphasis::pair(self.text, &mut self.runs[from..to]);
            from = to;
        }
        let open = emphasis::pair(self.text, &mut self.runs[from..]);
        open.into_iter().map(|run| from + run).collect()
    }

    /// How much is text for certain where nothing begins.
    fn plain(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        match rest.as_bytes() {
            [b':', b'/', b'/', ..] if self.text[..at].ends_with(|c: char| c.is_ascii_alphabetic()) => {
                address::rest_of_address(rest)
            }
            [b'\\', ..] => 1 + rest[1..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8),
            [b'`', ..] => code::backticks(rest),
            [b'$', b'$', ..] => 2,
            _ => 1,
        }
    }

    /// What begins at a special character; `None` if it is text.
    fn step(&mut self, at: usize) -> Result<Option<Step<'a>>, usize> {
        let rest = &self.text[at..];
        Ok(match rest.as_bytes()[0] {
            b'\n' => Some(self.line_end(at)),
            b'`' => self.code(at),
            b'$' => self.formula(at)?,
            b'\\' => match self.formula(at)? {
                Some(step) => Some(step),
                None => self.backslash(at),
            },
            b'^' => self.symbol(at),
            b'&' => self.entity(at)?,
            b'<' => self.tag(at)?,
            b'!' if rest.starts_with("![") => Some(self.bracket(at, 2)),
            b'[' => match self.formula(at)? {
                Some(step) => Some(step),
                None => Some(self.bracket(at, 1)),
            },
            b']' => self.bracket_end(at)?,
            mark @ (b'*' | b'_' | b'~' | b'|') => self.run(at, mark),
            _ => None,
        })
    }

    /// The lines of a text have no space at their ends, and none before them unless it is the source of some markup.
    fn line_end(&mut self, at: usize) -> Step<'a> {
        let line = &self.text[self.from..at];
        let next = &self.text[at + 1..];
        let next = if is_markup(self.text) { next } else { next.trim_start_matches([' ', '\t']) };
        let space = line.len() - line.trim_end_matches(' ').len();
        self.words(at - space);
        self.from = at;
        let broken =
            matches!(self.nodes.last(), Some(Node::Tag(tag)) if self.tags[*tag].found.tag == Tag::Break);
        // A tag has broken the line already.
        ((!broken).then_some(Node::Piece(Piece::Break)), self.text.len() - next.len() - at)
    }

    fn code(&mut self, at: usize) -> Option<Step<'a>> {
        let rest = &self.text[at..];
        let run = code::backticks(rest);
        let (length, marks) = match code::span(rest, &mut self.missing) {
            Some((length, run)) => (length, run),
            // All that follows is code, marks and brackets included.
            None if self.growing.is_some() => (rest.len() + run, run),
            None => return None,
        };
        let shown = code::shown(&rest[marks..length - marks]);
        Some((Some(Node::Piece(Piece::Code(shown))), length.min(rest.len())))
    }

    fn formula(&mut self, at: usize) -> Result<Option<Step<'a>>, usize> {
        Ok(match self.formulas.at(self.text, at) {
            Some(Found::Formula(formula)) if formula.is_page() => {
                let text = formula.tex.to_owned();
                Some((Some(Node::Piece(Piece::Listing { language: Some("latex"), text })), formula.length))
            }
            Some(Found::Formula(formula)) => {
                let piece = match symbols::told(formula.tex) {
                    Some(told) if !formula.display() => Piece::Text(Cow::Owned(told)),
                    _ => Piece::Formula { tex: math::one_line(formula.tex), display: formula.display() },
                };
                Some((Some(Node::Piece(piece)), formula.length))
            }
            Some(Found::Open(marks)) => match self.growing {
                Some(growing) if math::waits(marks, growing, at, &self.text[at..]) => return Err(at),
                _ => None,
            },
            None => None,
        })
    }

    fn entity(&self, at: usize) -> Result<Option<Step<'a>>, usize> {
        let rest = &self.text[at..];
        if let Some((length, decoded)) = entity::at(rest) {
            return Ok(Some((Some(Node::Piece(Piece::Text(Cow::Owned(decoded)))), length)));
        }
        match self.growing {
            Some(growing) if growing.is_near(at) && entity::may_come(rest) => Err(at),
            _ => Ok(None),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as its neighbours return")]
    fn run(&mut self, at: usize, mark: u8) -> Option<Step<'a>> {
        let length = self.text[at..].bytes().take_while(|byte| *byte == mark).count();
        if mark == b'|' && length != 2 {
            return Some((
                Some(Node::Piece(Piece::Text(Cow::Borrowed(&self.text[at..at + length])))),
                length,
            ));
        }
        self.runs.push(Run::of(self.text, at, length));
        Some((Some(Node::Run(self.runs.len() - 1)), length))
    }

    fn assembled(self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(self.nodes.len());
        for node in self.nodes {
            match node {
                Node::Piece(piece) => pieces.push(piece),
                Node::Run(number) => self.runs[number].pieces(self.text, &mut pieces),
                Node::Tag(number) => pieces.push(self.tags[number].piece(self.text)),
            }
        }
        pieces
    }
}
