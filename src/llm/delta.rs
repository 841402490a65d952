//! What one piece of an answer says: its text, a sign of life, a refusal. Endpoints have many forms for each.

use serde_json::Value;

/// What a piece says.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Piece {
    /// More of the text, thoughts in it included.
    pub(super) text: String,
    /// There is something in it, and be it a thought: the model is at work.
    pub(super) alive: bool,
    /// The model will not answer.
    pub(super) refused: bool,
}

/// What names and numbers a piece, and is in it also where it says nothing.
const FRAME: &[&str] = &["role", "type", "id", "index", "object", "name", "format", "provider"];

/// Reads the `delta` of a chunk, or the `message` of a whole answer. `None`: it cannot be read, and what it says is lost.
pub(super) fn read(message: &Value) -> Option<Piece> {
    let mut piece = Piece::default();
    let fields = match message {
        Value::Null => return Some(piece),
        Value::Object(fields) => fields,
        _ => return None,
    };
    for (name, value) in fields {
        match name.as_str() {
            "content" => content(value, &mut piece)?,
            "refusal" => refusal(value, &mut piece),
            name if FRAME.contains(&name) => {}
            // Reasoning, reasoning_content, reasoning_details, thinking, … : whatever it is, something comes.
            _ => piece.alive |= says_something(value),
        }
    }
    Some(piece)
}

/// A text, or a list of parts that have types.
fn content(value: &Value, piece: &mut Piece) -> Option<()> {
    match value {
        Value::Null => {}
        Value::String(text) => {
            piece.alive |= !text.is_empty();
            piece.text.push_str(text);
        }
        Value::Array(parts) => parts.iter().try_for_each(|part| content(part, piece))?,
        Value::Object(part) => {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
            let is_thought = part.get("thought").and_then(Value::as_bool) == Some(true);
            match kind {
                "text" | "output_text" | "text_delta" if !is_thought => {
                    content(part.get("text").or_else(|| part.get("content"))?, piece)?;
                }
                "refusal" => refusal(part.get("refusal").unwrap_or(&Value::Bool(true)), piece),
                _ => piece.alive |= says_something(value),
            }
        }
        Value::Bool(_) | Value::Number(_) => return None,
    }
    Some(())
}

fn refusal(value: &Value, piece: &mut Piece) {
    let refused = says_something(value) || value == &Value::Bool(true);
    piece.alive |= refused;
    piece.refused |= refused;
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| !FRAME.contains(&name.as_str()) && says_something(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn piece(text: &str, alive: bool, refused: bool) -> Piece {
        Piece { text: text.to_owned(), alive, refused }
    }

    #[test]
    fn text_and_thoughts_are_found_in_every_form() {
        for (message, expected) in [
            (json!(null), piece("", false, false)),
            (json!({"role": "assistant", "content": ""}), piece("", false, false)),
            (json!({"content": null, "reasoning_content": ""}), piece("", false, false)),
            (json!({"content": "a"}), piece("a", true, false)),
            (
                json!({"content": [{"type": "text", "text": "a"}, {"type": "output_text", "text": "b"}]}),
                piece("ab", true, false),
            ),
            (json!({"content": {"type": "text", "text": "a"}}), piece("a", true, false)),
            (json!({"content": ["a", {"text": "b"}]}), piece("ab", true, false)),
            (
                json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "z"}]}]}),
                piece("", true, false),
            ),
            (
                json!({"content": [{"type": "text", "text": "z", "thought": true}, {"type": "reasoning", "text": "z"}]}),
                piece("", true, false),
            ),
            (json!({"content": [{"type": "refusal", "refusal": "no"}]}), piece("", true, true)),
            (json!({"content": [{"type": "text", "text": null}]}), piece("", false, false)),
            (json!({"reasoning": "z"}), piece("", true, false)),
            (
                json!({"reasoning_details": [{"type": "reasoning.text", "text": "z", "index": 0}]}),
                piece("", true, false),
            ),
            (
                json!({"reasoning_details": [{"type": "reasoning.text", "text": "", "format": "x", "index": 0}]}),
                piece("", false, false),
            ),
            (json!({"thinking_blocks": [{"type": "thinking", "thinking": "z"}]}), piece("", true, false)),
            (json!({"a_field_of_tomorrow": {"text": "z"}}), piece("", true, false)),
            (json!({"refusal": "no"}), piece("", true, true)),
            (json!({"refusal": null}), piece("", false, false)),
        ] {
            assert_eq!(read(&message), Some(expected), "{message}");
        }
        for unreadable in [
            json!({"content": 42}),
            json!({"content": [true]}),
            json!({"content": [{"type": "text"}]}),
            json!("a"),
        ] {
            assert_eq!(read(&unreadable), None, "{unreadable}");
        }
    }
}
