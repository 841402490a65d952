//! The Markdown source before it is parsed: what is in it, and where the parser is to find its blocks.
//!
//! Fed by `answer` and `draft`. `cleaned` takes out what Telegram would change anyway. `skeleton` is a copy of the same
//! length with the words made inert, so that the block parser sees blocks only, and every byte of the text keeps its
//! place.

pub(super) mod islands;
pub(super) mod skeleton;

/// Without carriage returns, control characters and directional overrides: Telegram drops them, and a
/// message of nothing else would be refused as empty.
pub(super) fn cleaned(markdown: &str) -> String {
    let changed =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{2028}'..='\u{202e}');
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(at) = rest.find(changed) {
        let (kept, behind) = rest.split_at(at);
        out.push_str(kept);
        let mut chars = behind.chars();
        match chars.next() {
            Some('\r') if chars.as_str().starts_with('\n') => {}
            Some('\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') => out.push('\n'),
            _ => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}
