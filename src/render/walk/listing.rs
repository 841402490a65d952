//! Blocks of code: fenced, indented, or in HTML.

use std::ops::Range;
use std::rc::Rc;

use super::{Block, Code, Kind, Segment, Walk, is_blank};

impl<'a> Walk<'a> {
    /// The fenced code that stands at this place of the source.
    pub(super) fn code_at(&self, place: usize) -> Option<&'a Segment> {
        let next = self.segments.partition_point(|segment| segment.range.end <= place);
        self.segments
            .get(next)
            .filter(|segment| matches!(segment.kind, Kind::Code { .. }) && place >= segment.text)
    }

    /// The fenced code that begins behind the words of this line.
    pub(super) fn code_within(&self, line: &Range<usize>) -> Option<&'a Segment> {
        let next = self.segments.partition_point(|segment| segment.text <= line.start);
        self.segments
            .get(next)
            .filter(|segment| matches!(segment.kind, Kind::Code { .. }) && segment.text < line.end)
    }

    pub(super) fn fenced_code(&mut self, segment: &'a Segment) {
        // The parser may tell it in several pieces.
        if segment.range.end <= self.listed {
            return;
        }
        self.listed = segment.range.end;
        self.heading = None;
        self.flush();
        let Code { info, text } = Code::of(self.source, segment);
        let (language, rest) = language(info);
        if is_blank(&text) {
            // What stands behind marks that fence nothing is text.
            return self.listing("", info);
        }
        let text = if rest.is_empty() { text } else { format!("{rest}\n{text}") };
        self.listing(language.as_deref().unwrap_or_default(), &text);
    }

    pub(super) fn indented_code(&mut self, text: &str, range: Range<usize>) {
        if let Some(segment) = self.code_at(range.start) {
            if segment.range.end > self.listed {
                let before = self.indented.replace(String::new()).unwrap_or_default();
                self.listing("", &before);
                self.indented = Some(String::new());
                self.fenced_code(segment);
            }
            return;
        }
        // What the parser made of a tab is nowhere in the source.
        let same = self.skeleton.get(range.clone()) == Some(text);
        let text = if same { &self.source[range] } else { text };
        self.indented.get_or_insert_default().push_str(text);
    }

    /// Code in the midst of a line ends the line, where it may.
    pub(super) fn listing_within(&mut self, language: &str, text: &str) {
        if self.within_line() {
            self.words.code(text.trim());
        } else {
            self.end_line();
            self.listing(language, text);
        }
    }

    pub(super) fn listing(&mut self, language: &str, text: &str) {
        // Telegram makes one space of a tab.
        let text = text.trim_end().replace('\t', "    ");
        let text = text.trim_start_matches('\n');
        if is_blank(text) {
            return;
        }
        self.block(if language == "math" {
            Block::Formula(text.trim().to_owned())
        } else {
            let language = (!language.is_empty()).then(|| Rc::from(language));
            Block::Code { language, text: text.to_owned() }
        });
    }
}

/// The language of a code block, out of its info string: a word Telegram takes. What else stands there and is no option of
/// some program's is code that began too early.
fn language(info: &str) -> (Option<Rc<str>>, &str) {
    const MAX_CHARS: usize = 32;
    let name = info.split([' ', '\t', ',', '{', ':']).next().unwrap_or_default();
    let known = |c: char| c.is_ascii_alphanumeric() || "+#-_./".contains(c);
    if !name.chars().all(known) || name.len() > MAX_CHARS {
        return (None, info);
    }
    let rest = &info[name.len()..];
    let option =
        |word: &str| word.contains(['=', '{', '}', '"', '\'']) || word == "ignore" || word == "no_run";
    let options = !rest.starts_with([' ', '\t']) || rest.split_whitespace().all(option);
    match (options, rest.is_ascii()) {
        (false, _) => (None, info),
        (true, ascii) => (
            (!name.is_empty()).then(|| name.to_ascii_lowercase().into()),
            if ascii { "" } else { rest.trim() },
        ),
    }
}
