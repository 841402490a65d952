//! Telegram's demands on a message, checked without a line of the renderer's own code.

use frankenstein::types::{MessageEntity, MessageEntityType};
use serde_json::Value;
use systech_aidd::domain::reply::{Content, ReplyPart};

/// Panics where a part, or a part that takes its place, breaks a limit.
pub(crate) fn check(parts: &[ReplyPart]) {
    for part in parts {
        match &part.content {
            Content::Text { text, entities } => {
                check_text(text, entities);
                assert_eq!(
                    entities.is_empty(),
                    part.fallback.is_empty(),
                    "only plain text has nothing simpler"
                );
            }
            Content::Rich { blocks } => {
                check_rich(&serde_json::to_value(blocks).expect("blocks are JSON"));
                assert!(!part.fallback.is_empty(), "a rich message has a classic form");
            }
            _ => panic!("no answer is rendered so"),
        }
        check(&part.fallback);
    }
}

fn check_text(text: &str, entities: &[MessageEntity]) {
    let units: Vec<u16> = text.encode_utf16().collect();
    assert!(units.len() <= 4096, "{} units", units.len());
    let invisible = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}');
    assert!(!text.chars().all(invisible), "a message is not empty");
    assert_eq!(text, text.trim_matches([' ', '\n']), "Telegram trims");
    assert!(entities.len() <= 100, "{} entities", entities.len());
    let mut open: Vec<(usize, MessageEntityType)> = Vec::new();
    let mut before = 0;
    for entity in entities {
        let (start, end) =
            (usize::from(entity.offset), usize::from(entity.offset) + usize::from(entity.length));
        assert!(before <= start, "entities are sorted");
        before = start;
        assert!(start < end && end <= units.len(), "an entity lies in the text");
        let inside = String::from_utf16(&units[start..end]).expect("an entity cuts no character");
        assert_eq!(inside, inside.trim_matches([' ', '\n']), "Telegram trims entities");
        open.retain(|(outer, _)| *outer > start);
        for (outer, kind) in &open {
            assert!(end <= *outer, "entities nest or lie apart");
            assert!(may_hold(*kind, entity.type_field), "{kind:?} cannot hold {:?}", entity.type_field);
        }
        assert_eq!(entity.url.is_some(), entity.type_field == MessageEntityType::TextLink);
        assert!(entity.url.as_deref().is_none_or(|url| url.to_lowercase().starts_with("http")));
        assert!(entity.user.is_none() && entity.custom_emoji_id.is_none());
        open.push((end, entity.type_field));
    }
}

/// What the Bot API says of nested entities.
fn may_hold(outer: MessageEntityType, inner: MessageEntityType) -> bool {
    use MessageEntityType::{
        Blockquote, Bold, Code, ExpandableBlockquote, Italic, Pre, Spoiler, Strikethrough, TextLink,
        Underline,
    };
    let quote = |kind| matches!(kind, Blockquote | ExpandableBlockquote);
    let plain = |kind| matches!(kind, Bold | Italic | Underline | Strikethrough | Spoiler);
    match outer {
        Pre | Code => false,
        TextLink => plain(inner),
        _ if quote(outer) => !quote(inner),
        _ => plain(outer) && (plain(inner) || inner == TextLink) && outer != inner,
    }
}

fn check_rich(blocks: &Value) {
    let mut count = 0;
    let mut units = 0;
    count_rich(blocks, &mut count, &mut units);
    assert!(count <= 500, "{count} blocks");
    assert!(units <= 32_768, "{units} units");
    assert!(units > 0, "a rich message shows something");
    assert!(depth(blocks) <= 16, "{} levels", depth(blocks));
}

/// Counts blocks, items and rows, and the units of all texts.
fn count_rich(blocks: &Value, count: &mut usize, units: &mut usize) {
    const BLOCKS: [&str; 9] = [
        "paragraph",
        "heading",
        "pre",
        "divider",
        "mathematical_expression",
        "list",
        "blockquote",
        "table",
        "details",
    ];
    for block in items(blocks) {
        *count += 1;
        // An item of a list has no type, or that of its number.
        let kind = block.get("type").and_then(Value::as_str).unwrap_or("1");
        assert!(BLOCKS.contains(&kind) || kind == "1", "{kind} is not allowed");
        for name in ["text", "expression", "summary"] {
            count_text(block.get(name).unwrap_or(&Value::Null), units);
        }
        for name in ["blocks", "items"] {
            count_rich(block.get(name).unwrap_or(&Value::Null), count, units);
        }
        for row in block.get("cells").into_iter().flat_map(items) {
            *count += 1;
            let columns = items(row).len();
            assert!((1..=20).contains(&columns), "{columns} columns");
            for cell in items(row) {
                count_text(cell.get("text").unwrap_or(&Value::Null), units);
            }
        }
    }
}

fn count_text(text: &Value, units: &mut usize) {
    const FORMATS: [&str; 10] = [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "subscript",
        "superscript",
        "code",
        "spoiler",
        "url",
        "mathematical_expression",
    ];
    match text {
        Value::String(text) => *units += text.encode_utf16().count(),
        Value::Object(format) => {
            let kind = format.get("type").and_then(Value::as_str).unwrap_or_default();
            assert!(FORMATS.contains(&kind), "{kind} is not allowed");
            let url = format.get("url").and_then(Value::as_str);
            assert!(url.is_none_or(|url| url.to_lowercase().starts_with("http")));
            for name in ["text", "expression"] {
                count_text(format.get(name).unwrap_or(&Value::Null), units);
            }
        }
        _ => items(text).iter().for_each(|text| count_text(text, units)),
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Nesting of blocks, items and formats: every object with a text or blocks inside.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
