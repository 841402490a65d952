//! The pieces of a file as they are read, up to the wanted amount of text.

use crate::domain::document::{Extracted, Piece, Refused, Unit};

/// Collects pieces until there is enough text.
pub(super) struct Collected {
    extracted: Extracted,
    /// How many characters are still wanted.
    room: usize,
    limit: usize,
}

impl Collected {
    /// Nothing yet, of a file of this format.
    pub(super) fn new(format: &str, unit: Unit, characters: usize) -> Self {
        let extracted = Extracted { format: format.to_owned(), unit, ..Extracted::default() };
        Self { extracted, room: characters, limit: characters }
    }

    /// What the author called it; blank names are none.
    pub(super) fn title(&mut self, title: &str) {
        let title = clean(title).split_whitespace().collect::<Vec<_>>().join(" ");
        self.extracted.title =
            Some(title.chars().take(300).collect()).filter(|title: &String| !title.is_empty());
    }

    /// How many bytes of text a piece may have before nobody wants the rest.
    pub(super) fn enough(&self) -> usize {
        // A character has four bytes at most; one more tells that there is more.
        self.room.saturating_add(1).saturating_mul(4)
    }

    /// Whether no further piece is wanted.
    pub(super) fn is_full(&self) -> bool {
        self.extracted.cut
    }

    /// Adds the next piece. One without words counts, and is left out.
    pub(super) fn add(&mut self, name: Option<String>, text: &str) {
        self.extracted.total += 1;
        if self.is_full() {
            return;
        }
        // What is beyond that is cut in any case; a file may be a hundred times as long.
        let wanted = &text[..text.floor_char_boundary(self.enough())];
        let is_beyond = wanted.len() < text.len();
        let text = clean(wanted);
        if text.is_empty() {
            return;
        }
        let number = self.extracted.total;
        let name = name.map(|name| clean(&name)).filter(|name| !name.is_empty());
        let characters = text.chars().count();
        let text = if characters <= self.room && !is_beyond {
            self.room -= characters;
            text
        } else {
            self.extracted.cut = true;
            // A page is read whole or not at all, except where that would leave most of the room empty.
            if !self.extracted.pieces.is_empty() && self.room < self.limit / 4 {
                return;
            }
            cut(&text, self.room)
        };
        if !text.is_empty() {
            self.extracted.pieces.push(Piece { number, name, text });
        }
    }

    /// Counts pieces that nobody looks at any more.
    pub(super) fn skip(&mut self, count: usize) {
        self.extracted.total += count;
    }

    /// All of it, unless there is not a word.
    pub(super) fn finish(self) -> Result<Extracted, Refused> {
        if self.extracted.pieces.is_empty() && !self.extracted.cut {
            return Err(Refused::Empty);
        }
        Ok(self.extracted)
    }
}

/// The beginning, at most this many characters, up to the end of a paragraph, else of a line, else of a word.
fn cut(text: &str, characters: usize) -> String {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(index, _)| index);
    let head = &text[..end];
    let boundary = ["\n\n", "\n", " "].iter().filter_map(|boundary| head.rfind(boundary));
    // A boundary in the first half would cost more than it is worth.
    let end = boundary.filter(|at| *at >= head.len() / 2).max_by_key(|at| {
        // The first kind that is there wins.
        (head[*at..].starts_with("\n\n"), head[*at..].starts_with('\n'))
    });
    head[..end.unwrap_or(head.len())].trim_end().to_owned()
}

/// Text as people write it: no control characters, no blanks at the end of a line, no more than one empty line.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n")
        .lines()
    {
        let is_noise = |c: &char| {
            (c.is_control() && *c != '\t') || matches!(c, '\u{ad}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        };
        let line: String = line.chars().filter(|c| !is_noise(c)).collect();
        let line = line.trim_end();
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !cleaned.is_empty() {
            cleaned.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        cleaned.push_str(line);
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_paragraph_else_a_line_else_a_word() {
        assert_eq!(cut("one two three\n\nfour five six seven", 22), "one two three");
        assert_eq!(cut("one two three\nfour five six seven", 22), "one two three");
        assert_eq!(cut("one two three four", 12), "one two");
        assert_eq!(cut("единственное", 5), "единс");
    }

    #[test]
    fn whole_pages_are_kept_and_the_rest_is_counted() {
        let mut pages = Collected::new("pdf", Unit::Page, 100);
        for page in 1..=9 {
            pages.add(None, &format!("{page}").repeat(30));
        }
        let extracted = pages.finish().unwrap();
        assert_eq!((extracted.pieces.len(), extracted.read_of()), (3, Some((3, 9))));
    }

    #[test]
    fn text_is_cleaned_of_what_nobody_sees() {
        assert_eq!(clean("a\u{0}b \r\nc\u{ad}d\r\r\n\n\n\te\u{7}"), "ab\ncd\n\n\te");
    }
}
