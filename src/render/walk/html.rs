//! Tags that make blocks: what they begin and end.

use super::frames::Container;
use super::{Block, Walk, table};
use crate::render::doc::Inline;
use crate::render::inline::Tag;

impl Walk<'_> {
    /// A tag within a text. Where no block can be, it is as much of it as a line allows.
    pub(super) fn tag(&mut self, tag: Tag, closing: bool, start: Option<u64>, written: &str) {
        if self.in_cell
            || self.heading.is_some()
            || self.in_summary && !matches!(tag, Tag::Summary | Tag::Details)
        {
            self.tag_in_line(tag, closing, written);
        } else if self.frames.in_table() {
            self.tag_in_table(tag, closing, written);
        } else if closing {
            self.closing_tag(tag, written);
        } else {
            self.opening_tag(tag, start, written);
        }
    }

    fn opening_tag(&mut self, tag: Tag, start: Option<u64>, written: &str) {
        match tag {
            Tag::Break => self.words.text("\n"),
            Tag::Rule => {
                self.end_line();
                self.block(Block::Rule);
            }
            Tag::Paragraph => self.end_line(),
            Tag::Heading(level) => {
                self.end_line();
                self.heading = Some(level);
            }
            Tag::Summary => {
                self.end_line();
                self.in_summary = self.frames.wants_summary();
            }
            Tag::Item if self.frames.in_html(Container::is_list) => {
                self.end_line();
                self.frames.next_item(start);
            }
            Tag::Details if self.words.in_link() => {}
            Tag::Details => self.begin(Container::Details { summary: Inline::default() }),
            Tag::Quote => self.begin(Container::Quote),
            Tag::Table => self.begin(Container::Table(table::Rows::default())),
            Tag::List(numbered) => self.begin(Container::list(numbered.then(|| start.unwrap_or(1)))),
            _ => self.words.text(written),
        }
    }

    fn closing_tag(&mut self, tag: Tag, written: &str) {
        let is_it: fn(&Container) -> bool = match tag {
            Tag::Details => |container| matches!(container, Container::Details { .. }),
            Tag::Quote => |container| matches!(container, Container::Quote),
            Tag::Table => |container| matches!(container, Container::Table(_)),
            Tag::List(_) => Container::is_list,
            Tag::Item if self.frames.in_html(Container::is_item) => Container::is_item,
            Tag::Item | Tag::Row | Tag::Cell | Tag::Section | Tag::Code | Tag::Pre => {
                return self.words.text(written);
            }
            Tag::Break => return self.words.text("\n"),
            _ => return self.end_line(),
        };
        self.end_line();
        self.frames.close_html(is_it);
    }

    fn begin(&mut self, container: Container) {
        self.end_line();
        self.frames.open(container, true);
    }

    fn tag_in_table(&mut self, tag: Tag, closing: bool, written: &str) {
        match tag {
            Tag::Table if closing => self.closing_tag(tag, written),
            Tag::Row | Tag::Cell | Tag::Section => {
                let line = self.words.take();
                let Some(rows) = self.frames.rows() else { return };
                rows.add(&line);
                match (tag, closing) {
                    (Tag::Row | Tag::Section, _) => rows.end_row(),
                    (_, true) => rows.end_cell(),
                    (_, false) => rows.begin_cell(),
                }
            }
            _ => self.tag_in_line(tag, closing, written),
        }
    }

    /// What a tag is where its block cannot be: a line, a bullet, or nothing.
    fn tag_in_line(&mut self, tag: Tag, closing: bool, written: &str) {
        match tag {
            Tag::Heading(_) if closing && self.heading.is_some() => self.end_line(),
            Tag::Break | Tag::Rule => self.words.text("\n"),
            Tag::Item if !closing => {
                let space = if self.words.is_empty() { "• " } else { "\n• " };
                self.words.text(space);
            }
            Tag::Paragraph if !closing && !self.words.is_empty() => self.words.text("\n"),
            Tag::Code | Tag::Pre => self.words.text(written),
            _ => {}
        }
    }
}
