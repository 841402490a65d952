//! The numbers of the lists in a document of Word: they stand nowhere in its text.

use std::collections::HashMap;

use super::xml::{Node, Xml};

/// Deeper than Word lets anybody go.
const LEVELS: usize = 9;

/// The lists of a document, and how far each was counted.
#[derive(Default)]
pub(super) struct Numbering {
    /// Whether the levels of a list are numbers, by its id.
    lists: HashMap<String, [bool; LEVELS]>,
    counted: HashMap<String, [usize; LEVELS]>,
    /// The level of the paragraph that is being read.
    level: usize,
}

impl Numbering {
    pub(super) fn read(text: &str) -> Self {
        let mut kinds: HashMap<String, [bool; LEVELS]> = HashMap::new();
        let mut lists = HashMap::new();
        let (mut kind, mut list, mut level) = (String::new(), String::new(), 0);
        for node in Xml::new(text) {
            let Node::Open(element) = node else { continue };
            match element.name() {
                "abstractNum" => {
                    kind = element.attribute("abstractNumId").unwrap_or_default();
                    kinds.insert(kind.clone(), [false; LEVELS]);
                }
                "lvl" => level = element.number("ilvl").unwrap_or(LEVELS),
                "numFmt" => {
                    let is_number = !matches!(element.attribute("val").as_deref(), Some("bullet" | "none"));
                    if let Some(place) = kinds.get_mut(&kind).and_then(|levels| levels.get_mut(level)) {
                        *place = is_number;
                    }
                }
                "num" => list = element.attribute("numId").unwrap_or_default(),
                "abstractNumId" => {
                    let kind = element.attribute("val").and_then(|kind| kinds.get(&kind));
                    lists.insert(list.clone(), kind.copied().unwrap_or_default());
                }
                _ => {}
            }
        }
        Self { lists, counted: HashMap::new(), level: 0 }
    }

    /// The level that the next item is of.
    pub(super) fn level(&mut self, level: usize) {
        self.level = level.min(LEVELS - 1);
    }

    /// The next item of a list: how deep it stands, and what it begins with. List 0 is none.
    pub(super) fn item(&mut self, list: &str) -> Option<(usize, String)> {
        let level = std::mem::take(&mut self.level);
        if list == "0" {
            return None;
        }
        let is_number = self.lists.get(list).is_some_and(|levels| levels[level]);
        if !is_number {
            return Some((level, "-".to_owned()));
        }
        let counted = self.counted.entry(list.to_owned()).or_default();
        counted[level] += 1;
        counted[level + 1..].fill(0);
        Some((level, format!("{}.", counted[level])))
    }
}
