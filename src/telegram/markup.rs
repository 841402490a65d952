//! A marked text as one that says the same without marks: links have their addresses behind them, code its fences, a
//! quotation its `>`, as in Markdown.
//!
//! Bold, italics and the like are left out: they say how a text looks.

use std::cmp::Reverse;
use std::ops::Range;

use super::entities::Entity;

/// A message with so many UTF-16 units may have been cut: the apps cut at 4096, or a little earlier, between words.
const CUT: usize = 4000;

/// Whether this text may be the beginning of a longer one, which Telegram's apps cut into messages.
pub fn is_cut(text: &str) -> bool {
    text.encode_utf16().count() >= CUT
}

/// The longest text that is read, in bytes. Telegram's longest message has 32,768 characters: nobody's text is cut.
pub(super) const LONGEST_TEXT: usize = 4 * 32_768;

/// No more of a text than is read.
pub(super) fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    text
}

/// Something written into a text, at a byte of it.
struct Insertion {
    at: usize,
    words: String,
    /// It stands before what is marked, rather than behind it.
    before: bool,
    /// Where the other end of what is marked is.
    other_end: usize,
}

/// The part of `text` at `part`, with what its marks say written into it. A text that may be cut stays as it is: its
/// pieces have to fit together.
pub(super) fn spelt_out(text: &str, part: Range<usize>, entities: &[Entity]) -> String {
    let entities = if is_cut(text) { &[] } else { entities };
    let within = |entity: &&Entity| part.start <= entity.place.start && entity.place.end <= part.end;
    let mut insertions = Vec::new();
    for entity in entities.iter().filter(within) {
        insert(text, entity, &part, &mut insertions);
    }
    // At one place, what ends comes before what begins; of those that end the inner first, of those that begin the outer.
    insertions.sort_by_key(|insertion| (insertion.at, insertion.before, Reverse(insertion.other_end)));
    let mut spelt = String::with_capacity(part.len());
    let mut from = part.start;
    for Insertion { at, words, .. } in insertions {
        spelt.push_str(&text[from..at]);
        spelt.push_str(&words);
        from = at;
    }
    spelt.push_str(&text[from..part.end]);
    spelt
}

fn insert(text: &str, entity: &Entity, part: &Range<usize>, insertions: &mut Vec<Insertion>) {
    let Range { start, end } = entity.place;
    let words = &text[start..end];
    match entity.kind.as_str() {
        "text_link" => {
            let url = entity.url.as_deref().unwrap_or_default();
            if !url.is_empty() && !is_the_address(words, url) {
                insertions.push(behind(entity, format!(" ({url})")));
            }
        }
        "code" if !words.contains(['`', '\n']) => {
            insertions.push(before(start, "`".to_owned(), end));
            insertions.push(behind(entity, "`".to_owned()));
        }
        "pre" | "code" => {
            let fence = "`".repeat(longest_run(words).max(2) + 1);
            let line = |needed: bool| if needed { "\n" } else { "" };
            let above = line(start > part.start && !text[..start].ends_with('\n'));
            let below = line(end < part.end && !text[end..].starts_with('\n'));
            let language = entity.language.as_deref().unwrap_or_default();
            insertions.push(before(start, format!("{above}{fence}{language}\n"), end));
            insertions.push(behind(entity, format!("{}{fence}{below}", line(!words.ends_with('\n')))));
        }
        "blockquote" | "expandable_blockquote" => {
            let lines = words.match_indices('\n').map(|(at, _)| start + at + 1).filter(|at| *at < end);
            // Whatever else begins with the line stands behind its mark.
            let mark = |at| before(at, "> ".to_owned(), usize::MAX);
            insertions.extend(std::iter::once(start).chain(lines).map(mark));
        }
        _ => {}
    }
}

fn before(at: usize, words: String, other_end: usize) -> Insertion {
    Insertion { at, words, before: true, other_end }
}

fn behind(entity: &Entity, words: String) -> Insertion {
    Insertion { at: entity.place.end, words, before: false, other_end: entity.place.start }
}

/// Whether the words behind which the address lies are the address, as people write it.
fn is_the_address(words: &str, url: &str) -> bool {
    fn bare(address: &str) -> &str {
        let address = address.strip_prefix("https://").or(address.strip_prefix("http://")).unwrap_or(address);
        address.trim_end_matches('/')
    }
    bare(words).eq_ignore_ascii_case(bare(url))
}

fn longest_run(words: &str) -> usize {
    words.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with the places between `«` and `»` marked as this, in this order.
    fn spelt(marked: &str, entities: &[(&str, &str)]) -> String {
        let (mut text, mut open, mut places) = (String::new(), Vec::new(), Vec::new());
        for character in marked.chars() {
            match character {
                '«' => open.push(text.len()),
                '»' => places.push(open.pop().unwrap()..text.len()),
                _ => text.push(character),
            }
        }
        let entity = |((kind, extra), place): (&(&str, &str), Range<usize>)| Entity {
            place,
            kind: (*kind).to_owned(),
            url: Some((*extra).to_owned()),
            language: Some((*extra).to_owned()),
            user: None,
        };
        let entities: Vec<_> = entities.iter().zip(places).map(entity).collect();
        spelt_out(&text, 0..text.len(), &entities)
    }

    #[test]
    fn an_address_stands_behind_its_words_unless_they_are_the_address() {
        assert_eq!(
            spelt("see «my page», please", &[("text_link", "https://a.example/b")]),
            "see my page (https://a.example/b), please"
        );
        assert_eq!(spelt("«a.example/b»", &[("text_link", "https://a.example/b/")]), "a.example/b");
        assert_eq!(spelt("«words»", &[("text_link", "")]), "words");
    }

    #[test]
    fn code_has_its_fences_and_its_language() {
        assert_eq!(spelt("run «ls» now", &[("code", "")]), "run `ls` now");
        assert_eq!(spelt("«let a = 1;»", &[("pre", "rust")]), "```rust\nlet a = 1;\n```");
        assert_eq!(spelt("why?\n«a\nb\n»\nthere", &[("pre", "")]), "why?\n```\na\nb\n```\nthere");
        assert_eq!(spelt("why «a» there", &[("pre", "c")]), "why \n```c\na\n```\n there");
        assert_eq!(spelt("«a ``` b»", &[("pre", "md")]), "````md\na ``` b\n````");
        assert_eq!(spelt("«a`b»", &[("code", "")]), "```\na`b\n```");
    }

    #[test]
    fn a_quotation_has_a_mark_on_each_line_and_what_is_in_it_keeps_its_own() {
        assert_eq!(spelt("«one\ntwo»\nmine", &[("blockquote", "")]), "> one\n> two\nmine");
        let nested =
            spelt("««one» two»", &[("text_link", "https://a.example"), ("expandable_blockquote", "")]);
        assert_eq!(nested, "> one (https://a.example) two");
        let code = spelt("««ls»»", &[("code", ""), ("blockquote", "")]);
        assert_eq!(code, "> `ls`");
    }

    #[test]
    fn how_a_text_looks_is_left_out() {
        let looks = [("bold", ""), ("italic", ""), ("spoiler", ""), ("custom_emoji", ""), ("hashtag", "")];
        assert_eq!(spelt("«a» «b» «c» «d» «e»", &looks), "a b c d e");
    }

    #[test]
    fn only_what_lies_in_the_part_is_spelt_out() {
        let entity = |place: Range<usize>| Entity {
            place,
            kind: "code".to_owned(),
            url: None,
            language: None,
            user: None,
        };
        assert_eq!(spelt_out("@bot ls", 5..7, &[entity(0..4), entity(5..7)]), "`ls`");
        let long = "a".repeat(CUT);
        assert_eq!(spelt_out(&long, 0..CUT, &[entity(0..4)]), long);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_marked_nothing_of_the_text_is_lost(
            text in "[a🍲`\n> я]{0,12}",
            marks in proptest::collection::vec((0usize..7, 0usize..24, 0usize..24), 0..6),
        ) {
            let kinds = ["text_link", "code", "pre", "blockquote", "expandable_blockquote", "bold", "new"];
            let entities: Vec<_> = marks
                .into_iter()
                .map(|(kind, from, to)| (kind, text.floor_char_boundary(from), text.floor_char_boundary(to)))
                .filter(|(_, from, to)| from < to)
                .map(|(kind, from, to)| Entity {
                    place: from..to,
                    kind: kinds[kind].to_owned(),
                    url: Some("u".to_owned()),
                    language: Some("l".to_owned()),
                    user: None,
                })
                .collect();
            let spelt = spelt_out(&text, 0..text.len(), &entities);
            let mut rest = spelt.chars();
            proptest::prop_assert!(text.chars().all(|c| rest.any(|other| other == c)), "{text:?} became {spelt:?}");
        }
    }
}
