//! Rich Text (.rtf): words in groups of braces. Groups are counted, not nested, so none can be too deep.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::blocks::{Blocks, Mark};
use super::code_pages::{character_set, code_page};
use super::encoding;
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    // The control words are ASCII; some programs put bytes of the code page between them.
    let mut collected = Collected::new("rtf", Unit::Whole, characters);
    let mut reader = Rtf::new(collected.enough());
    let is_whole = reader.read(bytes);
    let Rtf { blocks, title, .. } = reader;
    if let Some(title) = title.as_deref().and_then(encoding::decode) {
        collected.title(&title);
    }
    if !is_whole && !blocks.is_full() {
        return Err(Refused::Damaged);
    }
    collected.add(None, &blocks.finish());
    collected.finish()
}

/// Groups deeper than that are none that a program writes.
const DEEPEST: usize = 10_000;

/// What holds within a group and ends with it.
#[derive(Clone, Copy)]
struct State {
    /// Whether its words are shown.
    shown: bool,
    is_title: bool,
    in_fonts: bool,
    /// How many signs after `\u` stand for the same letter.
    skipped: usize,
    encoding: &'static Encoding,
}

struct Rtf {
    blocks: Blocks,
    state: State,
    outer: Vec<State>,
    /// Bytes of letters that are not decoded yet: a letter may have two.
    pending: Vec<u8>,
    /// How many signs of a replacement still come.
    to_skip: usize,
    /// The encoding of each font, and the font that is being told about.
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
    default: &'static Encoding,
    /// The first half of a letter of two.
    surrogate: Option<u16>,
    title: Option<Vec<u8>>,
    in_row: bool,
}

impl Rtf {
    fn new(enough: usize) -> Self {
        let state =
            State { shown: true, is_title: false, in_fonts: false, skipped: 1, encoding: WINDOWS_1252 };
        Self {
            blocks: Blocks::new(enough),
            state,
            outer: Vec::new(),
            pending: Vec::new(),
            to_skip: 0,
            fonts: HashMap::new(),
            font: 0,
            default: WINDOWS_1252,
            surrogate: None,
            title: None,
            in_row: false,
        }
    }

    /// Reads all of it; whether it ended as it should.
    fn read(&mut self, bytes: &[u8]) -> bool {
        let mut at = 0;
        let mut is_ignorable = false;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            if self.blocks.is_full() {
                return true;
            }
            match byte {
                b'{' => {
                    self.flush();
                    if self.outer.len() >= DEEPEST {
                        return false;
                    }
                    self.outer.push(self.state);
                    is_ignorable = false;
                }
                b'}' => {
                    self.flush();
                    let Some(state) = self.outer.pop() else { return true };
                    self.state = state;
                    self.to_skip = 0;
                    is_ignorable = false;
                    if self.outer.is_empty() {
                        return true;
                    }
                }
                b'\\' => {
                    let Some(next) = bytes.get(at) else { return false };
                    if next.is_ascii_alphabetic() {
                        let rest = &bytes[at..];
                        let letters =
                            rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
                        let word = &rest[..letters];
                        let (number, digits) = number(&rest[letters..]);
                        at += letters + digits;
                        if bytes.get(at) == Some(&b' ') {
                            at += 1;
                        }
                        if word == b"bin" {
                            at = at.saturating_add(
                                usize::try_from(number.unwrap_or_default()).unwrap_or_default(),
                            );
                            continue;
                        }
                        self.word(word, number, is_ignorable);
                        is_ignorable = false;
                    } else {
                        at += 1;
                        match next {
                            b'\'' => {
                                let code = bytes.get(at..at + 2).and_then(|hex| {
                                    u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
                                });
                                at += 2;
                                if let Some(code) = code {
                                    self.byte(code);
                                }
                            }
                            b'*' => is_ignorable = true,
                            b'~' => self.text("\u{a0}"),
                            b'_' => self.text("-"),
                            b'\n' | b'\r' => self.paragraph(),
                            b'\\' | b'{' | b'}' => self.byte(*next),
                            _ => {}
                        }
                    }
                }
                b'\r' | b'\n' | 0 => {}
                byte => self.byte(*byte),
            }
        }
        false
    }

    /// A byte of the text, in the encoding of its font.
    fn byte(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if self.state.is_title {
            self.title.get_or_insert_default().push(byte);
        } else if self.state.shown {
            self.pending.push(byte);
        }
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let text = self.state.encoding.decode_without_bom_handling(&self.pending).0.into_owned();
            self.pending.clear();
            self.show(&text);
        }
    }

    fn text(&mut self, text: &str) {
        self.flush();
        if self.state.shown {
            self.show(text);
        }
    }

    /// Words outside of a row end the table.
    fn show(&mut self, text: &str) {
        if !self.in_row && self.blocks.is_in_table() {
            self.blocks.end_table();
        }
        self.blocks.text(text);
    }

    fn paragraph(&mut self) {
        self.flush();
        if self.state.shown {
            self.blocks.end();
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>, is_ignorable: bool) {
        if is_ignorable {
            // A destination that this reader need not know; two of them hold words.
            self.state.shown &= matches!(word, b"shptxt" | b"footnote");
            return;
        }
        match word {
            b"fonttbl" => (self.state.shown, self.state.in_fonts) = (false, true),
            b"title" => {
                // Once in the code page, and once more in Unicode.
                self.title = None;
                (self.state.shown, self.state.is_title) = (false, true);
            }
            b"colortbl" | b"stylesheet" | b"pict" | b"object" | b"header" | b"footer" | b"headerl"
            | b"headerr" | b"headerf" | b"footerl" | b"footerr" | b"footerf" | b"fldinst" | b"listtable"
            | b"listoverridetable" | b"revtbl" | b"rsidtbl" | b"generator" | b"author" | b"operator"
            | b"company" | b"manager" | b"category" | b"keywords" | b"subject" | b"comment" | b"doccomm"
            | b"creatim" | b"revtim" | b"printim" | b"datastore" | b"themedata" | b"xmlnstbl"
            | b"nonshppict" | b"annotation" | b"atnauthor" | b"atnid" | b"bkmkstart" | b"bkmkend"
            | b"mmathPr" | b"latentstyles" | b"deleted" => {
                self.state.shown = false;
            }
            b"ansicpg" => {
                self.default = code_page(number.unwrap_or(1252));
                self.use_encoding(self.default);
            }
            b"mac" => self.default = encoding_rs::MACINTOSH,
            b"pc" | b"pca" => self.default = encoding_rs::IBM866,
            b"f" => {
                self.font = number.unwrap_or_default();
                if !self.state.in_fonts {
                    let encoding = self.fonts.get(&self.font).copied().unwrap_or(self.default);
                    self.use_encoding(encoding);
                }
            }
            b"fcharset" if self.state.in_fonts && self.fonts.len() < 10_000 => {
                if let Some(encoding) = character_set(number.unwrap_or_default()) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            b"plain" => self.use_encoding(self.default),
            b"uc" => self.state.skipped = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(10),
            b"u" => self.unicode(number.unwrap_or_default()),
            b"par" | b"sect" | b"page" => self.paragraph(),
            b"line" => self.text("\n"),
            b"tab" => self.text("\t"),
            b"emdash" => self.text("—"),
            b"endash" => self.text("–"),
            b"lquote" => self.text("‘"),
            b"rquote" => self.text("’"),
            b"ldblquote" => self.text("“"),
            b"rdblquote" => self.text("”"),
            b"bullet" => self.text("•"),
            b"emspace" | b"enspace" => self.text(" "),
            b"intbl" if !self.in_row => self.begin_row(),
            b"trowd" => self.begin_row(),
            b"cell" | b"nestcell" if self.in_row => {
                self.flush();
                self.blocks.begin_cell();
            }
            b"row" | b"nestrow" => {
                self.flush();
                self.blocks.end();
                self.in_row = false;
            }
            b"pard" => {
                self.flush();
                self.blocks.mark(Mark::Plain);
            }
            // The tenth means that it is none.
            b"outlinelevel" if self.state.shown => {
                if let Some(level) =
                    number.and_then(|level| usize::try_from(level).ok()).filter(|level| *level < 9)
                {
                    self.blocks.mark(Mark::Heading(level + 1));
                }
            }
            _ => {}
        }
    }

    fn begin_row(&mut self) {
        self.flush();
        if self.in_row {
            return;
        }
        if !self.blocks.is_in_table() {
            self.blocks.begin_table();
        }
        self.blocks.begin_row();
        self.blocks.begin_cell();
        self.in_row = true;
    }

    fn use_encoding(&mut self, encoding: &'static Encoding) {
        self.flush();
        self.state.encoding = encoding;
    }

    /// A letter by its number, which is signed and has 16 bits.
    fn unicode(&mut self, number: i32) {
        self.flush();
        self.to_skip = self.state.skipped;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "16 bits, written as a signed number"
        )]
        let unit = number as u16;
        let units: Vec<u16> = self.surrogate.take().into_iter().chain([unit]).collect();
        if units.len() == 1 && (0xd800..0xdc00).contains(&unit) {
            self.surrogate = Some(unit);
            return;
        }
        let text = String::from_utf16_lossy(&units);
        if self.state.is_title {
            // Titles in bytes are of the code page, those in numbers are not: the latter win.
            self.title.get_or_insert_default().extend_from_slice(text.as_bytes());
        } else if self.state.shown {
            self.show(&text);
        }
    }
}

/// The number behind a control word, and how many bytes it takes.
fn number(bytes: &[u8]) -> (Option<i32>, usize) {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let digits = bytes[sign..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return (None, 0);
    }
    let text = std::str::from_utf8(&bytes[..sign + digits]).unwrap_or_default();
    (Some(text.parse().unwrap_or_default()), sign + digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(rtf: &str) -> String {
        read(rtf.as_bytes(), 10_000).map(|extracted| extracted.pieces[0].text.clone()).unwrap()
    }

    #[test]
    fn words_are_read_in_every_way_in_which_they_are_written() {
        let rtf = r"{\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0\fcharset204 Arial;}{\f1\fcharset128 MS;}}{\info{\title \'cf\'e8\'f1\'fc\'ec\'ee}}
{\*\generator Riched20;}\pard\f0 \'cf\'f0\'e8\'e2\'e5\'f2, {\b \u1084?\u1080?\u1088?}!\par
\u-10179?\u-8704? \f1\'82\'a0\f0\par
{\field{\*\fldinst{HYPERLINK x}}{\fldrslt link}}\emdash\~a\\b\{c\}\line next\par}";
        assert_eq!(words(rtf), "Привет, мир!\n\n😀 あ\n\nlink—\u{a0}a\\b{c}\nnext");
        assert_eq!(read(rtf.as_bytes(), 100).unwrap().title.as_deref(), Some("Письмо"));
    }

    #[test]
    fn tables_are_tables() {
        let row = |a: &str, b: &str| format!(r"\trowd\cellx100\cellx200\pard\intbl {a}\cell {b}\cell\row ");
        let rtf = format!(r"{{\rtf1 before\par {}{}\pard after\par}}", row("A", "B"), row("1", "2"));
        assert_eq!(words(&rtf), "before\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\nafter");
    }

    #[test]
    fn what_breaks_off_or_nests_without_end_is_damaged() {
        assert_eq!(read(br"{\rtf1 words", 100), Err(Refused::Damaged));
        let deep = [br"{\rtf1 ".to_vec(), b"{".repeat(1_000_000)].concat();
        assert_eq!(read(&deep, 100), Err(Refused::Damaged));
    }
}
