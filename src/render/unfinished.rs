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

/// How many marks are closed; nobody nests so many, and searching them stays cheap.
const MAX_OPEN: usize = 32;

/// The source without what has to wait, and with what is open closed. `source` is prepared.
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
    let chunk = without_half_formula(without_half_table(chunk));
    // Marks do not reach from one list item or heading into the next.
    let start = chunk.rmatch_indices('\n').map(|(at, _)| at + 1).find(|at| begins_block(&chunk[*at..]));
    let (before, mut block) = chunk.split_at(start.unwrap_or(0));
    if is_row(block) {
        return chunk.to_owned();
    }
    loop {
        let (settled, whole, closers) = settled(without_lone_marker(block));
        // Where the text had to wait, a marker may be all that is left of its line.
        block = if whole { settled } else { without_lone_marker(settled) };
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

/// A display formula waits whole: its lines may begin like list items.
fn without_half_formula(chunk: &str) -> &str {
    match scan(chunk, chunk.len().saturating_sub(MAX_WAIT), false) {
        Err(at) if chunk[at..].starts_with("$$") || chunk[at..].starts_with("\\[") => &chunk[..at],
        _ => chunk,
    }
}

/// The last line waits while it is nothing but a marker: of a list, a heading, a quote, a rule.
fn without_lone_marker(block: &str) -> &str {
    let start = block.rfind('\n').map_or(0, |line| line + 1);
    let marker = |c: char| "-+*_#>=:. \t)".contains(c) || c.is_ascii_digit();
    if block[start..].chars().all(marker) { &block[..start] } else { block }
}

/// The text up to what has to wait, whether its last line is whole, and what closes its open marks.
fn settled(block: &str) -> (&str, bool, String) {
    let horizon = block.len().saturating_sub(MAX_WAIT);
    let mut text = block;
    loop {
        // The last marks of a line may become others, until the line has ended.
        let line = text.trim_end_matches(|c: char| " \t*_~`$\\![<&".contains(c));
        let whole = line.ends_with('\n');
        text = line.trim_end();
        match scan(text, horizon, whole) {
            Ok(closers) => return (text, whole, closers),
            Err(wait) => text = &text[..wait],
        }
    }
}

/// What closes the marks open at the end of the text; or where, behind the horizon, something begins that has to
/// wait. A `whole` text ends with a line.
fn scan(text: &str, horizon: usize, whole: bool) -> Result<String, usize> {
    let mut open: Vec<Delimiter> = Vec::new();
    let mut brackets: Vec<usize> = Vec::new();
    let mut missing = BTreeSet::new();
    let mut absent: BTreeSet<&str> = BTreeSet::new();
    let mut code = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let near = at >= horizon;
        at += match c {
            '`' => {
                let length = source::code_span(rest, &mut missing);
                let run = run_length(rest, c);
                if length == run {
                    // All that follows is code, marks and brackets included.
                    code = run;
                    break;
                }
                length
            }
            '\\' | '$' => match formula(rest, text[..at].chars().next_back(), &mut absent) {
                Some(Formula::Whole(length)) => length,
                Some(Formula::Half) if near => return Err(at),
                _ if c == '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                _ => 1,
            },
            '<' if near && is_half_tag(rest) => return Err(at),
            '&' if near && is_half_entity(rest) => return Err(at),
            '[' => {
                brackets.push(at - usize::from(text[..at].ends_with('!')));
                1
            }
            ']' if brackets.is_empty() => 1,
            ']' => {
                let Some(target) = link_target(&rest[1..], whole) else { break };
                brackets.pop();
                1 + target
            }
            '*' | '_' | '~' => {
                let run = run_length(rest, c);
                delimiter(text, at, c, run, &mut open);
                run
            }
            c => c.len_utf8(),
        };
    }
    if let Some(start) = brackets.into_iter().find(|start| *start >= horizon) {
        return Err(start);
    }
    let marks = open.iter().rev().flat_map(|open| std::iter::repeat_n(open.mark, open.length));
    Ok(std::iter::repeat_n('`', code).chain(marks).collect())
}

/// How often the text begins with the character, in bytes of ASCII.
fn run_length(text: &str, c: char) -> usize {
    text.len() - text.trim_start_matches(c).len()
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
    if can_open && rest > 0 && !(mark == '~' && rest > 2) && open.len() < MAX_OPEN {
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
    // `source` makes no formula of what holds a backtick, and the parser knows none with these marks.
    let backtick = rest.bytes().take(MAX_WAIT).position(|byte| byte == b'`');
    if backtick.is_some_and(|at| rest.starts_with('\\') && !rest[open..at].contains(close)) {
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

/// Whether a character reference begins here whose end has not come.
fn is_half_entity(rest: &str) -> bool {
    const LONGEST: usize = 32;
    rest.len() <= LONGEST && rest[1..].chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
}

/// The length of the target behind a closing bracket; `None` while it is not told whether or where there is one.
fn link_target(rest: &str, whole: bool) -> Option<usize> {
    if !rest.starts_with('(') {
        return (whole || !rest.is_empty()).then_some(0);
    }
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
