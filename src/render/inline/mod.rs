//! The text of one paragraph, heading or cell: words, and the marks that format them.
//!
//! Read by `walk` with the text of each block. The way of a text:
//!
//! ```text
//! text → pass (code, formulas, links, tags, runs of marks) → emphasis (which runs belong together) → pieces
//! ```
//!
//! It differs from CommonMark where models and people do: a formula, a tag, a format has to look like one (`looks`,
//! `tag`, `runs`); what does not is text as it is written. No letter of the text is lost.

mod address;
mod brackets;
mod chars;
mod code;
mod definitions;
mod dunder;
mod emphasis;
mod escapes;
mod factors;
mod growing;
mod looks;
mod marks;
mod math;
mod meant;
mod opaque;
mod pass;
mod piece;
mod runs;
mod scan;
mod seen;
mod signs;
mod symbols;
mod tag;
mod tag_at;
mod tag_mark;
mod tags;

pub(super) use code::length as code_length;
pub(super) use definitions::Definitions;
pub(super) use growing::Growing;
pub(super) use math::{Found as FoundFormula, Search as FormulaSearch};
pub(super) use opaque::opaque;
pub(super) use piece::{Format, Piece};
use scan::Scan;
pub(super) use symbols::told;
pub(super) use tag::Tag;
pub(super) use tag_at::{at as tag_at, begins_block, is_markup};

/// The pieces of a text. `growing` says that it is the end of a text that is still being written.
pub(super) fn pieces<'a>(
    text: &'a str,
    definitions: &'a Definitions,
    growing: Option<Growing>,
) -> Vec<Piece<'a>> {
    let Some(growing) = growing else {
        // A finished text waits for nothing.
        return Scan::new(text, definitions, None).pieces().unwrap_or_default();
    };
    let mut growing = growing.at(text);
    let mut settled = growing.settled(text);
    loop {
        match Scan::new(settled, definitions, Some(growing)).pieces() {
            Ok(pieces) => return pieces,
            Err(wait) => settled = growing.cut(settled, wait),
        }
    }
}
