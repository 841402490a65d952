//! What Telegram marks in a text (Bot API, MessageEntity), with its places in bytes.
//!
//! What is strange is looked past, as everywhere where an update is read.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// How many entities are looked at, and how many bytes of them: Telegram finds at most 100 of them in a message.
const MOST: (usize, usize) = (256, 64 << 10);

/// A marked place.
#[derive(Debug)]
pub(super) struct Entity {
    /// Where, in bytes; never empty.
    pub(super) place: Range<usize>,
    /// As what, in Telegram's word.
    pub(super) kind: String,
    /// Where a `text_link` leads.
    pub(super) url: Option<String>,
    /// The programming language of a `pre`.
    pub(super) language: Option<String>,
    /// Whom a `text_mention` names.
    pub(super) user: Option<RawUser>,
}

#[derive(Deserialize)]
struct RawEntity {
    #[serde(rename = "type")]
    kind: String,
    offset: usize,
    length: usize,
    url: Option<String>,
    language: Option<String>,
    user: Option<RawUser>,
}

#[derive(Deserialize, Debug)]
pub(super) struct RawUser {
    pub(super) id: i64,
}

/// What is marked in `text`.
pub(super) fn entities(text: &str, json: Option<&RawValue>) -> Vec<Entity> {
    let Some(json) = json.map(RawValue::get).filter(|json| json.len() <= MOST.1) else { return Vec::new() };
    let entities: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    let entities = entities.into_iter().filter_map(|entity| serde_json::from_str(entity.get()).ok());
    entities
        .take(MOST.0)
        .filter_map(|RawEntity { kind, offset, length, url, language, user }| {
            let place = byte_at(text, offset)?..byte_at(text, offset.checked_add(length)?)?;
            (!place.is_empty()).then_some(Entity { place, kind, url, language, user })
        })
        .collect()
}

/// Where the UTF-16 unit of this number begins. `None`: beyond the end, or inside a character.
fn byte_at(text: &str, unit: usize) -> Option<usize> {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units >= unit {
            return (units == unit).then_some(at);
        }
        units += character.len_utf16();
    }
    (units == unit).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_counted_in_utf_16_units_and_what_lies_nowhere_is_none() {
        let text = "😀 я @a";
        let json = json!([
            {"type": "mention", "offset": 5, "length": 2},
            {"type": "inside", "offset": 1, "length": 2},
            {"type": "beyond", "offset": 5, "length": 3},
            {"type": "empty", "offset": 5, "length": 0},
            {"type": "huge", "offset": 1, "length": usize::MAX},
            {"offset": 1}, 7,
        ]);
        let json = serde_json::value::to_raw_value(&json).unwrap();
        let found = entities(text, Some(&json));
        let found: Vec<_> = found.iter().map(|entity| (&*entity.kind, &text[entity.place.clone()])).collect();
        assert_eq!(found, [("mention", "@a")]);
        assert!(entities(text, None).is_empty());
    }
}
