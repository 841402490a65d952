//! What a reader sees of an answer, with its formats as visible marks.

use systech_aidd::domain::reply::Content;
use systech_aidd::render::{RichMessages, answer, draft};

use crate::{limits, show};

/// The answer as classic messages.
pub(crate) fn classic(markdown: &str) -> String {
    let parts = answer(markdown, RichMessages::Never);
    limits::check(&parts);
    let text = |content: &Content| match content {
        Content::Text { text, entities } => show::marked(text, entities),
        _ => panic!("a classic message is text"),
    };
    parts.iter().map(|part| text(&part.content)).collect::<Vec<_>>().join("\n\n")
}

/// The answer as rich messages: their blocks as a tree.
pub(crate) fn rich(markdown: &str) -> String {
    let mut parts = answer(markdown, RichMessages::Always);
    limits::check(&parts);
    for part in &mut parts {
        part.fallback.clear();
    }
    let shown = show::parts(&parts, 0);
    shown.trim_start_matches("═══ rich\n").trim_end().to_owned()
}

/// The preview of an answer that has come so far.
pub(crate) fn preview(markdown: &str) -> String {
    match draft(markdown) {
        Some(Content::Text { text, entities }) => show::marked(&text, &entities),
        Some(_) => panic!("a preview is text"),
        None => String::new(),
    }
}

/// Panics unless each text is seen as it is written, in both forms.
pub(crate) fn assert_as_written(texts: &[&str]) {
    for text in texts {
        assert_eq!(classic(text), *text);
        assert_eq!(rich(text), format!("paragraph {text}"));
    }
}

/// Panics unless each source is seen so in a classic message.
pub(crate) fn assert_seen(cases: &[(&str, &str)]) {
    for (markdown, seen) in cases {
        assert_eq!(classic(markdown), *seen, "{markdown:?}");
    }
}
