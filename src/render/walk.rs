//! The one walk over the Markdown: parser events in, document out.
//!
//! Fed by `answer` and `draft` with a prepared source. Keeps every character of the events' text; bounds the
//! depth of the tree (deeper blocks join the deepest allowed one), so what follows may recurse.

use std::ops::Range;
use std::rc::Rc;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};

use super::doc::{Block, Formats, Inline, Item, Kind, Script, Style, Table, is_blank};
use super::{html, link, source};

/// How deep blocks nest; a list and its item are two levels. Telegram's own limit is 16 for blocks and text.
const MAX_DEPTH: usize = 16;

/// Parses a prepared source.
pub(super) fn document(prepared: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    let mut walk = Walk { source: prepared, ..Walk::default() };
    for (event, range) in Parser::new_ext(prepared, options).into_offset_iter() {
        match event {
            Event::Start(tag) => walk.start(tag),
            Event::End(tag) => walk.end(tag),
            Event::Text(text) => match &mut walk.code {
                Some((_, code)) => code.push_str(&text),
                None => walk.text(&text),
            },
            Event::Code(text) => walk.styled(&text, |style| style.kind = Kind::Code),
            Event::InlineMath(tex) if walk.is_price(&tex, &range) => walk.text(&format!("${tex}$")),
            Event::InlineMath(tex) => {
                walk.styled(tex.trim_start_matches(source::CERTAIN), |style| style.kind = Kind::Formula);
            }
            Event::DisplayMath(tex) => walk.formula(&tex),
            Event::Html(text) | Event::InlineHtml(text) => walk.html(&text),
            Event::FootnoteReference(label) => walk.text(&format!("[{label}]")),
            Event::SoftBreak | Event::HardBreak => walk.text("\n"),
            Event::Rule => walk.block(Block::Rule),
            Event::TaskListMarker(checked) => walk.task(checked),
        }
    }
    walk.finish()
}

/// A container whose end has not come, with its finished blocks.
struct Frame {
    container: Container,
    blocks: Vec<Block>,
}

enum Container {
    Quote,
    List { next: Option<u64>, items: Vec<Item> },
    Item { checked: Option<bool> },
    Details { summary: Inline },
    Footnote,
}

#[derive(Default)]
struct Walk<'a> {
    source: &'a str,
    /// Open containers; the document itself lies below them in `blocks`.
    frames: Vec<Frame>,
    blocks: Vec<Block>,
    /// How many containers were begun beyond the greatest depth.
    deeper: usize,
    /// The line of text being read, and its length in bytes.
    line: Inline,
    length: usize,
    /// How often emphasis, strong and strikethrough are open.
    emphasis: [usize; 3],
    /// Open HTML marks, each once; they close at the latest with their line.
    marks: Vec<html::Tag>,
    links: Vec<Link>,
    heading: Option<u8>,
    in_summary: bool,
    /// The code block being read: its info string and text.
    code: Option<(CowStr<'a>, String)>,
    /// The table being read, and its unfinished row.
    table: Option<(Table, Vec<Inline>)>,
}

/// A link or image whose text is being read; `from` is where the text begins in the line.
struct Link {
    target: Rc<str>,
    from: usize,
}

impl<'a> Walk<'a> {
    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::HtmlBlock => self.flush(),
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level as u8);
            }
            Tag::BlockQuote(kind) => {
                self.open(Container::Quote);
                if let Some(kind) = kind {
                    self.styled(alert(kind), |style| style.formats.bold = true);
                    self.flush();
                }
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info,
                    CodeBlockKind::Indented => CowStr::Borrowed(""),
                };
                self.code = Some((info, String::new()));
            }
            Tag::List(next) => self.open(Container::List { next, items: Vec::new() }),
            Tag::Item => self.open(Container::Item { checked: None }),
            Tag::FootnoteDefinition(label) => {
                self.open(Container::Footnote);
                self.text(&format!("[{label}] "));
            }
            Tag::Table(alignments) => {
                self.flush();
                self.table = Some((Table { alignments, head: Vec::new(), rows: Vec::new() }, Vec::new()));
            }
            Tag::Emphasis => self.emphasis[0] += 1,
            Tag::Strong => self.emphasis[1] += 1,
            Tag::Strikethrough => self.emphasis[2] += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(Link { target: dest_url.as_ref().into(), from: self.length });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::Heading(_) => self.flush(),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::FootnoteDefinition => {
                self.close();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::TableCell => {
                let cell = self.take_line();
                if let Some((_, row)) = &mut self.table {
                    row.push(cell);
                }
            }
            TagEnd::TableHead => {
                if let Some((table, row)) = &mut self.table {
                    table.head = std::mem::take(row);
                }
            }
            TagEnd::TableRow => {
                if let Some((table, row)) = &mut self.table {
                    table.rows.push(std::mem::take(row));
                }
            }
            TagEnd::Table => {
                if let Some((table, _)) = self.table.take()
                    && !std::iter::once(&table.head).chain(&table.rows).flatten().all(Inline::is_blank)
                {
                    self.block(Block::Table(table));
                }
            }
            TagEnd::Emphasis => self.emphasis[0] -= 1,
            TagEnd::Strong => self.emphasis[1] -= 1,
            TagEnd::Strikethrough => self.emphasis[2] -= 1,
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    /// Adds text in the style of the open marks.
    fn text(&mut self, text: &str) {
        self.styled(text, |_| ());
    }

    fn styled(&mut self, text: &str, also: impl FnOnce(&mut Style)) {
        let text: &str = &text.replace(source::CERTAIN, "");
        let mark = |tag| self.marks.contains(&tag);
        let mut style = Style {
            kind: if mark(html::Tag::Code) { Kind::Code } else { Kind::Words },
            formats: Formats {
                italic: self.emphasis[0] > 0 || mark(html::Tag::Italic),
                bold: self.emphasis[1] > 0 || mark(html::Tag::Bold),
                strike: self.emphasis[2] > 0 || mark(html::Tag::Strike),
                underline: mark(html::Tag::Underline),
            },
            script: if mark(html::Tag::Sub) {
                Some(Script::Sub)
            } else {
                mark(html::Tag::Super).then_some(Script::Super)
            },
            // An image in a link is the link's text.
            link: self.links.first().map(|link| link.target.clone()).filter(|target| link::allowed(target)),
        };
        also(&mut style);
        self.line.push(text, &style);
        self.length += text.len();
    }

    fn end_link(&mut self) {
        let Some(Link { target, from }) = self.links.pop() else { return };
        let text = self.line.text_from_end(self.length.saturating_sub(from));
        if is_blank(&text) {
            // Within its own link again: the target is all there is to click.
            self.links.push(Link { target: target.clone(), from });
            self.text(link::shown(&target));
            self.links.pop();
        } else if self.links.is_empty() && (!link::allowed(&target) || link::looks_like_address(&text)) {
            // There is nothing to click, or the text may name another place than it leads to.
            self.text(&link::aside(&text, &target));
        }
    }

    /// A formula of its own block where the line may be broken, else one within the line.
    fn formula(&mut self, tex: &str) {
        if self.in_heading_or_cell() || self.in_summary || !self.links.is_empty() {
            self.styled(tex.trim(), |style| style.kind = Kind::Formula);
        } else {
            self.flush();
            if !is_blank(tex) {
                self.block(Block::Formula(tex.trim().to_owned()));
            }
        }
    }

    /// Whether the dollars around a formula are money or variables: it touches a word or a number (`5$/10$`), or
    /// what it holds is no formula (`$5, not 10$`).
    fn is_price(&self, tex: &str, range: &Range<usize>) -> bool {
        let (before, after) = (&self.source[..range.start], &self.source[range.end..]);
        let touches = before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        !tex.starts_with(source::CERTAIN) && (touches || source::is_prose(tex))
    }

    fn html(&mut self, html: &str) {
        for piece in html::pieces(html) {
            match piece {
                html::Piece::Text(text) => self.text(text),
                html::Piece::Open(html::Tag::Details) => self.open_details(),
                html::Piece::Close(html::Tag::Details) => {
                    self.flush();
                    self.close_details();
                }
                html::Piece::Open(html::Tag::Summary) if !self.in_heading_or_cell() => {
                    self.flush();
                    self.in_summary = self.wants_summary();
                }
                html::Piece::Close(html::Tag::Summary) if self.in_summary => self.flush(),
                html::Piece::Open(html::Tag::Rule) if !self.in_heading_or_cell() => {
                    self.flush();
                    self.block(Block::Rule);
                }
                html::Piece::Open(html::Tag::Break | html::Tag::Rule) => self.text("\n"),
                html::Piece::Open(tag) if !self.marks.contains(&tag) => self.marks.push(tag),
                html::Piece::Open(_) => {}
                html::Piece::Close(tag) => self.marks.retain(|open| *open != tag),
            }
        }
    }

    /// Whether a details block has just begun; a summary that comes later is text like any other.
    fn wants_summary(&self) -> bool {
        self.deeper == 0
            && self.frames.last().is_some_and(|frame| match &frame.container {
                Container::Details { summary } => summary.is_blank() && frame.blocks.is_empty(),
                _ => false,
            })
    }

    fn task(&mut self, ticked: bool) {
        if let Some(Frame { container: Container::Item { checked }, .. }) = self.frames.last_mut() {
            *checked = Some(ticked);
        }
    }

    fn end_code(&mut self) {
        let Some((info, text)) = self.code.take() else { return };
        // Telegram makes one space of a tab.
        let text = text.trim_end().replace('\t', "    ");
        let text = text.trim_start_matches('\n');
        let language = language(&info);
        if is_blank(text) {
            return;
        }
        self.block(match language.as_deref() {
            Some("math") => Block::Formula(text.trim().to_owned()),
            _ => Block::Code { language, text: text.to_owned() },
        });
    }

    fn in_heading_or_cell(&self) -> bool {
        self.heading.is_some() || self.table.is_some()
    }

    fn take_line(&mut self) -> Inline {
        self.length = 0;
        self.links.iter_mut().for_each(|link| link.from = 0);
        self.marks.clear();
        std::mem::take(&mut self.line).trimmed()
    }

    /// Ends the line of text being read: it becomes a block.
    fn flush(&mut self) {
        let line = self.take_line();
        let heading = self.heading.take();
        if std::mem::take(&mut self.in_summary) {
            if let Some(Frame { container: Container::Details { summary }, .. }) = self.frames.last_mut() {
                *summary = line;
            }
        } else if !line.is_blank() {
            self.block(match heading {
                Some(level) => Block::Heading(level, line),
                None => Block::Paragraph(line),
            });
        }
    }

    fn block(&mut self, block: Block) {
        self.frames.last_mut().map_or(&mut self.blocks, |frame| &mut frame.blocks).push(block);
    }

    fn open(&mut self, container: Container) {
        self.flush();
        // A list without room for its items would lose them.
        let room = if matches!(container, Container::List { .. }) { 2 } else { 1 };
        if self.deeper > 0 || self.frames.len() + room > MAX_DEPTH {
            self.deeper += 1;
        } else {
            self.frames.push(Frame { container, blocks: Vec::new() });
        }
    }

    fn close(&mut self) {
        self.flush();
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            while self.close_details() {}
            self.pop();
        }
    }

    fn open_details(&mut self) {
        if self.in_heading_or_cell() || !self.links.is_empty() {
            return;
        }
        self.flush();
        if self.deeper == 0 && self.frames.len() < MAX_DEPTH {
            let container = Container::Details { summary: Inline::default() };
            self.frames.push(Frame { container, blocks: Vec::new() });
        }
    }

    fn close_details(&mut self) -> bool {
        let open = matches!(self.frames.last(), Some(Frame { container: Container::Details { .. }, .. }));
        if open && self.deeper == 0 {
            self.pop();
        }
        open && self.deeper == 0
    }

    /// Ends the innermost container: it becomes a block of the next one, unless it is empty.
    fn pop(&mut self) {
        let Some(Frame { container, blocks }) = self.frames.pop() else { return };
        match container {
            Container::Quote if !blocks.is_empty() => self.block(Block::Quote(blocks)),
            Container::Details { summary } if !(blocks.is_empty() && summary.is_blank()) => {
                self.block(Block::Details { summary, blocks });
            }
            Container::List { items, .. } if !items.is_empty() => self.block(Block::List(items)),
            Container::Item { checked } => {
                if let Some(Frame { container: Container::List { next, items }, .. }) = self.frames.last_mut()
                {
                    let number = *next;
                    *next = number.map(|number| number.saturating_add(1));
                    if !blocks.is_empty() {
                        items.push(Item { number, checked, blocks });
                    }
                }
            }
            Container::Footnote => blocks.into_iter().for_each(|block| self.block(block)),
            Container::Quote | Container::Details { .. } | Container::List { .. } => {}
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.flush();
        while !self.frames.is_empty() {
            self.pop();
        }
        self.blocks
    }
}

/// The language of a code block, out of its info string: a word Telegram takes.
fn language(info: &str) -> Option<Rc<str>> {
    const MAX_CHARS: usize = 32;
    let word = info.split([' ', '\t', ',', '{']).next().unwrap_or_default();
    let word: String =
        word.chars().filter(|c| c.is_ascii_alphanumeric() || "+#-_.".contains(*c)).take(MAX_CHARS).collect();
    (!word.is_empty()).then(|| word.to_ascii_lowercase().into())
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
