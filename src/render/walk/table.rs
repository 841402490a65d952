//! Tables: the rows of Markdown's, which no cell is lost of, and those of HTML.

use std::ops::Range;

use pulldown_cmark::{Alignment, Event, OffsetIter, Tag, TagEnd};

use super::Walk;
use crate::render::doc::{Block, Inline, Kind, Style, Table};

impl<'a> Walk<'a> {
    /// Reads a table to its end. The parser says where its rows are; their cells are counted here, for the parser drops
    /// those that have no heading.
    pub(super) fn table(&mut self, alignments: Vec<Alignment>, events: &mut OffsetIter<'a>) {
        self.flush();
        let mut rows = Vec::new();
        for (event, range) in events.by_ref() {
            match event {
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(self.row(range)),
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        if let Some(table) = table(alignments, rows) {
            self.block(table);
        }
    }

    fn row(&mut self, range: Range<usize>) -> Vec<Inline> {
        // The skeleton has no bars but those that divide cells.
        let line = self.skeleton[range.clone()].trim_end();
        let start = range.start + line.len() - line.trim_start().len();
        let line = line.trim_start();
        let (start, line) = line.strip_prefix('|').map_or((start, line), |inside| (start + 1, inside));
        let line = line.strip_suffix('|').unwrap_or(line);
        let mut cells = Vec::new();
        let mut from = start;
        for cell in line.split('|') {
            let text = self.source[from..from + cell.len()].trim().replace("\\|", "|");
            cells.push(self.cell(&text));
            from += cell.len() + 1;
        }
        cells
    }
}

/// A table of rows, the first of which is its head; as wide as the widest of them. `None` if it is blank.
fn table(mut alignments: Vec<Alignment>, mut rows: Vec<Vec<Inline>>) -> Option<Block> {
    let width = rows.iter().map(Vec::len).max()?;
    if rows.iter().flatten().all(Inline::is_blank) {
        return None;
    }
    for row in &mut rows {
        row.resize_with(width, Inline::default);
    }
    alignments.resize(width, Alignment::None);
    let head = rows.remove(0);
    Some(Block::Table(Table { alignments, head, rows }))
}

/// The rows of a table of HTML, as far as they have been read.
#[expect(clippy::struct_field_names, reason = "the rows that are read, the row and the cell being read")]
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Vec<Inline>>,
    row: Vec<Inline>,
    cell: Option<Inline>,
}

impl Rows {
    /// Adds a line to the cell being read; what stands outside of cells makes one.
    pub(super) fn add(&mut self, line: &Inline) {
        if line.is_blank() {
            return;
        }
        let cell = self.cell.get_or_insert_default();
        if !cell.0.is_empty() {
            cell.push("\n", &Style::default());
        }
        cell.extend(line);
    }

    /// Adds the lines of a block to the cell being read.
    pub(super) fn put(&mut self, block: &Block) {
        match block {
            Block::Paragraph(line) | Block::Row(line) | Block::Heading(_, line) => self.add(line),
            Block::Code { text, .. } => self.add(&Inline::of(text, Kind::Code)),
            Block::Formula(tex) => self.add(&Inline::of(tex, Kind::Formula)),
            Block::Rule => {}
            Block::Quote(blocks) => blocks.iter().for_each(|block| self.put(block)),
            Block::List(items) => {
                items.iter().flat_map(|item| &item.blocks).for_each(|block| self.put(block));
            }
            Block::Table(table) => {
                std::iter::once(&table.head).chain(&table.rows).flatten().for_each(|cell| self.add(cell));
            }
            Block::Details { summary, blocks } => {
                self.add(summary);
                for block in blocks {
                    self.put(block);
                }
            }
        }
    }

    pub(super) fn begin_cell(&mut self) {
        self.end_cell();
        self.cell = Some(Inline::default());
    }

    pub(super) fn end_cell(&mut self) {
        self.row.extend(self.cell.take());
    }

    pub(super) fn end_row(&mut self) {
        self.end_cell();
        if !self.row.is_empty() {
            self.rows.push(std::mem::take(&mut self.row));
        }
    }

    pub(super) fn finished(mut self) -> Option<Block> {
        self.end_row();
        table(Vec::new(), self.rows)
    }
}
