//! Rich messages (Bot API 10.1): what Telegram checks in their blocks, their plain text, and the form it returns them in.

use serde_json::{Value, json};

use super::error::ApiError;

const MAX_CHARACTERS: usize = 32_768;
const MAX_BLOCKS: usize = 500;
const MAX_LEVELS: usize = 16;
const MAX_COLUMNS: usize = 20;
const MAX_MEDIA: usize = 50;

/// Rich text that holds more rich text in `text`.
const FORMATS: [&str; 21] = [
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "date_time",
    "text_mention",
    "subscript",
    "superscript",
    "marked",
    "code",
    "url",
    "email_address",
    "phone_number",
    "bank_card_number",
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "anchor_link",
    "reference",
];

/// Checks a rich message and returns its plain text.
pub(super) fn check(message: &Value, draft: bool) -> Result<String, ApiError> {
    let given: Vec<&str> = ["blocks", "html", "markdown"]
        .into_iter()
        .filter(|form| message.get(form).is_some_and(|value| !value.is_null()))
        .collect();
    let text = match given[..] {
        ["blocks"] => {
            let blocks = message["blocks"]
                .as_array()
                .ok_or_else(|| ApiError::bad("field \"blocks\" must be an Array"))?;
            let mut walk = Walk { draft, text: String::new(), blocks: 0, media: 0 };
            walk.blocks(blocks, 1)?;
            walk.finish()?
        }
        [form] => {
            let markup = message[form]
                .as_str()
                .ok_or_else(|| ApiError::bad(format!("field \"{form}\" must be a String")))?;
            markup.to_owned()
        }
        _ => {
            return Err(ApiError::bad(
                "exactly one of the fields \"blocks\", \"html\" and \"markdown\" must be specified",
            ));
        }
    };
    if text.trim().is_empty() && !draft {
        return Err(ApiError::bad("RICH_MESSAGE_CONTENT_REQUIRED"));
    }
    if text.chars().count() > MAX_CHARACTERS {
        return Err(ApiError::bad("RICH_MESSAGE_TOO_LONG"));
    }
    Ok(text)
}

/// The message in the shape of an answer: blocks, and a label on each list item.
pub(super) fn as_returned(message: &Value) -> Value {
    if let Some(Value::Array(blocks)) = message.get("blocks") {
        return json!({"blocks": blocks.iter().map(labelled).collect::<Vec<_>>()});
    }
    let text = message.get("markdown").or_else(|| message.get("html"));
    json!({"blocks": [{"type": "paragraph", "text": text}]})
}

fn labelled(block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(items) = block.get_mut("items").and_then(Value::as_array_mut) {
        for item in items {
            let label = item
                .get("value")
                .and_then(Value::as_i64)
                .map_or("•".to_owned(), |number| format!("{number}."));
            item["label"] = json!(label);
            relabel(item);
        }
    }
    relabel(&mut block);
    block
}

fn relabel(parent: &mut Value) {
    if let Some(blocks) = parent.get_mut("blocks").and_then(Value::as_array_mut) {
        for block in blocks {
            *block = labelled(block);
        }
    }
}

/// Collects the text and counts on the way through the blocks.
struct Walk {
    draft: bool,
    text: String,
    blocks: usize,
    media: usize,
}

impl Walk {
    fn finish(self) -> Result<String, ApiError> {
        if self.blocks > MAX_BLOCKS {
            return Err(ApiError::bad("RICH_MESSAGE_BLOCKS_TOO_MANY"));
        }
        if self.media > MAX_MEDIA {
            return Err(ApiError::bad("RICH_MESSAGE_MEDIA_TOO_MANY"));
        }
        Ok(self.text)
    }

    fn blocks(&mut self, blocks: &[Value], level: usize) -> Result<(), ApiError> {
        if level > MAX_LEVELS {
            return Err(ApiError::bad("RICH_MESSAGE_NESTING_TOO_DEEP"));
        }
        blocks.iter().try_for_each(|block| self.block(block, level))
    }

    fn block(&mut self, block: &Value, level: usize) -> Result<(), ApiError> {
        self.blocks += 1;
        let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "paragraph" | "pre" | "footer" | "expandable_blockquote" | "pullquote" => {
                self.needed(block, "text")?;
            }
            "heading" => {
                if !block.get("size").and_then(Value::as_u64).is_some_and(|size| (1..=6).contains(&size)) {
                    return Err(refuse("a heading's size lies between 1 and 6"));
                }
                self.needed(block, "text")?;
            }
            "mathematical_expression" => self.string(block, "expression")?,
            "anchor" => {
                block.get("name").and_then(Value::as_str).ok_or_else(|| missing("name"))?;
            }
            "list" => self.list(block, level)?,
            "blockquote" | "details" => {
                if kind == "details" {
                    self.needed(block, "summary")?;
                }
                self.blocks(array(block, "blocks")?, level + 1)?;
            }
            "table" => self.table(block)?,
            "collage" | "slideshow" => self.blocks(array(block, "blocks")?, level + 1)?,
            "photo" | "video" | "audio" | "animation" | "document" | "voice_note" => self.media += 1,
            "divider" | "map" | "buttons" => {}
            "thinking" if self.draft => self.needed(block, "text")?,
            _ => return Err(refuse("unsupported block type specified")),
        }
        if let Some(credit) = block.get("credit") {
            self.rich_text(credit, 1)?;
        }
        self.text.push('\n');
        Ok(())
    }

    fn list(&mut self, block: &Value, level: usize) -> Result<(), ApiError> {
        for item in array(block, "items")? {
            self.blocks += 1;
            self.blocks(array(item, "blocks")?, level + 1)?;
        }
        Ok(())
    }

    fn table(&mut self, block: &Value) -> Result<(), ApiError> {
        for row in array(block, "cells")? {
            self.blocks += 1;
            let mut columns = 0;
            for cell in row.as_array().ok_or_else(|| refuse("a table row must be an Array"))? {
                columns += cell.get("colspan").and_then(Value::as_u64).unwrap_or(1);
                for (field, accepted) in
                    [("align", ["left", "center", "right"]), ("valign", ["top", "middle", "bottom"])]
                {
                    if !cell.get(field).and_then(Value::as_str).is_some_and(|value| accepted.contains(&value))
                    {
                        return Err(refuse(format!("invalid table cell \"{field}\"")));
                    }
                }
                if let Some(text) = cell.get("text").filter(|text| !text.is_null()) {
                    self.rich_text(text, 1)?;
                }
                self.text.push('\t');
            }
            if columns > MAX_COLUMNS as u64 {
                return Err(ApiError::bad("RICH_MESSAGE_TABLE_COLUMNS_TOO_MANY"));
            }
            self.text.push('\n');
        }
        block
            .get("caption")
            .filter(|caption| !caption.is_null())
            .map_or(Ok(()), |caption| self.rich_text(caption, 1))
    }

    fn needed(&mut self, parent: &Value, field: &str) -> Result<(), ApiError> {
        let text = parent.get(field).ok_or_else(|| missing(field))?;
        self.rich_text(text, 1)
    }

    fn string(&mut self, parent: &Value, field: &str) -> Result<(), ApiError> {
        self.text.push_str(parent.get(field).and_then(Value::as_str).ok_or_else(|| missing(field))?);
        Ok(())
    }

    fn rich_text(&mut self, text: &Value, level: usize) -> Result<(), ApiError> {
        if level > MAX_LEVELS {
            return Err(ApiError::bad("RICH_MESSAGE_NESTING_TOO_DEEP"));
        }
        match text {
            Value::String(text) => {
                self.text.push_str(text);
                Ok(())
            }
            // A sequence is no level of its own.
            Value::Array(texts) => texts.iter().try_for_each(|text| self.rich_text(text, level)),
            Value::Object(_) => match text.get("type").and_then(Value::as_str).unwrap_or_default() {
                "mathematical_expression" => self.string(text, "expression"),
                "custom_emoji" => self.string(text, "alternative_text"),
                "anchor" | "button" => Ok(()),
                "url" if text.get("url").and_then(Value::as_str).is_none_or(str::is_empty) => {
                    Err(ApiError::bad("RICH_MESSAGE_URL_INVALID"))
                }
                kind if FORMATS.contains(&kind) || kind == "reference_link" => {
                    let inner = text.get("text").ok_or_else(|| missing("text"))?;
                    self.rich_text(inner, level + 1)
                }
                _ => Err(ApiError::bad("can't parse RichText: unsupported type specified")),
            },
            _ => Err(ApiError::bad("can't parse RichText: expected String, Array or Object")),
        }
    }
}

fn array<'a>(parent: &'a Value, field: &str) -> Result<&'a Vec<Value>, ApiError> {
    parent.get(field).and_then(Value::as_array).filter(|list| !list.is_empty()).ok_or_else(|| missing(field))
}

fn missing(field: &str) -> ApiError {
    refuse(format!("can't find field \"{field}\""))
}

fn refuse(why: impl std::fmt::Display) -> ApiError {
    ApiError::bad(format!("can't parse InputRichBlock: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(text: &str) -> Value {
        json!({"type": "paragraph", "text": text})
    }

    #[test]
    fn blocks_have_a_plain_text_and_come_back_with_labels() {
        let message = json!({"blocks": [
            {"type": "heading", "size": 2, "text": ["A ", {"type": "bold", "text": "title"}]},
            {"type": "list", "items": [{"blocks": [paragraph("one")]}]},
        ]});
        let text = check(&message, false).unwrap();
        assert!(text.contains("A title") && text.contains("one"));
        assert_eq!(as_returned(&message)["blocks"][1]["items"][0]["label"], "•");
    }

    #[test]
    fn limits_hold() {
        let refused = |message: Value| check(&message, false).unwrap_err().description;
        assert_eq!(
            refused(json!({"blocks": [paragraph(" ")]})),
            "Bad Request: RICH_MESSAGE_CONTENT_REQUIRED"
        );
        assert!(refused(json!({"blocks": vec![paragraph("a"); 501]})).contains("BLOCKS_TOO_MANY"));
        assert!(refused(json!({"blocks": [paragraph(&"a".repeat(32_769))]})).contains("TOO_LONG"));
        assert!(refused(json!({"blocks": [paragraph("a")], "html": "a"})).contains("exactly one"));
        assert!(refused(json!({"blocks": [{"type": "thinking", "text": "a"}]})).contains("unsupported"));
        let cell = json!({"align": "left", "valign": "top", "text": "x"});
        assert!(
            refused(json!({"blocks": [{"type": "table", "cells": [vec![cell; 21]]}]})).contains("COLUMNS")
        );
        let deep = (0..16).fold(paragraph("a"), |inner, _| json!({"type": "blockquote", "blocks": [inner]}));
        assert!(refused(json!({"blocks": [deep]})).contains("DEEP"));
    }
}
