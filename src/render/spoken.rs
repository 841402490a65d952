//! An answer as it is read aloud: its words, without what nobody can listen to.
//!
//! Built from the document that is shown as well. Code, tables, formulas, addresses, what is hidden and what is struck through are left
//! out, for they stand in the text beside it.

use unicode_segmentation::GraphemeCursor;

use super::doc::{Block, Inline, Item, Kind, Span, is_blank};
use super::{segments, source, walk};
use crate::domain::speech::{MOST_CHARACTERS, MOST_MESSAGES};

/// What a sentence ends with.
const ENDS: [char; 9] = ['.', '!', '?', '…', '。', '！', '？', ';', '।'];

/// What is to be spoken of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Speech {
    /// The words of each voice message, none longer than endpoints speak at once. None at all: there is nothing to say.
    pub messages: Vec<String>,
    /// There are more words, for which there was no room.
    pub is_cut: bool,
}

/// What is to be spoken of a finished answer.
pub fn spoken(markdown: &str) -> Speech {
    let source = source::cleaned(markdown);
    let document = walk::document(&source, &segments::segments(&source, false), false);
    let mut blocks = Vec::new();
    say_all(&document, &mut blocks);
    let text = blocks.join("\n\n");
    let mut messages = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() && messages.len() < MOST_MESSAGES {
        let (message, more) = rest.split_at(cut(rest));
        messages.extend(Some(message.trim()).filter(|message| says_something(message)).map(str::to_owned));
        rest = more.trim_start();
    }
    Speech { messages, is_cut: says_something(rest) }
}

fn says_something(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn say_all(blocks: &[Block], said: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Paragraph(line) | Block::Heading(_, line) => said.extend(words(line)),
            Block::Quote(blocks) => say_all(blocks, said),
            Block::List(items) => items.iter().for_each(|item| say_item(item, said)),
            Block::Details { summary, blocks } => {
                said.extend(words(summary));
                say_all(blocks, said);
            }
            // Rows are those of a table.
            Block::Row(_) | Block::Code { .. } | Block::Formula(_) | Block::Rule | Block::Table(_) => {}
        }
    }
}

/// With its number, if it has something to say.
fn say_item(item: &Item, said: &mut Vec<String>) {
    let first = said.len();
    say_all(&item.blocks, said);
    if let (Some(number), Some(words)) = (item.number, said.get_mut(first)) {
        *words = format!("{number}. {words}");
    }
}

/// What is to be said of a line.
fn words(line: &Inline) -> Option<String> {
    let said: String = line.0.iter().filter(|span| is_said(span)).map(Span::shown).collect();
    let said = said.lines().map(without_addresses).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let said = said.join("\n");
    (says_something(&said) && !is_blank(&said)).then_some(said)
}

fn is_said(span: &Span) -> bool {
    let formats = span.style.formats;
    !formats.spoiler
        && !formats.strike
        && match span.style.kind {
            Kind::Words => true,
            // A name among words is said, as the sentence needs it; what reads as code is not.
            Kind::Code => span.text.chars().all(|c| c.is_alphanumeric() || c == ' ' || c == '-'),
            Kind::Formula => false,
        }
}

/// The words of a line, with one space between them; addresses are none.
fn without_addresses(line: &str) -> String {
    let words = line.split_whitespace().filter(|word| {
        let word = word.to_ascii_lowercase();
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        !(word.contains("://") || word.starts_with("www.") || word.starts_with("mailto:"))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where the message ends that begins here: behind a sentence, else between two words, else between two graphemes.
fn cut(text: &str) -> usize {
    let Some((most, _)) = text.char_indices().nth(MOST_CHARACTERS) else { return text.len() };
    let window = &text[..most];
    let mut sentence = None;
    let mut space = None;
    let mut before = None;
    for (at, c) in window.char_indices() {
        if c.is_whitespace() {
            space = Some(at).filter(|at| *at > 0).or(space);
            if c == '\n' || before.is_some_and(ends_sentence) {
                sentence = Some(at).filter(|at| *at > 0).or(sentence);
            }
        } else if !is_closing(c) {
            before = Some(c);
        }
        if matches!(c, '。' | '！' | '？') {
            // Behind these stands no space.
            sentence = Some(at + c.len_utf8());
        }
    }
    sentence.or(space).or_else(|| last_grapheme(text, most)).unwrap_or(most)
}

fn ends_sentence(c: char) -> bool {
    ENDS.contains(&c)
}

/// What may stand between the end of a sentence and the space behind it.
fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']')
}

fn last_grapheme(text: &str, most: usize) -> Option<usize> {
    let mut cursor = GraphemeCursor::new(most, text.len(), true);
    if cursor.is_boundary(text, 0) == Ok(true) {
        return Some(most);
    }
    cursor.prev_boundary(text, 0).ok().flatten().filter(|at| *at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(markdown: &str) -> String {
        spoken(markdown).messages.join("|")
    }

    #[test]
    fn words_are_said_and_marks_are_not() {
        for (markdown, expected) in [
            ("It is **very** _good_ soup.", "It is very good soup."),
            ("# Soup\n\nBoil it.\n\n- beets\n- cabbage", "Soup\n\nBoil it.\n\nbeets\n\ncabbage"),
            ("1. Boil.\n2. Serve.", "1. Boil.\n\n2. Serve."),
            ("> Soup is good.\n\n---\n\nI agree.", "Soup is good.\n\nI agree."),
            ("Run `cargo` now.", "Run cargo now."),
            ("See [the recipe](https://example.org/soup) there.", "See the recipe there."),
            ("H<sub>2</sub>O", "H₂O"),
            ("- [x] bought", "bought"),
        ] {
            assert_eq!(said(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn what_nobody_can_listen_to_is_left_out() {
        for (markdown, expected) in [
            ("Use this:\n\n```rust\nfn main() {}\n```\n\nDone.", "Use this:\n\nDone."),
            ("Prices:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThat is all.", "Prices:\n\nThat is all."),
            ("So\n\n$$\\int_0^1 x\\,dx$$\n\nit is.", "So\n\nit is."),
            ("Call `fn main() {}` first.", "Call first."),
            ("See https://example.org/soup?x=1 and www.example.org.", "See and"),
            ("See <https://example.org/soup>.", "See"),
            ("The end is ||sad|| and ~~bad~~ good.", "The end is and good."),
            ("[https://example.org](https://example.org/other)", ""),
            ("```\ncode\n```", ""),
            ("***", ""),
            ("🙂", ""),
            ("", ""),
        ] {
            assert_eq!(said(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn a_long_answer_is_cut_at_sentences_and_its_end_is_told_to_be_missing() {
        let sentence = "Soup is made of water and of whatever there is. ";
        let long = sentence.repeat(200);
        let speech = spoken(&long);
        assert_eq!((speech.messages.len(), speech.is_cut), (3, false));
        assert!(speech.messages.iter().all(|message| message.ends_with("there is.")));
        assert_eq!(speech.messages.join(" "), long.trim_end());
        let speech = spoken(&sentence.repeat(1000));
        assert_eq!((speech.messages.len(), speech.is_cut), (MOST_MESSAGES, true));
        let words = spoken(&"soup ".repeat(1000));
        assert_eq!((words.messages.len(), words.is_cut), (2, false));
        assert!(words.messages.iter().all(|message| message.ends_with("soup")));
        let one = spoken(&"ё".repeat(5000));
        let lengths: Vec<_> = one.messages.iter().map(|message| message.chars().count()).collect();
        assert_eq!(lengths, [MOST_CHARACTERS, 5000 - MOST_CHARACTERS]);
        let chinese = spoken(&"汤是水做的。".repeat(1000));
        assert!(chinese.messages.iter().all(|message| message.ends_with('。')));
        let family = spoken(&"👨‍👩‍👧‍👦а".repeat(1000));
        assert!(family.messages.iter().all(|message| message.ends_with('а') || message.ends_with('👦')));
    }
}
