//! Cuts flat text into messages: at the borders of blocks, else of lines, else of words, and never inside a
//! grapheme unless the grapheme alone is over the limit.
//!
//! Fed by `answer` and `draft`. Every cut depends only on the text up to the limit, so text that grows keeps its
//! cuts.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use super::doc::is_blank;
use super::flat::{Border, Flat};
use super::limits::{MAX_ENTITIES, MAX_UNITS};

/// The stretches of the text that make a message each, in order; none is blank.
pub(super) fn messages(flat: &Flat) -> Vec<Range<usize>> {
    let mut messages = Vec::new();
    let mut start = skip_space(flat, 0);
    while start < flat.text.len() {
        let cut = cut(flat, start);
        let message = &flat.text[start..cut];
        if !is_blank(message) {
            messages.push(start..start + message.trim_end_matches([' ', '\n']).len());
        }
        start = skip_space(flat, cut);
    }
    messages
}

/// Past line breaks and spaces, but not into the indent of code.
fn skip_space(flat: &Flat, from: usize) -> usize {
    let rest = &flat.text[from..];
    let start = from + rest.len() - rest.trim_start_matches([' ', '\n']).len();
    if start < flat.text.len() && flat.in_pre(start) {
        let indent = flat.text[from..start].rfind('\n').map_or(from, |line| from + line + 1);
        if flat.in_pre(indent) {
            return indent;
        }
    }
    start
}

/// Where the message that begins at `start` ends.
fn cut(flat: &Flat, start: usize) -> usize {
    let text = &flat.text;
    let mut units = 0;
    let over = text[start..].char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > MAX_UNITS
    });
    let mut end = over.map_or(text.len(), |(at, _)| start + at);
    if let Some(entity) = flat.one_too_many(start..end, MAX_ENTITIES) {
        end = entity;
    } else if end == text.len() {
        return end;
    }
    // For the sake of a better border a message may be left three quarters empty, and no emptier.
    let enough = start + (end - start) / 4;
    // A break right at the end costs nothing: it is dropped.
    let reach = if text[end..].starts_with([' ', '\n']) { end + 1 } else { end };
    let breaks = || text[start..reach].rmatch_indices('\n').map(|(at, _)| start + at);
    let last = |wanted: &dyn Fn(usize, Border) -> bool| breaks().find(|at| wanted(*at, flat.border(*at)));
    last(&|at, border| at >= enough && border == Border::Block)
        .or_else(|| last(&|_, border| border != Border::Glue))
        .or_else(|| last(&|_, _| true))
        .or_else(|| {
            let spaces = text[start..reach].rmatch_indices(char::is_whitespace);
            spaces.map(|(at, space)| (start + at, space.len())).find_map(|(at, length)| {
                (at > start && is_boundary(text, at) && is_boundary(text, at + length)).then_some(at)
            })
        })
        .or_else(|| last_boundary(text, start, end))
        .unwrap_or(end)
}

fn is_boundary(text: &str, at: usize) -> bool {
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0) == Ok(true)
}

/// The last place after `start` and not after `end` where a grapheme begins, and not with a space: a message
/// cannot.
fn last_boundary(text: &str, start: usize, end: usize) -> Option<usize> {
    let mut cursor = GraphemeCursor::new(end, text.len(), true);
    let mut at = if is_boundary(text, end) { end } else { cursor.prev_boundary(text, 0).ok()?? };
    while at > start && text[at..].starts_with(' ') {
        at = cursor.prev_boundary(text, 0).ok()??;
    }
    (at > start).then_some(at)
}
