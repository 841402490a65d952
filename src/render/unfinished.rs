//! Markdown that is still being written: what of its last lines is shown already.
//!
//! Fed by `draft`. Here wait the lines that could yet become another block: half a fence, half a table, a lone marker, a
//! formula over several lines. Within a line it is `inline` that waits, and closes what is open.

use super::lines::{Line, is_row};
use super::segments::{Kind, Segments};
use super::source::islands;

/// How much text may wait for the end of a formula, in bytes; more is shown as it stands.
const MAX_WAIT: usize = 1000;

/// The segments of a cleaned source without what has to wait.
pub(super) fn settled<'a>(source: &'a str, segments: Segments<'a>) -> Segments<'a> {
    let Some(last) = segments.all.last() else { return segments };
    let kept = match last.kind {
        Kind::Code { open: true } => without_half_fence(&source[last.range.clone()]).len(),
        Kind::Code { open: false } | Kind::Blank => return segments,
        Kind::Prose => {
            let formula = islands::open_formula(source, last).filter(|at| at + MAX_WAIT >= source.len());
            let chunk = &source[last.range.start..formula.unwrap_or(source.len())];
            // Behind the line of a formula no table can begin that stands before it.
            let divided = formula.is_some() && chunk.ends_with('\n');
            without_lone_marker(if divided { chunk } else { without_half_table(chunk) }).len()
        }
    };
    let end = last.range.start + kept;
    if end == last.range.end { segments } else { segments.until(source, end) }
}

/// The last line of open code waits while it is no more than a fence could be; a fence waits for code.
fn without_half_fence(code: &str) -> &str {
    let first = code.find('\n').unwrap_or(code.len());
    if code[first..].trim_matches([' ', '\t', '\n', '>']).is_empty() {
        return "";
    }
    let start = code.rfind('\n').map_or(code.len(), |line| line + 1);
    let last = code[start..].trim_matches([' ', '\t', '>']);
    let may_be_fence = last.chars().all(|c| c == '`') || last.chars().all(|c| c == '~');
    if may_be_fence { &code[..start] } else { code }
}

/// A table begins to show with its second line and grows by whole rows: before, it would be a paragraph of bars.
fn without_half_table(chunk: &str) -> &str {
    let rows: usize = chunk.split_inclusive('\n').rev().take_while(|line| is_row(line)).map(str::len).sum();
    let start = chunk.len() - rows;
    let mut lines = chunk[start..].split_inclusive('\n');
    let whole = |line: Option<&str>| line.is_some_and(|line| line.ends_with('\n'));
    if rows > 0 && !(whole(lines.next()) && whole(lines.next())) {
        return &chunk[..start];
    }
    if rows > 0 && !chunk.ends_with('\n') {
        return &chunk[..chunk.rfind('\n').map_or(start, |line| line + 1)];
    }
    chunk
}

/// The last line waits while it is nothing but a marker: of a list, a heading, a quote, a rule.
fn without_lone_marker(chunk: &str) -> &str {
    let start = chunk.rfind('\n').map_or(0, |line| line + 1);
    let text = Line::of(&chunk[start..]).text.trim_end();
    let numbers = text.chars().all(|c| c.is_ascii_digit() || ".) ".contains(c));
    let marks = text.chars().all(|c| "-+*_#>=:.) \t".contains(c));
    if numbers || marks { &chunk[..start] } else { chunk }
}
