//! What was heard, above the answer: a quote, folded where it is long, so that whoever said it sees what was understood.

use frankenstein::types::{MessageEntity, MessageEntityType};

use super::classic::text_parts;
use super::doc::{Block, Inline, Kind};
use super::limits::{MAX_ENTITIES, MAX_UNITS};
use crate::domain::reply::{Content, ReplyPart};

/// The most of it that is shown, in UTF-16 units; the dialogue has all of it.
const MOST: usize = 2000;
/// A longer quote takes more than a few lines of a telephone's screen.
const LONG: usize = 300;
const BETWEEN: &str = "\n\n";

/// All that was heard, as a quote that nothing stands below.
pub fn heard(words: &str) -> Vec<ReplyPart> {
    text_parts(&[Block::Quote(vec![Block::Paragraph(Inline::of(words, Kind::Words))])])
}

/// The parts of a reply below what was heard. It stands in the first of them where there is room, else before it.
pub fn below_what_was_heard(words: &str, parts: &[ReplyPart]) -> Vec<ReplyPart> {
    let quote = cut(words);
    let (first, rest) = match parts.split_first() {
        Some((first, rest)) => (Some(first), rest),
        None => (None, parts),
    };
    let mut all = Vec::with_capacity(parts.len() + 1);
    if let Some(both) = first.and_then(|first| above(&quote, first)) {
        all.push(both);
    } else {
        all.push(ReplyPart::of(Content::Text { entities: vec![entity(&quote)], text: quote }));
        all.extend(first.cloned());
    }
    all.extend_from_slice(rest);
    all
}

/// The quote and the part in one message, if that is a text and has room; what takes its place has the quote, too.
fn above(quote: &str, part: &ReplyPart) -> Option<ReplyPart> {
    let Content::Text { text, entities } = &part.content else { return None };
    let shift = units(quote) + units(BETWEEN);
    let fits = shift + units(text) <= MAX_UNITS && entities.len() < MAX_ENTITIES;
    let shift = u16::try_from(shift).ok().filter(|_| fits)?;
    let moved =
        entities.iter().map(|entity| MessageEntity { offset: entity.offset + shift, ..entity.clone() });
    let content = Content::Text {
        text: [quote, BETWEEN, text].concat(),
        entities: [entity(quote)].into_iter().chain(moved).collect(),
    };
    let fallback =
        if part.fallback.is_empty() { Vec::new() } else { below_what_was_heard(quote, &part.fallback) };
    Some(ReplyPart { content, keyboard: part.keyboard.clone(), fallback })
}

fn entity(quote: &str) -> MessageEntity {
    let units = units(quote);
    let kind =
        if units > LONG { MessageEntityType::ExpandableBlockquote } else { MessageEntityType::Blockquote };
    let length = u16::try_from(units).unwrap_or(u16::MAX);
    MessageEntity::builder().type_field(kind).offset(0u16).length(length).build()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// As much of it as is shown.
fn cut(words: &str) -> String {
    if units(words) <= MOST {
        return words.to_owned();
    }
    let mut left = MOST - 1;
    let end = words.char_indices().find_map(|(at, c)| match left.checked_sub(c.len_utf16()) {
        Some(less) => {
            left = less;
            None
        }
        None => Some(at),
    });
    format!("{}…", words[..end.unwrap_or(words.len())].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{self, RichMessages};

    fn shown(part: &ReplyPart) -> (&str, Vec<(MessageEntityType, u16, u16)>) {
        let Content::Text { text, entities } = &part.content else { panic!("it is no text") };
        let entities = entities.iter().map(|entity| (entity.type_field, entity.offset, entity.length));
        (text, entities.collect())
    }

    #[test]
    fn what_was_heard_is_a_quote_above_the_answer_whose_marks_move_along() {
        let parts = below_what_was_heard("sound 🍲", &render::answer("It is **soup**.", RichMessages::Auto));
        assert_eq!(parts.len(), 1);
        let expected = vec![(MessageEntityType::Blockquote, 0, 8), (MessageEntityType::Bold, 16, 4)];
        assert_eq!(shown(&parts[0]), ("sound 🍲\n\nIt is soup.", expected));
    }

    #[test]
    fn all_that_was_heard_is_a_quote_in_as_many_messages_as_it_takes() {
        assert_eq!(shown(&heard("so *it* is")[0]).0, "so *it* is");
        let parts = heard(&"so it is. ".repeat(1000));
        assert_eq!(parts.len(), 3);
        for part in &parts {
            let (text, entities) = shown(part);
            let length = u16::try_from(units(text)).unwrap();
            assert_eq!(entities, [(MessageEntityType::ExpandableBlockquote, 0, length)]);
        }
    }

    #[test]
    fn a_long_one_is_folded_and_cut_and_stands_by_itself_where_there_is_no_room() {
        let long = "🍲".repeat(1500);
        let answer = render::answer(&"so ".repeat(1200), RichMessages::Auto);
        let parts = below_what_was_heard(&long, &answer);
        assert_eq!(parts.len(), answer.len() + 1);
        let (text, entities) = shown(&parts[0]);
        assert_eq!(entities, [(MessageEntityType::ExpandableBlockquote, 0, 1999)]);
        assert!(text.ends_with("🍲…"));
        assert!(parts[1] == answer[0]);
        let rich = render::answer("| a |\n|---|\n| b |", RichMessages::Always);
        assert_eq!(below_what_was_heard("hi", &rich).len(), rich.len() + 1);
        assert_eq!(below_what_was_heard("hi", &[]).len(), 1);
    }
}
