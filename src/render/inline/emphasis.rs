//! Which runs of marks belong together, and what becomes of the text between them.

use std::borrow::Cow;

use super::dunder;
use super::factors::Product;
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
    settle_dunders(text, runs);
    let mut open: Vec<usize> = Vec::new();
    for at in 0..runs.len() {
        while runs[at].role.closes && runs[at].left > 0 {
            let (earlier, later) = runs.split_at_mut(at);
            let closer = &mut later[0];
            let found = open.iter().enumerate().rev().take(MAX_OPEN).find_map(|(place, opener)| {
                let opener = &earlier[*opener];
                let shared = opener.shared_with(closer)?;
                means_format(text, opener, closer).then_some((place, shared))
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

/// Underscores around a name that a language has made special belong to it.
fn settle_dunders(text: &str, runs: &mut [Run]) {
    for at in 1..runs.len() {
        let [before, after] = &mut runs[at - 1..=at] else { continue };
        let double = |run: &Run| run.mark == b'_' && run.length == 2;
        if double(before) && double(after) && dunder::is_name(&text[before.end()..after.start]) {
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

/// Whether two runs mean to format what is between them, and are no arithmetic and no identifier.
fn means_format(text: &str, opener: &Run, closer: &Run) -> bool {
    let content = &text[opener.end()..closer.start];
    match opener.mark {
        b'*' => match (opener.role.product, closer.role.product) {
            (Product::None, Product::None) => !is_factor(text, opener, closer, content),
            (begun, ended) if opener.length.min(closer.length) == 1 => is_part_of_word(begun, ended, content),
            (begun, ended) => is_part_in_bold(begun, ended, content),
        },
        _ => true,
    }
}

/// Whether a figure in single asterisks is a factor of a product: `2 *3* 4 = 24`.
fn is_factor(text: &str, opener: &Run, closer: &Run, content: &str) -> bool {
    let figure = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let after = text[closer.end()..].trim_start();
    let result = after.trim_start_matches(figure);
    opener.length == 1
        && content.chars().all(figure)
        && text[..opener.start].trim_end().ends_with(figure)
        && result.len() < after.len()
        && result.trim_start().starts_with('=')
}

/// Whether single asterisks within a word, or at one end of it, set a part of it in italics and multiply nothing.
fn is_part_of_word(begun: Product, ended: Product, content: &str) -> bool {
    let word = !content.contains(char::is_whitespace);
    // A letter or two of a longer word: where the stress is.
    let stress = word && content.chars().nth(2).is_none() && !content.is_ascii();
    match (begun, ended) {
        (Product::None, _) => word,
        (Product::Words { .. }, Product::None | Product::Words { .. }) => stress,
        _ => stress && matches!((begun, ended), (Product::Terms, Product::Words { .. })),
    }
}

/// The same for bold.
fn is_part_in_bold(begun: Product, ended: Product, content: &str) -> bool {
    let word = !content.contains(char::is_whitespace);
    let letters = content.chars().all(char::is_alphabetic);
    let foreign = !content.is_ascii();
    let words = |product: Product| matches!(product, Product::Words { .. });
    match (begun, ended) {
        (Product::None, ended) => word || foreign || words(ended),
        (begun, Product::None) => words(begun),
        (begun, ended) => {
            (words(begun) && words(ended) && letters) || (foreign && (words(begun) || words(ended)))
        }
    }
}
