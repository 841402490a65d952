//! The containers around what is being read: quotations, lists and their items, what is folded, tables of HTML.
//!
//! They are a stack. A container of Markdown ends with the block the parser ends; one of HTML ends with its closing tag,
//! and at the latest with the container of Markdown around it.

use super::table;
use crate::render::doc::{Block, Inline, Item};

/// How deep blocks nest; a list and its item are two levels. Telegram's own limit is 16 for blocks and text.
const MAX_DEPTH: usize = 16;

/// What a container is.
pub(super) enum Container {
    Quote,
    List {
        /// The number of the item before, as it is written and as it is shown.
        before: Option<(u64, u64)>,
        /// The number at which a list of HTML begins.
        start: Option<u64>,
        items: Vec<Item>,
    },
    Item {
        number: Option<u64>,
        checked: Option<bool>,
    },
    Details {
        summary: Inline,
    },
    Footnote,
    /// A table of HTML.
    Table(table::Rows),
}

impl Container {
    pub(super) fn list(start: Option<u64>) -> Self {
        Self::List { before: None, start, items: Vec::new() }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List { .. })
    }

    pub(super) fn is_item(&self) -> bool {
        matches!(self, Self::Item { .. })
    }
}

/// A container whose end has not come, with its finished blocks.
struct Frame {
    container: Container,
    blocks: Vec<Block>,
    /// It was begun by a tag.
    html: bool,
}

/// The open containers, and the blocks below them all.
#[expect(clippy::struct_field_names, reason = "frames are what it holds")]
#[derive(Default)]
pub(super) struct Frames {
    frames: Vec<Frame>,
    blocks: Vec<Block>,
    /// How many containers were begun beyond the greatest depth.
    deeper: usize,
}

impl Frames {
    /// Adds a finished block to the innermost container.
    pub(super) fn put(&mut self, block: Block) {
        match self.frames.last_mut() {
            Some(Frame { container: Container::Table(rows), .. }) => rows.put(&block),
            // What stands between the items of a list of HTML is an item of its own.
            Some(Frame { container: Container::List { items, .. }, .. }) => {
                items.push(Item { number: None, checked: None, blocks: vec![block] });
            }
            Some(frame) => frame.blocks.push(block),
            None => self.blocks.push(block),
        }
    }

    /// Begins a container of Markdown, or one of HTML where there is room.
    pub(super) fn open(&mut self, container: Container, html: bool) {
        // A list without room for its items would lose them.
        let room = if matches!(container, Container::List { .. }) { 2 } else { 1 };
        if self.deeper == 0 && self.frames.len() + room <= MAX_DEPTH {
            self.frames.push(Frame { container, blocks: Vec::new(), html });
        } else if !html {
            self.deeper += 1;
        }
    }

    /// Begins an item. Its number is shown as it is written; one that is written again and again is counted.
    pub(super) fn open_item(&mut self, written: Option<u64>, html: bool) {
        let number = match self.frames.last_mut() {
            Some(Frame { container: Container::List { before, .. }, .. }) if self.deeper == 0 => {
                let shown = written.map(|written| match *before {
                    Some((last, shown)) if last == written => shown.saturating_add(1),
                    _ => written,
                });
                *before = written.zip(shown);
                shown
            }
            _ => None,
        };
        self.open(Container::Item { number, checked: None }, html);
    }

    /// Begins the next item of a list of HTML, in place of the one before. It may have a number of its own, from which the
    /// next ones are counted.
    pub(super) fn next_item(&mut self, number: Option<u64>) {
        let innermost = |frame: &&Frame| frame.container.is_list() || frame.container.is_item();
        if self.frames.iter().rev().find(innermost).is_some_and(|frame| frame.container.is_item()) {
            self.close_html(Container::is_item);
        }
        let start = match self.frames.last_mut() {
            Some(Frame { container: Container::List { start: Some(start), before, .. }, .. }) => {
                if let Some(number) = number {
                    (*start, *before) = (number, None);
                }
                Some(*start)
            }
            _ => None,
        };
        // One number, again and again: the items are counted from it.
        self.open_item(start, true);
    }

    /// Ends the innermost container of Markdown, and what tags began within it.
    pub(super) fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        while self.frames.last().is_some_and(|frame| frame.html) {
            self.pop();
        }
        self.pop();
    }

    /// Ends a container that a tag began, and what tags began within it. Says whether there was one.
    pub(super) fn close_html(&mut self, is_it: impl Fn(&Container) -> bool) -> bool {
        let within = self.frames.iter().rev().take_while(|frame| frame.html);
        let found = within.map(|frame| is_it(&frame.container)).position(|found| found);
        let Some(depth) = found.filter(|_| self.deeper == 0) else { return false };
        (0..=depth).for_each(|_| self.pop());
        true
    }

    /// Whether a tag began a container of this kind, with nothing of Markdown around what is read now.
    pub(super) fn in_html(&self, is_it: impl Fn(&Container) -> bool) -> bool {
        self.deeper == 0
            && self.frames.iter().rev().take_while(|frame| frame.html).any(|frame| is_it(&frame.container))
    }

    pub(super) fn in_table(&self) -> bool {
        self.frames.last().is_some_and(|frame| matches!(frame.container, Container::Table(_)))
    }

    /// The rows of the table of HTML that is innermost.
    pub(super) fn rows(&mut self) -> Option<&mut table::Rows> {
        match self.frames.last_mut() {
            Some(Frame { container: Container::Table(rows), .. }) => Some(rows),
            _ => None,
        }
    }

    /// How many quotations are open.
    pub(super) fn quotes(&self) -> usize {
        self.frames.iter().filter(|frame| !frame.html && matches!(frame.container, Container::Quote)).count()
    }

    /// Gives the innermost item a box.
    pub(super) fn tick(&mut self, ticked: bool) {
        if let Some(Frame { container: Container::Item { checked, .. }, .. }) = self.frames.last_mut() {
            *checked = Some(ticked);
        }
    }

    /// Whether a details block has just begun; a summary that comes later is text like any other.
    pub(super) fn wants_summary(&self) -> bool {
        self.deeper == 0
            && self.frames.last().is_some_and(|frame| match &frame.container {
                Container::Details { summary } => summary.is_blank() && frame.blocks.is_empty(),
                _ => false,
            })
    }

    pub(super) fn sum_up(&mut self, line: Inline) {
        if let Some(Frame { container: Container::Details { summary }, .. }) = self.frames.last_mut() {
            *summary = line;
        }
    }

    /// Ends the innermost container: it becomes a block of the next one, unless it is empty.
    fn pop(&mut self) {
        let Some(Frame { container, blocks, .. }) = self.frames.pop() else { return };
        match container {
            Container::Quote if !blocks.is_empty() => self.put(Block::Quote(blocks)),
            Container::Details { summary } if !(blocks.is_empty() && summary.is_blank()) => {
                self.put(Block::Details { summary, blocks });
            }
            Container::List { items, .. } if !items.is_empty() => self.put(Block::List(items)),
            Container::Item { number, checked } => self.item(Item { number, checked, blocks }),
            Container::Footnote => blocks.into_iter().for_each(|block| self.put(block)),
            Container::Table(rows) => rows.finished().into_iter().for_each(|block| self.put(block)),
            Container::Quote | Container::Details { .. } | Container::List { .. } => {}
        }
    }

    fn item(&mut self, item: Item) {
        match self.frames.last_mut() {
            _ if item.blocks.is_empty() => {}
            Some(Frame { container: Container::List { items, .. }, .. }) => items.push(item),
            _ => item.blocks.into_iter().for_each(|block| self.put(block)),
        }
    }

    /// Ends all containers.
    pub(super) fn finish(mut self) -> Vec<Block> {
        while !self.frames.is_empty() {
            self.pop();
        }
        self.blocks
    }
}
