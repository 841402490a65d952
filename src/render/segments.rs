//! The source as stretches of fenced code, prose and blank lines.
//!
//! The division has two states: outside of any fence, and within one ([`Fence`]), which ends with its closing fence or
//! with the quotation or list item it stands in.

use std::ops::Range;

use super::fence::{Fence, Nesting};
use super::lines::{self, Line, within_quotes};

/// What a stretch of source lines is.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::render) enum Kind {
    /// A fenced code block; `open` while its closing fence has not come.
    Code { open: bool },
    /// Lines with text, up to a blank line or a fence.
    Prose,
    /// Blank lines.
    Blank,
}

/// A stretch of whole lines of one kind.
pub(in crate::render) struct Segment {
    pub(in crate::render) kind: Kind,
    pub(in crate::render) range: Range<usize>,
    /// Where its first line begins behind the marks of quotations and list items.
    pub(in crate::render) text: usize,
    /// In how many quotations it stands, and how many columns its lines are indented.
    quotes: usize,
    column: usize,
}

/// Divides the source into code, prose and blank lines, in order and without gaps. While the source is `growing`, a fence
/// that is missing at its end is expected to come.
pub(in crate::render) fn segments(source: &str, growing: bool) -> Vec<Segment> {
    let mut division = Division { segments: Vec::new(), nesting: Nesting::new(growing) };
    let mut fence: Option<Fence> = None;
    let mut item = Item::default();
    let mut start = 0;
    for text in source.split_inclusive('\n') {
        let range = start..start + text.len();
        start = range.end;
        let line = Line::of(text);
        item.pass(&line);
        let within = fence.take().and_then(|fence| {
            let held = fence.holding(text);
            if held.is_none() {
                division.close();
            }
            held
        });
        fence = match within {
            Some(within) => {
                let fence = within.behind(text);
                division.go_on(range, Kind::Code { open: fence.is_some() });
                fence
            }
            None => division.outside(source, range, &line, item.column),
        };
    }
    division.segments
}

/// The segments so far.
struct Division {
    segments: Vec<Segment>,
    nesting: Nesting,
}

impl Division {
    /// Takes a line that stands outside of any fence. It may open one.
    fn outside(&mut self, source: &str, range: Range<usize>, line: &Line, item: usize) -> Option<Fence> {
        let rest = &source[range.end..];
        if let Some(fence) = Fence::opened(line, item, rest, &mut self.nesting) {
            let text = range.start + line.start;
            self.begin(range, Kind::Code { open: true }, text, line);
            return Some(fence);
        }
        if let Some((at, fence)) = Fence::opened_behind(line, item, rest, &mut self.nesting) {
            let text = range.start + line.start + at;
            self.add(range.start..text, Kind::Prose, line);
            self.begin(text..range.end, Kind::Code { open: true }, text, line);
            return Some(fence);
        }
        let kind = if source[range.clone()].trim().is_empty() { Kind::Blank } else { Kind::Prose };
        self.add(range, kind, line);
        None
    }

    /// Adds lines to a segment of their kind.
    fn add(&mut self, range: Range<usize>, kind: Kind, line: &Line) {
        match self.segments.last() {
            Some(last) if last.kind == kind => self.go_on(range, kind),
            _ => {
                let text = range.start + line.start;
                self.begin(range, kind, text, line);
            }
        }
    }

    fn begin(&mut self, range: Range<usize>, kind: Kind, text: usize, line: &Line) {
        let column = line.indent.max(line.item);
        self.segments.push(Segment { kind, range, text, quotes: line.quotes, column });
    }

    /// Adds a line to the last segment.
    fn go_on(&mut self, range: Range<usize>, kind: Kind) {
        if let Some(last) = self.segments.last_mut() {
            last.range.end = range.end;
            last.kind = kind;
        }
    }

    /// Ends the code block that was being read.
    fn close(&mut self) {
        if let Some(last) = self.segments.last_mut() {
            last.kind = Kind::Code { open: false };
        }
    }
}

/// The list item a line may be part of.
#[derive(Default)]
struct Item {
    /// The column at which its text begins; 0 outside of all lists.
    column: usize,
    behind_blank: bool,
}

impl Item {
    fn pass(&mut self, line: &Line) {
        let blank = line.text.is_empty() && line.item == 0;
        if line.item > 0 {
            self.column = line.item;
        } else if !blank && self.behind_blank && line.indent < self.column {
            self.column = 0;
        }
        self.behind_blank = blank;
    }
}

/// A fenced code block taken apart.
pub(in crate::render) struct Code<'a> {
    pub(in crate::render) info: &'a str,
    pub(in crate::render) text: String,
}

impl<'a> Code<'a> {
    /// The block of a segment of code.
    pub(in crate::render) fn of(source: &'a str, segment: &Segment) -> Self {
        let block = &source[segment.range.clone()];
        let first = block.split_inclusive('\n').next().unwrap_or_default();
        let opening = &source[segment.text..segment.range.start + first.len()];
        let (mark, length, info) = lines::fence(opening).unwrap_or(('`', 3, ""));
        let mut body: Vec<&str> = block[first.len()..].split_inclusive('\n').collect();
        let closes = |line: &mut &str| {
            let text = line.trim_matches([' ', '\t', '\n', '>']);
            text.len() >= length && text.chars().all(|c| c == mark)
        };
        if segment.kind == (Kind::Code { open: false }) {
            body.pop_if(|line| closes(line));
        }
        let code = |line| without_indent(within_quotes(line, segment.quotes).unwrap_or(line), segment.column);
        Self { info, text: body.into_iter().map(code).collect() }
    }
}

/// The line without so many columns of space before it.
fn without_indent(line: &str, columns: usize) -> &str {
    let spaces = line.bytes().take(columns).take_while(|byte| *byte == b' ').count();
    &line[spaces..]
}
