//! The back end for classic messages: the document laid out as flat text.
//!
//! Fed by `answer` and `draft`. Shows structure with what every client has: indents, bullets, bold, monospace and quotes.

use std::rc::Rc;

use super::doc::{Block, Inline, Item, Kind, Style};
use super::flat::{Border, Flat, Look, Pre, Quote};
use super::{inline, table};

/// A line across the message.
const RULE: &str = "──────────";

/// Lays out blocks.
pub(super) fn flat(blocks: &[Block]) -> Flat {
    let mut writer = Writer { at_line_start: true, ..Writer::default() };
    writer.blocks(blocks, "\n\n");
    writer.flat
}

#[derive(Default)]
struct Writer {
    flat: Flat,
    /// What surrounds the block being written.
    base: Look,
    /// Goes before each line of the block being written.
    indent: String,
    /// Goes before the next line instead: the marker of a list item.
    marker: Option<String>,
    /// How many lists are open.
    lists: usize,
    at_line_start: bool,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block], gap: &str) {
        for (index, block) in blocks.iter().enumerate() {
            if index > 0 {
                let border = match blocks[index - 1] {
                    Block::Heading(..) => Border::Glue,
                    _ if self.lists == 0 => Border::Block,
                    _ => Border::Line,
                };
                self.gap(gap, border);
            }
            self.block(block, gap);
        }
    }

    fn gap(&mut self, breaks: &str, border: Border) {
        self.flat.push_border(breaks, &self.base, border);
        self.at_line_start = true;
    }

    fn block(&mut self, block: &Block, gap: &str) {
        match block {
            Block::Paragraph(line) => self.line(line, Border::Line, |_| ()),
            Block::Row(line) => self.line(line, Border::Glue, |_| ()),
            Block::Heading(level, line) => self.line(line, Border::Glue, |look| {
                look.formats.bold = true;
                look.formats.underline |= *level == 1;
            }),
            Block::Code { language, text } => self.pre(text, language.clone()),
            Block::Formula(tex) if inline::told(tex).is_some() => {
                self.write(&inline::told(tex).unwrap_or_default(), &self.base.clone(), Border::Line);
            }
            Block::Formula(tex) => self.pre(&tex.replace("\\\\ ", "\\\\\n"), Some("latex".into())),
            Block::Rule => self.write(RULE, &self.base.clone(), Border::Line),
            Block::Quote(blocks) => self.quoted(blocks, Quote::Plain, gap),
            Block::List(items) => self.list(items),
            Block::Table(table) => self.blocks(&table::lowered(table), gap),
            Block::Details { summary, blocks } => {
                self.write("▸ ", &self.base.clone(), Border::Glue);
                self.line(summary, Border::Glue, |look| look.formats.bold = true);
                if !blocks.is_empty() {
                    self.gap("\n", Border::Glue);
                    self.quoted(blocks, Quote::Folded, gap);
                }
            }
        }
    }

    /// A quote; within another one, where Telegram allows none, lines with a mark.
    fn quoted(&mut self, blocks: &[Block], quote: Quote, gap: &str) {
        if self.base.quote.is_some() {
            let indent = self.indent.len();
            if let Some(marker) = &mut self.marker {
                marker.push_str("> ");
            }
            self.indent.push_str("> ");
            self.blocks(blocks, gap);
            self.indent.truncate(indent);
        } else {
            self.begin_alone();
            let indent = std::mem::take(&mut self.indent);
            self.base.quote = Some(quote);
            self.blocks(blocks, gap);
            self.base.quote = None;
            self.indent = indent;
        }
    }

    fn list(&mut self, items: &[Item]) {
        let bullet = ["•", "◦", "▪"][self.lists % 3];
        self.lists += 1;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.gap("\n", Border::Line);
            }
            let number = item.number.map(|number| format!("{number}."));
            let task = item.checked.map(|ticked| if ticked { "☑" } else { "☐" });
            let marker = match (number, task) {
                (Some(number), Some(task)) => format!("{number} {task} "),
                (Some(number), None) => format!("{number} "),
                (None, task) => format!("{} ", task.unwrap_or(bullet)),
            };
            let indent = self.indent.len();
            let before = self.marker.take().unwrap_or_else(|| self.indent.clone());
            self.indent.push_str(&" ".repeat(marker.chars().count()));
            self.marker = Some(before + &marker);
            self.blocks(&item.blocks, "\n");
            self.indent.truncate(indent);
        }
        self.lists -= 1;
    }

    fn pre(&mut self, text: &str, language: Option<Rc<str>>) {
        self.begin_alone();
        let look = Look { pre: Some(Pre(language)), ..self.base.clone() };
        // Telegram would take the first line's indent out of the block.
        if let Some(rest) = text.strip_prefix(' ') {
            self.flat.push("\u{a0}", &look);
            self.flat.push(rest, &look);
        } else {
            self.flat.push(text, &look);
        }
        self.at_line_start = false;
    }

    /// Code and quotes begin on a line of their own, and without an indent: it would be copied along.
    fn begin_alone(&mut self) {
        if self.marker.is_some() {
            self.prefix();
            self.gap("\n", Border::Glue);
        }
    }

    fn line(&mut self, line: &Inline, border: Border, also: impl Fn(&mut Look)) {
        for span in &line.0 {
            let mut look = self.look(&span.style);
            also(&mut look);
            self.write(&span.shown(), &look, border);
        }
    }

    fn look(&self, style: &Style) -> Look {
        Look {
            formats: style.formats,
            code: style.kind != Kind::Words,
            link: style.link.clone(),
            ..self.base.clone()
        }
    }

    fn write(&mut self, text: &str, look: &Look, border: Border) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                // A format that goes on in the next line is one entity: a message has room for a hundred.
                self.flat.push_border("\n", look, border);
                self.at_line_start = true;
            }
            if !line.is_empty() {
                self.prefix();
                self.flat.push(line, look);
            }
        }
    }

    fn prefix(&mut self) {
        if std::mem::take(&mut self.at_line_start) {
            let prefix = self.marker.take();
            self.flat.push(prefix.as_deref().unwrap_or(&self.indent), &self.base);
        }
    }
}
