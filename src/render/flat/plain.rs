//! Flat text without its entities, for a message that Telegram refused with them.

use std::ops::Range;

use super::Flat;
use super::look::Look;
use crate::render::link;

impl Flat {
    /// A stretch as text that needs no entities: quotes marked, the targets of links written out.
    pub(in crate::render) fn plain(&self, stretch: Range<usize>) -> Flat {
        let mut plain = Flat::default();
        let look = Look::default();
        let mut runs = self.runs(stretch).peekable();
        let (mut at_line_start, mut quoted) = (true, false);
        let mut linked = String::new();
        while let Some((range, run)) = runs.next() {
            let mut place = range.start;
            for line in self.text[range.clone()].split_inclusive('\n') {
                if run.quote.is_some() && (at_line_start || !quoted) {
                    plain.push("> ", &look);
                }
                quoted = run.quote.is_some();
                place += line.len();
                at_line_start = line.ends_with('\n');
                let words = line.strip_suffix('\n').unwrap_or(line);
                plain.push(words, &look);
                plain.push_border(&line[words.len()..], &look, self.border(place - 1));
            }
            if let Some(address) = &run.link {
                linked.push_str(&self.text[range]);
                if runs.peek().is_none_or(|(_, next)| next.link != run.link) {
                    let target = link::aside(&linked, address);
                    if !self.text[place..].starts_with(&target) {
                        plain.push(&target, &look);
                    }
                    linked.clear();
                }
            }
        }
        plain
    }
}
