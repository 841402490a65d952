//! Blocks as classic messages: text with entities.

use std::ops::Range;

use super::{doc, flat, split, text};
use crate::domain::reply::{Content, ReplyPart};

/// Blocks as classic messages, each with its plain form to fall back on.
pub(super) fn text_parts(blocks: &[doc::Block]) -> Vec<ReplyPart> {
    let flat = text::flat(blocks);
    split::messages(&flat).into_iter().map(|message| text_part(&flat, message)).collect()
}

fn text_part(flat: &flat::Flat, message: Range<usize>) -> ReplyPart {
    let (text, entities) = flat.message(message.clone());
    let fallback = if entities.is_empty() { Vec::new() } else { plain_parts(&flat.plain(message)) };
    ReplyPart { fallback, ..ReplyPart::of(Content::Text { text, entities }) }
}

pub(super) fn plain_parts(plain: &flat::Flat) -> Vec<ReplyPart> {
    split::messages(plain).into_iter().map(|message| ReplyPart::plain(&plain.text[message])).collect()
}
