//! Documents of Word (.docx, .docm).

use std::collections::HashMap;

use super::blocks::{Blocks, Mark};
use super::numbering::Numbering;
use super::package::Package;
use super::sheets::core_title;
use super::xml::{Element, Node, Xml};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(package: &mut Package<'_>, characters: usize) -> Result<Extracted, Refused> {
    let mut collected = Collected::new("docx", Unit::Whole, characters);
    if let Some(title) = package.text("docProps/core.xml")?.as_deref().and_then(core_title) {
        collected.title(&title);
    }
    let styles = package.text("word/styles.xml")?.map(|styles| headings(&styles)).unwrap_or_default();
    let numbering = package.text("word/numbering.xml")?;
    let numbering = numbering.map(|numbering| Numbering::read(&numbering)).unwrap_or_default();
    let main = if package.has("word/document.xml") { "word/document.xml" } else { "word/document2.xml" };
    let mut body = Body { blocks: Blocks::new(collected.enough()), styles, numbering, notes: Vec::new() };
    body.read(&package.needed(main)?)?;
    let notes = std::mem::take(&mut body.notes);
    for (part, sign) in [("word/footnotes.xml", "^"), ("word/endnotes.xml", "^e")] {
        let wanted: Vec<&String> = notes.iter().filter(|(kind, _)| *kind == sign).map(|(_, id)| id).collect();
        if !wanted.is_empty()
            && let Some(text) = package.text(part)?
        {
            body.footnotes(&text, sign, &wanted);
        }
    }
    collected.add(None, &body.blocks.finish());
    collected.finish()
}

/// The levels of the styles that are headings, by their ids: names differ by language, ids by program.
fn headings(styles: &str) -> HashMap<String, usize> {
    let mut levels = HashMap::new();
    let mut style: Option<String> = None;
    for node in Xml::new(styles) {
        let Node::Open(element) = node else { continue };
        let value = element.attribute("val").unwrap_or_default();
        match element.name() {
            "style" => style = element.attribute("styleId"),
            "name" => {
                let name = value.to_lowercase();
                let level = if name == "title" {
                    Some(1)
                } else {
                    name.strip_prefix("heading ").and_then(|level| level.parse().ok())
                };
                if let (Some(style), Some(level)) = (&style, level) {
                    levels.insert(style.clone(), level);
                }
            }
            "outlineLvl" => {
                // The ninth means that it is none.
                if let (Some(style), Some(level)) =
                    (&style, value.parse().ok().filter(|level: &usize| *level < 9))
                {
                    levels.entry(style.clone()).or_insert(level + 1);
                }
            }
            _ => {}
        }
    }
    levels
}

struct Body {
    blocks: Blocks,
    styles: HashMap<String, usize>,
    numbering: Numbering,
    /// Notes that were referred to: their kind, and their id.
    notes: Vec<(&'static str, String)>,
}

impl Body {
    fn read(&mut self, text: &str) -> Result<(), Refused> {
        let mut xml = Xml::new(text);
        let mut in_text = false;
        while let Some(node) = xml.next() {
            if self.blocks.is_full() {
                return Ok(());
            }
            match node {
                Node::Open(element) => match element.name() {
                    // The same text again for programs that do not know the newer form; what was deleted, moved away, or is told to
                    // programs.
                    "Fallback" | "del" | "moveFrom" | "instrText" | "sectPr" | "pPrChange" | "rPrChange" => {
                        xml.pass();
                    }
                    "t" => in_text = true,
                    _ => self.open(&element),
                },
                Node::Close(end) => match end.name() {
                    "t" => in_text = false,
                    "p" => self.blocks.end(),
                    "tbl" => self.blocks.end_table(),
                    _ => {}
                },
                Node::Text(text) if in_text => self.blocks.text(&text),
                Node::Text(_) => {}
            }
        }
        if xml.is_broken { Err(Refused::Damaged) } else { Ok(()) }
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name() {
            "p" => {
                self.blocks.end();
                self.blocks.mark(Mark::Plain);
            }
            "pStyle" => {
                let style = element.attribute("val").unwrap_or_default();
                if let Some(level) = self.styles.get(&style) {
                    self.blocks.mark(Mark::Heading(*level));
                }
            }
            "ilvl" => self.numbering.level(element.number("val").unwrap_or_default()),
            "numId" => {
                let list = element.attribute("val").unwrap_or_default();
                // A numbered heading stays one.
                if let Some((depth, begin)) = self.numbering.item(&list)
                    && !self.blocks.is_heading()
                {
                    self.blocks.mark(Mark::Item(depth, begin));
                }
            }
            "tab" | "ptab" => self.blocks.text("\t"),
            "br" | "cr" => self.blocks.text("\n"),
            "noBreakHyphen" => self.blocks.text("-"),
            "tbl" => self.blocks.begin_table(),
            "tr" => self.blocks.begin_row(),
            "tc" => self.blocks.begin_cell(),
            "footnoteReference" => self.refer("^", element),
            "endnoteReference" => self.refer("^e", element),
            _ => {}
        }
    }

    fn refer(&mut self, sign: &'static str, element: &Element<'_>) {
        if let Some(id) = element.attribute("id") {
            self.blocks.text(&format!("[{sign}{id}]"));
            self.notes.push((sign, id));
        }
    }

    /// Writes the notes that were referred to, at the end.
    fn footnotes(&mut self, text: &str, sign: &str, wanted: &[&String]) {
        let mut xml = Xml::new(text);
        while let Some(node) = xml.next() {
            if self.blocks.is_full() {
                return;
            }
            let Node::Open(element) = node else { continue };
            let id = element.attribute("id").filter(|id| wanted.contains(&id));
            if let (true, Some(id)) = (matches!(element.name(), "footnote" | "endnote"), id) {
                let words = xml.words();
                self.blocks.end();
                self.blocks.text(&format!("[{sign}{id}]: {}", words.trim()));
                self.blocks.end();
            }
        }
    }
}
