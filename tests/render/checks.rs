//! What holds for any text. Used by the property tests and, by path, by the fuzz target.
//!
//! No line of it reads Markdown. In the texts it judges, markup is written in Latin letters and digits only; so every other
//! letter is content, and has to arrive, in order, whatever marks stand around it.

use systech_aidd::domain::reply::{Content, ReplyPart};
use systech_aidd::render::{MAX_UNITS, RichMessages, answer, draft};

use crate::limits;

/// The letters and digits of a text that no markup is written in, in order.
pub(crate) fn content(text: &str) -> Vec<char> {
    // Names of code blocks may be shown or not: the model's "i" with a dot is no letter of ours.
    let kept = |c: &char| c.is_alphanumeric() && !c.is_ascii() && !('\u{2070}'..='\u{218f}').contains(c);
    text.chars().filter(kept).collect()
}

/// Panics unless all letters are shown, in order; more may be (link targets, repeated headings).
pub(crate) fn assert_nothing_lost(wanted: &[char], shown: &str) {
    let shown = content(shown);
    let mut shown = shown.iter();
    let lost = wanted.iter().position(|c| !shown.any(|other| other == c));
    assert!(
        lost.is_none(),
        "lost from letter {} on: {:?}",
        lost.unwrap_or(0),
        wanted.get(lost.unwrap_or(0)..)
    );
}

/// All text of the parts; `refused` so many times, each by what takes its place.
pub(crate) fn text_of(parts: &[ReplyPart], refused: usize) -> String {
    let mut out = String::new();
    for part in parts {
        if refused > 0 && !part.fallback.is_empty() {
            out.push_str(&text_of(&part.fallback, refused - 1));
            continue;
        }
        match &part.content {
            Content::Text { text, .. } => out.push_str(text),
            Content::Rich { blocks } => {
                collect(&serde_json::to_value(blocks).expect("blocks are JSON"), &mut out);
            }
            _ => panic!("no answer is rendered so"),
        }
        out.push('\n');
    }
    out
}

/// The texts of rich blocks, a summary before what it sums up.
fn collect(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::String(text) => out.push_str(text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, out)),
        serde_json::Value::Object(fields) => {
            for name in ["text", "expression", "summary", "items", "cells", "blocks"] {
                fields.get(name).into_iter().for_each(|value| collect(value, out));
            }
        }
        _ => {}
    }
}

/// The ways an answer can be shown: in every mode, sent or refused.
pub(crate) fn shown(markdown: &str) -> Vec<String> {
    let mut shown = Vec::new();
    for mode in [RichMessages::Auto, RichMessages::Never, RichMessages::Always] {
        let parts = answer(markdown, mode);
        limits::check(&parts);
        shown.extend((0..3).map(|refused| text_of(&parts, refused)));
    }
    shown
}

/// Panics where an answer breaks a limit or loses text.
pub(crate) fn check_answer(markdown: &str) {
    let content = content(markdown);
    for shown in shown(markdown) {
        assert_nothing_lost(&content, &shown);
    }
}

/// Panics where a preview breaks a limit.
pub(crate) fn check_draft(markdown: &str) {
    if let Some(content) = draft(markdown) {
        assert!(matches!(content, Content::Text { .. }));
        let fallback = vec![ReplyPart::plain("…")];
        let plain = matches!(&content, Content::Text { entities, .. } if entities.is_empty());
        limits::check(&[ReplyPart {
            fallback: if plain { Vec::new() } else { fallback },
            ..ReplyPart::of(content)
        }]);
    }
}

/// The most that may wait at the end of an unfinished answer, in bytes: for the end of a formula, and for what stands before
/// it in its line.
const MAX_WAIT: usize = 2100;

/// Panics where a preview lacks more of an answer than what may wait at its end: a line that may become a table, or what
/// began with a mark. Where the preview begins later than the answer, another message of it has scrolled out.
pub(crate) fn check_growing(markdown: &str) {
    check_draft(markdown);
    let preview = draft(markdown);
    let shown = match &preview {
        Some(Content::Text { text, .. }) => content(text),
        _ => Vec::new(),
    };
    let mut rest = shown.iter();
    let letters: Vec<(usize, char)> =
        markdown.char_indices().filter(|(_, c)| !content(c.encode_utf8(&mut [0; 4])).is_empty()).collect();
    let missing = letters.iter().find(|(_, c)| !rest.any(|other| other == c));
    if let Some((at, _)) = missing {
        let rest = &markdown[*at..];
        let row = rest.lines().next().map_or(0, str::len);
        let waits = rest.len() <= MAX_WAIT.max(row + 1) || rest.trim_end().lines().count() <= 2;
        let scrolled = preview.is_some()
            && markdown.len() > MAX_UNITS / 4
            && ends_alike(&letters, &shown, markdown.len());
        assert!(waits || scrolled, "{} bytes wait: {rest:?} of {markdown:?}", rest.len());
    }
}

/// Whether the last letters shown stand so near the end of the answer that what is behind them may wait. Headings of a table
/// that are repeated may stand between them; and signs may stand where no letter tells.
fn ends_alike(letters: &[(usize, char)], shown: &[char], end: usize) -> bool {
    const ALIKE: usize = 3;
    let before = |bytes: usize| letters.partition_point(|(at, _)| at + bytes < end);
    let (waiting, told) = (before(MAX_WAIT), before(MAX_WAIT + MAX_UNITS / 4));
    let wanted: Vec<char> = letters[told..].iter().map(|(_, c)| *c).collect();
    let last = &shown[shown.len().saturating_sub(64)..];
    let alike = ALIKE.min(last.len());
    waiting < told + ALIKE
        || alike == 0
        || last.windows(alike).any(|seen| wanted.windows(alike).any(|wanted| seen == wanted))
}
