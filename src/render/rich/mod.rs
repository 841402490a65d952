//! The back end for rich messages: the document as typed blocks, packed into as few messages as the limits allow.
//!
//! Fed by `answer` when the mode asks for it. Makes nothing but the blocks and formats named in this file: no buttons,
//! media, mentions or maps, whatever the model wrote. What no rich message can hold goes as classic text.

mod blocks;
mod size;

use crate::domain::reply::{Content, ReplyPart};
use crate::render::classic::text_parts;
use crate::render::doc::{Block, Table};
use blocks::rendered;
use size::Size;

/// The document as rich messages, each with its classic form to fall back on; and as classic ones where it must be.
pub(super) fn parts(document: Vec<Block>) -> Vec<ReplyPart> {
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
    parts: Vec<ReplyPart>,
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
            self.parts.push(ReplyPart { fallback: classic, ..ReplyPart::of(Content::Rich { blocks: rich }) });
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
