//! What Telegram checks in a text: its length and its entities, both in UTF-16 units.
//!
//! Where the real server mends in silence (crossing entities, more than 100 of them), this one refuses: a test should
//! see what a reader would.

use serde_json::Value;

use super::error::ApiError;
use super::params::integer;

/// The longest text.
const MAX_UNITS: usize = 4096;
/// The longest caption.
const MAX_CAPTION_UNITS: usize = 1024;
const MAX_ENTITIES: usize = 100;
const KINDS: [&str; 20] = [
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
];

/// The text of a message.
pub(super) fn check_message(text: &str, entities: &[Value]) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    check_draft(text, entities)
}

/// The text of a draft, which may be empty.
pub(super) fn check_draft(text: &str, entities: &[Value]) -> Result<(), ApiError> {
    if units(text) > MAX_UNITS {
        return Err(ApiError::bad("message is too long"));
    }
    check_entities(text, entities)
}

/// A caption.
pub(super) fn check_caption(text: &str, entities: &[Value]) -> Result<(), ApiError> {
    if units(text) > MAX_CAPTION_UNITS {
        return Err(ApiError::bad("message caption is too long"));
    }
    check_entities(text, entities)
}

/// The length as Telegram counts it.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn check_entities(text: &str, entities: &[Value]) -> Result<(), ApiError> {
    if entities.len() > MAX_ENTITIES {
        return Err(ApiError::bad("ENTITIES_TOO_LONG"));
    }
    // Which UTF-16 offsets lie between characters.
    let mut boundaries = vec![true];
    for character in text.chars() {
        boundaries.extend(if character.len_utf16() == 2 { &[false, true][..] } else { &[true][..] });
    }
    let mut spans = entities.iter().map(|entity| span(entity, &boundaries)).collect::<Result<Vec<_>, _>>()?;
    // Outer before inner.
    spans.sort_by_key(|span| (span.start, usize::MAX - span.end));
    let mut open: Vec<Span> = Vec::new();
    for span in spans {
        while open.last().is_some_and(|outer| outer.end <= span.start) {
            open.pop();
        }
        if let Some(outer) = open.last() {
            check_nesting(outer, &span)?;
        }
        open.push(span);
    }
    Ok(())
}

struct Span<'a> {
    kind: &'a str,
    start: usize,
    end: usize,
}

fn span<'a>(entity: &'a Value, boundaries: &[bool]) -> Result<Span<'a>, ApiError> {
    let kind = entity.get("type").and_then(Value::as_str).unwrap_or_default();
    if !KINDS.contains(&kind) {
        return Err(ApiError::bad("can't parse MessageEntity: unsupported type specified"));
    }
    let number = |name| entity.get(name).and_then(integer).and_then(|number| usize::try_from(number).ok());
    let Some(start) = number("offset") else {
        return Err(ApiError::bad("can't parse MessageEntity: receive an entity with incorrect offset"));
    };
    let Some(length) = number("length").filter(|length| *length > 0) else {
        return Err(ApiError::bad("can't parse MessageEntity: receive an entity with incorrect length"));
    };
    if kind == "text_link" && entity.get("url").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::bad("can't parse MessageEntity: can't find field \"url\""));
    }
    let end = start + length;
    match (boundaries.get(start), boundaries.get(end)) {
        (Some(true), Some(true)) => Ok(Span { kind, start, end }),
        (Some(false), _) => Err(ApiError::bad(format!(
            "entity beginning at UTF-16 offset {start} begins in a middle of a UTF-16 symbol"
        ))),
        (_, Some(false)) => Err(ApiError::bad(format!(
            "entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol"
        ))),
        _ => Err(ApiError::bad(format!(
            "entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {}",
            boundaries.len() - 1
        ))),
    }
}

fn check_nesting(outer: &Span<'_>, inner: &Span<'_>) -> Result<(), ApiError> {
    let quote = |kind: &str| kind.ends_with("blockquote");
    let code = |kind: &str| matches!(kind, "code" | "pre");
    let refused = if inner.end > outer.end {
        "entities cross each other"
    } else if code(outer.kind) || (code(inner.kind) && !quote(outer.kind)) {
        "code can't be combined with other entities"
    } else if quote(outer.kind) && quote(inner.kind) {
        "block quotes can't be nested"
    } else if outer.kind == inner.kind {
        "entities of one kind can't be nested"
    } else {
        return Ok(());
    };
    Err(ApiError::bad(format!("can't parse entities: {refused} at UTF-16 offset {}", inner.start)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(text: &str, entities: &[Value]) -> String {
        check_message(text, entities).unwrap_err().description
    }

    #[test]
    fn length_counts_utf16_units() {
        assert_eq!(check_message(&"я".repeat(4096), &[]), Ok(()));
        assert_eq!(check_message(&"😀".repeat(2048), &[]), Ok(()));
        assert_eq!(refused(&"😀".repeat(2049), &[]), "Bad Request: message is too long");
        assert_eq!(refused(" \n ", &[]), "Bad Request: message text is empty");
    }

    #[test]
    fn entities_stay_inside_the_text_and_between_characters() {
        let bold = |offset, length| [json!({"type": "bold", "offset": offset, "length": length})];
        assert_eq!(check_message("a😀b", &bold(1, 2)), Ok(()));
        assert!(refused("a😀b", &bold(2, 1)).contains("begins in a middle"));
        assert!(refused("a😀b", &bold(0, 2)).contains("ends in a middle"));
        assert!(refused("a😀b", &bold(3, 2)).contains("ends after the end of the text"));
        assert!(refused("ab", &bold(0, 0)).contains("incorrect length"));
    }

    #[test]
    fn entities_nest_but_never_cross_and_code_stays_alone() {
        let entity =
            |kind: &str, offset: i64, length: i64| json!({"type": kind, "offset": offset, "length": length});
        assert_eq!(check_message("abcdef", &[entity("italic", 1, 2), entity("bold", 0, 4)]), Ok(()));
        assert_eq!(check_message("abcdef", &[entity("blockquote", 0, 6), entity("code", 0, 6)]), Ok(()));
        assert!(refused("abcdef", &[entity("bold", 0, 4), entity("italic", 2, 4)]).contains("cross"));
        assert!(refused("abcdef", &[entity("bold", 0, 4), entity("code", 0, 2)]).contains("code"));
    }
}
