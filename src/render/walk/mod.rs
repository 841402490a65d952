//! The one walk over the blocks: parser events in, document out.
//!
//! Fed by `answer` and `draft` with a cleaned source. The parser reads the skeleton of the source and says where blocks
//! begin and end; what it takes for text is read from the source, line by line, and taken apart by `inline`. So no text
//! can be lost to a mark. The walk bounds the depth of the tree (deeper blocks join the deepest allowed one), so what
//! follows may recurse.

mod frames;
mod html;
mod line;
mod listing;
mod table;
mod words;

use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use self::frames::{Container, Frames};
use self::words::Words;
use super::doc::{Block, Inline, is_blank};
use super::inline::{self, Definitions, Format, Growing, Piece};
use super::lines::within_quotes;
use super::segments::{Code, Kind, Segment, Segments};
use super::source::skeleton;

/// Parses a cleaned source that is divided into segments. While it is `growing`, what is open at its end is taken for closed.
pub(super) fn document(source: &str, segments: &Segments<'_>, growing: bool) -> Vec<Block> {
    let skeleton = skeleton::skeleton(source, segments, growing);
    let definitions = Definitions::of(source, segments);
    let walk = || Walk::new(source, &skeleton, &segments.all, &definitions, growing).walked();
    if definitions.has_targets() {
        // Which definitions are used is known behind the last link.
        walk();
    }
    walk()
}

struct Walk<'a> {
    source: &'a str,
    skeleton: &'a str,
    segments: &'a [Segment],
    definitions: &'a Definitions,
    /// Where the text ends that is still being written, and whether its last line has ended.
    end: Option<(usize, Growing)>,
    frames: Frames,
    /// The lines of text that have not been read yet, as places in the source.
    lines: Vec<Range<usize>>,
    /// The next text begins a line.
    fresh: bool,
    words: Words,
    heading: Option<u8>,
    in_summary: bool,
    /// The row of a table is being read.
    in_cell: bool,
    /// The indented code being read.
    indented: Option<String>,
    /// Where the fenced code ends that was read last.
    listed: usize,
}

impl<'a> Walk<'a> {
    fn new(
        source: &'a str,
        skeleton: &'a str,
        segments: &'a [Segment],
        definitions: &'a Definitions,
        growing: bool,
    ) -> Self {
        let open = growing && segments.last().is_some_and(|last| last.kind == Kind::Prose);
        let end = open.then(|| (source.trim_end().len(), Growing::new(source.ends_with('\n'))));
        Self {
            source,
            skeleton,
            segments,
            definitions,
            end,
            frames: Frames::default(),
            lines: Vec::new(),
            fresh: true,
            words: Words::default(),
            heading: None,
            in_summary: false,
            in_cell: false,
            indented: None,
            listed: 0,
        }
    }

    fn walked(mut self) -> Vec<Block> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM;
        let mut events = Parser::new_ext(self.skeleton, options).into_offset_iter();
        while let Some((event, range)) = events.next() {
            match event {
                Event::Start(Tag::Table(alignments)) => self.table(alignments, &mut events),
                Event::Start(tag) => self.start(tag, range),
                Event::End(tag) => self.end(tag),
                Event::SoftBreak | Event::HardBreak => self.fresh = true,
                Event::Rule => {
                    self.flush();
                    self.block(Block::Rule);
                }
                Event::TaskListMarker(ticked) => self.frames.tick(ticked),
                Event::Text(text) if self.indented.is_some() => self.indented_code(&text, range),
                _ => self.text(range),
            }
        }
        self.flush();
        self.frames.finish()
    }

    fn start(&mut self, tag: Tag<'a>, range: Range<usize>) {
        match tag {
            Tag::Paragraph => {}
            Tag::HtmlBlock => self.flush(),
            Tag::Heading { level, .. } => {
                self.flush();
                if self.source[range.start..].starts_with('<') {
                    // A tag of HTML that makes a block.
                    self.text(range.start..range.start);
                } else {
                    self.heading = Some(level as u8);
                }
            }
            Tag::BlockQuote(kind) => {
                self.open(Container::Quote);
                if let Some(kind) = kind {
                    self.words.begin(Format::Bold);
                    self.words.text(alert(kind));
                    self.end_line();
                    self.words.reset();
                }
            }
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                self.flush();
                self.indented = Some(String::new());
            }
            Tag::List(_) => self.open(Container::list(None)),
            Tag::Item => {
                let number = number(&self.source[range]);
                self.flush();
                self.frames.open_item(number, false);
            }
            Tag::FootnoteDefinition(label) => {
                self.open(Container::Footnote);
                self.words.text(&format!("[{label}] "));
            }
            // The skeleton has no formats; where it was left as it is, its marks are text.
            _ => self.text(range.start..range.start),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::Heading(_) => self.flush(),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::FootnoteDefinition => {
                self.flush();
                self.frames.close();
            }
            TagEnd::CodeBlock => {
                let code = self.indented.take().unwrap_or_default();
                self.listing("", &code);
            }
            _ => {}
        }
    }

    fn open(&mut self, container: Container) {
        self.flush();
        self.frames.open(container, false);
    }
}

/// The number a list item is marked with.
fn number(item: &str) -> Option<u64> {
    let digits = item.trim_start();
    let digits = &digits[..digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len()];
    digits.parse().ok()
}

/// The heading of a quote marked as an alert, as its mark spells it.
fn alert(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "Note",
        BlockQuoteKind::Tip => "Tip",
        BlockQuoteKind::Important => "Important",
        BlockQuoteKind::Warning => "Warning",
        BlockQuoteKind::Caution => "Caution",
    }
}
