//! The wire form of a completion: server-sent events, or one JSON object.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Message;
use super::behaviour::ReasoningField;

/// What all chunks of one completion share.
pub(super) struct Completion {
    id: String,
    created: u64,
    model: String,
}

impl Completion {
    pub(super) fn new(number: usize, model: &str) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { id: format!("gen-{created}-{number}"), created, model: model.to_owned() }
    }

    fn event(&self, choices: &Value, more: &[(&str, Value)]) -> String {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "provider": "Sandbox", "choices": choices,
        });
        for (name, value) in more {
            chunk[name] = value.clone();
        }
        format!("data: {chunk}\n\n")
    }

    pub(super) fn role(&self) -> String {
        self.delta(&json!({"role": "assistant", "content": ""}))
    }

    pub(super) fn token(&self, text: &str) -> String {
        self.delta(&json!({"content": text}))
    }

    pub(super) fn thought(&self, field: ReasoningField, text: &str) -> String {
        self.delta(&match field {
            ReasoningField::Reasoning => json!({"content": "", "reasoning": text}),
            ReasoningField::ReasoningContent => json!({"content": null, "reasoning_content": text}),
        })
    }

    fn delta(&self, delta: &Value) -> String {
        self.event(&json!([{"index": 0, "delta": delta, "finish_reason": null}]), &[])
    }

    pub(super) fn finish(&self, reason: &str) -> String {
        self.event(&json!([{"index": 0, "delta": {"content": ""}, "finish_reason": reason}]), &[])
    }

    pub(super) fn usage(&self, usage: &Value) -> String {
        self.event(&json!([]), &[("usage", usage.clone())])
    }

    pub(super) fn error(&self, code: u16, message: &str) -> String {
        let choices = json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]);
        self.event(&choices, &[("error", json!({"code": code, "message": message}))])
    }

    /// The whole completion, not streamed.
    pub(super) fn whole(&self, text: &str, reason: &str, usage: &Value) -> String {
        json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}],
            "usage": usage,
        })
        .to_string()
    }
}

/// The tokens spent, by the rule of thumb of three bytes a token.
pub(super) fn usage(messages: &[Message], answer: &str) -> Value {
    let prompt: usize = messages.iter().map(|message| message.content.len() / 3 + 4).sum();
    let completion = answer.len() / 3 + 1;
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

/// A text in pieces of so many characters.
pub(super) fn pieces(text: &str, characters: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().nth(characters).map_or(rest.len(), |(end, _)| end);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
