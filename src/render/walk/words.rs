//! The line of text being read: words, each in the style of the marks that are open.

use std::rc::Rc;

use crate::render::doc::{Formats, Inline, Kind, Script, Style, is_blank};
use crate::render::inline::Format;
use crate::render::link;

/// A line in the making.
#[derive(Default)]
pub(super) struct Words {
    line: Inline,
    /// Its length in bytes.
    length: usize,
    /// The open formats, each as often as it was begun.
    open: Vec<Format>,
    links: Vec<Link>,
}

/// A link or image whose text is being read; `from` is where the text begins in the line.
struct Link {
    target: Rc<str>,
    from: usize,
}

impl Words {
    pub(super) fn text(&mut self, text: &str) {
        self.push(text, Kind::Words);
    }

    pub(super) fn code(&mut self, text: &str) {
        self.push(text, Kind::Code);
    }

    /// A formula within the line.
    pub(super) fn formula(&mut self, tex: &str) {
        self.push(tex, Kind::Formula);
    }

    fn push(&mut self, text: &str, kind: Kind) {
        let open = |format| self.open.contains(&format);
        let style = Style {
            kind,
            formats: Formats {
                bold: open(Format::Bold),
                italic: open(Format::Italic),
                underline: open(Format::Underline),
                strike: open(Format::Strike),
                spoiler: open(Format::Spoiler),
            },
            script: if open(Format::Sub) {
                Some(Script::Sub)
            } else {
                open(Format::Super).then_some(Script::Super)
            },
            // An image in a link is the link's text.
            link: self.links.first().map(|link| link.target.clone()).filter(|target| link::allowed(target)),
        };
        self.line.push(text, &style);
        self.length += text.len();
    }

    pub(super) fn begin(&mut self, format: Format) {
        self.open.push(format);
    }

    pub(super) fn end(&mut self, format: Format) {
        if let Some(last) = self.open.iter().rposition(|open| *open == format) {
            self.open.remove(last);
        }
    }

    pub(super) fn link(&mut self, target: &str) {
        self.links.push(Link { target: target.into(), from: self.length });
    }

    pub(super) fn end_link(&mut self) {
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

    pub(super) fn in_link(&self) -> bool {
        !self.links.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_blank()
    }

    /// The line as far as it was read. Its formats and links go on in the next one.
    pub(super) fn take(&mut self) -> Inline {
        self.length = 0;
        self.links.iter_mut().for_each(|link| link.from = 0);
        std::mem::take(&mut self.line).trimmed()
    }

    /// Ends all formats and links: they do not reach beyond their text.
    pub(super) fn reset(&mut self) {
        self.open.clear();
        self.links.clear();
    }
}
