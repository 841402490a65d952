//! What holds for any text. Used by the property tests and, by path, by the fuzz target.

use pulldown_cmark::{Event, Options, Parser};
use systech_aidd::domain::reply::{Content, Part};
use systech_aidd::render::{RichMessages, answer, draft};

use crate::limits;

/// The letters and digits the parser finds in the text of a document, in order; small digits as plain ones.
fn content(markdown: &str) -> Vec<char> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    // Telegram takes these away, so they do not separate the characters of a mark either.
    let kept = |c: &char| !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(c) || *c == '\u{2062}');
    let markdown: String = markdown
        .replace("\r\n", "\n")
        .replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || kept(c))
        .collect();
    let mut text = String::new();
    for event in Parser::new_ext(&markdown, options) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            // The renderer may pair dollars in another way; then a tag, target or reference in here is markup.
            Event::InlineMath(part) | Event::DisplayMath(part) if !part.contains(['<', '[', '`', '&']) => {
                text.push_str(&part);
            }
            _ => {}
        }
    }
    letters(&text)
}

fn letters(text: &str) -> Vec<char> {
    let plain = |c: char| {
        let low = "₀₁₂₃₄₅₆₇₈₉".chars().position(|digit| digit == c);
        let high = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == c);
        low.or(high).and_then(|digit| char::from_digit(u32::try_from(digit).ok()?, 10)).unwrap_or(c)
    };
    text.chars().filter(|c| c.is_alphanumeric()).map(plain).collect()
}

/// Panics unless all letters are shown, in order; more may be (numbers, link targets, repeated headings).
fn assert_nothing_lost(wanted: &[char], shown: &str) {
    let shown = letters(shown);
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
pub(crate) fn text_of(parts: &[Part], refused: usize) -> String {
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
            Content::Document { .. } => panic!("no answer is rendered so"),
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

/// Panics where an answer breaks a limit or loses text, in any mode, sent or refused.
pub(crate) fn check_answer(markdown: &str) {
    let content = content(markdown);
    for mode in [RichMessages::Auto, RichMessages::Never, RichMessages::Always] {
        let parts = answer(markdown, mode);
        limits::check(&parts);
        for refused in 0..3 {
            assert_nothing_lost(&content, &text_of(&parts, refused));
        }
    }
}

/// Panics where a preview breaks a limit.
pub(crate) fn check_draft(markdown: &str) {
    if let Some(content) = draft(markdown) {
        assert!(matches!(content, Content::Text { .. }));
        let fallback = vec![Part::plain("…")];
        let plain = matches!(&content, Content::Text { entities, .. } if entities.is_empty());
        limits::check(&[Part { fallback: if plain { Vec::new() } else { fallback }, ..Part::of(content) }]);
    }
}
