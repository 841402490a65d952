//! HTML: what a browser shows, as Markdown. A tokenizer is enough: it does not nest, so nothing can be nested too deep for it.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

use super::blocks::{Blocks, Mark};
use super::encoding;
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

/// A page, as one piece.
pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let text = encoding::decode_named(bytes, charset(bytes).as_deref()).ok_or(Refused::Unknown)?;
    let mut collected = Collected::new("html", Unit::Whole, characters);
    let (title, words) = show(&text, collected.enough());
    if let Some(title) = title {
        collected.title(&title);
    }
    collected.add(None, &words);
    collected.finish()
}

/// `charset=…` in one of the first elements.
fn charset(bytes: &[u8]) -> Option<Vec<u8>> {
    let head = bytes[..bytes.len().min(2048)].to_ascii_lowercase();
    let at = head.windows(8).position(|window| window == b"charset=")? + 8;
    let value = head[at..].iter().skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '));
    Some(
        value
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            .copied()
            .collect(),
    )
}

/// The title of a page and its words.
pub(super) fn show(html: &str, enough: usize) -> (Option<String>, String) {
    let mut emitter = DefaultEmitter::default();
    // As a browser does for scripts and the like.
    emitter.naively_switch_states(true);
    let mut page = Page::new(enough);
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let attribute = |name: &[u8]| {
                    let found = tag.attributes.iter().find(|(key, _)| key.as_slice() == name)?;
                    Some(String::from_utf8_lossy(&found.1.value).into_owned())
                };
                page.open(&name, attribute, tag.self_closing);
            }
            Token::EndTag(tag) => page.close(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => page.text(&String::from_utf8_lossy(&text.value)),
            _ => {}
        }
        if page.blocks.is_full() {
            break;
        }
    }
    (page.title, page.blocks.finish())
}

/// Elements whose content nobody sees.
const UNSEEN: [&str; 9] =
    ["script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select"];

/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 26] = [
    "p",
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "aside",
    "nav",
    "address",
    "figure",
    "figcaption",
    "blockquote",
    "form",
    "fieldset",
    "dl",
    "dt",
    "dd",
    "hr",
    "body",
    "html",
    "details",
    "summary",
    "caption",
    "center",
    "option",
];

struct Page {
    blocks: Blocks,
    title: Option<String>,
    /// The unseen element, and how often it is open.
    unseen: Option<(String, usize)>,
    is_title: bool,
    preformatted: usize,
    /// The next number of each open list; none for points.
    lists: Vec<Option<usize>>,
}

impl Page {
    fn new(enough: usize) -> Self {
        Self {
            blocks: Blocks::new(enough),
            title: None,
            unseen: None,
            is_title: false,
            preformatted: 0,
            lists: Vec::new(),
        }
    }

    fn text(&mut self, text: &str) {
        if self.unseen.is_some() {
            return;
        }
        if self.is_title {
            self.title.get_or_insert_default().push_str(text);
        } else if self.preformatted > 0 {
            self.blocks.text(text);
        } else {
            self.blocks.flowing(text);
        }
    }

    fn open(&mut self, name: &str, attribute: impl Fn(&[u8]) -> Option<String>, is_empty: bool) {
        if let Some((unseen, depth)) = &mut self.unseen {
            *depth += usize::from(unseen == name && !is_empty);
            return;
        }
        match name {
            "title" => self.is_title = self.title.is_none(),
            _ if UNSEEN.contains(&name) => self.unseen = (!is_empty).then(|| (name.to_owned(), 1)),
            "br" => self.blocks.text("\n"),
            "pre" | "textarea" | "listing" => {
                self.blocks.end();
                self.preformatted += 1;
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.blocks.end();
                self.blocks.mark(Mark::Heading(usize::from(name.as_bytes()[1] - b'0')));
            }
            "ul" | "menu" => self.begin_list(None),
            "ol" => {
                let first = attribute(b"start").and_then(|start| start.trim().parse().ok());
                self.begin_list(Some(first.unwrap_or(1)));
            }
            "li" => {
                self.blocks.end();
                let depth = self.lists.len().saturating_sub(1);
                let begin = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let begin = format!("{number}.");
                        *number = number.saturating_add(1);
                        begin
                    }
                    _ => "-".to_owned(),
                };
                self.blocks.mark(Mark::Item(depth, begin));
            }
            "table" => self.blocks.begin_table(),
            "tr" => self.blocks.begin_row(),
            "td" | "th" => self.blocks.begin_cell(),
            "img" => {
                if let Some(words) = attribute(b"alt").filter(|words| !words.trim().is_empty()) {
                    self.blocks.flowing(&format!("[{}]", words.trim()));
                }
            }
            _ if BLOCKS.contains(&name) => self.blocks.end(),
            _ => {}
        }
    }

    fn begin_list(&mut self, number: Option<usize>) {
        self.blocks.end();
        // Deeper than anybody writes; a hostile page would pay for it here.
        if self.lists.len() < 1000 {
            self.lists.push(number);
        }
    }

    fn close(&mut self, name: &str) {
        if let Some((unseen, depth)) = &mut self.unseen {
            if unseen == name {
                *depth -= 1;
                if *depth == 0 {
                    self.unseen = None;
                }
            }
            return;
        }
        match name {
            "title" => self.is_title = false,
            "pre" | "textarea" | "listing" => {
                self.blocks.end();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "ul" | "ol" | "menu" => {
                self.blocks.end();
                self.lists.pop();
            }
            "li" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.blocks.end();
                self.blocks.mark(Mark::Plain);
            }
            "table" => self.blocks.end_table(),
            "td" | "th" | "tr" => self.blocks.end(),
            _ if BLOCKS.contains(&name) => self.blocks.end(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_a_browser_shows() {
        let html = "<!DOCTYPE html><html><head><title>Мой &amp; сайт</title><style>p{}</style>\
            <script>if (a<b) document.write('<p>no</p>')</script></head><body><h1>Заголовок</h1>\
            <p>First\n line<br>second &mdash; <b>bold</b> and <i>it</i>alic.</p><ul><li>one<ol start=3><li>three<li>four</ol>\
            <li>two</ul><pre>  keep\n    this</pre><table><tr><th>A<th>B<tr><td>1<td>2</table>\
            <noscript>no</noscript><svg><text>no</text></svg><img alt='a cat'></body>";
        let (title, words) = show(html, 10_000);
        assert_eq!(title.as_deref(), Some("Мой & сайт"));
        let expected = "# Заголовок\n\nFirst line\nsecond — bold and italic.\n\n- one\n  3. three\n  4. four\n- two\n\n  keep\n    this\n\n\
            | A | B |\n| --- | --- |\n| 1 | 2 |\n\n[a cat]";
        assert_eq!(words, expected);
    }

    #[test]
    fn the_declared_encoding_counts_where_the_bytes_leave_it_open() {
        let page = b"<meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2";
        assert_eq!(read(page, 100).unwrap().pieces[0].text, "Привет");
        let lie = "<meta charset='windows-1251'><p>Привет".as_bytes();
        assert_eq!(read(lie, 100).unwrap().pieces[0].text, "Привет");
    }
}
