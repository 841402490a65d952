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
    /// Of prose: which of the lines are its own, and how many columns the table in it has.
    lines: Range<usize>,
    pub(in crate::render) table: Option<usize>,
}

/// A line of prose, taken apart once for all who read it.
pub(in crate::render) struct Placed<'a> {
    pub(in crate::render) range: Range<usize>,
    pub(in crate::render) line: Line<'a>,
}

/// A source divided into segments.
pub(in crate::render) struct Segments<'a> {
    pub(in crate::render) all: Vec<Segment>,
    lines: Vec<Placed<'a>>,
}

impl<'a> Segments<'a> {
    /// The stretches of prose, each with its lines.
    pub(in crate::render) fn prose(&self) -> impl Iterator<Item = (&Segment, &[Placed<'a>])> {
        let prose = self.all.iter().filter(|segment| segment.kind == Kind::Prose);
        prose.map(|segment| (segment, &self.lines[segment.lines.clone()]))
    }

    /// Where the source ends.
    pub(in crate::render) fn end(&self) -> usize {
        self.all.last().map_or(0, |last| last.range.end)
    }

    /// The segments of the source up to a place in the last of them. A line of which nothing is left to see goes whole.
    pub(in crate::render) fn until(mut self, source: &'a str, end: usize) -> Self {
        let Some(mut last) = self.all.pop() else { return self };
        let line = source[..end].rfind('\n').map_or(0, |at| at + 1).max(last.range.start);
        last.range.end = if source[line..end].trim().is_empty() { line } else { end };
        let end = last.range.end;
        if end > last.range.start {
            if last.kind == Kind::Prose && end < self.lines.last().map_or(0, |line| line.range.end) {
                self.lines.truncate(self.lines.partition_point(|line| line.range.start < end));
                if let Some(cut) = self.lines.last_mut() {
                    *cut = Placed::of(source, cut.range.start..end.min(cut.range.end));
                }
                last.lines.end = self.lines.len();
                let lines = &self.lines[last.lines.clone()];
                last.table = lines.iter().find_map(|line| lines::columns_divided(line.line.text));
            }
            self.all.push(last);
        }
        self
    }
}

impl<'a> Placed<'a> {
    fn of(source: &'a str, range: Range<usize>) -> Self {
        Self { line: Line::of(&source[range.clone()]), range }
    }
}

/// Divides the source into code, prose and blank lines, in order and without gaps. While the source is `growing`, a fence
/// that is missing at its end is expected to come.
pub(in crate::render) fn segments(source: &str, growing: bool) -> Segments<'_> {
    let segments = Segments { all: Vec::new(), lines: Vec::new() };
    let mut division = Division { source, segments, nesting: Nesting::new(growing) };
    let mut fence: Option<Fence> = None;
    let mut item = Item::default();
    let mut start = 0;
    for text in source.split_inclusive('\n') {
        let placed = Placed { range: start..start + text.len(), line: Line::of(text) };
        start = placed.range.end;
        item.pass(&placed.line);
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
                division.go_on(placed.range, Kind::Code { open: fence.is_some() });
                fence
            }
            None => division.outside(placed, item.column),
        };
    }
    division.segments
}

/// The segments so far.
struct Division<'a> {
    source: &'a str,
    segments: Segments<'a>,
    nesting: Nesting,
}

impl<'a> Division<'a> {
    /// Takes a line that stands outside of any fence. It may open one.
    fn outside(&mut self, placed: Placed<'a>, item: usize) -> Option<Fence> {
        let Placed { range, line } = &placed;
        let rest = &self.source[range.end..];
        if let Some(fence) = Fence::opened(line, item, rest, &mut self.nesting) {
            let text = range.start + line.start;
            self.begin(range.clone(), Kind::Code { open: true }, text, line);
            return Some(fence);
        }
        if let Some((at, fence)) = Fence::opened_behind(line, item, rest, &mut self.nesting) {
            let text = range.start + line.start + at;
            self.prose(Placed::of(self.source, range.start..text));
            self.begin(text..range.end, Kind::Code { open: true }, text, line);
            return Some(fence);
        }
        if line.text.trim_start().is_empty() && self.source[range.clone()].trim().is_empty() {
            self.add(range.clone(), Kind::Blank, line);
        } else {
            self.prose(placed);
        }
        None
    }

    fn prose(&mut self, placed: Placed<'a>) {
        self.add(placed.range.clone(), Kind::Prose, &placed.line);
        let Segments { all, lines } = &mut self.segments;
        if let Some(segment) = all.last_mut() {
            segment.table = segment.table.or_else(|| lines::columns_divided(placed.line.text));
            lines.push(placed);
            segment.lines.end = lines.len();
        }
    }

    /// Adds lines to a segment of their kind.
    fn add(&mut self, range: Range<usize>, kind: Kind, line: &Line) {
        match self.segments.all.last() {
            Some(last) if last.kind == kind => self.go_on(range, kind),
            _ => {
                let text = range.start + line.start;
                self.begin(range, kind, text, line);
            }
        }
    }

    fn begin(&mut self, range: Range<usize>, kind: Kind, text: usize, line: &Line) {
        let column = line.indent.max(line.item);
        let lines = self.segments.lines.len()..self.segments.lines.len();
        let segment = Segment { kind, range, text, quotes: line.quotes, column, lines, table: None };
        self.segments.all.push(segment);
    }

    /// Adds a line to the last segment.
    fn go_on(&mut self, range: Range<usize>, kind: Kind) {
        if let Some(last) = self.segments.all.last_mut() {
            last.range.end = range.end;
            last.kind = kind;
        }
    }

    /// Ends the code block that was being read.
    fn close(&mut self) {
        if let Some(last) = self.segments.all.last_mut() {
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
