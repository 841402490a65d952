//! Backslashes: an escape, a sign of TeX, or a part of a path.

use std::borrow::Cow;

use super::piece::Piece;
use super::scan::{Node, Scan, Step};
use super::symbols;

impl<'a> Scan<'a> {
    pub(super) fn symbol(&self, at: usize) -> Option<Step<'a>> {
        let (sign, length) = symbols::at(self.text, at).filter(|_| !self.lesson)?;
        Some((Some(Node::Piece(Piece::Text(Cow::Borrowed(sign)))), length))
    }

    /// A backslash takes the meaning from the mark behind it, unless both belong to a path or to code.
    pub(super) fn backslash(&mut self, at: usize) -> Option<Step<'a>> {
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
