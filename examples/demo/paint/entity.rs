//! The entities of a text message.

use serde_json::Value;

use super::run::{Run, Style};

/// An entity of a text message; offsets in UTF-16 units.
pub(super) struct Entity<'a> {
    pub(super) kind: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: &'a Value,
}

impl<'a> Entity<'a> {
    pub(super) fn read(value: &'a Value) -> Option<Self> {
        let number = |field: &str| value[field].as_u64().and_then(|number| usize::try_from(number).ok());
        let start = number("offset")?;
        Some(Self { kind: value["type"].as_str()?, start, end: start + number("length")?, value })
    }

    pub(super) fn is_block(&self) -> bool {
        matches!(self.kind, "pre" | "blockquote" | "expandable_blockquote")
    }
}

/// A range of a text as runs, cut wherever an entity begins or ends.
pub(super) fn inline(text: &[u16], from: usize, to: usize, entities: &[Entity<'_>]) -> Vec<Run> {
    let inline = || entities.iter().filter(|entity| !entity.is_block());
    let mut cuts: Vec<usize> = inline().flat_map(|entity| [entity.start, entity.end]).collect();
    cuts.retain(|cut| (from..to).contains(cut));
    cuts.extend([from, to]);
    cuts.sort_unstable();
    cuts.dedup();
    let run = |cut: &[usize]| {
        let (start, end) = (cut[0], cut[1]);
        let mut run = Run { text: String::from_utf16_lossy(&text[start..end]), ..Run::default() };
        for entity in inline().filter(|entity| entity.start <= start && end <= entity.end) {
            run.styles.extend(Style::named(entity.kind));
            if entity.kind == "code" && entity.start == start {
                run.before = "`";
            }
            if entity.end == end {
                match entity.kind {
                    "code" => run.after.insert(0, '`'),
                    "text_link" => run.after.push_str(&target(entity.value)),
                    _ => {}
                }
            }
        }
        run
    };
    cuts.windows(2).map(run).collect()
}

/// Where a link leads, to stand after it.
pub(super) fn target(link: &Value) -> String {
    link["url"].as_str().map_or_else(String::new, |url| format!(" ({url})"))
}
