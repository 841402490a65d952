//! The document between the one walk over the Markdown and the two back ends.
//!
//! Built by `walk`, read by `text` and `rich`. Inline formatting is flat (a style for each run of
//! text), so it can be cut anywhere and cannot nest without bound; only blocks form a tree, and `walk` bounds
//! its depth, so recursion over it is safe.

use std::borrow::Cow;
use std::rc::Rc;

use pulldown_cmark::Alignment;

/// A block of the document.
pub(super) enum Block {
    Paragraph(Inline),
    /// One row of a table told in lines; not cut while it fits a message.
    Row(Inline),
    Heading(u8, Inline),
    Code {
        language: Option<Rc<str>>,
        text: String,
    },
    Formula(String),
    Rule,
    Quote(Vec<Block>),
    List(Vec<Item>),
    Table(Table),
    Details {
        summary: Inline,
        blocks: Vec<Block>,
    },
}

/// One item of a list.
pub(super) struct Item {
    /// The number of an item of an ordered list.
    pub(super) number: Option<u64>,
    /// The box of a task, ticked or not.
    pub(super) checked: Option<bool>,
    pub(super) blocks: Vec<Block>,
}

/// A table; `head` and every row are of one length.
pub(super) struct Table {
    pub(super) alignments: Vec<Alignment>,
    pub(super) head: Vec<Inline>,
    pub(super) rows: Vec<Vec<Inline>>,
}

/// How a run of text looks.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Style {
    pub(super) kind: Kind,
    pub(super) formats: Formats,
    pub(super) script: Option<Script>,
    /// An address of the allow-list (`link::allowed`).
    pub(super) link: Option<Rc<str>>,
}

/// What a run of text is.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Kind {
    #[default]
    Words,
    Code,
    /// A formula within a line, in TeX.
    Formula,
}

/// Formats that go together in any way.
#[derive(Clone, Copy, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub(super) struct Formats {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
    pub(super) strike: bool,
    /// Hidden until it is touched.
    pub(super) spoiler: bool,
}

/// Text set lower or higher than its line.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Script {
    Sub,
    Super,
}

/// A run of text in one style.
#[derive(Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Span {
    /// The text as it can be shown where nothing is set low or high.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        script(&self.text, self.style.script)
    }
}

/// A line of text, or several: formatted runs. Neighbours differ in style.
#[derive(Clone, Default)]
pub(super) struct Inline(pub(super) Vec<Span>);

impl Inline {
    /// A text of one kind.
    pub(super) fn of(text: &str, kind: Kind) -> Self {
        let mut line = Self::default();
        line.push(text, &Style { kind, ..Style::default() });
        line
    }

    /// Appends text in a style.
    pub(super) fn push(&mut self, text: &str, style: &Style) {
        match self.0.last_mut() {
            Some(last) if last.style == *style => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Span { text: text.to_owned(), style: style.clone() }),
        }
    }

    /// Appends another line's runs.
    pub(super) fn extend(&mut self, other: &Inline) {
        for span in &other.0 {
            self.push(&span.text, &span.style);
        }
    }

    /// The last so many bytes of the text.
    pub(super) fn text_from_end(&self, bytes: usize) -> String {
        let mut rest = bytes;
        let mut tail = Vec::new();
        for span in self.0.iter().rev() {
            if rest == 0 {
                break;
            }
            let from = span.text.len().saturating_sub(rest);
            rest -= span.text.len() - from;
            tail.push(&span.text[from..]);
        }
        tail.into_iter().rev().collect()
    }

    /// Nothing to see.
    pub(super) fn is_blank(&self) -> bool {
        self.0.iter().all(|span| is_blank(&span.text))
    }

    /// Without white space at either end.
    pub(super) fn trimmed(mut self) -> Self {
        let ink = |span: &Span| !span.text.trim().is_empty();
        let end = self.0.iter().rposition(ink).map_or(0, |last| last + 1);
        self.0.truncate(end);
        self.0.drain(..self.0.iter().position(ink).unwrap_or(0));
        if let Some(last) = self.0.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        if let Some(first) = self.0.first_mut() {
            first.text.drain(..first.text.len() - first.text.trim_start().len());
        }
        self
    }
}

/// Whether Telegram would call this text empty: white space and characters without a shape of their own.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff9}'..='\u{fffc}' | '\u{e0000}'..='\u{e0fff}')
    })
}

/// Digits set low or high as the characters there are for them; other text behind the mark TeX has for it.
fn script(text: &str, script: Option<Script>) -> Cow<'_, str> {
    let (digits, mark) = match script {
        None => return Cow::Borrowed(text),
        Some(Script::Sub) => (['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'], '_'),
        Some(Script::Super) => (['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'], '^'),
    };
    let digit = |c: char| c.to_digit(10).map(|digit| digits[digit as usize]);
    let set = text.chars().map(digit).collect::<Option<String>>();
    Cow::Owned(set.unwrap_or_else(|| match text.chars().count() {
        1 => format!("{mark}{text}"),
        _ => format!("{mark}({text})"),
    }))
}

/// Whether these blocks hold what earns a rich message: a table, a formula or a details block.
pub(super) fn earns_rich(blocks: &[Block]) -> bool {
    let formula = |line: &Inline| line.0.iter().any(|span| span.style.kind == Kind::Formula);
    blocks.iter().any(|block| match block {
        Block::Table(_) | Block::Formula(_) | Block::Details { .. } => true,
        Block::Paragraph(line) | Block::Row(line) | Block::Heading(_, line) => formula(line),
        Block::Quote(blocks) => earns_rich(blocks),
        Block::List(items) => items.iter().any(|item| earns_rich(&item.blocks)),
        Block::Code { .. } | Block::Rule => false,
    })
}
