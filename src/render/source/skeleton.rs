//! A copy of the source that holds its blocks and none of its words.
//!
//! The block parser reads this copy. It has the length of the source, so a place in one is the same place in the other,
//! and whatever the parser takes for text is read from the source by its place. Marks within a line are replaced, so that
//! the parser finds no formats, links or HTML; code blocks and formulas over several lines look like one line.

use super::islands;
use crate::render::inline;
use crate::render::lines::{self, Line};
use crate::render::segments::{Kind, Placed, Segment, Segments};

/// Stands for what is not to be read as a mark.
const INERT: u8 = b'x';

/// The skeleton of a source that is divided into these segments.
pub(in crate::render) fn skeleton(source: &str, segments: &Segments<'_>, growing: bool) -> String {
    let mut bytes = source.as_bytes().to_vec();
    for segment in segments.all.iter().filter(|segment| matches!(segment.kind, Kind::Code { .. })) {
        code(&mut bytes, segment);
    }
    for (segment, lines) in segments.prose() {
        prose(&mut bytes, source, segment.table, lines);
    }
    for island in islands::found(source, segments, growing) {
        let block = inline::begins_block(&source[island.clone()]);
        let bytes = &mut bytes[island];
        if block { heading(bytes) } else { inert(bytes) }
    }
    // Only ASCII was replaced, by ASCII.
    String::from_utf8(bytes).unwrap_or_else(|_| source.to_owned())
}

/// Code looks like a heading: like a fence, a heading ends a paragraph and stands in the containers its line stands in.
fn code(bytes: &mut [u8], segment: &Segment) {
    let block = &mut bytes[segment.text..segment.range.end];
    let end = block.len() - usize::from(block.ends_with(b"\n"));
    heading(&mut block[..end]);
}

fn heading(bytes: &mut [u8]) {
    inert(bytes);
    bytes[..2].copy_from_slice(b"# ");
}

fn inert(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| byte.is_ascii()).for_each(|byte| *byte = INERT);
}

fn prose(bytes: &mut [u8], source: &str, table: Option<usize>, lines: &[Placed<'_>]) {
    let mut sum = Sum::default();
    let mut row = None;
    // The columns of the table, and the cells of the line above.
    let (mut columns, mut headings) = (table, None);
    for Placed { range, line } in lines {
        if let Some(bar) = row.filter(|_| table.is_some() && !line.text.contains('|') && line.quotes == 0) {
            // The last bar of a row becomes a blank line before a line without any: the table is at its end.
            bytes[bar] = b'\n';
        }
        row = closing_bar(line).map(|bar| range.start + bar);
        let (text, bytes) = (&source[range.clone()], &mut bytes[range.clone()]);
        let summand = sum.takes(text);
        // A comparison is no quotation.
        if summand || text.trim_start().starts_with(">=") {
            bytes[text.len() - text.trim_start().len()] = INERT;
        }
        mask(&mut bytes[line.start..], line.text);
        if table.is_none() && inline::begins_block(line.text) {
            heading(&mut bytes[line.start..line.start + line.text.len()]);
        }
        if let Some(known) = columns {
            for bar in bars_in_cells(line.text, known) {
                bytes[line.start + bar] = INERT;
            }
            let bytes = &mut bytes[line.start..line.start + line.text.len()];
            if headings.is_some() && columns == table && lines::columns_divided(line.text) == table {
                columns = headings.filter(|headings| divide(bytes, known, *headings)).or(table);
            }
            headings = bytes.contains(&b'|').then(|| cells(bytes));
        }
    }
}

/// How many cells a row of the skeleton has.
fn cells(row: &[u8]) -> usize {
    let row = row.trim_ascii();
    let row = row.strip_prefix(b"|").unwrap_or(row);
    row.strip_suffix(b"|").unwrap_or(row).split(|byte| *byte == b'|').count()
}

/// Gives the line that divides a table as many columns as the table has headings: the parser knows no table with others. False:
/// it has them, or no room for them.
fn divide(bytes: &mut [u8], columns: usize, headings: usize) -> bool {
    if columns == headings || headings < 2 || bytes.len() < 2 * headings + 1 {
        return false;
    }
    let last = bytes.len() - 1;
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = if at == last || (at % 2 == 0 && at < 2 * headings) { b'|' } else { b'-' };
    }
    true
}

/// Where the bar stands that closes a row with bars on both sides.
fn closing_bar(line: &Line) -> Option<usize> {
    let row = line.text.trim_end();
    (row.len() > 1 && row.starts_with('|') && row.ends_with('|') && !row.ends_with("\\|"))
        .then_some(line.start + row.len() - 1)
}

/// Replaces the marks within the text of a line; what makes it a rule, a footnote or an alert stays.
fn mask(bytes: &mut [u8], text: &str) {
    if lines::is_rule(text) || lines::columns_divided(text).is_some() {
        return;
    }
    let kept = kept(text);
    for byte in &mut bytes[kept..] {
        if b"*_~`<>[]!$&\\".contains(byte) {
            *byte = INERT;
        }
    }
    // A number that numbers nothing is no marker either, nor is a comparison a quotation.
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if kept == 0 && digits > 0 && text[digits..].starts_with(['.', ')']) {
        bytes[digits] = INERT;
    }
}

/// How much at the beginning of a line's text is structure: a box of a task, the name of a footnote, of an alert.
fn kept(text: &str) -> usize {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((label, rest)) = bracketed else { return 0 };
    let task = matches!(label, " " | "x" | "X") && rest.starts_with([' ', '\t']);
    let footnote = label.starts_with('^') && rest.starts_with(':');
    let alert = label.starts_with('!') && rest.trim().is_empty();
    if task || footnote || alert { label.len() + 2 } else { 0 }
}

/// Follows a column of figures: `12`, `+ 30`, `= 42` are no list.
#[derive(Default)]
struct Sum {
    goes_on: bool,
}

impl Sum {
    /// Whether the sign at the beginning of the line belongs to the figures above it.
    fn takes(&mut self, text: &str) -> bool {
        let text = text.trim();
        let figures = text.contains(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || " .,+-*/=×÷()%".contains(c));
        let sign = text.starts_with(['+', '-', '*']) && lines::after_list_marker(text).is_some();
        let taken = sign && self.goes_on && figures;
        self.goes_on = figures && (taken || !sign);
        taken
    }
}

/// The bars of a row that divide no cells: they stand in code, in a formula, or are escaped. They divide after all where
/// the row would have too few cells otherwise. Two bars that divide too many mean "or", or hide something.
fn bars_in_cells(row: &str, columns: usize) -> Vec<usize> {
    let bars: Vec<usize> = row.match_indices('|').map(|(at, _)| at).collect();
    let opaque = inline::opaque(row);
    let (inside, dividing): (Vec<usize>, Vec<usize>) =
        bars.iter().partition(|bar| opaque.iter().any(|(range, _)| range.contains(bar)));
    let cells = |bars: &[usize]| {
        let outer = usize::from(row.starts_with('|')) + usize::from(row.trim_end().ends_with('|'));
        (bars.len() + 1).saturating_sub(outer)
    };
    let escaped = |bar: &usize| opaque.iter().any(|(range, escape)| *escape && range.contains(bar));
    if cells(&dividing) < columns && cells(&bars) <= columns {
        return inside.into_iter().filter(|bar| escaped(bar)).collect();
    }
    if cells(&dividing) > columns {
        let pair = |bar: &usize| {
            let other =
                |at: Option<usize>| at.is_some_and(|at| *bar > 0 && dividing.binary_search(&at).is_ok());
            other(bar.checked_sub(1)) || other(Some(bar + 1))
        };
        let (pairs, single): (Vec<usize>, Vec<usize>) = dividing.iter().partition(|bar| pair(bar));
        if cells(&single) == columns {
            return inside.into_iter().chain(pairs).collect();
        }
    }
    inside
}
