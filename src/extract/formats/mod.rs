//! One parser for each kind of file; they run in the child only.

mod blocks;
mod code_pages;
mod docx;
mod encoding;
mod epub;
mod fictionbook;
mod html;
mod lines;
mod mail;
mod office;
mod numbering;
mod opendocument;
mod opendocument_styles;
mod package;
mod pdf;
mod pptx;
mod rtf;
mod sheets;
mod text;
mod words;
mod xml;

use super::kind::{self, Kind};
use crate::domain::document::{Extracted, Refused};

/// The text of a file, at most this many characters of it.
pub(super) fn read(
    bytes: &[u8],
    name: Option<&str>,
    mime: Option<&str>,
    characters: usize,
) -> Result<Extracted, Refused> {
    match kind::of(bytes, name, mime)? {
        Kind::Pdf => pdf::read(bytes, characters),
        Kind::Rtf => rtf::read(bytes, characters),
        Kind::Package => office::read_package(bytes, characters),
        Kind::Compound => office::read_compound(bytes, characters),
        Kind::Html => html::read(bytes, characters),
        Kind::Fictionbook => fictionbook::read(bytes, characters),
        Kind::Mail => mail::read(bytes, characters),
        Kind::Text => text::read(bytes, characters),
    }
}
