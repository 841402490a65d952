//! What holds for any text, any prefix of it, and any way it is shown.
//!
//! Deterministic: `PROPTEST_RNG_SEED` chooses another seed, which is printed. A failure prints its smallest input.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};
use systech_aidd::domain::reply::{Content, Part};
use systech_aidd::render::{RichMessages, answer, draft};
use unicode_segmentation::UnicodeSegmentation;

use crate::checks::{check_answer, check_draft, text_of};
use crate::{corpus, limits};

fn check<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    let seed =
        std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    println!("seed {seed}");
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(strategy, |value| {
            test(value);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// Pieces of Markdown, HTML, TeX and scripts, in an order no model would choose.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => select(PIECES.to_vec()).prop_map(str::to_owned),
        2 => "[a-zA-Zа-яё0-9]{1,12}",
        1 => "\\PC{0,8}",
        1 => any::<String>(),
        1 => (select(vec!["слово ", "abc", "👨‍👩‍👧‍👦", "é", "> ", "- ", "x\n", "**", "`", "a\n\n"]), 1..400usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const PIECES: [&str; 74] = [
    "\n",
    "\n\n",
    "\n\n",
    "  ",
    "    ",
    "\t",
    "**",
    "*",
    "_",
    "__",
    "~~",
    "~",
    "`",
    "``",
    "```",
    "```rust\n",
    "\n```\n",
    "~~~\n",
    "# ",
    "## ",
    "###### ",
    "> ",
    ">> ",
    "> [!NOTE]\n",
    "- ",
    "* ",
    "1. ",
    "9) ",
    "- [ ] ",
    "- [x] ",
    "| a | b |\n|---|:-:|\n",
    "| в | г |\n",
    "|",
    "---\n",
    "===\n",
    "***\n",
    "[",
    "](",
    "](https://example.com/a)",
    "[t](tg://user?id=1)",
    "![",
    ")",
    "<https://example.com>",
    "[^1]",
    "\n[^1]: ",
    "[r]: https://example.com\n",
    "[r]",
    "$",
    "$$",
    "$x^2$",
    "$$\n",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\\",
    "<b>",
    "</b>",
    "<sub>",
    "</sub>",
    "<sup>2</sup>",
    "<br>",
    "<hr>",
    "<details>",
    "<details>\n<summary>",
    "</summary>\n\n",
    "\n</details>\n",
    "<div>\n",
    "<!--",
    "-->",
    "&amp;",
    "\u{301}",
    "\u{202e}",
    "🏳️‍🌈",
];

#[test]
fn any_text_becomes_parts_within_all_limits_and_loses_nothing() {
    check(400, &any_text(), |markdown| check_answer(&markdown));
}

#[test]
fn any_prefix_of_any_text_can_be_previewed_and_answered() {
    check(300, &(any_text(), any::<prop::sample::Index>()), |(markdown, index)| {
        let ends: Vec<usize> = markdown.char_indices().map(|(at, _)| at).chain([markdown.len()]).collect();
        let prefix = &markdown[..*index.get(&ends)];
        check_draft(prefix);
        limits::check(&answer(prefix, RichMessages::Auto));
    });
}

#[test]
fn a_long_answer_in_the_style_of_the_corpus_loses_nothing() {
    let all: String = corpus::answers().into_iter().map(|(_, markdown)| markdown + "\n\n").collect();
    let long = all.repeat(60_000 / all.len() + 1);
    assert!(long.len() > 60_000);
    check_answer(&long);
    let mut at = 0;
    while at < long.len() {
        at = long.ceil_char_boundary(at + 997);
        check_draft(&long[..at]);
    }
}

#[test]
fn no_grapheme_is_cut() {
    let graphemes = vec!["👩🏽‍🚀", "🏳️‍🌈", "🇷🇺", "e\u{301}", "ё\u{301}\u{308}", "שָׁ", "हि", "각", "👨‍👩‍👧‍👦", "я", "z"];
    // Between words, nothing; or a space; or one that belongs to the mark over it, where no word may be cut.
    let between = select(vec!["", " ", " \u{301}"]);
    let words = prop::collection::vec(prop::collection::vec(select(graphemes), 1..9), 200..900);
    check(40, &(between, words), |(between, words)| {
        let words: Vec<String> = words.iter().map(|word| word.concat()).collect();
        let source = words.join(between);
        let parts = answer(&source, RichMessages::Never);
        limits::check(&parts);
        let shown = text_of(&parts, 0);
        let whole = |text: &'_ str| {
            let graphemes = text.graphemes(true).filter(|grapheme| !grapheme.trim().is_empty());
            graphemes.map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(whole(&source) == whole(&shown), "a grapheme was cut");
    });
}

/// Answers whose every mark is closed, as streams bring them; no tables, whose columns move as they grow.
fn stream() -> impl Strategy<Value = String> {
    let word =
        || select(vec!["слово", "word", "и", "x1", "данных", "👨‍👩‍👧", "не", "snake_case", "3.14", "end."]);
    let words = move || prop::collection::vec(word(), 1..6).prop_map(|words| words.join(" "));
    let inline = move || {
        prop_oneof![
            4 => words(),
            1 => words().prop_map(|text| format!("**{text}**")),
            1 => words().prop_map(|text| format!("*{text}*")),
            1 => words().prop_map(|text| format!("***{text}***")),
            1 => words().prop_map(|text| format!("~~{text}~~")),
            1 => words().prop_map(|text| format!("`{text}`")),
            1 => (words(), words()).prop_map(|(a, b)| format!("**{a} *{b}* {a}**")),
            1 => words().prop_map(|text| format!("[{text}](https://example.com/path_(a)?q=1)")),
            1 => words().prop_map(|text| format!("[**{text}**](https://example.com)")),
            1 => select(vec!["$x^2 + y$", "\\(a_i * b_i\\)", "<b>bold</b>", "H<sub>2</sub>O", "a < b", "R&amp;D", "[1]",
                "array[0]", "2 * 3", "$5", "`a | b`", "\\*"]).prop_map(str::to_owned),
        ]
    };
    let line = move || prop::collection::vec(inline(), 1..5).prop_map(|parts| parts.join(" "));
    let lines = move || prop::collection::vec(line(), 1..3);
    let block = prop_oneof![
        3 => lines().prop_map(|lines| lines.join("\n")),
        1 => (1..4usize, line()).prop_map(|(level, text)| format!("{} {text}", "#".repeat(level))),
        2 => prop::collection::vec(line(), 1..4).prop_map(|items| {
            items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
        }),
        1 => prop::collection::vec(line(), 1..4).prop_map(|items| {
            let item = |(index, item): (usize, &String)| format!("{}. {item}\n   - [ ] {item}", index + 1);
            items.iter().enumerate().map(item).collect::<Vec<_>>().join("\n")
        }),
        1 => lines().prop_map(|lines| format!("> {}", lines.join("\n> "))),
        1 => words().prop_map(|code| format!("```python\n{code}\n\n    {code} ** `x`\n```")),
        1 => Just("$$\n\\frac{a}{b}\n- c\n$$".to_owned()),
        1 => Just("\\[\na + b\n\\]".to_owned()),
        1 => Just("---".to_owned()),
    ];
    prop::collection::vec(block, 1..5).prop_map(|blocks| blocks.join("\n\n") + "\n")
}

/// A preview as its text and, for each UTF-16 unit, the entities over it.
fn looks(markdown: &str) -> (Vec<u16>, Vec<Vec<String>>) {
    let Some(Content::Text { text, entities }) = draft(markdown) else { return (Vec::new(), Vec::new()) };
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut looks = vec![Vec::new(); units.len()];
    for entity in entities {
        let look = format!("{:?} {:?} {:?}", entity.type_field, entity.url, entity.language);
        // A quote folds when it has become long: that is no flicker.
        let look = look.replace("ExpandableBlockquote", "Blockquote");
        let place = usize::from(entity.offset)..usize::from(entity.offset + entity.length);
        looks[place].iter_mut().for_each(|looks| looks.push(look.clone()));
    }
    (units, looks)
}

#[test]
fn what_a_preview_shows_stands_still_while_the_answer_grows() {
    check(40, &stream(), |markdown| {
        let mut before = (Vec::new(), Vec::new());
        for end in markdown.char_indices().map(|(at, c)| at + c.len_utf8()) {
            let now = looks(&markdown[..end]);
            let shown = |looks: &(Vec<u16>, Vec<Vec<String>>)| String::from_utf16_lossy(&looks.0);
            assert!(
                now.0.starts_with(&before.0),
                "{:?} becomes {:?} at {:?}",
                shown(&before),
                shown(&now),
                &markdown[..end]
            );
            for (at, (looks, looked)) in now.1.iter().zip(&before.1).enumerate() {
                // What joins two formatted words takes their format when the second one comes.
                let space = now.0[at] == u16::from(b' ') && looked.is_empty();
                assert!(
                    looks == looked || space,
                    "{looked:?} becomes {looks:?} at {at} in {:?}",
                    &markdown[..end]
                );
            }
            before = now;
        }
        // What is shown last is how the answer begins: its end may still have waited.
        let parts = answer(&markdown, RichMessages::Never);
        if let [Part { content: Content::Text { text, .. }, .. }] = parts.as_slice() {
            assert!(
                text.starts_with(&String::from_utf16_lossy(&before.0)),
                "the answer continues the preview"
            );
        }
    });
}
