//! Formulas, tables and lists of HTML, and comments that go over several lines: whatever their lines begin with, they are
//! one thing.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::render::inline::{self, FormulaSearch, FoundFormula, Tag};
use crate::render::lines::{self, Line};
use crate::render::segments::{Kind, Placed, Segment, Segments};

/// The islands of a source that is divided into these segments, in order.
pub(in crate::render) fn found(source: &str, segments: &Segments<'_>, growing: bool) -> Vec<Range<usize>> {
    let mut islands: Vec<Range<usize>> = Vec::new();
    let (tags, tex) = (source.contains('<'), source.contains('$') || source.contains('\\'));
    if !tags && !tex {
        return islands;
    }
    let elements = elements(source);
    let sea = Sea { source, segments: &segments.all, elements, growing };
    let mut formulas = FormulaSearch::of(source);
    for (segment, lines) in segments.prose() {
        for Placed { range, line } in lines {
            let place = range.start + line.start;
            if islands.last().is_some_and(|last| last.end > place) {
                continue;
            }
            if line.text.starts_with('<') {
                islands.extend(sea.elements_from(place).or_else(|| sea.comment(place)));
            }
            if tags && segment.table.is_none() && islands.last().is_none_or(|last| last.end <= place) {
                islands.extend(sea.listing_behind(place, line.text));
            }
            // Lines joined into a row of a table could be cells too many.
            if tex && segment.table.is_none() && !lines::is_heading(line.text) {
                islands.extend(sea.formula(&mut formulas, range.clone(), line));
            }
        }
    }
    islands
}

/// Where the formula begins that has more lines to come, with which the source ends.
pub(in crate::render) fn open_formula(source: &str, segment: &Segment) -> Option<usize> {
    let mut formulas = FormulaSearch::of(source);
    let mut at = segment.range.start;
    while let Some((place, found)) = next_formula(&mut formulas, source, at, segment.range.end) {
        match found {
            FoundFormula::Formula(formula) => at = place + formula.length,
            FoundFormula::Open(marks) if marks.display() => return Some(place),
            FoundFormula::Open(_) => at = place + 1,
        }
    }
    None
}

/// The first formula that begins between two places.
fn next_formula<'a>(
    formulas: &mut FormulaSearch,
    source: &'a str,
    from: usize,
    to: usize,
) -> Option<(usize, FoundFormula<'a>)> {
    let mut at = from;
    while at < to {
        at += source.as_bytes()[at..to].iter().position(|byte| matches!(byte, b'\\' | b'$' | b'`'))?;
        let rest = &source[at..to];
        if rest.starts_with('`') {
            at += inline::code_length(rest);
            continue;
        }
        if let Some(found) = formulas.at(source, at) {
            return Some((at, found));
        }
        at += match rest.as_bytes() {
            [b'\\', ..] => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            [b'$', b'$', ..] => 2,
            _ => 1,
        };
    }
    None
}

/// Where islands are looked for.
struct Sea<'a> {
    source: &'a str,
    segments: &'a [Segment],
    /// Where the elements end that begin at these places.
    elements: BTreeMap<usize, usize>,
    growing: bool,
}

impl Sea<'_> {
    /// The elements that begin here, each where the one before ends.
    fn elements_from(&self, place: usize) -> Option<Range<usize>> {
        let mut island = self.element(place)?;
        while let Some(next) = self.element(island.end) {
            island.end = next.end;
        }
        Some(island)
    }

    /// A table, a list, a paragraph or a block of code in HTML that begins here and is closed.
    fn element(&self, place: usize) -> Option<Range<usize>> {
        let open = inline::tag_at(self.source.get(place..)?).filter(|tag| !tag.closing)?;
        let end = self.elements.get(&place).copied();
        if open.tag == Tag::Pre {
            return Some(place..end.or_else(|| self.growing.then_some(self.source.trim_end().len()))?);
        }
        let island = place..end?;
        // Fenced code in it is code, and a paragraph ends with a blank line.
        let line = matches!(open.tag, Tag::Paragraph | Tag::Heading(_) | Tag::Summary);
        let broken = line && self.source[island.clone()].lines().any(|line| line.trim().is_empty());
        (!broken && !self.has_code(&island)).then_some(island)
    }

    /// A block of code in HTML that begins behind the words of this line: `Run: <pre>`.
    fn listing_behind(&self, place: usize, line: &str) -> Option<Range<usize>> {
        let at = line.find("<pre").filter(|at| !line[..*at].contains('`'))?;
        let open = inline::tag_at(&line[at..])?;
        // Words go on with a space where the tag is one of them.
        let spoken_of = line[at + open.length..].starts_with([' ', ',', '.', ')', '"']);
        if spoken_of { None } else { self.element(place + at) }
    }

    /// A comment that begins here and has its lines for itself.
    fn comment(&self, place: usize) -> Option<Range<usize>> {
        let rest = &self.source[place..];
        if !rest.starts_with("<!--") {
            return None;
        }
        let end = rest.find("-->")? + "-->".len();
        let alone = rest[end..].split('\n').next().is_none_or(|after| after.trim().is_empty());
        let island = place..place + end;
        (alone && !self.has_code(&island)).then_some(island)
    }

    /// The formula that begins in this line and ends in a later one.
    fn formula(
        &self,
        formulas: &mut FormulaSearch,
        line: Range<usize>,
        begun: &Line,
    ) -> Option<Range<usize>> {
        let mut at = line.start + begun.start;
        loop {
            let (place, found) = next_formula(formulas, self.source, at, line.end)?;
            let FoundFormula::Formula(formula) = found else { return None };
            at = place + formula.length;
            if at > line.end {
                let island = place..at;
                return (formula.display() && self.goes_on(&island, begun)).then_some(island);
            }
        }
    }

    /// Whether the lines of a formula belong to the block of its first.
    fn goes_on(&self, island: &Range<usize>, begun: &Line) -> bool {
        let place = Place::of(self.source, island, begun);
        let mut lines = self.source[island.clone()].split('\n');
        lines.next();
        !self.has_code(island)
            && lines.all(|line| {
                lines::within_quotes(line, begun.quotes).is_some_and(|line| place.takes(line.trim()))
            })
    }

    fn has_code(&self, island: &Range<usize>) -> bool {
        let first = self.segments.partition_point(|segment| segment.range.end <= island.start);
        let within = self.segments[first..].iter().take_while(|segment| segment.range.start < island.end);
        within.into_iter().any(|segment| matches!(segment.kind, Kind::Code { .. }))
    }
}

/// Where a formula over several lines stands.
struct Place {
    /// Its first line has nothing before it.
    alone: bool,
    /// There is nothing behind it, and nothing before it that could be the text of a link.
    on_its_own: bool,
}

impl Place {
    fn of(source: &str, formula: &Range<usize>, begun: &Line) -> Self {
        let line_start = source[..formula.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &source[line_start..formula.start];
        let after = source[formula.end..].split('\n').next().unwrap_or_default();
        let ends = after.trim_end_matches(['.', ',', ';']).trim().is_empty();
        Self { alone: before.len() == begun.start, on_its_own: ends && !before.contains('[') }
    }

    /// Whether this line is one of the formula's. One with the mark of another block only is where the formula stands for
    /// itself: there it is a minus.
    fn takes(&self, line: &str) -> bool {
        let item = lines::after_list_marker(line);
        let quote = line.starts_with('>');
        if item.is_some() || quote {
            // What closes a formula in another item, or in a quotation, closes none here.
            let inner = item.unwrap_or(line).trim_start_matches([' ', '>']);
            let closes = matches!(inner, "\\]" | "$$");
            return self.on_its_own && !closes && (self.alone || !quote);
        }
        self.alone || !(line.is_empty() || lines::is_heading(line))
    }
}

/// Where the tables, lists and blocks of code in HTML end, by where they begin. A list without items is none: it may have
/// those of Markdown.
fn elements(source: &str) -> BTreeMap<usize, usize> {
    let mut ends = BTreeMap::new();
    let mut open: BTreeMap<Tag, Vec<(usize, usize)>> = BTreeMap::new();
    let mut items = 0;
    for (place, _) in source.match_indices('<') {
        let Some(found) = inline::tag_at(&source[place..]) else { continue };
        items += usize::from(found.tag == Tag::Item);
        if !matches!(
            found.tag,
            Tag::Table | Tag::List(_) | Tag::Pre | Tag::Paragraph | Tag::Heading(_) | Tag::Summary
        ) {
            continue;
        }
        let begun = open.entry(found.tag).or_default();
        if !found.closing {
            begun.push((place, items));
        } else if let Some((begin, before)) = begun.pop()
            && !(matches!(found.tag, Tag::List(_)) && items == before)
        {
            ends.insert(begin, place + found.length);
        }
    }
    ends
}
