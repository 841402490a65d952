//! The stretches of a line whose bars divide no cells of a table.

use std::collections::BTreeSet;
use std::ops::Range;

use super::math::{self, Found};
use super::{address, code};

/// The stretches of a line in which a bar divides no cells: code, formulas, the targets of links, and escaped characters (`true`).
pub(in crate::render) fn opaque(line: &str) -> Vec<(Range<usize>, bool)> {
    let mut stretches = Vec::new();
    let mut missing = BTreeSet::new();
    let mut formulas = math::Search::of(line);
    let mut at = 0;
    while let Some(found) = line[at..].find(['\\', '`', '$', ']']) {
        at += found;
        let rest = &line[at..];
        let formula = match formulas.at(line, at) {
            Some(Found::Formula(formula)) => Some(formula.length),
            _ => None,
        };
        let (length, escape) = match (formula, rest.as_bytes()[0]) {
            (Some(length), _) => (length, false),
            (None, b'`') => {
                let Some((length, _)) = code::span(rest, &mut missing) else {
                    at += code::backticks(rest);
                    continue;
                };
                (length, false)
            }
            (None, b']') => {
                let target = address::target(&rest[1..]).filter(|(target, _)| address::is_plausible(target));
                (1 + target.map_or(0, |(_, length)| length), false)
            }
            (None, b'\\') => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), true),
            _ => (1, false),
        };
        stretches.push((at..at + length, escape));
        at += length;
    }
    stretches
}
