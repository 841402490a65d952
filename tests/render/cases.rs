//! Single promises of the renderer, each with the case that would break it.

use frankenstein::rich_message::InputRichBlock;
use frankenstein::types::MessageEntityType;
use systech_aidd::domain::reply::{Content, ReplyPart};
use systech_aidd::render::{RichMessages, answer, draft};

use crate::{checks, limits, show};

fn texts(parts: &[ReplyPart]) -> Vec<&str> {
    let text = |part| match part {
        &ReplyPart { content: Content::Text { ref text, .. }, .. } => text.as_str(),
        _ => panic!("all parts are text"),
    };
    parts.iter().map(text).collect()
}

fn preview(markdown: &str) -> String {
    match draft(markdown) {
        Some(Content::Text { text, entities }) => show::marked(&text, &entities),
        Some(_) => panic!("a preview is text"),
        None => String::new(),
    }
}

#[test]
fn an_answer_with_nothing_to_see_has_no_parts() {
    for nothing in
        ["", " \n\t\n", "\u{200b}\u{feff}", "\u{202e}", "```\n```", "**", "<b></b>", "- \n- ", "# ", "> \n>"]
    {
        for mode in [RichMessages::Auto, RichMessages::Never, RichMessages::Always] {
            let parts = answer(nothing, mode);
            limits::check(&parts);
            assert!(parts.is_empty() || nothing == "**", "{nothing:?}");
        }
    }
    assert!(draft(" \n").is_none());
}

#[test]
fn a_stretch_of_invisible_characters_makes_no_message() {
    let parts = answer(&format!("до{}после", "\u{200b}".repeat(13_000)), RichMessages::Never);
    limits::check(&parts);
    assert_eq!(parts.len(), 2);
}

#[test]
fn a_code_block_cut_in_two_keeps_its_language_and_its_indent() {
    let code = "    let value = compute(\"строка\");\n".repeat(300);
    let parts = answer(&format!("Код:\n\n```rust\nfn f() {{\n{code}}}\n```"), RichMessages::Never);
    limits::check(&parts);
    assert!(parts.len() >= 3);
    for part in &parts[1..] {
        let Content::Text { text, entities } = &part.content else { panic!("text") };
        assert!(text.starts_with("\u{a0}   let"), "the indent survives Telegram's trimming");
        assert_eq!(entities.len(), 1);
        assert_eq!(entities[0].type_field, MessageEntityType::Pre);
        assert_eq!(entities[0].language.as_deref(), Some("rust"));
        assert_eq!((entities[0].offset, usize::from(entities[0].length)), (0, text.encode_utf16().count()));
    }
}

#[test]
fn a_quoted_code_block_cut_in_two_is_quoted_code_again() {
    let code = ">     let value = compute(\"строка\");\n".repeat(300);
    let parts = answer(&format!("> ```rust\n{code}> ```"), RichMessages::Never);
    limits::check(&parts);
    assert!(parts.len() > 2);
    for part in &parts {
        let Content::Text { entities, .. } = &part.content else { panic!("text") };
        let kinds: Vec<_> = entities.iter().map(|entity| entity.type_field).collect();
        assert_eq!(kinds, [MessageEntityType::ExpandableBlockquote, MessageEntityType::Pre]);
    }
}

#[test]
fn messages_are_cut_between_blocks_and_a_heading_stays_with_its_text() {
    let line = "Предложение раздела. ".repeat(35);
    let section = format!("## Заголовок\n\n{line}\n{line}\n\n");
    let parts = answer(&section.repeat(12), RichMessages::Never);
    limits::check(&parts);
    assert!(parts.len() > 3);
    for text in texts(&parts) {
        assert!(text.starts_with("Заголовок\n\n"), "a message begins with a section");
        assert!(text.ends_with("раздела."), "and ends with one");
    }
}

#[test]
fn a_paragraph_over_the_limit_is_cut_between_words() {
    let parts = answer(&"слово ".repeat(3_000), RichMessages::Never);
    limits::check(&parts);
    for text in texts(&parts) {
        assert!(text.split(' ').all(|word| word == "слово"));
    }
    assert_eq!(parts.len(), 3_000 * 6 / 4096 + 1, "messages are filled");
}

#[test]
fn no_table_is_cut_inside_a_row() {
    let narrow = format!("| ключ | значение |\n|---|---|\n{}", "| имя | сто двадцать три |\n".repeat(300));
    let parts = answer(&narrow, RichMessages::Never);
    limits::check(&parts);
    assert!(parts.len() > 1);
    for text in texts(&parts) {
        assert!(text.lines().all(|row| row.contains('│') || row.contains('┼')));
        assert!(text.lines().skip(2).all(|row| row == "имя  │ сто двадцать три"));
    }

    // In the second table a row fits a message, but not together with the line of headings.
    for words in [60, 169] {
        let cell = "значение из многих слов ".repeat(words);
        let wide = format!(
            "| ключ | значение |\n|---|---|\n{}",
            format!("| имя в 15 знаков | {cell} |\n").repeat(9)
        );
        let parts = answer(&wide, RichMessages::Never);
        limits::check(&parts);
        assert!(parts.len() > 3);
        for text in texts(&parts) {
            let rows: Vec<&str> = text.split("\n\n").filter(|row| *row != "ключ · значение").collect();
            assert!(
                rows.iter()
                    .all(|row| row.starts_with("ключ: имя в 15 знаков\nзначение: ") && row.ends_with("слов"))
            );
        }
    }
}

#[test]
fn a_message_never_has_more_entities_than_telegram_keeps() {
    let parts = answer(&"**a** *b* `c` ".repeat(400), RichMessages::Never);
    limits::check(&parts);
    assert!(parts.len() >= 12);
    let bold = parts.iter().map(|part| match &part.content {
        Content::Text { entities, .. } => {
            entities.iter().filter(|entity| entity.type_field == MessageEntityType::Bold).count()
        }
        _ => 0,
    });
    assert_eq!(bold.sum::<usize>(), 400, "no formatting is dropped");
}

#[test]
fn a_format_over_many_lines_is_one_entity() {
    let lines = "строка\n".repeat(150);
    for markdown in [format!("**{lines}конец**"), format!("<i>{lines}конец</i>")] {
        let parts = answer(&markdown, RichMessages::Never);
        let [ReplyPart { content: Content::Text { text, entities }, .. }] = parts.as_slice() else {
            panic!("one part")
        };
        assert_eq!((entities.len(), usize::from(entities[0].length)), (1, text.encode_utf16().count()));
    }
    let Some(Content::Text { text, .. }) = draft(&format!("начало\n\n*{lines}")) else {
        panic!("text")
    };
    assert!(text.starts_with("начало"), "an open format does not cut the preview");
}

#[test]
fn a_grapheme_over_the_limit_still_comes_out() {
    let monster = format!("a{}", "\u{301}".repeat(10_000));
    let parts = answer(&monster, RichMessages::Never);
    limits::check(&parts);
    assert_eq!(texts(&parts).concat().chars().count(), 10_001);
}

#[test]
fn only_a_table_a_formula_or_a_details_block_earns_a_rich_message() {
    let is_rich = |markdown: &str, mode| {
        answer(markdown, mode).iter().any(|part| matches!(part.content, Content::Rich { .. }))
    };
    let rich = [
        "|a|b|\n|-|-|\n|1|2|",
        "$$x$$",
        "see \\(x\\)",
        "- > $x^2$",
        "<details><summary>s</summary>\n\nt\n\n</details>",
    ];
    for markdown in rich {
        assert!(is_rich(markdown, RichMessages::Auto), "{markdown}");
        assert!(!is_rich(markdown, RichMessages::Never), "{markdown}");
    }
    for markdown in ["# t\n\n**b**", "```\n| a |\n```", "- [x] done", "it costs $5"] {
        assert!(!is_rich(markdown, RichMessages::Auto), "{markdown}");
        assert!(is_rich(markdown, RichMessages::Always), "{markdown}");
    }
}

#[test]
fn rich_messages_are_filled_up_to_each_limit_and_no_further() {
    let rows = format!("| a | b |\n|---|---|\n{}", "| 1 | 2 |\n".repeat(1_200));
    let items = "- пункт списка\n".repeat(1_200);
    let paragraphs = format!("$x$\n\n{}", format!("{}\n\n", "слово ".repeat(200)).repeat(60));
    for markdown in [rows, items, paragraphs] {
        let parts = answer(&markdown, RichMessages::Always);
        limits::check(&parts);
        assert!((2..9).contains(&parts.len()), "{} parts", parts.len());
        assert!(parts.iter().all(|part| matches!(part.content, Content::Rich { .. })));
    }
}

#[test]
fn a_heading_stays_with_its_text_in_rich_messages_too() {
    let section = format!("## Раздел\n\n{}\n\n", "слово ".repeat(1_700));
    let parts = answer(&section.repeat(10), RichMessages::Always);
    limits::check(&parts);
    assert!(parts.len() > 2);
    for part in &parts {
        let Content::Rich { blocks } = &part.content else { panic!("rich") };
        assert!(matches!(blocks.first(), Some(InputRichBlock::Heading(_))));
        assert!(!matches!(blocks.last(), Some(InputRichBlock::Heading(_))));
    }
}

#[test]
fn what_no_rich_message_can_hold_goes_as_text() {
    let deep: String = (0..12).map(|depth| "  ".repeat(depth) + "- уровень\n").collect();
    let parts = answer(&format!("$$x$$\n\n{deep}\n\nконец"), RichMessages::Auto);
    limits::check(&parts);
    let rich: Vec<bool> = parts.iter().map(|part| matches!(part.content, Content::Rich { .. })).collect();
    assert_eq!(rich, [true, false, true]);
}

#[test]
fn the_plain_form_shows_where_links_lead_and_what_was_quoted() {
    let parts = answer("> см. [сайт](https://example.com/a) и\n> **ещё**", RichMessages::Never);
    let [ReplyPart { fallback, .. }] = parts.as_slice() else { panic!("one part") };
    assert_eq!(texts(fallback), ["> см. сайт (https://example.com/a) и\n> ещё"]);
    assert!(fallback.iter().all(|part| part.fallback.is_empty()));
}

#[test]
fn model_text_makes_no_link_but_to_the_web() {
    for target in [
        "tg://user?id=1",
        "tg://resolve?domain=x",
        "javascript:x",
        "mailto:a@b.c",
        "file:///etc/passwd",
        "/a",
    ] {
        for markdown in [
            format!("[t]({target}) $x$"),
            format!("![t]({target}) $x$"),
            format!("<a href=\"{target}\">t</a> $x$"),
        ] {
            for mode in [RichMessages::Auto, RichMessages::Never] {
                let stored = serde_json::to_string(&answer(&markdown, mode)).expect("parts are JSON");
                assert!(!stored.contains("\"url\"") && !stored.contains("text_link"), "{markdown}");
            }
        }
    }
}

#[test]
fn a_formula_over_several_lines_of_a_table_loses_no_cell() {
    let parts = answer("| a | b |\n|---|---|\n| 1 | \\(2\n3 | 4\\) |\n\n5", RichMessages::Never);
    let shown: String = texts(&parts).concat().chars().filter(char::is_ascii_digit).collect();
    assert_eq!(shown, "12345");
}

#[test]
fn a_formula_does_not_take_the_line_behind_a_heading_into_it() {
    for heading in ["# \\[c", "- # \\[c", "> ###### \\[c"] {
        let markdown = format!("{heading}\n\\]\n2.");
        checks::check_answer(&markdown);
        let shown = checks::text_of(&answer(&markdown, RichMessages::Never), 0);
        assert!(shown.contains("[c\n") && shown.contains("]\n2."), "{shown:?}");
    }
    // Nor does one go on in another quotation, or in an item of a list that is no part of it.
    for markdown in ["[\\[\n>\\]](http://m)", "- [\\[\n- \\]](http://m)", "[\\(a\n- \\)](http://m)"] {
        checks::check_answer(markdown);
    }
    let sum = checks::text_of(&answer("Sum:\n\\[\na\n- b\n+ c\n\\]\n", RichMessages::Never), 0);
    assert_eq!(sum, "Sum:\n\na - b + c\n");
    let one_line = checks::text_of(&answer("# \\[c\\]\ntext", RichMessages::Never), 0);
    assert_eq!(one_line, "c\n\ntext\n");
}

#[test]
fn code_that_begins_behind_a_formula_mark_stays_code() {
    let markdown = "\\( opens and `\\)` closes";
    let shown = "( opens and ⟨code⟩\\)⟨/code⟩ closes";
    let parts = answer(markdown, RichMessages::Never);
    let Content::Text { text, entities } = &parts[0].content else { panic!("text") };
    assert_eq!(show::marked(text, entities), shown);
    assert_eq!(preview(markdown), shown);
    assert_eq!(preview("\\( opens and `x"), "( opens and ⟨code⟩x⟨/code⟩");

    let parts = answer("\\[a ``b\\] <sup>2``", RichMessages::Never);
    assert_eq!(texts(&parts), ["[a b\\] <sup>2"], "a tag in code is code");
}

#[test]
fn a_link_broken_by_a_rule_is_a_link_on_both_sides() {
    let parts = answer("a [b<hr>é](https://example.com)", RichMessages::Never);
    let [ReplyPart { content: Content::Text { text, entities }, .. }] = parts.as_slice() else {
        panic!("one part")
    };
    let link = "⟨a https://example.com⟩";
    assert_eq!(show::marked(text, entities), format!("a {link}b⟨/a⟩\n\n──────────\n\n{link}é⟨/a⟩"));
}

#[test]
fn the_mode_is_read_from_its_name_only() {
    assert_eq!("auto".parse(), Ok(RichMessages::Auto));
    assert_eq!("never".parse(), Ok(RichMessages::Never));
    assert_eq!("always".parse(), Ok(RichMessages::Always));
    for other in ["", "Auto", " auto", "yes"] {
        let error = other.parse::<RichMessages>().expect_err("not a mode");
        assert_eq!(error.to_string(), "expected auto, never or always");
    }
}

#[test]
fn hostile_nesting_neither_overflows_the_stack_nor_hangs() {
    let opened = [
        "> ",
        "[",
        "![",
        "- ",
        "1. ",
        "*",
        "**a ",
        "_a ",
        "~~",
        "`",
        "<b>",
        "<details>",
        "\\(",
        "\\[",
        "$",
        "$$",
        "[a](",
        "((",
        "&",
        "<a ",
        "|",
        "> - ",
        "a`b``",
        "{",
        "<!--",
        "[^1]: ",
        "](",
    ];
    for piece in opened {
        let times = if piece == "> - " { 5_000 } else { 100_000 / piece.len() };
        let text = piece.repeat(times) + "x";
        limits::check(&answer(&text, RichMessages::Auto));
        limits::check(&answer(&text, RichMessages::Always));
        let _ = draft(&text);
    }
}

#[test]
fn a_preview_closes_what_is_open_and_waits_with_what_may_become_markup() {
    for (markdown, shown) in [
        ("Это **жирн", "Это ⟨b⟩жирн⟨/b⟩"),
        ("Это **жирный*", "Это ⟨b⟩жирный⟨/b⟩"),
        ("**жирный *и курс", "⟨b⟩жирный ⟨i⟩и курс⟨/i⟩⟨/b⟩"),
        ("вызов `f(x", "вызов ⟨code⟩f(x⟨/code⟩"),
        ("```rust\nlet x", "⟨pre rust⟩let x⟨/pre⟩"),
        ("```rust\nlet x\n``", "⟨pre rust⟩let x⟨/pre⟩"),
        ("```py", ""),
        ("см. [документ", "см."),
        ("см. [документ](https://exam", "см."),
        ("см. [документ](https://example.com)", "см. ⟨a https://example.com⟩документ⟨/a⟩"),
        ("[1]\n[2", "[1]"),
        ("1. 2 * 3\n   -", "1. 2 * 3"),
        ("$x$\n[", "⟨code⟩x⟨/code⟩"),
        ("массив [1, 2] готов", "массив [1, 2] готов"),
        ("корень \\(x^", "корень"),
        ("итак\n$$\na\n- b", "итак"),
        ("стоит $5 в месяц", "стоит $5 в месяц"),
        ("абзац\n\n-", "абзац"),
        ("|| нет таблицы\n\\[\nx = ", "|| нет таблицы"),
        ("| a | $$x = ", ""),
        ("абзац\n\n- пункт\n-", "абзац\n\n• пункт"),
        ("абзац\n\n- [", "абзац"),
        ("абзац\n\n##", "абзац"),
        ("абзац\n--", "абзац"),
        ("до\n\n| a | b |\n|--", "до"),
        ("| a | b |\n|---|---|\n| 1 |", "⟨pre -⟩a │ b\n──┼──⟨/pre⟩"),
        // What waits behind a formula does not open the formula again.
        (
            "$x^2 + y$ <a href=\"https://example.com/?a=1&amp;b=2\">a long text of a link, a long text of a link, a long te",
            "⟨code⟩x^2 + y⟨/code⟩",
        ),
        ("тег <b", "тег"),
        ("тег <b>жир", "тег ⟨b⟩жир⟨/b⟩"),
    ] {
        assert_eq!(preview(markdown), shown, "{markdown:?}");
    }
}

#[test]
fn the_preview_of_a_long_answer_is_the_message_being_written() {
    let text = "Предложение, которое повторяется. ".repeat(300);
    let parts = answer(&text, RichMessages::Never);
    let last = texts(&parts).pop().map(str::to_owned);
    assert_eq!(Some(preview(&text)), last);
}
