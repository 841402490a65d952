//! What one place of an answer says for others: the targets of links, footnotes, which tags are closed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::address;
use super::tag::Tag;
use super::tag_at;
use crate::render::segments::Segments;

/// The longest label of a link, in bytes.
const MAX_LABEL: usize = 200;

/// The definitions of an answer.
#[derive(Default)]
pub(in crate::render) struct Definitions {
    targets: BTreeMap<String, String>,
    footnotes: BTreeSet<String>,
    /// The tags that stand in the source, and whether they close something.
    tags: BTreeSet<(Tag, bool)>,
    /// The labels that links have used so far.
    used: RefCell<BTreeSet<String>>,
}

impl Definitions {
    /// All definitions of a source that is divided into these segments. The first of a label counts.
    pub(in crate::render) fn of(source: &str, segments: &Segments<'_>) -> Self {
        let tags = source.match_indices('<').filter_map(|(place, _)| tag_at::at(&source[place..]));
        let tags = tags.map(|found| (found.tag, found.closing)).collect();
        let mut definitions = Self { tags, ..Self::default() };
        for text in segments.prose().flat_map(|(_, lines)| lines).map(|placed| placed.line.text) {
            if let Some(label) = footnote(text) {
                definitions.footnotes.insert(label.to_owned());
            } else if let Some((label, target)) = definition(text) {
                definitions.targets.entry(label).or_insert_with(|| target.to_owned());
            }
        }
        definitions
    }

    /// Whether a tag that opens a block can mean one: somewhere it is closed, or filled.
    pub(super) fn is_meant(&self, tag: Tag) -> bool {
        match tag {
            Tag::Paragraph | Tag::Heading(_) | Tag::Quote | Tag::Summary => self.tags.contains(&(tag, true)),
            Tag::Details => self.tags.contains(&(tag, true)) || self.tags.contains(&(Tag::Summary, false)),
            Tag::List(_) => self.tags.contains(&(Tag::Item, false)),
            Tag::Table => self.tags.contains(&(Tag::Row, false)),
            _ => true,
        }
    }

    /// Whether the tag opens something anywhere.
    pub(super) fn is_opened(&self, tag: Tag) -> bool {
        self.tags.contains(&(tag, false))
    }

    /// Whether links have targets that are defined elsewhere.
    pub(in crate::render) fn has_targets(&self) -> bool {
        !self.targets.is_empty()
    }

    /// The target of a link with this label.
    pub(super) fn target(&self, label: &str) -> Option<&str> {
        let label = normal(label);
        let target = self.targets.get(&label)?;
        self.used.borrow_mut().insert(label);
        Some(target)
    }

    pub(super) fn is_footnote(&self, label: &str) -> bool {
        self.footnotes.contains(label)
    }

    /// Whether the line has done its work as a definition: a link leads where it says. Others are shown, lest they be lost.
    pub(in crate::render) fn is_used(&self, line: &str) -> bool {
        definition(line).is_some_and(|(label, target)| {
            self.used.borrow().contains(&label)
                && self.targets.get(&label).is_some_and(|known| known == target)
        })
    }
}

/// The label of the footnote that a line defines.
fn footnote(line: &str) -> Option<&str> {
    let (label, rest) = line.strip_prefix("[^")?.split_once(']')?;
    (rest.starts_with(':') && !label.is_empty()).then_some(label)
}

/// The label and target of a link that a line defines.
pub(super) fn definition(line: &str) -> Option<(String, &str)> {
    let (label, rest) = line.trim().strip_prefix('[')?.split_once("]:")?;
    let mut words = rest.splitn(2, char::is_whitespace);
    // One space, or none, before the target.
    let target = match words.next()? {
        "" => {
            words = words.next()?.trim_start().splitn(2, char::is_whitespace);
            words.next()?
        }
        target => target,
    };
    let title = words.next().unwrap_or_default().trim();
    let titled = title.is_empty()
        || (title.len() > 1 && ['"', '\'', '('].iter().any(|quote| title.starts_with(*quote)));
    let target = target.strip_prefix('<').and_then(|target| target.strip_suffix('>')).unwrap_or(target);
    let named = !label.trim().is_empty()
        && label.len() <= MAX_LABEL
        && !label.contains(['[', ']'])
        && !label.starts_with('^');
    (named && titled && address::is_plausible(target)).then(|| (normal(label), target))
}

/// A label as it is compared: without regard to case and space.
fn normal(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
