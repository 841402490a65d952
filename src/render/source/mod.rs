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
    let mut out = String::with_capacity(markdown.len());
    let mut chars = markdown.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
