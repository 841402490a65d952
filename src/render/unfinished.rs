//! Markdown that is still being written, made whole for a preview.
//!
//! Fed by `draft`. What is open at the end is closed (`**`, backticks), what could yet become something else waits
//! (half a link, formula, tag or table row, a lone marker), so that what is shown stays as it is shown.

use std::collections::BTreeSet;

use super::source::{self, Kind};

/// How much text may wait for the end of a link, tag or formula, in bytes; more is shown as it stands.
const MAX_WAIT: usize = 1000;

/// The same for what a single dollar begins, which is more often money or a variable.
const MAX_DOUBT: usize = 100;

/// The source without what has to wait, and with what is open closed. `source` is cleaned.
pub(super) fn closed(source: &str) -> String {
    let segments = source::segments(source);
    let Some(last) = segments.last() else { return String::new() };
    let (before, open) = source.split_at(last.range.start);
    match last.kind {
        Kind::Code { open: true } => [before, without_half_fence(open)].concat(),
        Kind::Code { open: false } | Kind::Blank => source.to_owned(),
        Kind::Prose => [before, &prose(open)].concat(),
    }
}

/// The last line of open code waits while it is no more than a fence could be.
fn without_half_fence(code: &str) -> &str {
    let start = code.rfind('\n').map_or(code.len(), |line| line + 1);
    let last = code[start..].trim_matches([' ', '\t', '>']);
    let may_be_fence = last.chars().all(|c| c == '`') || last.chars().all(|c| c == '~');
    if may_be_fence { &code[..start] } else { code }
}

fn prose(chunk: &str) -> String {
    let chunk = without_half_table(chunk);
    // Marks do not reach from one list item or heading into the next.
    let start = chunk.rmatch_indices('\n').map(|(at, _)| at + 1).find(|at| begins_block(&chunk[*at..]));
    let (before, mut block) = chunk.split_at(start.unwrap_or(0));
    if is_row(block) {
        return chunk.to_owned();
    }
    loop {
        let (settled, closers) = settled(without_lone_marker(block));
        // Where the text had to wait, a marker may be all that is left of its line.
        block = without_lone_marker(settled);
        if block.len() == settled.len() {
            return [before, block, &closers].concat();
        }
    }
}

fn begins_block(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '\t', '>']);
    text.starts_with('#') || is_row(text) || source::after_list_marker(text).is_some()
}

fn is_row(line: &str) -> bool {
    line.trim_start_matches([' ', '\t', '>']).starts_with('|')
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
fn without_lone_marker(block: &str) -> &str {
    let start = block.rfind('\n').map_or(0, |line| line + 1);
    let marker = |c: char| "-+*_#>=:. \t)".contains(c) || c.is_ascii_digit();
    if block[start..].chars().all(marker) { &block[..start] } else { block }
}

/// The text up to what has to wait, and what closes its open marks.
fn settled(block: &str) -> (&str, String) {
    // The last marks of a line may become others, until the line has ended.
    let ended = block.ends_with('\n');
    let block = block.trim_end_matches(|c: char| c.is_whitespace() || (!ended && "*_~`$\\![<&".contains(c)));
    let mut open: Vec<Delimiter> = Vec::new();
    let mut brackets: Vec<usize> = Vec::new();
    let mut missing = BTreeSet::new();
    let mut absent: BTreeSet<&str> = BTreeSet::new();
    let mut at = 0;
    let mut code = 0;
    let wait = |at: usize| block.len() - at <= MAX_WAIT;
    while let Some(c) = block[at..].chars().next() {
        let rest = &block[at..];
        at += match c {
            '`' => {
                let length = source::code_span(rest, &mut missing);
                let run = rest.len() - rest.trim_start_matches('`').len();
                if length == run {
                    // All that follows is code, marks and brackets included.
                    code = run;
                    break;
                }
                length
            }
            '\\' | '$' => match formula(rest, block[..at].chars().next_back(), &mut absent) {
                Some(Formula::Whole(length)) => length,
                Some(Formula::Half) if wait(at) => return end_at(block, at),
                _ if c == '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                _ => 1,
            },
            '<' if wait(at) && is_half_tag(rest) => return end_at(block, at),
            '&' if rest.len() <= 32 && rest[1..].chars().all(|c| c.is_ascii_alphanumeric() || c == '#') => {
                return end_at(block, at);
            }
            '[' => {
                let image = block[..at].ends_with('!');
                brackets.push(at - usize::from(image));
                1
            }
            ']' => {
                let start = brackets.pop();
                let target = if ended && rest.len() == 1 { Some(0) } else { link_target(&rest[1..]) };
                match (start, target) {
                    (Some(start), None) if wait(start) => return end_at(block, start),
                    (Some(_), Some(length)) => 1 + length,
                    _ => 1,
                }
            }
            '*' | '_' | '~' => {
                let run = rest.len() - rest.trim_start_matches(c).len();
                delimiter(block, at, c, run, &mut open);
                run
            }
            c => c.len_utf8(),
        };
    }
    if let Some(start) = brackets.first().filter(|start| wait(**start)) {
        return end_at(block, *start);
    }
    let mut closers = "`".repeat(code);
    for delimiter in open.iter().rev() {
        closers.extend(std::iter::repeat_n(delimiter.mark, delimiter.length));
    }
    (block, closers)
}

/// The text before a place where it has to wait, settled in its turn: marks may be open there.
fn end_at(block: &str, at: usize) -> (&str, String) {
    settled(&block[..at])
}

/// Marks of emphasis that have not been closed.
struct Delimiter {
    mark: char,
    length: usize,
}

/// Takes a run of marks into account, by the rules of `CommonMark` as far as a preview needs them.
fn delimiter(block: &str, at: usize, mark: char, run: usize, open: &mut Vec<Delimiter>) {
    let before = block[..at].chars().next_back().unwrap_or(' ');
    let after = block[at + run..].chars().next().unwrap_or(' ');
    let punctuation = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
    let left =
        !after.is_whitespace() && (!punctuation(after) || before.is_whitespace() || punctuation(before));
    let right =
        !before.is_whitespace() && (!punctuation(before) || after.is_whitespace() || punctuation(after));
    let (can_open, can_close) = match mark {
        '_' => (left && (!right || punctuation(before)), right && (!left || punctuation(after))),
        _ => (left, right),
    };
    let mut rest = run;
    while can_close && rest > 0 {
        let Some(found) = open.iter().rposition(|it| it.mark == mark && (mark != '~' || it.length == rest))
        else {
            break;
        };
        let closed = rest.min(open[found].length);
        rest -= closed;
        open[found].length -= closed;
        open.truncate(found + usize::from(open[found].length > 0));
    }
    if can_open && rest > 0 && !(mark == '~' && rest > 2) {
        open.push(Delimiter { mark, length: rest });
    }
}

enum Formula {
    /// Its length.
    Whole(usize),
    Half,
}

/// Whether a formula begins here, and whether its end has come.
fn formula(rest: &str, before: Option<char>, absent: &mut BTreeSet<&str>) -> Option<Formula> {
    let (open, close) = match rest.as_bytes() {
        [b'\\', b'(', ..] => (2, "\\)"),
        [b'\\', b'[', ..] => (2, "\\]"),
        [b'$', b'$', ..] => (2, "$$"),
        // After a word or before a number a dollar is money.
        [b'$', next, ..] if !next.is_ascii_digit() && !next.is_ascii_whitespace() => (1, "$"),
        _ => return None,
    };
    if open == 1 && before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let end = (!absent.contains(close)).then(|| rest[open..].find(close)).flatten();
    if end.is_none() {
        absent.insert(close);
    }
    match end {
        Some(end) => Some(Formula::Whole(open + end + close.len())),
        None if open == 1 && (source::is_prose(&rest[1..]) || rest.len() > MAX_DOUBT) => None,
        None => Some(Formula::Half),
    }
}

/// Whether a tag begins here whose end has not come.
fn is_half_tag(rest: &str) -> bool {
    rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') && !rest.contains('>')
}

/// The length of the target behind a closing bracket; `None` while it is not told whether or where there is one.
fn link_target(rest: &str) -> Option<usize> {
    match rest.chars().next() {
        None => None,
        Some('(') => {
            let mut depth = 0usize;
            for (at, c) in rest.char_indices().take(MAX_WAIT) {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (rest.len() > MAX_WAIT).then_some(0)
        }
        Some(_) => Some(0),
    }
}
