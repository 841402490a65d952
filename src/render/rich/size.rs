//! How much of a rich message its blocks take.

use std::iter::Sum;
use std::ops::Add;

use frankenstein::rich_message::{InputRichBlock, RichBlockTableCell, RichText, RichTextObject};

use crate::render::limits::{RICH_MAX_BLOCKS, RICH_MAX_DEPTH, RICH_MAX_UNITS};

/// What Telegram limits in a rich message. Text is counted in UTF-16 units and depth in every level of the
/// JSON: whichever way Telegram counts, it counts no more.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) units: usize,
    blocks: usize,
    depth: usize,
}

impl Size {
    pub(super) fn fits(self) -> bool {
        self.units <= RICH_MAX_UNITS && self.blocks <= RICH_MAX_BLOCKS && self.depth <= RICH_MAX_DEPTH
    }

    pub(super) fn of(blocks: &[InputRichBlock]) -> Self {
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
