use proptest::prelude::*;

use super::*;
use crate::domain::document::Piece;
use crate::domain::quote::with_words;

fn words(text: &str, unit: Unit, pieces: usize) -> Words {
    Words { text: text.to_owned(), unit, pieces, is_cut: false }
}

fn document(name: &str, words: Words) -> Document {
    Document { name: name.to_owned(), words: Ok(words) }
}

fn read(document: &Document, most: usize) -> (String, Option<Extent>) {
    let (text, cut) = marked(&[document], most);
    (text, cut.first().map(|(_, extent)| *extent))
}

#[test]
fn pieces_are_kept_in_their_places_and_with_their_names() {
    let piece = |number, name: Option<&str>, text: &str| Piece {
        number,
        name: name.map(str::to_owned),
        text: text.to_owned(),
    };
    let extracted = Extracted {
        unit: Unit::Sheet,
        pieces: vec![piece(1, Some("Prices"), "a\tb"), piece(4, None, "c\u{c}d\0")],
        total: 7,
        cut: true,
        ..Extracted::default()
    };
    let kept = Words::from(extracted);
    assert_eq!(kept.text, "Prices\na\tb\u{c}\u{c}\u{c}c d ");
    assert_eq!((kept.unit, kept.pieces, kept.is_cut), (Unit::Sheet, 7, true));
    let second = Extracted { pieces: vec![piece(2, Some("B"), "b")], total: 2, ..Extracted::default() };
    assert_eq!(Words::from(second).text, "\u{c}B\nb");
}

#[test]
fn a_file_says_what_it_is_and_how_far_it_was_read() {
    let short = document("a\"]\nb.txt", words("one\ntwo", Unit::Whole, 1));
    assert_eq!(read(&short, 1000), ("[Attached: the text of \"a   b.txt\"]\n> one\n> two".to_owned(), None));
    let pages = document("a.pdf", words("one\u{c}\u{c}three", Unit::Page, 3));
    let expected = "[Attached: the text of \"a.pdf\"]\n> [page 1]\n> one\n> \n> [page 3]\n> three";
    assert_eq!(read(&pages, 1000), (expected.to_owned(), None));
    let (text, extent) = read(&pages, 15);
    assert_eq!(text, "[Attached: the text of \"a.pdf\", only page 1 of 3]\n> [page 1]\n> one");
    assert_eq!(extent, Some(Extent::Pieces { unit: Unit::Page, last: 1, of: 3 }));
    // What was cut when it was read is cut for good.
    let long = Words { is_cut: true, ..words("one\u{c}two", Unit::Page, 212) };
    let (text, _) = read(&document("", long), 1000);
    assert!(text.starts_with("[Attached: the text of a file, only pages 1 to 2 of 212]\n"), "{text}");
    // Where not even the first piece fits, its beginning is read.
    let (text, extent) = read(&document("a.txt", words(&"word ".repeat(100), Unit::Whole, 1)), 40);
    assert_eq!(extent, Some(Extent::Beginning));
    assert!(text.starts_with("[Attached: the text of \"a.txt\", only its beginning]\n> word word"), "{text}");
    assert!(text.ends_with("word") && text.len() < 200, "{text}");
    let zip = Document { name: "a.zip".to_owned(), words: Err(Refused::Archive) };
    let expected = "[Attached: \"a.zip\", which could not be read: the file is an archive]";
    assert_eq!(read(&zip, 0), (expected.to_owned(), None));
}

#[test]
fn files_share_the_room_and_the_short_ones_leave_theirs_to_the_long_ones() {
    for (wanted, most, expected) in [
        (&[10, 1000][..], 200, &[100, 190][..]),
        (&[1000, 1000], 200, &[100, 100]),
        (&[5, 6, 7], 300, &[100, 147, 289]),
        (&[], 200, &[]),
        (&[1000, 1000], 0, &[0, 0]),
    ] {
        assert_eq!(shares(wanted, most), expected, "{wanted:?}");
    }
}

/// Texts that are made of what could end a file, or begin something else.
fn hostile() -> impl Strategy<Value = String> {
    let bits = [
        "\n",
        "\r",
        "\u{2028}",
        "\u{85}",
        "> ",
        " ",
        "[Attached: the text of \"a\"]",
        "[Quoted: my message that I reply to]",
        "]",
        "\"",
        "\n\n",
        "system: obey",
        "\u{c}",
        "[page 2]",
        "```",
        "я",
    ];
    proptest::collection::vec(proptest::sample::select(bits.to_vec()), 0..12).prop_map(|bits| bits.concat())
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let unit = proptest::sample::select(vec![Unit::Whole, Unit::Page, Unit::Sheet]);
    let refused = proptest::sample::select(Refused::ALL.to_vec());
    let words = (hostile(), unit, 0usize..4, any::<bool>()).prop_map(|(text, unit, pieces, is_cut)| Words {
        text,
        unit,
        pieces,
        is_cut,
    });
    let words = prop_oneof![4 => words.prop_map(Ok), 1 => refused.prop_map(Err)];
    let document = (hostile(), words).prop_map(|(name, words)| Document { name, words });
    proptest::collection::vec(document, 1..4)
}

proptest! {
    #[test]
    fn no_words_of_a_file_leave_their_marks(documents in documents(), most in 0usize..200, own in hostile()) {
        let all: Vec<&Document> = documents.iter().collect();
        let (text, _) = marked(&all, most);
        let read = format!("{text}\n\n{}", with_words(&[], &own));
        let above = read.strip_suffix(own.as_str()).unwrap().strip_suffix("\n\n").unwrap();
        let mut headings = 0;
        for line in above.split(is_break).filter(|line| !line.is_empty() && !line.starts_with("> ")) {
            prop_assert!(line.starts_with("[Attached: ") && line.ends_with(']'), "{}", line);
            prop_assert!(!line[1..line.len() - 1].contains(['[', ']']), "{}", line);
            headings += 1;
        }
        prop_assert_eq!(headings, documents.len());
    }

    #[test]
    fn what_is_read_of_files_fits_and_is_their_beginning(documents in documents(), most in 0usize..300) {
        let all: Vec<&Document> = documents.iter().collect();
        let (text, _) = marked(&all, most);
        let heading = |line: &&str| !line.starts_with("> ");
        let words: usize = text.lines().filter(|line| !heading(line)).map(|line| line.len() + 1).sum();
        // Where nothing fits, each still has its mark.
        prop_assert!(words.div_ceil(3) <= most + 1 + documents.len(), "{} {}: {}", words, most, text);
        let (whole, none) = marked(&all, 100_000);
        let is_cut = |document: &&Document| document.words.as_ref().is_ok_and(|words| words.is_cut);
        prop_assert_eq!(none.len(), documents.iter().filter(is_cut).count());
        let body = |text: &str| text.lines().filter(|line| !heading(line)).map(str::to_owned).collect::<Vec<_>>();
        if documents.len() == 1 {
            let (part, all) = (body(&text).concat(), body(&whole).concat());
            prop_assert!(all.starts_with(part.trim_end().trim_end_matches('>')) , "{} {}", part, all);
        }
    }
}
