//! The words of files: as they are kept, and as models read them beside a question.
//!
//! They stand above the question as quotations do ([`super::quote`]): a line in square brackets says whose they are, and each
//! line of theirs has a mark that no words can leave. What does not fit is cut behind a piece (a page, a sheet), and how far
//! a file was read is told to the model in that line and to the person below the answer.

use super::document::{Extracted, Refused, Unit};
use super::quote::{MARK, harmless, is_break, marked_as};
use super::token_budget::BYTES;

/// Between two pieces of what is kept. No text that was read has one in it.
const BETWEEN: char = '\u{c}';

/// What is kept of a file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words of its pieces, each in its place, with a form feed between them.
    pub text: String,
    /// What its pieces are.
    pub unit: Unit,
    /// How many pieces the file has.
    pub pieces: usize,
    /// It has more words than these.
    pub is_cut: bool,
}

/// A file of a question, for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its words, or why there are none.
    pub words: Result<Words, Refused>,
}

/// How far a file was read that was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Up to a piece of it.
    Pieces {
        /// What they are.
        unit: Unit,
        /// The last one that was read.
        last: usize,
        /// How many there are.
        of: usize,
    },
    /// The beginning of its first piece, or of all it has.
    Beginning,
}

impl From<Extracted> for Words {
    fn from(extracted: Extracted) -> Self {
        let mut text = String::new();
        let mut place = 1;
        for piece in &extracted.pieces {
            while place < piece.number {
                text.push(BETWEEN);
                place += 1;
            }
            for part in piece.name.iter().chain([&piece.text]) {
                if !text.is_empty() && !text.ends_with(BETWEEN) {
                    text.push('\n');
                }
                text.push_str(&part.replace([BETWEEN, '\0'], " "));
            }
        }
        Self { text, unit: extracted.unit, pieces: extracted.total, is_cut: extracted.cut }
    }
}

impl Words {
    /// As much of it as these tokens hold, and how far that is; `None`: to the end.
    fn within(&self, most: usize) -> (String, Option<Extent>) {
        let room = most.saturating_mul(BYTES);
        let mut read = String::new();
        let mut taken = 0;
        let mut last = 0;
        for (place, piece) in self.read() {
            taken += marked_bytes(&piece);
            if taken > room && last > 0 {
                return (read, Some(self.up_to(last)));
            }
            if taken > room {
                return (beginning(&piece, room), Some(Extent::Beginning));
            }
            if last > 0 {
                read.push_str("\n\n");
            }
            read.push_str(&piece);
            last = place;
        }
        (read, self.is_cut.then(|| self.up_to(last)))
    }

    /// About how many tokens all of it is.
    pub fn tokens(&self) -> usize {
        self.read().map(|(_, piece)| marked_bytes(&piece)).sum::<usize>().div_ceil(BYTES)
    }

    /// Its pieces as they are read, with their places. One of several says which one it is.
    fn read(&self) -> impl Iterator<Item = (usize, String)> {
        let unit = (self.pieces > 1).then(|| self.unit.name());
        let pieces = (1..).zip(self.text.split(BETWEEN)).filter(|(_, words)| !words.is_empty());
        pieces.map(move |(place, words)| match unit {
            Some(unit) => (place, format!("[{unit} {place}]\n{words}")),
            None => (place, words.to_owned()),
        })
    }

    fn up_to(&self, last: usize) -> Extent {
        match self.unit {
            Unit::Whole => Extent::Beginning,
            unit => Extent::Pieces { unit, last, of: self.pieces.max(last) },
        }
    }
}

/// How many bytes words are with their marks, and with the empty line behind them.
fn marked_bytes(words: &str) -> usize {
    words.len() + MARK.len() * (3 + words.chars().filter(|c| is_break(*c)).count())
}

/// So much of the words that they have no more than these bytes with their marks, up to the end of a line or a word.
fn beginning(words: &str, room: usize) -> String {
    let mut taken = MARK.len();
    let mut end = 0;
    for (at, c) in words.char_indices() {
        taken += if is_break(c) { MARK.len() } else { c.len_utf8() };
        if taken > room {
            break;
        }
        end = at + c.len_utf8();
    }
    let head = &words[..end];
    // A boundary in the first half would cost more than it is worth.
    let boundary = head.rfind('\n').or_else(|| head.rfind(' ')).filter(|at| *at >= end / 2);
    head[..boundary.unwrap_or(end)].trim_end().to_owned()
}

impl Document {
    /// Its words in marks, of as many tokens as there may be, and how far it was read; `None`: to the end, or not at all.
    fn marked(&self, most: usize) -> (String, Option<Extent>) {
        let name = match self.name.trim() {
            "" => "a file".to_owned(),
            name => format!("\"{}\"", harmless(name)),
        };
        match &self.words {
            Ok(words) => {
                let (read, extent) = words.within(most);
                let extent_told = extent.map(Extent::told).unwrap_or_default();
                (marked_as(format!("[Attached: the text of {name}{extent_told}]"), &read), extent)
            }
            Err(refused) => {
                let reason = refused.sentence();
                let reason = reason.split_once(';').map_or(reason, |(reason, _)| reason);
                (format!("[Attached: {name}, which could not be read: {reason}]"), None)
            }
        }
    }

    /// How many tokens all of its words would be.
    fn tokens(&self) -> usize {
        self.words.as_ref().map_or(0, Words::tokens)
    }
}

impl Extent {
    /// In the line above the words.
    fn told(self) -> String {
        match self {
            Self::Pieces { unit, last: 1, of } => format!(", only {} 1 of {of}", unit.name()),
            Self::Pieces { unit, last, of } => format!(", only {}s 1 to {last} of {of}", unit.name()),
            Self::Beginning => ", only its beginning".to_owned(),
        }
    }
}

/// The words of a question's files, as they were marked, and its own below them.
pub fn above(files: &str, words: &str) -> String {
    format!("{files}\n\n{words}")
}

/// The files of one question as its model reads them, in no more than about `most` tokens together, and those that were not
/// read to their ends.
pub fn marked<'a>(documents: &[&'a Document], most: usize) -> (String, Vec<(&'a Document, Extent)>) {
    let shares = shares(&documents.iter().map(|document| document.tokens()).collect::<Vec<_>>(), most);
    let mut texts = Vec::new();
    let mut cut = Vec::new();
    for (document, share) in documents.iter().zip(shares) {
        let (text, extent) = document.marked(share);
        texts.push(text);
        cut.extend(extent.map(|extent| (*document, extent)));
    }
    (texts.join("\n\n"), cut)
}

/// What each of these gets of `most`: as much as it wants, or as much as every other that wants more.
fn shares(wanted: &[usize], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..wanted.len()).collect();
    places.sort_by_key(|place| wanted[*place]);
    let mut left = most;
    let mut shares = vec![0; wanted.len()];
    for (done, place) in places.iter().enumerate() {
        let fair = left / (wanted.len() - done);
        // What needs no cut gets all there is for it: each of its pieces says which one it is.
        shares[*place] = fair;
        left -= fair.min(wanted[*place]);
    }
    shares
}

#[cfg(test)]
mod tests;
