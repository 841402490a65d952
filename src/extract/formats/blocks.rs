//! Text as it is put together from a document's elements: paragraphs, headings, lists, tables; written as Markdown.

/// What a paragraph is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    #[default]
    Plain,
    /// Of a level from 1.
    Heading(usize),
    /// How deep it stands in its list, from 0, and what it begins with: `-`, `3.`
    Item(usize, String),
}

/// A text that grows paragraph by paragraph, until there is enough of it.
pub(super) struct Blocks {
    out: String,
    enough: usize,
    line: String,
    mark: Mark,
    /// Whether the last paragraph was an item of a list, so that the next one is not set off.
    after_item: bool,
    /// From the outermost to the innermost.
    tables: Vec<Table>,
    /// What is held in tables and the line.
    held: usize,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
}

impl Blocks {
    /// Nothing yet. More than `enough` bytes are not wanted.
    pub(super) fn new(enough: usize) -> Self {
        Self {
            out: String::new(),
            enough,
            line: String::new(),
            mark: Mark::Plain,
            after_item: false,
            tables: Vec::new(),
            held: 0,
        }
    }

    /// Whether there is enough; what comes after that is not wanted.
    pub(super) fn is_full(&self) -> bool {
        self.out.len() + self.held > self.enough
    }

    /// Adds to the current paragraph.
    pub(super) fn text(&mut self, text: &str) {
        if !self.is_full() {
            self.held += text.len();
            self.line.push_str(text);
        }
    }

    /// Adds to the current paragraph with each run of blanks as one blank, as HTML shows it.
    pub(super) fn flowing(&mut self, text: &str) {
        let mut blank = self.line.is_empty() || self.line.ends_with([' ', '\n']);
        let mut flowing = String::with_capacity(text.len());
        for c in text.chars() {
            let is_blank = matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
            if !is_blank {
                flowing.push(c);
            } else if !blank {
                flowing.push(' ');
            }
            blank = is_blank;
        }
        self.text(&flowing);
    }

    /// Says what the current paragraph is.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.mark = mark;
    }

    /// Whether the current paragraph is a heading.
    pub(super) fn is_heading(&self) -> bool {
        matches!(self.mark, Mark::Heading(_))
    }

    /// Ends the current paragraph; an empty one leaves nothing, and its mark goes to the next.
    pub(super) fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.held = self.held.saturating_sub(line.len());
        let line = line.trim_end();
        if line.trim().is_empty() {
            return;
        }
        let mark = std::mem::take(&mut self.mark);
        if let Some(cell) = self.tables.last_mut().and_then(|table| table.rows.last_mut()?.last_mut()) {
            // A cell is one line.
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            self.held += line.len() + 1;
            if !cell.is_empty() {
                cell.push(' ');
            }
            if let Mark::Item(_, begin) = mark {
                cell.push_str(&begin);
                cell.push(' ');
            }
            cell.push_str(&line);
            return;
        }
        let is_item = matches!(mark, Mark::Item(..));
        if !self.out.is_empty() {
            self.out.push_str(if is_item && self.after_item { "\n" } else { "\n\n" });
        }
        self.after_item = is_item;
        match mark {
            Mark::Plain => self.out.push_str(line),
            Mark::Heading(level) => {
                self.out.push_str(&"#".repeat(level.clamp(1, 6)));
                self.out.push(' ');
                // A heading is one line.
                self.out.push_str(&line.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            Mark::Item(depth, begin) => {
                self.out.push_str(&"  ".repeat(depth.min(8)));
                self.out.push_str(&begin);
                self.out.push(' ');
                self.out.push_str(line.trim_start());
            }
        }
    }

    /// Begins a table, in the cell of another one too.
    pub(super) fn begin_table(&mut self) {
        self.end();
        self.mark = Mark::Plain;
        self.tables.push(Table::default());
    }

    /// Begins a row.
    pub(super) fn begin_row(&mut self) {
        self.end();
        if let Some(table) = self.tables.last_mut() {
            self.held += 1;
            table.rows.push(Vec::new());
        }
    }

    /// Begins a cell.
    pub(super) fn begin_cell(&mut self) {
        self.end();
        if let Some(table) = self.tables.last_mut() {
            self.held += 1;
            if table.rows.is_empty() {
                table.rows.push(Vec::new());
            }
            if let Some(row) = table.rows.last_mut() {
                row.push(String::new());
            }
        }
    }

    /// Ends the innermost table and writes it; one in a cell of another becomes words of that cell.
    pub(super) fn end_table(&mut self) {
        self.end();
        self.mark = Mark::Plain;
        let Some(Table { rows }) = self.tables.pop() else { return };
        let size: usize =
            rows.iter().map(|row| 1 + row.iter().map(|cell| cell.len() + 1).sum::<usize>()).sum();
        self.held = self.held.saturating_sub(size);
        if self.tables.is_empty() {
            let table = markdown(&rows);
            if !table.is_empty() {
                if !self.out.is_empty() {
                    self.out.push_str("\n\n");
                }
                self.out.push_str(&table);
                self.after_item = false;
            }
        } else {
            let words: Vec<String> = rows.into_iter().map(|row| row.join(" ")).collect();
            self.text(words.join("; ").trim());
            self.end();
        }
    }

    /// Whether a table is open.
    pub(super) fn is_in_table(&self) -> bool {
        !self.tables.is_empty()
    }

    /// All of it.
    pub(super) fn finish(mut self) -> String {
        while self.is_in_table() {
            self.end_table();
        }
        self.end();
        self.out
    }
}

/// A table in Markdown. One of a single column or row is for the layout: its cells are lines.
fn markdown(rows: &[Vec<String>]) -> String {
    let rows: Vec<&[String]> = rows
        .iter()
        .map(|row| {
            let end = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            &row[..end]
        })
        .filter(|row| !row.is_empty())
        .collect();
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    if columns <= 1 || rows.len() <= 1 {
        let lines: Vec<String> = rows.iter().map(|row| row.join(" | ")).collect();
        return lines.join("\n");
    }
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            table.push('\n');
        }
        table.push('|');
        // Rows need not be as long as the longest: a hostile one would be paid for by all.
        let columns = if index == 0 { columns.min(row.len() + 64) } else { row.len() };
        for column in 0..columns {
            table.push(' ');
            table.push_str(&row.get(column).map_or(String::new(), |cell| cell.replace('|', "\\|")));
            table.push_str(" |");
        }
        if index == 0 {
            table.push_str("\n|");
            table.push_str(&" --- |".repeat(columns));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(blocks: &mut Blocks, rows: &[&[&str]]) {
        for row in rows {
            blocks.begin_row();
            for cell in *row {
                blocks.begin_cell();
                blocks.text(cell);
                blocks.end();
            }
        }
    }

    #[test]
    fn paragraphs_headings_lists_and_tables_are_markdown() {
        let mut blocks = Blocks::new(1000);
        blocks.mark(Mark::Heading(2));
        blocks.text("Heading");
        blocks.end();
        blocks.end();
        for (depth, begin, text) in [(0, "1.", "one"), (1, "-", "within")] {
            blocks.mark(Mark::Item(depth, begin.to_owned()));
            blocks.text(text);
            blocks.end();
        }
        blocks.begin_table();
        cells(&mut blocks, &[&["a", "b|c", ""], &["1", "2\n3"]]);
        blocks.begin_cell();
        blocks.begin_table();
        cells(&mut blocks, &[&["in", "ner"], &["x"]]);
        blocks.end_table();
        blocks.end_table();
        blocks.flowing("  last \n\n words ");
        let expected = "## Heading\n\n1. one\n  - within\n\n| a | b\\|c |  |\n| --- | --- | --- |\n| 1 | 2 3 | in ner; x |\n\nlast words";
        assert_eq!(blocks.finish(), expected);
    }

    #[test]
    fn a_table_for_the_layout_is_lines_and_what_is_too_much_is_not_taken() {
        let mut blocks = Blocks::new(20);
        blocks.begin_table();
        cells(&mut blocks, &[&["one"], &["two"]]);
        blocks.end_table();
        assert!(!blocks.is_full());
        for _ in 0..1000 {
            blocks.begin_table();
            blocks.begin_cell();
            blocks.text("and much more");
        }
        assert!(blocks.is_full());
        assert!(blocks.finish().len() < 200);
    }
}
