//! Formatted text laid out flat: the text of a whole answer and the looks of its runs, from which any stretch
//! can be taken as a message.
//!
//! Written by `text`, cut by `split`. Because looks are flat, a stretch cut out of a code block, a quote or a link
//! is such a block, quote or link again, language and target included.

use std::cmp::Reverse;
use std::ops::Range;
use std::rc::Rc;

use frankenstein::types::{MessageEntity, MessageEntityType};

use crate::render::doc::Formats;
use crate::render::link;

/// Formatted text.
#[derive(Default)]
pub(in crate::render) struct Flat {
    pub(in crate::render) text: String,
    runs: Vec<Run>,
    /// Line breaks that divide more, or less, than a line does; in order.
    borders: Vec<(usize, Border)>,
}

struct Run {
    end: usize,
    look: Look,
}

/// How much the text before and after a line break belong together.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::render) enum Border {
    /// Two blocks: the best place to cut.
    Block,
    /// Two lines of one block.
    Line,
    /// A heading and its text, or the lines of one row of a table: not cut while they fit.
    Glue,
}

/// How a run of flat text looks.
#[derive(Clone, Default, PartialEq)]
pub(in crate::render) struct Look {
    pub(in crate::render) quote: Option<Quote>,
    pub(in crate::render) pre: Option<Pre>,
    pub(in crate::render) code: bool,
    pub(in crate::render) link: Option<Rc<str>>,
    pub(in crate::render) formats: Formats,
}

/// A block of code and its language.
#[derive(Clone, PartialEq)]
pub(in crate::render) struct Pre(pub(in crate::render) Option<Rc<str>>);

/// The kinds of quotes.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::render) enum Quote {
    /// Folded when it is long.
    Plain,
    /// Folded always: what a details block hides.
    Folded,
}

/// An entity with its place in bytes.
struct Mark {
    kind: Kind,
    range: Range<usize>,
    /// How many entities lie around it.
    depth: usize,
}

/// Entity types in the order they nest, the outermost first.
#[derive(Clone, PartialEq)]
enum Kind {
    Quote(Quote),
    Pre(Pre),
    Code,
    Spoiler,
    Link(Rc<str>),
    Bold,
    Italic,
    Underline,
    Strike,
}

impl Look {
    /// The entities of the run. Telegram lets nothing but a quote lie around code, and no code in a link.
    fn kinds(&self) -> Vec<Kind> {
        let quote = self.quote.map(Kind::Quote);
        if let Some(pre) = &self.pre {
            return quote.into_iter().chain([Kind::Pre(pre.clone())]).collect();
        }
        if self.code && self.link.is_none() {
            return quote.into_iter().chain([Kind::Code]).collect();
        }
        let spoiler = self.formats.spoiler.then_some(Kind::Spoiler);
        let link = self.link.clone().map(Kind::Link);
        let splittable = [
            (self.formats.bold, Kind::Bold),
            (self.formats.italic, Kind::Italic),
            (self.formats.underline, Kind::Underline),
            (self.formats.strike, Kind::Strike),
        ];
        let splittable = splittable.into_iter().filter_map(|(is, kind)| is.then_some(kind));
        quote.into_iter().chain(spoiler).chain(link).chain(splittable).collect()
    }
}

impl Flat {
    pub(in crate::render) fn push(&mut self, text: &str, look: &Look) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(last) if last.look == *look => last.end = end,
            _ => self.runs.push(Run { end, look: look.clone() }),
        }
    }

    /// Appends line breaks that divide blocks, or glue them.
    pub(in crate::render) fn push_border(&mut self, breaks: &str, look: &Look, border: Border) {
        if border != Border::Line {
            self.borders.extend((0..breaks.len()).map(|at| (self.text.len() + at, border)));
        }
        self.push(breaks, look);
    }

    /// What the line break at this place divides.
    pub(in crate::render) fn border(&self, at: usize) -> Border {
        let found = self.borders.binary_search_by_key(&at, |(place, _)| *place);
        found.map_or(Border::Line, |found| self.borders[found].1)
    }

    /// Whether the character at this place is code of a block, where leading spaces count.
    pub(in crate::render) fn in_pre(&self, at: usize) -> bool {
        let run = self.runs.partition_point(|run| run.end <= at);
        self.runs.get(run).is_some_and(|run| run.look.pre.is_some())
    }

    /// The runs within a stretch, with their places in the whole text.
    fn runs(&self, stretch: Range<usize>) -> impl Iterator<Item = (Range<usize>, &Look)> {
        let first = self.runs.partition_point(|run| run.end <= stretch.start);
        let beyond = self.runs.partition_point(|run| run.end < stretch.end) + 1;
        let mut from = stretch.start;
        self.runs[first..beyond.min(self.runs.len())].iter().map(move |run| {
            let range = from..run.end.min(stretch.end);
            from = range.end;
            (range, &run.look)
        })
    }

    /// The entities of a stretch: sorted, one within the other or apart, without white space at their ends.
    fn marks(&self, stretch: Range<usize>) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        let mut open: Vec<(Kind, usize)> = Vec::new();
        let mut close = |open: &mut Vec<(Kind, usize)>, keep: usize, end: usize| {
            for (depth, (kind, start)) in (keep..).zip(open.drain(keep..)) {
                let text = &self.text[start..end];
                let indent = start == stretch.start && self.in_pre(start);
                let space = if indent { 0 } else { text.len() - text.trim_start_matches([' ', '\n']).len() };
                let start = start + space;
                let end = start + self.text[start..end].trim_end_matches([' ', '\n']).len();
                if start < end {
                    marks.push(Mark { kind, range: start..end, depth });
                }
            }
        };
        for (range, look) in self.runs(stretch.clone()) {
            let kinds = look.kinds();
            let same = open.iter().zip(&kinds).take_while(|((open, _), kind)| open == *kind).count();
            close(&mut open, same, range.start);
            open.extend(kinds.into_iter().skip(same).map(|kind| (kind, range.start)));
        }
        close(&mut open, 0, stretch.end);
        // The outer one first where two begin together.
        marks.sort_by_key(|mark| (mark.range.start, Reverse(mark.range.end), mark.depth));
        marks
    }

    /// Where the entity begins that is one too many for a message, if the stretch has so many.
    pub(in crate::render) fn one_too_many(&self, stretch: Range<usize>, limit: usize) -> Option<usize> {
        self.marks(stretch).get(limit).map(|mark| mark.range.start)
    }

    /// A stretch as the text and entities of a message.
    pub(in crate::render) fn message(&self, stretch: Range<usize>) -> (String, Vec<MessageEntity>) {
        let mut text = self.text[stretch.clone()].to_owned();
        let units = utf16_offsets(&text);
        let entities = self.marks(stretch.clone()).into_iter().map(|mark| {
            let place = mark.range.start - stretch.start..mark.range.end - stretch.start;
            entity(mark.kind, &text[place.clone()], units[place.start], units[place.end])
        });
        let entities = entities.collect();
        // Telegram takes spaces away from the beginning of a message and of a block of code.
        if text.starts_with(' ') && self.in_pre(stretch.start) {
            text.replace_range(..1, "\u{a0}");
        }
        (text, entities)
    }

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

/// The offset in UTF-16 units of each byte that begins a character, and of the end.
fn utf16_offsets(text: &str) -> Vec<u16> {
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut units = 0u16;
    for c in text.chars() {
        offsets.extend(std::iter::repeat_n(units, c.len_utf8()));
        units += if c.len_utf16() == 2 { 2 } else { 1 };
    }
    offsets.push(units);
    offsets
}

fn entity(kind: Kind, text: &str, start: u16, end: u16) -> MessageEntity {
    let new = |kind| MessageEntity::builder().type_field(kind).offset(start).length(end - start);
    match kind {
        Kind::Quote(quote) if quote == Quote::Folded || is_long(text, end - start) => {
            new(MessageEntityType::ExpandableBlockquote).build()
        }
        Kind::Quote(_) => new(MessageEntityType::Blockquote).build(),
        Kind::Pre(Pre(language)) => {
            new(MessageEntityType::Pre).maybe_language(language.map(|it| it.to_string())).build()
        }
        Kind::Code => new(MessageEntityType::Code).build(),
        Kind::Link(url) => new(MessageEntityType::TextLink).url(url.to_string()).build(),
        Kind::Bold => new(MessageEntityType::Bold).build(),
        Kind::Italic => new(MessageEntityType::Italic).build(),
        Kind::Underline => new(MessageEntityType::Underline).build(),
        Kind::Strike => new(MessageEntityType::Strikethrough).build(),
        Kind::Spoiler => new(MessageEntityType::Spoiler).build(),
    }
}

/// Whether a quote takes more of a telephone's screen than a glance.
fn is_long(text: &str, units: u16) -> bool {
    units > 600 || text.matches('\n').count() > 8
}
