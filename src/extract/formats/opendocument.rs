//! OpenDocument, as LibreOffice writes it: texts (.odt), workbooks (.ods) and presentations (.odp) have one language.

use super::blocks::{Blocks, Mark};
use super::opendocument_styles::Styles;
use super::package::Package;
use super::sheets::core_title;
use super::xml::{Element, Node, Xml};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

/// How often an empty or equal cell is written that says it repeats itself: sheets end in a million empty ones.
const REPEATED: usize = 16;

pub(super) fn read(
    package: &mut Package<'_>,
    declared: &str,
    characters: usize,
) -> Result<Extracted, Refused> {
    let manifest = package.text("META-INF/manifest.xml")?.unwrap_or_default();
    if manifest.contains("encryption-data") {
        return Err(Refused::Encrypted);
    }
    let (format, unit) = if declared.contains("spreadsheet") {
        ("ods", Unit::Sheet)
    } else if declared.contains("presentation") {
        ("odp", Unit::Slide)
    } else {
        ("odt", Unit::Whole)
    };
    let mut collected = Collected::new(format, unit, characters);
    if let Some(title) = package.text("meta.xml")?.as_deref().and_then(core_title) {
        collected.title(&title);
    }
    let content = package.needed("content.xml")?;
    let mut reader = Content {
        blocks: Blocks::new(collected.enough()),
        collected,
        unit,
        styles: Styles::read(&content),
        lists: Vec::new(),
        notes: Vec::new(),
        sheet: Sheet::default(),
        name: None,
        paragraphs: 0,
    };
    reader.read(&content)?;
    reader.collected.finish()
}

/// A row of a workbook as it is read: its cells are written with tabs between.
#[derive(Default)]
struct Sheet {
    row: String,
    cell: String,
    /// Tabs that are written when a cell with words follows.
    tabs: usize,
    repeated: usize,
    repeated_row: usize,
    empty_rows: bool,
    text: String,
}

struct Content {
    collected: Collected,
    unit: Unit,
    styles: Styles,
    blocks: Blocks,
    /// The open lists: their style, and how far each was counted.
    lists: Vec<(String, usize)>,
    /// The notes of the text, to be written at its end.
    notes: Vec<(String, String)>,
    sheet: Sheet,
    /// The name of the sheet or slide that is being read.
    name: Option<String>,
    /// How many paragraphs are open.
    paragraphs: usize,
}

impl Content {
    fn read(&mut self, content: &str) -> Result<(), Refused> {
        let mut xml = Xml::new(content);
        let mut pieces = 0;
        while let Some(node) = xml.next() {
            if self.blocks.is_full() && self.unit == Unit::Whole {
                break;
            }
            match node {
                Node::Open(element) => match element.name() {
                    // Deleted words, remarks, what is drawn beside, and everything before the text.
                    "tracked-changes" | "annotation" | "font-face-decls" | "automatic-styles" | "scripts"
                    | "settings" | "forms" | "date-time-decl" | "footer-decl" => xml.pass(),
                    "note" => self.note(&mut xml),
                    "table" if self.unit == Unit::Sheet => {
                        pieces += 1;
                        self.begin_piece(&element);
                    }
                    "page" if self.unit == Unit::Slide => {
                        pieces += 1;
                        self.begin_piece(&element);
                    }
                    _ if self.collected.is_full() => {}
                    _ if self.unit == Unit::Sheet => self.open_cell(&element),
                    _ => self.open(&element),
                },
                Node::Close(end) => match end.name() {
                    "table" if self.unit == Unit::Sheet => {
                        let text = std::mem::take(&mut self.sheet).text;
                        self.collected.add(self.name.take(), &text);
                    }
                    "page" if self.unit == Unit::Slide => {
                        let blocks =
                            std::mem::replace(&mut self.blocks, Blocks::new(self.collected.enough()));
                        self.collected.add(self.name.take(), &blocks.finish());
                    }
                    _ if self.unit == Unit::Sheet => self.close_cell(end.name()),
                    name => self.close(name),
                },
                Node::Text(text) if self.paragraphs > 0 => self.text(&text),
                Node::Text(_) => {}
            }
        }
        if xml.is_broken {
            return Err(Refused::Damaged);
        }
        if self.unit == Unit::Whole {
            self.finish_text();
        } else if pieces == 0 {
            return Err(Refused::Empty);
        }
        Ok(())
    }

    fn begin_piece(&mut self, element: &Element<'_>) {
        let name = element.attribute("name").unwrap_or_default();
        let is_hidden = element.attribute("style-name").is_some_and(|style| self.styles.is_hidden(&style));
        // Slides are called `page7` unless somebody gives them names.
        let name = if self.unit == Unit::Slide { String::new() } else { name };
        self.name = Some(match (name.is_empty(), is_hidden) {
            (true, true) => "hidden".to_owned(),
            (false, true) => format!("{name} (hidden)"),
            (_, false) => name,
        });
        self.sheet = Sheet::default();
    }

    fn text(&mut self, text: &str) {
        if self.unit == Unit::Sheet {
            if self.sheet.text.len() + self.sheet.cell.len() <= self.collected.enough() {
                self.sheet.cell.push_str(text);
            }
        } else {
            self.blocks.flowing(text);
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name() {
            "h" => {
                self.blocks.end();
                self.paragraphs += 1;
                self.blocks.mark(Mark::Heading(element.number("outline-level").unwrap_or(1)));
            }
            "p" => {
                self.blocks.end();
                self.paragraphs += 1;
                let style = element.attribute("style-name");
                if let Some(level) = style.and_then(|style| self.styles.heading(&style)) {
                    self.blocks.mark(Mark::Heading(level));
                }
            }
            // A list within another one has its style. Nobody nests deeper than that.
            "list" if self.lists.len() < 1000 => {
                let outer = self.lists.last().map(|(style, _)| style.clone());
                self.lists.push((element.attribute("style-name").or(outer).unwrap_or_default(), 0));
            }
            "list-item" | "list-header" => {
                self.blocks.end();
                let level = self.lists.len();
                let Some((style, count)) = self.lists.last_mut() else { return };
                *count += 1;
                let begin =
                    if self.styles.is_numbered(style, level) { format!("{count}.") } else { "-".to_owned() };
                self.blocks.mark(Mark::Item(level - 1, begin));
            }
            "notes" => {
                self.blocks.end();
                self.blocks.text("Notes:");
                self.blocks.end();
            }
            "table" => self.blocks.begin_table(),
            "table-row" => self.blocks.begin_row(),
            "table-cell" => self.blocks.begin_cell(),
            // The number of the slide stands in its notes, too.
            "page-number" => self.paragraphs = 0,
            _ => self.blank(element),
        }
    }

    fn blank(&mut self, element: &Element<'_>) {
        let blank = match element.name() {
            "s" => " ".repeat(element.number("c").unwrap_or(1).min(100)),
            "tab" => "\t".to_owned(),
            "line-break" => "\n".to_owned(),
            _ => return,
        };
        if self.unit == Unit::Sheet { self.sheet.cell.push_str(&blank) } else { self.blocks.text(&blank) }
    }

    fn close(&mut self, name: &str) {
        match name {
            "h" | "p" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                self.blocks.end();
            }
            "list" => drop(self.lists.pop()),
            "list-item" => {
                self.blocks.end();
                self.blocks.mark(Mark::Plain);
            }
            "table" => self.blocks.end_table(),
            _ => {}
        }
    }

    fn note(&mut self, xml: &mut Xml<'_>) {
        let sign = format!("^{}", self.notes.len() + 1);
        let mut words = String::new();
        // The sign of the note is its first element, which is counted anew here.
        loop {
            match xml.next() {
                Some(Node::Open(element)) if element.name() == "note-citation" => xml.pass(),
                Some(Node::Open(element)) if element.name() == "note-body" => words = xml.words(),
                Some(Node::Close(end)) if end.name() == "note" => break,
                Some(_) => {}
                None => return,
            }
        }
        self.text(&format!("[{sign}]"));
        self.notes.push((sign, words));
    }

    fn finish_text(&mut self) {
        self.blocks.end();
        for (sign, words) in std::mem::take(&mut self.notes) {
            self.blocks.text(&format!("[{sign}]: {}", words.trim()));
            self.blocks.end();
        }
        let blocks = std::mem::replace(&mut self.blocks, Blocks::new(0));
        self.collected.add(None, &blocks.finish());
    }

    fn open_cell(&mut self, element: &Element<'_>) {
        match element.name() {
            "table-row" => {
                let repeated = element.number("number-rows-repeated").unwrap_or(1);
                let text = std::mem::take(&mut self.sheet.text);
                self.sheet = Sheet {
                    text,
                    repeated_row: repeated,
                    empty_rows: self.sheet.empty_rows,
                    ..Sheet::default()
                };
            }
            "table-cell" | "covered-table-cell" => {
                self.sheet.repeated = element.number("number-columns-repeated").unwrap_or(1);
                self.sheet.cell.clear();
            }
            "p" => {
                self.paragraphs += 1;
                if !self.sheet.cell.is_empty() {
                    self.sheet.cell.push(' ');
                }
            }
            _ => self.blank(element),
        }
    }

    fn close_cell(&mut self, name: &str) {
        let sheet = &mut self.sheet;
        match name {
            "p" => self.paragraphs = self.paragraphs.saturating_sub(1),
            "table-cell" | "covered-table-cell" => {
                let words = sheet.cell.split_whitespace().collect::<Vec<_>>().join(" ");
                sheet.cell.clear();
                if words.is_empty() {
                    sheet.tabs = sheet.tabs.saturating_add(sheet.repeated).min(REPEATED);
                    return;
                }
                for _ in 0..sheet.repeated.clamp(1, REPEATED) {
                    sheet.row.extend(std::iter::repeat_n('\t', sheet.tabs));
                    sheet.row.push_str(&words);
                    sheet.tabs = 1;
                }
            }
            "table-row" => {
                let row = std::mem::take(&mut sheet.row);
                sheet.tabs = 0;
                if row.is_empty() {
                    sheet.empty_rows = true;
                    return;
                }
                for _ in 0..sheet.repeated_row.clamp(1, REPEATED) {
                    if !sheet.text.is_empty() {
                        sheet.text.push_str(if sheet.empty_rows { "\n\n" } else { "\n" });
                    }
                    sheet.empty_rows = false;
                    sheet.text.push_str(&row);
                }
            }
            _ => {}
        }
    }
}
