//! Books in FictionBook (.fb2), chapter by chapter.

use super::blocks::{Blocks, Mark};
use super::xml::{self, Element, Node, Xml};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let text = xml::decode(bytes).ok_or(Refused::Damaged)?;
    let collected = Collected::new("fb2", Unit::Chapter, characters);
    let mut book =
        Book { blocks: Blocks::new(collected.enough()), collected, sections: 0, titles: 0, name: None };
    book.read(&text)?;
    book.collected.finish()
}

struct Book {
    collected: Collected,
    blocks: Blocks,
    /// How many sections are open.
    sections: usize,
    /// How many titles are open.
    titles: usize,
    /// What the chapter is called.
    name: Option<String>,
}

impl Book {
    fn read(&mut self, text: &str) -> Result<(), Refused> {
        let mut xml = Xml::new(text);
        let mut words = 0_usize;
        while let Some(node) = xml.next() {
            match node {
                Node::Open(element) => match element.name() {
                    // Pictures, and what is told to programs.
                    "binary" | "stylesheet" | "document-info" | "publish-info" | "src-title-info" => {
                        xml.pass();
                    }
                    "title-info" => self.about(&mut xml),
                    "p" | "v" | "subtitle" | "text-author" | "date" | "td" | "th" => {
                        words += 1;
                        self.open(&element);
                    }
                    _ => self.open(&element),
                },
                Node::Close(end) => match end.name() {
                    "p" | "v" | "subtitle" | "text-author" | "date" | "td" | "th" => {
                        words = words.saturating_sub(1);
                        self.blocks.end();
                    }
                    name => self.close(name),
                },
                Node::Text(text) if words > 0 && !self.collected.is_full() => {
                    if self.titles > 0 && self.sections <= 1 {
                        let name = self.name.get_or_insert_default();
                        if name.len() < 300 {
                            name.push_str(&text);
                        }
                    }
                    self.blocks.flowing(&text);
                }
                Node::Text(_) => {}
            }
        }
        self.end_chapter();
        if xml.is_broken { Err(Refused::Damaged) } else { Ok(()) }
    }

    /// Title and author; the rest is about the file.
    fn about(&mut self, xml: &mut Xml<'_>) {
        let (mut title, mut names) = (String::new(), Vec::new());
        loop {
            match xml.next() {
                Some(Node::Open(element)) => match element.name() {
                    "book-title" => title = xml.words(),
                    "first-name" | "middle-name" | "last-name" | "nickname" => names.push(xml.words()),
                    // The names of translators are not those of authors.
                    "translator" => xml.pass(),
                    _ => {}
                },
                Some(Node::Close(end)) if end.name() == "title-info" => break,
                Some(_) => {}
                None => return,
            }
        }
        let names = names
            .iter()
            .map(|name| name.trim())
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        let title = if names.is_empty() { title } else { format!("{names}. {}", title.trim()) };
        self.collected.title(&title);
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name() {
            "body" => {
                self.end_chapter();
                // A body of its own holds the notes.
                self.name = element.attribute("name").filter(|name| !name.is_empty());
            }
            "section" => {
                if self.sections == 0 {
                    self.end_chapter();
                }
                self.sections += 1;
            }
            "title" => {
                self.blocks.end();
                self.titles += 1;
                if self.sections <= 1 {
                    self.name = None;
                }
            }
            "p" if self.titles > 0 => {
                self.blocks.end();
                if let Some(name) = self.name.as_mut().filter(|_| self.sections <= 1) {
                    name.push(' ');
                }
                self.blocks.mark(Mark::Heading(self.sections.max(1)));
            }
            "subtitle" => {
                self.blocks.end();
                self.blocks.mark(Mark::Heading(self.sections + 1));
            }
            "p" | "v" => self.blocks.end(),
            "table" => self.blocks.begin_table(),
            "tr" => self.blocks.begin_row(),
            "td" | "th" => self.blocks.begin_cell(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "section" => {
                self.sections = self.sections.saturating_sub(1);
                if self.sections == 0 {
                    self.end_chapter();
                }
            }
            "title" => {
                self.titles = self.titles.saturating_sub(1);
                self.blocks.mark(Mark::Plain);
            }
            "table" => self.blocks.end_table(),
            _ => {}
        }
    }

    fn end_chapter(&mut self) {
        let blocks = std::mem::replace(&mut self.blocks, Blocks::new(self.collected.enough()));
        let text = blocks.finish();
        if !text.trim().is_empty() {
            self.collected.add(self.name.take(), &text);
        }
    }
}
