//! Telegram's demands on a message, checked without a line of the renderer's own code.

use frankenstein::types::{MessageEntity, MessageEntityType};
use serde_json::Value;
use systech_aidd::part::{Content, Part};
use unicode_segmentation::UnicodeSegmentation;

/// Panics where a part, or a part that takes its place, breaks a limit.
pub fn check(parts: &[Part]) {
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
        }
        check(&part.fallback);
    }
}

fn check_text(text: &str, entities: &[MessageEntity]) {
    let units: Vec<u16> = text.encode_utf16().collect();
    assert!(units.len() <= 4096, "{} units", units.len());
    assert!(!text.trim().is_empty(), "a message is not empty");
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
        Blockquote, Bold, Code, ExpandableBlockquote, Italic, Pre, Strikethrough, TextLink, Underline,
    };
    let quote = |kind| matches!(kind, Blockquote | ExpandableBlockquote);
    let plain = |kind| matches!(kind, Bold | Italic | Underline | Strikethrough);
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
fn count_rich(value: &Value, count: &mut usize, units: &mut usize) {
    const FORMATS: [&str; 9] = [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "subscript",
        "superscript",
        "code",
        "url",
        "mathematical_expression",
    ];
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
    match value {
        Value::String(text) => *units += text.encode_utf16().count(),
        Value::Array(values) => values.iter().for_each(|value| count_rich(value, count, units)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str);
            if let Some(kind) = kind {
                assert!(
                    FORMATS.contains(&kind) || BLOCKS.contains(&kind) || kind == "1",
                    "{kind} is not allowed"
                );
                *count += usize::from(BLOCKS.contains(&kind) || kind == "1");
            } else if fields.contains_key("blocks") {
                *count += 1;
            }
            if let Some(url) = fields.get("url").and_then(Value::as_str) {
                assert!(url.to_lowercase().starts_with("http"));
            }
            if let Some(rows) = fields.get("cells").and_then(Value::as_array) {
                *count += rows.len();
                for row in rows {
                    let columns = row.as_array().map_or(0, Vec::len);
                    assert!((1..=20).contains(&columns), "{columns} columns");
                }
            }
            for (name, value) in fields {
                let text = ["text", "expression", "summary"].contains(&name.as_str());
                if text || value.is_array() {
                    count_rich(value, count, units);
                }
            }
        }
        _ => {}
    }
}

/// Nesting of blocks, items and formats: every object with a text or blocks inside.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The graphemes of the source that no message holds whole.
pub fn cut_graphemes<'a>(source: &'a str, parts: &[Part]) -> Vec<&'a str> {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match &part.content {
            Content::Text { text, .. } => Some(text.as_str()),
            Content::Rich { .. } => None,
        })
        .collect();
    let several =
        |grapheme: &&str| grapheme.chars().count() > 1 && !grapheme.chars().all(char::is_whitespace);
    source
        .graphemes(true)
        .filter(several)
        .filter(|grapheme| !texts.iter().any(|text| text.contains(grapheme)))
        .collect()
}
