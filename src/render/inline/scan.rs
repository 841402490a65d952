//! One pass over a text that finds what is in it: code, formulas, links, tags, escapes, and runs of marks.
//!
//! With [`Growing`], a text that is still being written: what is open at its end is taken for closed, and where
//! something begins that may become something else, the pass ends with its place.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::brackets::Bracket;
use super::emphasis::{self, Run};
use super::growing::Growing;
use super::math::{self, Found};
use super::tags::Mark;
use super::{Definitions, Piece, address, code, symbols, tag};
use crate::render::entity;

/// The characters at which something may begin.
const SPECIAL: [char; 15] = ['\\', '`', '$', '*', '_', '~', '|', '[', ']', '!', '<', '&', '\n', ':', '^'];

/// What a text is made of.
pub(super) enum Node<'a> {
    Piece(Piece<'a>),
    /// A run of marks, by its number.
    Run(usize),
    /// A tag, by its number.
    Tag(usize),
}

/// The pass over a text.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) definitions: &'a Definitions,
    pub(super) growing: Option<Growing>,
    /// Where the words begin that no node holds yet.
    from: usize,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) runs: Vec<Run>,
    pub(super) brackets: Vec<Bracket>,
    pub(super) tags: Vec<Mark<'a>>,
    formulas: math::Search,
    /// Runs of backticks that nothing closes, and tags and comments that have no end from here on.
    missing: BTreeSet<usize>,
    pub(super) endless: Vec<&'static str>,
    /// Commands of TeX are what the text is about.
    lesson: bool,
    /// The word in which backslashes are text, and how far words have been looked at.
    path: Range<usize>,
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

    /// The pieces of the text; or where something begins that has to wait.
    pub(super) fn pieces(mut self) -> Result<Vec<Piece<'a>>, usize> {
        let mut at = 0;
        while let Some(found) = self.text[at..].find(SPECIAL) {
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
        let open = emphasis::pair(self.text, &mut self.runs);
        if let Some(growing) = self.growing {
            let name = emphasis::begun_name(self.text, &self.runs, &open);
            if let Some(at) = name.filter(|at| growing.is_doubtful(*at)) {
                return Err(at);
            }
            emphasis::leave_open(&mut self.runs, &open);
        }
        self.settle_tags()?;
        Ok(self.assembled())
    }

    /// Takes the words up to here into a node.
    pub(super) fn words(&mut self, to: usize) {
        if self.from < to {
            self.nodes.push(Node::Piece(Piece::Text(Cow::Borrowed(&self.text[self.from..to]))));
        }
        self.from = to;
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
            b'[' => Some(self.bracket(at, 1)),
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
        (Some(Node::Piece(Piece::Break)), self.text.len() - next.len() - at)
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
                Some(growing) if marks.waits(growing, at, &self.text[at..]) => return Err(at),
                _ => None,
            },
            None => None,
        })
    }

    fn symbol(&self, at: usize) -> Option<Step<'a>> {
        let (sign, length) = symbols::at(self.text, at).filter(|_| !self.lesson)?;
        Some((Some(Node::Piece(Piece::Text(Cow::Borrowed(sign)))), length))
    }

    /// A backslash takes the meaning from the mark behind it, unless both belong to a path or to code.
    fn backslash(&mut self, at: usize) -> Option<Step<'a>> {
        if let Some(symbol) = self.symbol(at) {
            return Some(symbol);
        }
        let next = self.text[at + 1..].chars().next()?;
        if next == '\n' {
            return Some((None, 1));
        }
        if !next.is_ascii_punctuation() || self.is_in_path(at) {
            return None;
        }
        Some((Some(Node::Piece(Piece::Text(Cow::Borrowed(&self.text[at + 1..at + 2])))), 2))
    }

    /// Whether the word with this backslash is a path of Windows, an expression, a string of code.
    fn is_in_path(&mut self, at: usize) -> bool {
        /// Nobody writes longer names; the bound keeps the search short.
        const MAX_BYTES: usize = 256;
        if at >= self.path.end {
            let start =
                self.text.floor_char_boundary(at.saturating_sub(MAX_BYTES)).max(self.path.end.min(at));
            let end = self.text.ceil_char_boundary((at + MAX_BYTES).min(self.text.len()));
            let start = self.text[start..at].rfind(char::is_whitespace).map_or(start, |space| start + space);
            let end = self.text[at..end].find(char::is_whitespace).map_or(end, |space| at + space);
            self.path = if is_path(&self.text[start..end]) { start..end } else { end..end };
        }
        self.path.contains(&at)
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
                Node::Tag(number) => pieces.extend(self.tags[number].piece(self.text)),
            }
        }
        pieces
    }
}

/// Whether a text is the source of a language of tags that mean nothing here; its indents are part of it.
pub(in crate::render) fn is_markup(text: &str) -> bool {
    text.starts_with('<')
        && text[1..].starts_with(|c: char| c.is_ascii_alphabetic())
        && tag::at(text).is_none()
}

/// Whether backslashes in a word are text: behind a drive, a share, or where one stands before a letter.
fn is_path(word: &str) -> bool {
    let shrug = word.contains("¯\\");
    let share =
        word.trim_start_matches(|c: char| c.is_whitespace() || "(\"'*_".contains(c)).strip_prefix("\\\\");
    let share = share.is_some_and(|rest| rest.starts_with(char::is_alphanumeric) && rest.contains('\\'));
    let drive = word.match_indices(":\\").any(|(at, _)| {
        let mut before = word[..at].chars().rev();
        before.next().is_some_and(|c| c.is_ascii_alphabetic())
            && !before.next().is_some_and(char::is_alphanumeric)
    });
    shrug
        || share
        || drive
        || word
            .match_indices('\\')
            .any(|(at, _)| word[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// The stretches of a line in which a bar divides no cells: code, formulas, and escaped characters (`true`).
pub(in crate::render) fn opaque(line: &str) -> Vec<(Range<usize>, bool)> {
    let mut stretches = Vec::new();
    let mut missing = BTreeSet::new();
    let mut formulas = math::Search::of(line);
    let mut at = 0;
    while let Some(found) = line[at..].find(['\\', '`', '$']) {
        at += found;
        let rest = &line[at..];
        let formula = match formulas.at(line, at) {
            Some(Found::Formula(formula)) => Some(formula.length),
            _ => None,
        };
        let (length, escape) = match (formula, rest.as_bytes()[0]) {
            (Some(length), _) => (length, false),
            (None, b'`') => {
                let Some((length, _)) = code::span(rest, &mut missing) else {
                    at += code::backticks(rest);
                    continue;
                };
                (length, false)
            }
            (None, b'\\') => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), true),
            _ => (1, false),
        };
        stretches.push((at..at + length, escape));
        at += length;
    }
    stretches
}

/// How much of a text that begins with a backtick is code, or text.
pub(in crate::render) fn code_length(text: &str) -> usize {
    code::span(text, &mut BTreeSet::new()).map_or_else(|| code::backticks(text), |(length, _)| length)
}
