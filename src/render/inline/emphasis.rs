//! Which runs of marks belong together, and what becomes of the text between them.

use std::borrow::Cow;

use super::dunder;
use super::factors::Product;
use super::meant::Pair;
use super::piece::{Format, Piece};
use super::runs::{self, Role};

/// How many open runs are looked at for a closing one: nobody nests so many, and the search stays cheap.
const MAX_OPEN: usize = 32;

/// A run of marks in the text, and what becomes of it.
pub(super) struct Run {
    mark: u8,
    /// Its place in the text.
    start: usize,
    length: usize,
    role: Role,
    /// How many of its marks are text still.
    left: usize,
    /// The formats that end with it, the innermost first.
    ended: Vec<Format>,
    /// The formats that begin with it, the outermost first.
    begun: Vec<Format>,
}

impl Run {
    pub(super) fn of(text: &str, start: usize, length: usize) -> Self {
        let (before, rest) = text.split_at(start);
        let (run, after) = rest.split_at(length);
        let role = runs::role(before, run, after);
        let mark = run.as_bytes()[0];
        Self { mark, start, length, role, left: length, ended: Vec::new(), begun: Vec::new() }
    }

    /// Takes it out of the game: what it does is settled.
    pub(super) fn settle(&mut self) {
        self.role = Role { opens: false, closes: false, ..self.role };
    }

    /// What becomes of it in the text: formats end, marks are left, formats begin.
    pub(super) fn pieces<'a>(&self, text: &'a str, pieces: &mut Vec<Piece<'a>>) {
        pieces.extend(self.ended.iter().map(|format| Piece::End(*format)));
        if self.left > 0 {
            pieces.push(Piece::Text(Cow::Borrowed(&text[self.start..self.start + self.left])));
        }
        pieces.extend(self.begun.iter().map(|format| Piece::Begin(*format)));
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }

    fn end(&self) -> usize {
        self.start + self.length
    }

    /// How many marks the two runs give each other: two for the stronger format.
    fn shared_with(&self, closer: &Self) -> Option<usize> {
        if self.mark != closer.mark {
            return None;
        }
        if matches!(self.mark, b'~' | b'|') {
            return (self.left == closer.left).then_some(self.left);
        }
        // A run that could be either the one or the other is taken for neither where the lengths admit a better match.
        let either = self.role.closes || closer.role.opens;
        let thirds = (self.length + closer.length).is_multiple_of(3);
        let both = self.length.is_multiple_of(3) && closer.length.is_multiple_of(3);
        (!either || !thirds || both).then_some(self.left.min(closer.left).min(2))
    }

    /// The two runs with what stands around them.
    fn beside<'a>(&self, text: &'a str, closer: &Self) -> Pair<'a> {
        Pair {
            mark: self.mark,
            length: self.length.min(closer.length),
            begun: self.role.product,
            ended: closer.role.product,
            before: &text[..self.start],
            content: &text[self.end()..closer.start],
            after: &text[closer.end()..],
        }
    }

    fn format(&self, marks: usize) -> Format {
        match (self.mark, marks) {
            (b'~', _) => Format::Strike,
            (b'|', _) => Format::Spoiler,
            (_, 1) => Format::Italic,
            _ => Format::Bold,
        }
    }
}

/// Pairs the runs from this one on, each closing one with the nearest that opens.
pub(super) fn pair(text: &str, runs: &mut [Run]) -> Vec<usize> {
    settle_names_and_factors(text, runs);
    let mut open: Vec<usize> = Vec::new();
    for at in 0..runs.len() {
        while runs[at].role.closes && runs[at].left > 0 {
            let (earlier, later) = runs.split_at_mut(at);
            let closer = &mut later[0];
            let found = open.iter().enumerate().rev().take(MAX_OPEN).find_map(|(place, opener)| {
                let opener = &earlier[*opener];
                let shared = opener.shared_with(closer)?;
                opener.beside(text, closer).means_format().then_some((place, shared))
            });
            let Some((place, shared)) = found else { break };
            let opener = &mut earlier[open[place]];
            let format = opener.format(shared);
            opener.left -= shared;
            opener.begun.insert(0, format);
            closer.left -= shared;
            closer.ended.push(format);
            open.truncate(place + usize::from(opener.left > 0));
        }
        if runs[at].role.opens && runs[at].left > 0 {
            open.push(at);
        }
    }
    open
}

/// Takes neighbours out of the game that plainly stand for themselves: underscores around a name that a language has made
/// special, asterisks around a factor or in the name of a file.
fn settle_names_and_factors(text: &str, runs: &mut [Run]) {
    for at in 1..runs.len() {
        let [before, after] = &mut runs[at - 1..=at] else { continue };
        let double = |run: &Run| run.mark == b'_' && run.length == 2;
        let name = double(before) && double(after) && dunder::is_name(&text[before.end()..after.start]);
        let pair = before.beside(text, after);
        if name || (before.mark == after.mark && (pair.is_factor() || pair.matches_names() || pair.is_norm()))
        {
            before.settle();
            after.settle();
        }
    }
}

/// Where underscores begin what may turn out to be a name, at the end of a text that is still being written.
pub(super) fn begun_name(text: &str, runs: &[Run], open: &[usize]) -> Option<usize> {
    let run = &runs[*open.last()?];
    let name = run.mark == b'_' && text[run.end()..].chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    name.then_some(run.start)
}

/// Lets what is open go on to the end of a text that is still being written.
pub(super) fn leave_open(runs: &mut [Run], open: &[usize]) {
    for run in open.iter().take(MAX_OPEN) {
        let run = &mut runs[*run];
        let hides = run.mark == b'|' || run.mark == b'~';
        if run.role.product != Product::None
            && !(run.length > 1 && matches!(run.role.product, Product::Words { .. }))
        {
            continue;
        }
        while run.left > 0 {
            let marks = if hides { run.left } else { run.left.min(2) };
            run.left -= marks;
            let format = run.format(marks);
            run.begun.insert(0, format);
        }
    }
}
