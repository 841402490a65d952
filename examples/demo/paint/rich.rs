//! Rich text.

use serde_json::Value;

use super::entity::target;
use super::run::{Run, Style};

/// Rich text as runs.
pub(super) fn styled(text: &Value, around: &[Style]) -> Vec<Run> {
    match text {
        Value::String(text) => vec![Run { text: text.clone(), styles: around.to_vec(), ..Run::default() }],
        Value::Array(texts) => texts.iter().flat_map(|text| styled(text, around)).collect(),
        Value::Object(_) => {
            let kind = text["type"].as_str().unwrap_or_default();
            let styles: Vec<_> = around.iter().copied().chain(Style::named(kind)).collect();
            if kind == "mathematical_expression" {
                return styled(&text["expression"], &styles);
            }
            let mut runs = styled(&text["text"], &styles);
            if let Some(first) = runs.first_mut().filter(|_| kind == "code") {
                first.before = "`";
            }
            if let Some(last) = runs.last_mut() {
                match kind {
                    "code" => last.after.push('`'),
                    "url" => last.after.push_str(&target(text)),
                    _ => {}
                }
            }
            runs
        }
        _ => Vec::new(),
    }
}
