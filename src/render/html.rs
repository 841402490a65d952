//! The back end for browsers: the document as HTML, for the operator's page.
//!
//! Fed by [`super::html`]. Makes the elements and attributes named in this file and no others: none of what a model writes
//! becomes markup, and each text is escaped where it is written.

use std::borrow::Cow;

use pulldown_cmark::Alignment;

use super::doc::{Block, Inline, Item, Kind, Script, Span, Table};
use super::inline;

/// The headings of an answer stand below those of the page that shows it.
const ABOVE: u8 = 2;

/// Blocks as HTML.
pub(super) fn rendered(blocks: &[Block]) -> String {
    let mut page = Page(String::new());
    page.blocks(blocks);
    page.0
}

/// Text that is nothing but text, between tags and between quotation marks.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'' | '\r' | '\0');
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A browser would take it for a line feed.
            '\r' => out.push_str("&#13;"),
            // No document may have it.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

struct Page(String);

impl Page {
    fn tag(&mut self, tag: &str) {
        self.0.push_str(tag);
    }

    fn text(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.tag("<br>");
            }
            self.tag(&escaped(line));
        }
    }

    /// `before`, what `inside` writes, and `after`.
    fn within(&mut self, before: &str, after: &str, inside: impl FnOnce(&mut Self)) {
        self.tag(before);
        inside(self);
        self.tag(after);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
            self.tag("\n");
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(line) | Block::Row(line) => self.within("<p>", "</p>", |page| page.line(line)),
            Block::Heading(level, line) => {
                let level = level.saturating_add(ABOVE).min(6);
                self.within(&format!("<h{level}>"), &format!("</h{level}>"), |page| page.line(line));
            }
            Block::Code { language, text } => self.code(language.as_deref(), text),
            Block::Formula(tex) => {
                self.within("<p class=\"formula\">", "</p>", |page| match inline::told(tex) {
                    Some(told) => page.text(&told),
                    None => page.text(tex),
                });
            }
            Block::Rule => self.tag("<hr>"),
            Block::Quote(blocks) => {
                self.within("<blockquote>\n", "</blockquote>", |page| page.blocks(blocks));
            }
            Block::List(items) => self.list(items),
            Block::Table(table) => self.table(table),
            Block::Details { summary, blocks } => self.within("<details>", "</details>", |page| {
                page.within("<summary>", "</summary>\n", |page| {
                    if summary.is_blank() { page.text("…") } else { page.line(summary) }
                });
                page.blocks(blocks);
            }),
        }
    }

    /// What is wider than the page is moved within its own frame, by the keyboard, too.
    fn code(&mut self, language: Option<&str>, text: &str) {
        self.within("<figure class=\"code\">", "</figure>", |page| {
            if let Some(language) = language {
                page.within("<figcaption>", "</figcaption>", |page| page.text(language));
            }
            page.within("<pre tabindex=\"0\"><code>", "</code></pre>", |page| page.tag(&escaped(text)));
        });
    }

    fn list(&mut self, items: &[Item]) {
        let ordered = items.iter().any(|item| item.number.is_some());
        let (before, after) = if ordered { ("<ol>\n", "</ol>") } else { ("<ul>\n", "</ul>") };
        self.within(before, after, |page| items.iter().for_each(|item| page.item(item)));
    }

    fn item(&mut self, Item { number, checked, blocks }: &Item) {
        let number = number.map_or_else(String::new, |number| {
            // As far as browsers count.
            format!(" value=\"{}\"", i32::try_from(number).unwrap_or(i32::MAX))
        });
        self.within(&format!("<li{number}>"), "</li>\n", |page| {
            if let Some(ticked) = checked {
                page.text(if *ticked { "☑ " } else { "☐ " });
            }
            match blocks.as_slice() {
                [Block::Paragraph(line)] => page.line(line),
                blocks => page.blocks(blocks),
            }
        });
    }

    fn table(&mut self, Table { alignments, head, rows }: &Table) {
        let row = |page: &mut Self, cells: &[Inline], name: &str| {
            let scope = if name == "th" { " scope=\"col\"" } else { "" };
            page.tag("<tr>");
            for (column, cell) in cells.iter().enumerate() {
                let class = match alignments.get(column) {
                    Some(Alignment::Center) => " class=\"center\"",
                    Some(Alignment::Right) => " class=\"right\"",
                    _ => "",
                };
                page.within(&format!("<{name}{scope}{class}>"), &format!("</{name}>"), |page| {
                    page.line(cell);
                });
            }
            page.tag("</tr>\n");
        };
        self.within("<div class=\"wide\" tabindex=\"0\"><table>\n", "</table></div>", |page| {
            page.within("<thead>", "</thead>\n", |page| row(page, head, "th"));
            page.within("<tbody>", "</tbody>\n", |page| rows.iter().for_each(|cells| row(page, cells, "td")));
        });
    }

    fn line(&mut self, line: &Inline) {
        for span in &line.0 {
            self.span(span);
        }
    }

    fn span(&mut self, Span { text, style }: &Span) {
        let mut closing = Vec::new();
        if let Some(address) = &style.link {
            self.tag(&format!("<a href=\"{}\" rel=\"noopener noreferrer nofollow\">", escaped(address)));
            closing.push("</a>");
        }
        let formats = style.formats;
        for (wanted, before, after) in [
            // Hidden until it is pointed at, or reached by the keyboard.
            (formats.spoiler, "<span class=\"spoiler\" tabindex=\"0\">", "</span>"),
            (formats.bold, "<b>", "</b>"),
            (formats.italic, "<i>", "</i>"),
            (formats.underline, "<u>", "</u>"),
            (formats.strike, "<s>", "</s>"),
            (style.script == Some(Script::Sub), "<sub>", "</sub>"),
            (style.script == Some(Script::Super), "<sup>", "</sup>"),
            (style.kind == Kind::Code, "<code>", "</code>"),
            (style.kind == Kind::Formula, "<code class=\"formula\">", "</code>"),
        ] {
            if wanted {
                self.tag(before);
                closing.push(after);
            }
        }
        self.text(text);
        closing.iter().rev().for_each(|after| self.tag(after));
    }
}
