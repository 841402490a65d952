//! The text of one paragraph, heading or cell: words, and the marks that format them.
//!
//! Read by `walk` with the text of each block. The way of a text:
//!
//! ```text
//! text → scan (code, formulas, links, tags, runs of marks) → emphasis (which runs belong together) → pieces
//! ```
//!
//! It differs from CommonMark where models and people do: a formula, a tag, a format has to look like one (`looks`,
//! `tag`, `runs`); what does not is text as it is written. No letter of the text is lost.

mod address;
mod brackets;
mod code;
mod definitions;
mod emphasis;
mod factors;
mod growing;
mod looks;
mod math;
mod runs;
mod scan;
mod symbols;
mod tag;
mod tags;

pub(super) use definitions::Definitions;
pub(super) use emphasis::Format;
pub(super) use growing::Growing;
pub(super) use math::{Found as FoundFormula, Search as FormulaSearch};
pub(super) use scan::{code_length, is_markup, opaque};
use std::borrow::Cow;
pub(super) use symbols::told;
pub(super) use tag::{Tag, at as tag_at, begins_block};

/// A piece of a text, in order.
pub(super) enum Piece<'a> {
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

/// The pieces of a text. `growing` says that it is the end of a text that is still being written.
pub(super) fn pieces<'a>(
    text: &'a str,
    definitions: &'a Definitions,
    growing: Option<Growing>,
) -> Vec<Piece<'a>> {
    let Some(growing) = growing else {
        // A finished text waits for nothing.
        return scan::Scan::new(text, definitions, None).pieces().unwrap_or_default();
    };
    let mut growing = growing.at(text);
    let mut settled = growing.settled(text);
    loop {
        match scan::Scan::new(settled, definitions, Some(growing)).pieces() {
            Ok(pieces) => return pieces,
            Err(wait) => settled = growing.cut(settled, wait),
        }
    }
}
