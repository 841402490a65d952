//! A tag in the text, and what it means there.

use std::borrow::Cow;

use super::piece::{Format, Piece};
use super::tag::Tag;
use super::tag_at;
use crate::render::entity;

/// A tag of the allow-list in the text.
pub(super) struct TagMark<'a> {
    pub(super) found: tag_at::Found<'a>,
    pub(super) at: usize,
    pub(super) meaning: Meaning,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// It is text as it is written.
    Text,
    /// It is a tag.
    Tag,
}

impl<'a> TagMark<'a> {
    /// Whether it stands at the end of a word, as a parameter of a type does: `List<b>`.
    pub(super) fn touches_word(&self, text: &str) -> bool {
        text[..self.at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    /// Whether no word follows it that it could format: `the <b> tag`.
    pub(super) fn is_followed_by_space(&self, text: &str) -> bool {
        let after = &text[self.at + self.found.length..];
        let rest = after.trim_start_matches([')', '"', '\'', '.', ',', ';', ':', '!', '?']);
        rest.chars().next().is_none_or(char::is_whitespace)
    }

    /// Whether it stands in a sentence like a word of it: behind another word of its line, or quoted.
    pub(super) fn is_spoken_of(&self, text: &str) -> bool {
        let before = &text[..self.at];
        let word = before.trim_end_matches(' ');
        before.ends_with(['(', '"', '\'', '«', '“'])
            || (word.len() < before.len() && word.ends_with(|c| c != '\n'))
    }

    /// Whether it is a word of a sentence. A tag that is no format has words on both sides then, and no other tags; the parts
    /// of a list or a table are no words `within` one.
    pub(super) fn is_word(&self, text: &str, within: bool) -> bool {
        let tag = self.found.tag;
        let apart = self.is_spoken_of(text) && self.is_followed_by_space(text);
        if tag.formats() || !apart {
            return apart;
        }
        let before = text[..self.at].trim_end_matches(' ');
        let after = text[self.at + self.found.length..].trim_start_matches(' ');
        let alone = before.ends_with('>') || after.is_empty() || after.starts_with(['<', '\n']);
        let part = within && !tag.needs_end();
        !(alone || part || tag.is_void())
    }

    /// Whether it begins or ends a block, and no format goes on behind it.
    pub(super) fn divides(&self) -> bool {
        self.meaning == Meaning::Tag && !self.found.tag.formats() && self.found.tag != Tag::Break
    }

    /// The piece it becomes.
    pub(super) fn piece(&self, text: &'a str) -> Piece<'a> {
        let written = &text[self.at..self.at + self.found.length];
        let format = format(self.found.tag);
        match self.meaning {
            Meaning::Text => Piece::Text(Cow::Borrowed(written)),
            Meaning::Tag => match (format, self.found.tag, self.found.closing) {
                (Some(format), _, false) => Piece::Begin(format),
                (Some(format), _, true) => Piece::End(format),
                (None, Tag::Link, false) => {
                    Piece::Link(entity::decoded(self.found.attribute("href").unwrap_or_default()))
                }
                (None, Tag::Link, true) => Piece::LinkEnd,
                (None, tag, closing) => {
                    let number = if tag == Tag::Item { "value" } else { "start" };
                    let start = self.found.attribute(number).and_then(|number| number.parse().ok());
                    Piece::Tag { tag, closing, start, written }
                }
            },
        }
    }
}

fn format(tag: Tag) -> Option<Format> {
    Some(match tag {
        Tag::Bold => Format::Bold,
        Tag::Italic => Format::Italic,
        Tag::Underline => Format::Underline,
        Tag::Strike => Format::Strike,
        Tag::Spoiler => Format::Spoiler,
        Tag::Sub => Format::Sub,
        Tag::Super => Format::Super,
        _ => return None,
    })
}
