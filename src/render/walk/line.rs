//! The text being read: its lines, which are taken apart by `inline`, and the block that it becomes.

use std::borrow::Cow;
use std::ops::Range;

use super::{Block, Growing, Inline, Piece, Walk, inline, is_blank, within_quotes};

impl<'a> Walk<'a> {
    /// Takes a stretch of the source as text of the current line, or as the code it stands for.
    pub(super) fn text(&mut self, range: Range<usize>) {
        if let Some(code) = self.code_at(range.start) {
            return self.fenced_code(code);
        }
        if let Some(code) = self.code_within(&range) {
            self.text(range.start..code.text);
            return self.fenced_code(code);
        }
        match self.lines.last_mut() {
            Some(line) if !self.fresh => line.end = line.end.max(range.end),
            _ => self.lines.push(range),
        }
        self.fresh = false;
    }

    /// Ends the text being read: it becomes a block.
    pub(super) fn flush(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.fresh = true;
        if let Some(last) = lines.last() {
            let growing = self.end.filter(|(end, _)| last.end >= *end).map(|(_, growing)| growing);
            let text = self.read(&lines);
            self.pieces(&text, growing);
        }
        self.end_line();
        self.words.reset();
    }

    /// The text of some lines, without the definitions that have been used.
    fn read(&self, lines: &[Range<usize>]) -> Cow<'a, str> {
        let used =
            lines.iter().take_while(|line| self.definitions.is_used(&self.source[(*line).clone()])).count();
        match &lines[used..] {
            [] => Cow::Borrowed(""),
            [line] if !self.source[line.clone()].contains('\n') => Cow::Borrowed(&self.source[line.clone()]),
            lines => {
                let quotes = self.frames.quotes();
                let mut text = String::new();
                let indented = inline::is_markup(&self.source[lines[0].clone()]);
                let line = |range: &Range<usize>| {
                    let before = &self.source[..range.start];
                    let start =
                        if indented { before.trim_end_matches([' ', '\t']).len() } else { range.start };
                    self.source[start..range.end].split('\n')
                };
                for (index, line) in lines.iter().flat_map(line).enumerate() {
                    // Lines that look like one to the parser have their marks still.
                    let line = within_quotes(line, quotes).unwrap_or(line);
                    text.push_str(if index > 0 { "\n" } else { "" });
                    text.push_str(line);
                }
                Cow::Owned(text)
            }
        }
    }

    /// Reads a text into the current line, and into blocks where it holds some.
    pub(super) fn pieces(&mut self, text: &str, growing: Option<Growing>) {
        for piece in inline::pieces(text, self.definitions, growing) {
            match piece {
                Piece::Text(text) => self.words.text(&text),
                Piece::Code(code) => self.words.code(&code),
                Piece::Formula { tex, display } => self.formula(&tex, display),
                Piece::Listing { language, text } => self.listing_within(language.unwrap_or_default(), &text),
                Piece::Break => self.words.text("\n"),
                Piece::Begin(format) => self.words.begin(format),
                Piece::End(format) => self.words.end(format),
                Piece::Link(target) => self.words.link(&target),
                Piece::LinkEnd => self.words.end_link(),
                Piece::Tag { tag, closing, start, written } => self.tag(tag, closing, start, written),
            }
        }
    }

    /// A formula of its own block where the line may be broken, else one within the line.
    fn formula(&mut self, tex: &str, display: bool) {
        if !display || self.within_line() || self.words.in_link() {
            self.words.formula(tex.trim());
        } else {
            self.end_line();
            if !is_blank(tex) {
                self.block(Block::Formula(tex.trim().to_owned()));
            }
        }
    }

    /// Whether what is read cannot be broken into blocks: a heading, a summary, a cell.
    pub(super) fn within_line(&self) -> bool {
        self.heading.is_some() || self.in_summary || self.in_cell || self.frames.in_table()
    }

    /// Ends the line of words: it becomes a block.
    pub(super) fn end_line(&mut self) {
        if self.in_cell {
            return;
        }
        let line = self.words.take();
        let heading = self.heading.take();
        if std::mem::take(&mut self.in_summary) {
            self.frames.sum_up(line);
        } else if !line.is_blank() {
            self.block(match heading {
                Some(level) => Block::Heading(level, line),
                None => Block::Paragraph(line),
            });
        }
    }

    pub(super) fn block(&mut self, block: Block) {
        self.frames.put(block);
    }

    /// A line of its own for a cell.
    pub(super) fn cell(&mut self, text: &str) -> Inline {
        self.in_cell = true;
        self.pieces(text, None);
        self.in_cell = false;
        let cell = self.words.take();
        self.words.reset();
        cell
    }
}
