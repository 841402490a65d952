//! What the styles of an OpenDocument file say about its text: what is hidden, what is a heading, which lists are numbered.

use std::collections::{HashMap, HashSet};

use super::xml::{Node, Xml};

/// The styles of one file, by their names.
#[derive(Default)]
pub(super) struct Styles {
    hidden: HashSet<String>,
    headings: HashMap<String, usize>,
    /// The levels of lists that are numbered, from 1.
    numbered: HashSet<(String, usize)>,
}

impl Styles {
    /// Reads what stands before the text.
    pub(super) fn read(content: &str) -> Self {
        let mut styles = Self::default();
        let mut style = String::new();
        for node in Xml::new(content) {
            let Node::Open(element) = node else { continue };
            match element.name() {
                "style" => {
                    style = element.attribute("name").unwrap_or_default();
                    if let Some(level) = element.attribute("parent-style-name").as_deref().and_then(built_in)
                    {
                        styles.headings.insert(style.clone(), level);
                    }
                }
                "list-style" => style = element.attribute("name").unwrap_or_default(),
                "list-level-style-number" => {
                    // A level without a format shows no number.
                    let shows = element.attribute("num-format").is_some_and(|format| !format.is_empty());
                    if let (true, Some(level)) = (shows, element.number("level")) {
                        styles.numbered.insert((style.clone(), level));
                    }
                }
                "table-properties" if !element.is_on("display") => drop(styles.hidden.insert(style.clone())),
                "drawing-page-properties" if element.attribute("visibility").as_deref() == Some("hidden") => {
                    styles.hidden.insert(style.clone());
                }
                "body" => break,
                _ => {}
            }
        }
        styles
    }

    /// Whether sheets or slides of this style are not shown.
    pub(super) fn is_hidden(&self, style: &str) -> bool {
        self.hidden.contains(style)
    }

    /// The level of the heading that a paragraph of this style is.
    pub(super) fn heading(&self, style: &str) -> Option<usize> {
        self.headings.get(style).copied().or_else(|| built_in(style))
    }

    /// Whether a list of this style has numbers at this level, from 1.
    pub(super) fn is_numbered(&self, style: &str, level: usize) -> bool {
        self.numbered.contains(&(style.to_owned(), level))
    }
}

/// The styles that every program has: `Title`, and `Heading 2`, written with the number of its blank.
fn built_in(style: &str) -> Option<usize> {
    if style == "Title" { Some(1) } else { style.strip_prefix("Heading_20_")?.parse().ok() }
}
