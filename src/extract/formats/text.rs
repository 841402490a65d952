//! Plain text, in whatever encoding: notes, Markdown, source code, CSV, JSON, YAML, XML, subtitles.

use super::encoding;
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let mut collected = Collected::new("text", Unit::Whole, characters);
    let text = encoding::decode(wanted(bytes, collected.enough())).ok_or(Refused::Unknown)?;
    collected.add(None, &text);
    collected.finish()
}

/// As many bytes as can hold what is wanted in any encoding, with room to spare; not cut within a letter of UTF-8.
fn wanted(bytes: &[u8], enough: usize) -> &[u8] {
    let mut end = enough.saturating_mul(2).min(bytes.len()) & !1;
    if end < bytes.len() && bytes.len() - end > 1 {
        let letter = bytes[..end].iter().rev().take(4).take_while(|byte| matches!(byte, 0x80..=0xbf)).count();
        let lead = end.saturating_sub(letter + 1);
        if bytes[lead] >= 0xc0 {
            end = lead;
        }
        return &bytes[..end];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_very_long_text_the_beginning_is_looked_at_and_the_cut_is_told() {
        for filler in ["plain words ", "длинные слова ", "日本語の長い文 "] {
            let text = filler.repeat(100_000);
            let extracted = read(text.as_bytes(), 1000).unwrap();
            assert!(extracted.cut && text.starts_with(&extracted.pieces[0].text), "{filler}");
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let marked = [&b"\xff\xfe"[..], &units].concat();
            assert_eq!(read(&marked, 1000), Ok(extracted), "{filler}");
        }
        assert_eq!(wanted("aж".as_bytes(), 1), "aж".as_bytes());
    }
}
