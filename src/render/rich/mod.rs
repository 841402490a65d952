//! The back end for rich messages: the document as typed blocks, packed into as few messages as the limits allow.
//!
//! Fed by `answer` when the mode asks for it. Makes nothing but the blocks and formats named in this file: no buttons,
//! media, mentions or maps, whatever the model wrote. What no rich message can hold goes as classic text.

use std::iter::Sum;
use std::ops::Add;

use frankenstein::rich_message::{
    InputRichBlock, InputRichBlockBlockQuotation, InputRichBlockDetails, InputRichBlockDivider,
    InputRichBlockList, InputRichBlockListItem, InputRichBlockMathematicalExpression,
    InputRichBlockParagraph, InputRichBlockPreformatted, InputRichBlockSectionHeading, InputRichBlockTable,
    RichBlockTableCell, RichText, RichTextBold, RichTextCode, RichTextItalic, RichTextMathematicalExpression,
    RichTextObject, RichTextSpoiler, RichTextStrikethrough, RichTextSubscript, RichTextSuperscript,
    RichTextUnderline, RichTextUrl,
};
use pulldown_cmark::Alignment;

use crate::domain::reply::{Content, Part};
use crate::render::classic::text_parts;
use crate::render::doc::{Block, Inline, Item, Kind, Script, Span, Table};
use crate::render::limits::{RICH_MAX_BLOCKS, RICH_MAX_COLUMNS, RICH_MAX_DEPTH, RICH_MAX_UNITS};
use crate::render::table;

/// The document as rich messages, each with its classic form to fall back on; and as classic ones where it must be.
pub(super) fn parts(document: Vec<Block>) -> Vec<Part> {
    let mut packer = Packer::default();
    for block in document {
        packer.add(block);
    }
    packer.close();
    packer.parts
}

/// Fills one message after the other.
#[derive(Default)]
struct Packer {
    parts: Vec<Part>,
    /// What the message being filled holds; `rich` says as what.
    blocks: Vec<Block>,
    rich: bool,
    size: Size,
}

impl Packer {
    fn add(&mut self, block: Block) {
        let size = Size::of(&rendered(std::slice::from_ref(&block)));
        if size.fits() {
            self.put(block, size, true);
            return;
        }
        match halves(block) {
            Ok((first, second)) => {
                self.add(first);
                self.add(second);
            }
            Err(block) => self.put(block, size, false),
        }
    }

    fn put(&mut self, block: Block, size: Size, rich: bool) {
        if self.rich != rich || (rich && !(self.size + size).fits()) {
            let headings = self.headings_at_end(size);
            self.close();
            self.size = Size::of(&rendered(&headings));
            self.blocks = headings;
        }
        self.rich = rich;
        self.size = self.size + size;
        self.blocks.push(block);
    }

    /// Takes the headings off the end of the message, to stand over the text of the next one.
    fn headings_at_end(&mut self, next: Size) -> Vec<Block> {
        let text = self.blocks.iter().rposition(|block| !matches!(block, Block::Heading(..)));
        let Some(last) = text else { return Vec::new() };
        let fit = (Size::of(&rendered(&self.blocks[last + 1..])) + next).fits();
        if fit { self.blocks.split_off(last + 1) } else { Vec::new() }
    }

    /// Ends the message being filled.
    fn close(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        self.size = Size::default();
        let classic = text_parts(&blocks);
        let rich = if self.rich { rendered(&blocks) } else { Vec::new() };
        // Rules alone are nothing Telegram would show as a rich message.
        if Size::of(&rich).units > 0 && !classic.is_empty() {
            self.parts.push(Part { fallback: classic, ..Part::of(Content::Rich { blocks: rich }) });
        } else {
            self.parts.extend(classic);
        }
    }
}

/// A block of many as two blocks of fewer, if it has so many.
fn halves(block: Block) -> Result<(Block, Block), Block> {
    fn split<T>(mut all: Vec<T>) -> (Vec<T>, Vec<T>) {
        let second = all.split_off(all.len() / 2);
        (all, second)
    }
    Ok(match block {
        Block::List(items) if items.len() > 1 => {
            let (first, second) = split(items);
            (Block::List(first), Block::List(second))
        }
        Block::Quote(blocks) if blocks.len() > 1 => {
            let (first, second) = split(blocks);
            (Block::Quote(first), Block::Quote(second))
        }
        Block::Details { summary, blocks } if blocks.len() > 1 => {
            let (first, second) = split(blocks);
            (
                Block::Details { summary: summary.clone(), blocks: first },
                Block::Details { summary, blocks: second },
            )
        }
        Block::Table(Table { alignments, head, rows }) if rows.len() > 1 => {
            let (first, second) = split(rows);
            (
                Block::Table(Table { alignments: alignments.clone(), head: head.clone(), rows: first }),
                Block::Table(Table { alignments, head, rows: second }),
            )
        }
        block => return Err(block),
    })
}

fn rendered(blocks: &[Block]) -> Vec<InputRichBlock> {
    blocks.iter().flat_map(rich_blocks).collect()
}

/// One block as Telegram's, or as several where it has no such block.
fn rich_blocks(block: &Block) -> Vec<InputRichBlock> {
    let one = match block {
        Block::Paragraph(line) | Block::Row(line) => {
            InputRichBlock::Paragraph(InputRichBlockParagraph { text: rich_text(line) })
        }
        Block::Heading(level, line) => {
            InputRichBlock::Heading(InputRichBlockSectionHeading { text: rich_text(line), size: *level })
        }
        Block::Code { language, text } => InputRichBlock::Pre(InputRichBlockPreformatted {
            text: text.as_str().into(),
            language: language.as_ref().map(ToString::to_string),
        }),
        Block::Formula(tex) => InputRichBlock::MathematicalExpression(InputRichBlockMathematicalExpression {
            expression: tex.clone(),
        }),
        Block::Rule => InputRichBlock::Divider(InputRichBlockDivider {}),
        Block::Quote(blocks) => InputRichBlock::Blockquote(InputRichBlockBlockQuotation {
            blocks: rendered(blocks),
            credit: None,
        }),
        Block::List(items) => {
            InputRichBlock::List(InputRichBlockList { items: items.iter().map(list_item).collect() })
        }
        Block::Table(table) if table.head.len() > RICH_MAX_COLUMNS => {
            return rendered(&table::lowered(table));
        }
        Block::Table(table) => rich_table(table),
        Block::Details { summary, blocks } => InputRichBlock::Details(InputRichBlockDetails {
            summary: if summary.is_blank() { "…".into() } else { rich_text(summary) },
            blocks: rendered(blocks),
            is_open: None,
        }),
    };
    vec![one]
}

fn list_item(item: &Item) -> InputRichBlockListItem {
    let value = item.number.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    InputRichBlockListItem {
        blocks: rendered(&item.blocks),
        has_checkbox: item.checked.map(|_| true),
        is_checked: item.checked.filter(|ticked| *ticked),
        value,
        type_field: value.map(|_| "1".to_owned()),
    }
}

fn rich_table(table: &Table) -> InputRichBlock {
    let row = |cells: &Vec<Inline>, is_header: bool| {
        let cell = |(column, cell): (usize, &Inline)| RichBlockTableCell {
            text: (!cell.is_blank()).then(|| rich_text(cell)),
            is_header: is_header.then_some(true),
            colspan: None,
            rowspan: None,
            align: match table.alignments.get(column) {
                Some(Alignment::Center) => "center",
                Some(Alignment::Right) => "right",
                _ => "left",
            }
            .to_owned(),
            valign: "top".to_owned(),
        };
        cells.iter().enumerate().map(cell).collect::<Vec<_>>()
    };
    let rows = table.rows.iter().map(|cells| row(cells, false));
    InputRichBlock::Table(InputRichBlockTable {
        cells: std::iter::once(row(&table.head, true)).chain(rows).collect(),
        is_bordered: Some(true),
        is_striped: None,
        is_compact: None,
        caption: None,
    })
}

fn rich_text(line: &Inline) -> RichText {
    match line.0.as_slice() {
        [span] => rich_span(span),
        spans => RichText::List(spans.iter().map(rich_span).collect()),
    }
}

fn rich_span(Span { text, style }: &Span) -> RichText {
    let mut rich = if style.kind == Kind::Formula {
        RichTextMathematicalExpression { expression: text.clone() }.into()
    } else {
        RichText::Text(text.clone())
    };
    macro_rules! wrapped {
        ($($condition:expr => $format:ident),*) => {
            $(if $condition { rich = $format { text: rich.into() }.into(); })*
        };
    }
    wrapped! {
        style.kind == Kind::Code => RichTextCode,
        style.script == Some(Script::Sub) => RichTextSubscript,
        style.script == Some(Script::Super) => RichTextSuperscript,
        style.formats.strike => RichTextStrikethrough,
        style.formats.underline => RichTextUnderline,
        style.formats.italic => RichTextItalic,
        style.formats.bold => RichTextBold,
        style.formats.spoiler => RichTextSpoiler
    }
    match &style.link {
        Some(url) => RichTextUrl { text: rich.into(), url: url.to_string() }.into(),
        None => rich,
    }
}

/// What Telegram limits in a rich message. Text is counted in UTF-16 units and depth in every level of the
/// JSON: whichever way Telegram counts, it counts no more.
#[derive(Clone, Copy, Default)]
struct Size {
    units: usize,
    blocks: usize,
    depth: usize,
}

impl Size {
    fn fits(self) -> bool {
        self.units <= RICH_MAX_UNITS && self.blocks <= RICH_MAX_BLOCKS && self.depth <= RICH_MAX_DEPTH
    }

    fn of(blocks: &[InputRichBlock]) -> Self {
        blocks.iter().map(Self::of_block).sum()
    }

    fn of_block(block: &InputRichBlock) -> Self {
        let inside = match block {
            InputRichBlock::Paragraph(block) => Self::of_text(&block.text),
            InputRichBlock::Heading(block) => Self::of_text(&block.text),
            InputRichBlock::Pre(block) => Self::of_text(&block.text),
            InputRichBlock::MathematicalExpression(block) => Self::of_str(&block.expression),
            InputRichBlock::List(list) => {
                list.items.iter().map(|item| Self::of(&item.blocks).within_a_block()).sum()
            }
            InputRichBlock::Blockquote(quote) => Self::of(&quote.blocks),
            InputRichBlock::Details(details) => Self::of_text(&details.summary) + Self::of(&details.blocks),
            InputRichBlock::Table(table) => {
                let cell =
                    |cell: &RichBlockTableCell| cell.text.as_ref().map_or(Self::default(), Self::of_text);
                let row = |row: &Vec<RichBlockTableCell>| row.iter().map(cell).sum::<Self>().within_a_block();
                table.cells.iter().map(row).sum()
            }
            // The others are not made here.
            _ => Self::default(),
        };
        inside.within_a_block()
    }

    fn of_text(text: &RichText) -> Self {
        let inside = match text {
            RichText::Text(text) => return Self::of_str(text),
            RichText::List(texts) => texts.iter().map(Self::of_text).sum(),
            RichText::Object(object) => match object {
                RichTextObject::MathematicalExpression(formula) => Self::of_str(&formula.expression),
                RichTextObject::Code(format) => Self::of_text(&format.text),
                RichTextObject::Subscript(format) => Self::of_text(&format.text),
                RichTextObject::Superscript(format) => Self::of_text(&format.text),
                RichTextObject::Strikethrough(format) => Self::of_text(&format.text),
                RichTextObject::Underline(format) => Self::of_text(&format.text),
                RichTextObject::Italic(format) => Self::of_text(&format.text),
                RichTextObject::Bold(format) => Self::of_text(&format.text),
                RichTextObject::Spoiler(format) => Self::of_text(&format.text),
                RichTextObject::Url(format) => Self::of_text(&format.text),
                _ => Self::default(),
            },
        };
        Self { depth: inside.depth + 1, ..inside }
    }

    fn of_str(text: &str) -> Self {
        Self { units: text.encode_utf16().count(), blocks: 0, depth: 1 }
    }

    fn within_a_block(self) -> Self {
        Self { units: self.units, blocks: self.blocks + 1, depth: self.depth + 1 }
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            units: self.units + other.units,
            blocks: self.blocks + other.blocks,
            depth: self.depth.max(other.depth),
        }
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}
