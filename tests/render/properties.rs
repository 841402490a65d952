//! What holds for any text, any prefix of it, and any way it is shown.
//!
//! Deterministic: `PROPTEST_RNG_SEED` chooses another seed, which is printed, and `PROPTEST_CASES` how many texts are tried.
//! A failure prints its smallest input.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};
use systech_aidd::domain::reply::{Content, ReplyPart};
use systech_aidd::domain::speech::{MOST_CHARACTERS, MOST_MESSAGES};
use systech_aidd::render::{RichMessages, answer, draft, spoken};
use unicode_segmentation::UnicodeSegmentation;

use crate::checks::{check_answer, check_draft, check_growing, text_of};
use crate::{corpus, limits};

pub(crate) fn check<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    let seed =
        std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    println!("seed {seed}");
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
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

/// Pieces of Markdown, HTML, TeX, code and scripts, in an order no model would choose. What is no content is written in
/// Latin letters, digits and signs.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => select(PIECES.to_vec()).prop_map(str::to_owned),
        2 => "[а-яё]{1,8}",
        1 => "[一-三あ-お가-나]{1,4}",
        1 => "[a-zA-Z0-9]{1,6}",
        1 => "[а-яa-z]{1,3}[*_~|<>$`\\\\:.]{1,3}[а-яa-z]{1,3}",
        1 => "\\PC{0,8}",
        1 => any::<String>(),
        1 => (select(vec!["слово ", "ё**", "👨‍👩‍👧‍👦", "é", "> ", "- ", "ж\n", "**", "`", "ю\n\n"]), 1..400usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\n", "\n\n", "\n\n", " ", "  ", "    ", "\t",
    "**", "*", "_", "__", "***", "~~", "~", "||", "|", "`", "``", "```",
    "```rust\n", "\n```\n", "~~~\n", "````\n", "```md\n", "    ```\n",
    "# ", "## ", "###### ", "> ", ">> ", "> [!NOTE]\n", "- ", "* ", "+ ", "1. ", "9) ", "2024. ", "1. 2. 3.", "- [ ] ", "- [x] ",
    "| a | b |\n|---|:-:|\n", "| в | г |\n", "| в | `г | д` | е |\n", "|---|---|\n", "\\|",
    "---\n", "===\n", "***\n",
    "[", "]", "](", "](https://example.com/a)", "[t](tg://user?id=1)", "![", ")", "(", "<https://example.com>",
    "[^1]", "\n[^1]: ", "[r]: https://example.com\n", "\n[r]: https://example.com\n", "[r]", "[1][2]",
    "https://example.com/a_b_*c*", "https://",
    "$", "$$", "$x^2$", "$$\n", "\\(", "\\)", "\\[", "\\]", "\\", "\n\\[\n", "\n\\]\n",
    "\\begin{align}", "\\end{align}", "\\frac{a}{b}", "90^\\circ", " \\to ", "\\text{", "}", "x^2", "a_1",
    "<", ">", "<b>", "</b>", "<i>", "<u>", "</u>", "<s>", "<sub>", "</sub>", "<sup>2</sup>", "<br>", "<hr>", "<p>", "</p>",
    "<code>", "</code>", "<pre>", "</pre>", "\n<pre>\n", "<h3>", "</h3>", "<a href=\"https://example.com\">", "</a>",
    "<ul>", "<ul>\n<li>", "</li>", "</ul>\n", "<ol start=\"5\">", "</ol>", "<li>", "<blockquote>", "</blockquote>\n",
    "<table>\n", "<tr>", "<td>", "<th>", "</td>", "</tr>\n", "</table>\n",
    "<details>", "<details>\n<summary>", "</summary>\n\n", "\n</details>\n", "<div>\n", "<T>", "</T>", "a<b", "<b and c>", "x < y",
    "&amp;", "&lt;", "&nbsp;", "&copy=1", "&",
    "2*3*4", "2**3", "a*b", "f(x)*g", "*.txt", "src/**/*.rs", "C:\\x\\_y", "\\*", "\\_", "\\.", "__init__", "snake_case", "~5",
    "\u{301}", "\u{202e}", "🏳️‍🌈", "：**", "**（", "\u{200b}", "\u{200f}", "\u{feff}", "1️⃣", "👩🏽‍🚀",
    " <b> ", " </b> ", " </ul> ", "<blockquote expandable>", "<B>", "<P>", "<a href='https://example.com/?a>b'>", "<details open>",
    "&*x", "5*kg*m", "*this*/*that*", "[^*]*", "\\d+", "\\(\\d+\\)", "$CO_2$", "$\\mu$m", "$n$th", "\\alpha ", "\\degree", "\\{",
    "| в || г | д |\n", "| ||е|| | ж |\n", "|---|---|---|\n", "| ", " |\n", " || ", "(||", "||)",
    "```text\n", "~~~~\n", "\n~~~\n", "> ```\n", "  - ", "   ", "[t](https://example.com/a_(b)_c|d \"x\")", "[r]: <https://example.com> 'x'\n",
    "\\begin{itemize}", "\\end{itemize}", "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\\n", "  \n", "- - ", "1) ", "#", "#hash ",
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
        check_answer(prefix);
    });
}

#[test]
fn a_preview_shows_all_that_has_come_but_for_what_waits_at_its_end() {
    check(30, &(any_text(), stream()), |(any, stream)| {
        for markdown in [any, stream] {
            let ends = markdown.char_indices().map(|(at, _)| at).chain([markdown.len()]);
            // Not every prefix of a long text, and not always the same ones.
            let step = 1 + markdown.len() / 100;
            for end in ends.filter(|end| end % step == 0) {
                check_growing(&markdown[..end]);
            }
        }
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

/// What stands in a line and is read in one way only, from its first character on.
#[rustfmt::skip]
const SETTLED: [&str; 45] = [
    "$x^2 + y$", "\\(a_i * b_i\\)", "<b>bold</b>", "H<sub>2</sub>O", "a < b", "R&amp;D", "[1]", "array[0]", "2 * 3", "$5",
    "`a | b`", "\\*", "2*3*4 = 24", "2**3**2", "a*b*c", "(a+b)*(c-d)*e", "цена*вес*путь", "~5", "5~10~15", "a<b and c>d",
    "List<T>", "<your name>", "std::vector<int>", "a || b || c", "x && y", "snake_case_name", "__init__.py", "*.txt and *.md",
    "src/**/*.rs", "C:\\new\\_dir", "~/path~", "https://example.com/_a_/b_c?x=1&copy=1", "$5 and $10", "[1][2]",
    "**Важно:**текст", "**注意：**请", "90^\\circ", "A \\to B", "$A \\Rightarrow B$", "\\(почти даром\\)\\.", "<code>a*b*c</code>",
    "&lt;b&gt;", "<u>u</u>", "<https://example.com/_x_>", "\\(\\alpha\\)",
];

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
            1 => words().prop_map(|text| format!("||{text}||")),
            1 => words().prop_map(|text| format!("<i>{text}</i>")),
            1 => words().prop_map(|text| format!("<a href=\"https://example.com/?a=1&amp;b=2\">{text}</a>")),
            3 => select(SETTLED.to_vec()).prop_map(str::to_owned),
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
        1 => Just("\\begin{align}\na &= b \\\\\n- c &= d\n\\end{align}".to_owned()),
        1 => Just("12\n+ 30\n= 42".to_owned()),
        1 => lines().prop_map(|lines| format!("2024. {}", lines.join("\n"))),
        1 => words().prop_map(|words| format!("<h3>{words}</h3>\n<p>{words}</p>")),
        1 => line().prop_map(|line| format!("<details><summary>more</summary>\n{line}\n</details>")),
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
    check(60, &stream(), |markdown| {
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
        if let [ReplyPart { content: Content::Text { text, .. }, .. }] = parts.as_slice() {
            assert!(
                text.starts_with(&String::from_utf16_lossy(&before.0)),
                "the answer continues the preview"
            );
        }
    });
}

/// What is read aloud of any text fits what endpoints speak, is made of its words, and cuts none.
#[test]
fn what_is_spoken_fits_and_says_no_more_than_the_text() {
    check(600, &any_text(), |markdown| {
        let speech = spoken(&markdown);
        assert!(speech.messages.len() <= MOST_MESSAGES);
        for message in &speech.messages {
            assert!(message.chars().count() <= MOST_CHARACTERS);
            assert!(message.contains(char::is_alphanumeric) && message.trim() == message);
            assert!(!message.contains("://"));
        }
    });
}

/// What stands in code, however it is written, is never read aloud.
#[test]
fn code_and_tables_are_never_read_aloud() {
    let words = prop::collection::vec("[а-яё]{1,8}( [а-яё]{1,8}){0,3}", 1..6);
    check(300, &(words, "[a-z]{2,6}[({;=<>.]{1,3}[a-z]{0,4}"), |(words, code)| {
        let between =
            [format!("```\n{code}\n```"), format!("| {code} |\n|---|\n| {code} |"), format!("`{code}`")];
        for code_block in between {
            let markdown = words.join(&format!("\n\n{code_block}\n\n"));
            assert_eq!(spoken(&markdown).messages.join("\n\n"), words.join("\n\n"), "{markdown}");
        }
    });
}
