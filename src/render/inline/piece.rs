//! What a text is taken apart into.

use std::borrow::Cow;

use super::tag::Tag;

/// A piece of a text, in order.
pub(in crate::render) enum Piece<'a> {
    Text(Cow<'a, str>),
    Code(String),
    /// A formula in TeX; `display` asks for a line of its own.
    Formula {
        tex: String,
        display: bool,
    },
    /// A block of code.
    Listing {
        language: Option<&'a str>,
        text: String,
    },
    /// The end of a line.
    Break,
    Begin(Format),
    End(Format),
    /// The text of a link begins, or that of an image.
    Link(Cow<'a, str>),
    LinkEnd,
    /// A tag that makes a block, and how it is written.
    Tag {
        tag: Tag,
        closing: bool,
        start: Option<u64>,
        written: &'a str,
    },
}

/// A format that marks in the text give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Format {
    Bold,
    Italic,
    Underline,
    Strike,
    Spoiler,
    Sub,
    Super,
}
