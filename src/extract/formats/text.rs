//! Plain text, in whatever encoding: notes, Markdown, source code, CSV, JSON, YAML, XML, subtitles.

use super::encoding;
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let text = encoding::decode(bytes).ok_or(Refused::Unknown)?;
    let mut collected = Collected::new("text", Unit::Whole, characters);
    collected.add(None, &text);
    collected.finish()
}
