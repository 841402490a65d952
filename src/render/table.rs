//! A table where there are no tables: aligned monospace while it is narrow enough to be read so, else row by row
//! in lines of heading and cell.
//!
//! Read by `text` for every table and by `rich` for one with more columns than Telegram takes.

use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

use super::doc::{Block, Formats, Inline, Style, Table};
use super::link;

/// The widest table shown as monospace, in columns of the terminal kind: wider ones wrap even on a desktop
/// and are unreadable there.
const MAX_WIDTH: usize = 72;

/// The table as simpler blocks with the same text.
pub(super) fn lowered(table: &Table) -> Vec<Block> {
    let grid: Vec<Vec<String>> = std::iter::once(&table.head)
        .chain(&table.rows)
        .map(|row| row.iter().map(cell_text).collect())
        .collect();
    let columns = grid.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            grid.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let separators = 3 * columns.saturating_sub(1);
    if widths.iter().sum::<usize>() + separators > MAX_WIDTH {
        told(table)
    } else {
        aligned(table, &grid, &widths)
    }
}

/// Cells padded to the width of their column.
fn aligned(table: &Table, grid: &[Vec<String>], widths: &[usize]) -> Vec<Block> {
    let mut text = String::new();
    for (index, row) in grid.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| padded(cell, *width, table.alignments.get(column)))
            .collect();
        text.push_str(cells.join(" │ ").trim_end());
        text.push('\n');
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            text.push_str(&rules.join("─┼─"));
            text.push('\n');
        }
    }
    text.pop();
    vec![Block::Code { language: None, text }]
}

fn padded(cell: &str, width: usize, alignment: Option<&Alignment>) -> String {
    let room = width.saturating_sub(cell.width());
    let before = match alignment {
        Some(Alignment::Right) => room,
        Some(Alignment::Center) => room / 2,
        _ => 0,
    };
    [&" ".repeat(before), cell, &" ".repeat(room - before)].concat()
}

/// The headings in a line, then each row as lines of heading and cell.
fn told(table: &Table) -> Vec<Block> {
    let bold = Style { formats: Formats { bold: true, ..Formats::default() }, ..Style::default() };
    let plain = Style::default();
    let mut head = Inline::default();
    for cell in table.head.iter().filter(|cell| !cell.is_blank()) {
        if !head.0.is_empty() {
            head.push(" · ", &bold);
        }
        head.push(&cell_text(cell), &bold);
    }
    let mut blocks = vec![Block::Row(head)];
    for row in &table.rows {
        let mut lines = Inline::default();
        for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_blank()) {
            if !lines.0.is_empty() {
                lines.push("\n", &plain);
            }
            if let Some(title) = table.head.get(column).filter(|title| !title.is_blank()) {
                lines.push(&cell_text(title), &bold);
                lines.push(": ", &plain);
            }
            lines.extend(cell);
        }
        blocks.push(Block::Row(lines));
    }
    blocks.retain(|block| matches!(block, Block::Row(line) if !line.is_blank()));
    blocks
}

/// A cell on one line, the targets of its links written out.
fn cell_text(cell: &Inline) -> String {
    let mut text = String::new();
    let mut linked = String::new();
    let mut spans = cell.0.iter().peekable();
    while let Some(span) = spans.next() {
        text.push_str(&span.shown().replace('\n', " "));
        let Some(address) = &span.style.link else { continue };
        linked.push_str(&span.text);
        if spans.peek().is_none_or(|next| next.style.link != span.style.link) {
            text.push_str(&link::aside(&linked, address));
            linked.clear();
        }
    }
    text
}
