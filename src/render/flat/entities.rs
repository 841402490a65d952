//! Entities as Telegram counts them.

use frankenstein::types::{MessageEntity, MessageEntityType};

use super::look::{Kind, Pre, Quote};

/// The offset in UTF-16 units of each byte that begins a character, and of the end.
pub(super) fn utf16_offsets(text: &str) -> Vec<u16> {
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut units = 0u16;
    for c in text.chars() {
        offsets.extend(std::iter::repeat_n(units, c.len_utf8()));
        units += if c.len_utf16() == 2 { 2 } else { 1 };
    }
    offsets.push(units);
    offsets
}

pub(super) fn entity(kind: Kind, text: &str, start: u16, end: u16) -> MessageEntity {
    let new = |kind| MessageEntity::builder().type_field(kind).offset(start).length(end - start);
    match kind {
        Kind::Quote(quote) if quote == Quote::Folded || is_long(text, end - start) => {
            new(MessageEntityType::ExpandableBlockquote).build()
        }
        Kind::Quote(_) => new(MessageEntityType::Blockquote).build(),
        Kind::Pre(Pre(language)) => {
            new(MessageEntityType::Pre).maybe_language(language.map(|it| it.to_string())).build()
        }
        Kind::Code => new(MessageEntityType::Code).build(),
        Kind::Link(url) => new(MessageEntityType::TextLink).url(url.to_string()).build(),
        Kind::Bold => new(MessageEntityType::Bold).build(),
        Kind::Italic => new(MessageEntityType::Italic).build(),
        Kind::Underline => new(MessageEntityType::Underline).build(),
        Kind::Strike => new(MessageEntityType::Strikethrough).build(),
        Kind::Spoiler => new(MessageEntityType::Spoiler).build(),
    }
}

/// Whether a quote takes more of a telephone's screen than a glance.
fn is_long(text: &str, units: u16) -> bool {
    units > 600 || text.matches('\n').count() > 8
}
