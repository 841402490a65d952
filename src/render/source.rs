//! The Markdown source before it is parsed: cleaned of what Telegram would change anyway, and its formulas
//! put into the one notation the parser knows.
//!
//! Fed by `answer` and `draft`. Code, fenced or between backticks, is never touched by the formula pass.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Stands first in a formula whose delimiters admit no doubt: `\(…\)`, where a dollar might be a price.
pub(super) const CERTAIN: char = '\u{2062}';

/// The longest formula, in bytes; what is longer between two marks is hardly one.
const MAX_FORMULA: usize = 4096;

/// The source as the walk parses it.
pub(super) fn prepared(markdown: &str) -> String {
    let source = cleaned(markdown);
    let mut out = String::with_capacity(source.len());
    for segment in segments(&source) {
        let text = &source[segment.range];
        if segment.kind == Kind::Prose { formulas(text, &mut out) } else { out.push_str(text) }
    }
    out
}

/// Without carriage returns, control characters and directional overrides: Telegram drops them, and a
/// message of nothing else would be refused as empty.
fn cleaned(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut chars = markdown.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            CERTAIN | '\u{202a}'..='\u{202e}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// What a stretch of source lines is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Lines of a fenced code block, its fences included; `open` while the closing one has not come.
    Code { open: bool },
    /// Lines with text, up to a blank line or a fence.
    Prose,
    /// Blank lines.
    Blank,
}

/// A stretch of whole lines of one kind.
pub(super) struct Segment {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Divides the source into code, prose and blank lines, in order and without gaps.
pub(super) fn segments(source: &str) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let kind = if let Some(open) = fence {
            fence = Some(open).filter(|open| !closes_fence(line, *open));
            Kind::Code { open: fence.is_some() }
        } else {
            fence = opened_fence(line);
            match fence {
                Some(_) => Kind::Code { open: true },
                None if line.trim().is_empty() => Kind::Blank,
                None => Kind::Prose,
            }
        };
        match segments.last_mut() {
            // A fence that opens right after another block's closing fence begins a segment of its own.
            Some(last) if last.kind == kind || last.kind == (Kind::Code { open: true }) => {
                last.range.end = range.end;
                last.kind = kind;
            }
            _ => segments.push(Segment { kind, range }),
        }
    }
    segments
}

/// The fence a line opens: its character and length.
fn opened_fence(line: &str) -> Option<(char, usize)> {
    let line = unmarked(line).trim_end();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length))
}

fn closes_fence(line: &str, (mark, length): (char, usize)) -> bool {
    let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
    line.len() >= length && line.chars().all(|c| c == mark)
}

/// The line without quote marks and list markers before its text.
pub(super) fn unmarked(line: &str) -> &str {
    let mut rest = line.trim_start_matches([' ', '\t', '>']);
    while let Some(after) = after_list_marker(rest) {
        rest = after.trim_start_matches([' ', '\t', '>']);
    }
    rest
}

/// What follows a list marker at the start of the line, if one stands there.
pub(super) fn after_list_marker(line: &str) -> Option<&str> {
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = match line.len() - numbered.len() {
        0 => line.strip_prefix(['-', '*', '+']),
        1..=9 => numbered.strip_prefix(['.', ')']),
        _ => None,
    };
    rest.filter(|rest| rest.starts_with([' ', '\t']))
}

/// Copies prose with `\(…\)` as `$…$`, `\[…\]` as `$$…$$`, and the body of a display formula on one line: its
/// lines could begin with `-` or `+`, which the block parser would take for a list.
fn formulas(prose: &str, out: &mut String) {
    // Lines joined into a row of a table could be cells too many, and those the parser drops.
    let in_table = prose.lines().any(is_delimiter_row);
    // Where each closer stands next, looked for once: the pass stays linear.
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    let mut missing_runs: BTreeSet<usize> = BTreeSet::new();
    let mut line = Line::of(prose, 0);
    let mut at = 0;
    while let Some(found) = prose[at..].find(['`', '\\', '$', '\n']) {
        let here = at + found;
        out.push_str(&prose[at..here]);
        let rest = &prose[here..];
        if rest.starts_with('\n') {
            out.push('\n');
            at = here + 1;
            line = Line::of(prose, at);
            continue;
        }
        if rest.starts_with('`') {
            let length = code_span(rest, &mut missing_runs);
            out.push_str(&rest[..length]);
            at = here + length;
            continue;
        }
        let (open, close, mark) = match rest.as_bytes() {
            [b'\\', b'(', ..] => (2, "\\)", "$"),
            [b'\\', b'[', ..] => (2, "\\]", "$$"),
            [b'$', b'$', ..] => (2, "$$", "$$"),
            _ => {
                let length = rest.strip_prefix('\\').map_or(1, |escaped| 1 + first_char(escaped));
                out.push_str(&rest[..length]);
                at = here + length;
                continue;
            }
        };
        let from = here + open;
        let end = match ends.get(close) {
            Some(end) if *end >= from => *end,
            _ => prose[from..].find(close).map_or(usize::MAX, |end| from + end),
        };
        ends.insert(close, end);
        let on_its_own = || {
            let after = prose[end + close.len()..].split('\n').next().unwrap_or_default();
            // what could be the text of a link is none of its own
            mark == "$$" && !prose[line.start..here].contains('[') && after.trim().is_empty()
        };
        // From a backtick on it may be code, which can end behind the mark that would close the formula.
        let fits = |body: &&str| {
            body.len() <= MAX_FORMULA
                && !body.contains(['$', '`'])
                && (!body.contains('\n') || (!in_table && line.goes_on(body, on_its_own)))
        };
        let body = prose.get(from..end).filter(fits);
        match body.map(|body| (body.len(), one_line(body, line.quoted))) {
            Some((length, line)) if !line.is_empty() => {
                out.push_str(mark);
                if mark == "$" {
                    out.push(CERTAIN);
                }
                out.push_str(&line);
                out.push_str(mark);
                at = from + length + close.len();
            }
            _ => {
                out.push_str(&rest[..open]);
                at = from;
            }
        }
    }
    out.push_str(&prose[at..]);
}

/// The line in which a formula begins.
struct Line {
    /// Where it begins.
    start: usize,
    /// It is in a quotation.
    quoted: bool,
    /// It is a heading, which ends with it.
    heading: bool,
}

impl Line {
    fn of(prose: &str, start: usize) -> Self {
        let line = prose[start..].split('\n').next().unwrap_or_default();
        Self { start, quoted: line.trim_start().starts_with('>'), heading: is_heading(line) }
    }

    /// Whether the lines of `body` belong to the block of this one, which is its first. A line with the mark of another
    /// block only does where the formula stands for itself: there it is a minus.
    fn goes_on(&self, body: &str, on_its_own: impl Fn() -> bool) -> bool {
        let mut minus = false;
        let same = body.split('\n').skip(1).all(|line| {
            let line = if self.quoted { line.trim_start_matches([' ', '>']) } else { line.trim_start() };
            minus |= after_list_marker(line).is_some();
            !line.starts_with('>') && !is_heading(line)
        });
        same && !self.heading && (!minus || on_its_own())
    }
}

/// The length of the code span that begins here, or of the lone backticks if nothing closes them.
pub(super) fn code_span(text: &str, missing: &mut BTreeSet<usize>) -> usize {
    let run = text.len() - text.trim_start_matches('`').len();
    if missing.contains(&run) {
        return run;
    }
    let mut at = run;
    while let Some(found) = text[at..].find('`') {
        at += found;
        let length = text[at..].len() - text[at..].trim_start_matches('`').len();
        at += length;
        if length == run {
            return at;
        }
    }
    missing.insert(run);
    run
}

/// Whether the line could divide the head of a table from its rows.
fn is_delimiter_row(line: &str) -> bool {
    let row = unmarked(line);
    row.contains('-') && row.contains(['|', ':']) && row.chars().all(|c| "|:- \t".contains(c))
}

/// Whether the line is a heading (`#` to `######`), in a list or a quotation too.
fn is_heading(line: &str) -> bool {
    let line = unmarked(line);
    let rest = line.trim_start_matches('#');
    (1..=6).contains(&(line.len() - rest.len())) && (rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// Whether what stands between two dollars reads as prose: an amount and words, or letters no formula has.
pub(super) fn is_prose(tex: &str) -> bool {
    let amount = tex.starts_with(|c: char| c.is_ascii_digit())
        && tex.contains(' ')
        && !tex.contains(['\\', '^', '_', '=', '+', '<', '>']);
    let words = tex.contains(|c: char| c.is_alphabetic() && !c.is_ascii()) && !tex.contains('\\');
    amount || words
}

/// A formula's lines joined by spaces; TeX reads both alike.
fn one_line(body: &str, quoted: bool) -> String {
    let lines =
        body.lines().map(|line| if quoted { line.trim_start_matches([' ', '>']) } else { line }.trim());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The length of the first character in bytes.
fn first_char(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}
