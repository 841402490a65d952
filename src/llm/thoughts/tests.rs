use proptest::prelude::*;

use super::*;

/// The answer in `pieces`, and what was shown at the end.
fn read<'a>(pieces: impl IntoIterator<Item = &'a str>, thinks_first: bool, cut: bool) -> (String, String) {
    let mut filter = Filter::new(thinks_first);
    let mut shown = String::new();
    let mut hear = |heard: Heard<'_>| match heard {
        Heard::More(more) => shown.push_str(more),
        Heard::Anew => shown.clear(),
    };
    for piece in pieces {
        filter.push(piece, &mut hear);
    }
    filter.end(cut, &mut hear);
    (filter.text, shown)
}

fn answer(text: &str) -> String {
    let (answer, shown) = read([text], false, false);
    assert!(shown.starts_with(&answer), "{text:?}: {shown:?} is shown");
    // Letter by letter it is the same, and no thought is shown on the way.
    let mut letters = [0; 4];
    let mut filter = Filter::new(false);
    for c in text.chars() {
        filter.push(c.encode_utf8(&mut letters), &mut |heard| {
            assert!(filter_shows_no_thought(text, heard), "{text:?}: {heard:?}");
        });
    }
    filter.end(false, &mut |_| {});
    assert_eq!(filter.text, answer, "{text:?}");
    answer
}

/// Thoughts in these tests have a zebra; only where nothing marks their beginning they are seen until their end.
fn filter_shows_no_thought(text: &str, heard: Heard<'_>) -> bool {
    let alone =
        text.trim_start().starts_with(|c: char| c.is_alphabetic()) || text.matches("</think>").count() > 1;
    alone || !matches!(heard, Heard::More(more) if more.contains('z'))
}

#[test]
fn thoughts_before_the_answer_are_not_the_answer() {
    for text in [
        "<think>zebra</think>Paris.",
        "<think>\nzebra\n</think>\n\nParis.",
        "\n<think>\n\n</think>\n\nParis.",
        "<THINK>zebra</Think>Paris.",
        "<think time=\"3\">zebra</think>Paris.",
        "<thinking>zebra</thinking>Paris.",
        "<thought>zebra</thought>Paris.",
        "<reasoning>zebra</reasoning>\nParis.",
        "<seed:think>zebra</seed:think>Paris.",
        "<longcat_think>zebra</longcat_think>Paris.",
        "<think>a</think>\n<thinking>zebra</thinking>Paris.",
        "<think>zebra <think> zebra</think> zebra.</think>\nParis.",
        "<think>zebra</thinking >Paris.",
        "<think>The user asks about `</think>` and \"</think>\", zebra.</think>Paris.",
        "<think>It is `<think>zebra</think>` there, zebra.</think>\nParis.",
        "<think>Use `ls, zebra.</think>Paris.",
        "[THINK]They write `[/THINK]`, zebra.[/THINK]Paris.",
        "<think>zebra</think>\n<answer>\nParis.\n</answer>",
        "<think>zebra</think><response>Paris.</response>\n",
        "[THINK]zebra[/THINK]Paris.",
        "\u{25c1}think\u{25b7}zebra\u{25c1}/think\u{25b7}Paris.",
        "<|begin_of_thought|>zebra<|end_of_thought|>\n<|begin_of_solution|>Paris.<|end_of_solution|>",
        "<|START_THINKING|>zebra<|END_THINKING|><|START_RESPONSE|>Paris.<|END_RESPONSE|>",
        "<|channel>thought\nzebra<channel|>Paris.",
        "<|channel|>analysis<|message|>zebra<|end|><|start|>assistant<|channel|>final<|message|>Paris.<|return|>",
        "<|channel|>analysis<|message|>zebra<|start|>assistant<|channel|>final<|message|>Paris.",
        "<|channel|>analysis<|message|>zebra<|end|><|channel|>commentary to=zebra <|constrain|>json<|message|>{}<|call|><|channel|>final<|message|>Paris.<|end|>",
        "<|start|>assistant<|channel|>final<|message|>Paris.<|return|>",
        "<|channel|>final<|message|>Paris.",
        // Only the end is marked.
        "zebra</think>Paris.",
        "zebra</think>\nParis.",
        "Okay, a zebra.\n</think>\n\nParis.",
        "A zebra.</think> Paris.",
        "a zebra </think> Paris.",
        "zebra\n</thinking>\nParis.",
        "A zebra.[/THINK]Paris.",
        "A zebra.\u{25c1}/think\u{25b7}Paris.",
        "A zebra.<channel|>Paris.",
        "A zebra.<|end|><|start|>assistant<|channel|>final<|message|>Paris.<|return|>",
        "analysisThe user wants a zebra.assistantfinalParis.",
    ] {
        assert_eq!(answer(text), "Paris.", "{text:?}");
    }
}

#[test]
fn an_answer_that_talks_about_marks_is_as_it_was() {
    for text in [
        "Models write <think>…</think> before they answer.",
        "`<think>` opens, and `</think>` closes it.",
        "Use `</think>` to close.",
        "```xml\n<think>\na\n</think>\n```\nand so on",
        "```\nb\n</think>\n```",
        "The closing tag </think> is what matters.",
        "The closing tag is </think>",
        "They end with \"</think>\".",
        "The [/THINK] token closes it, and <channel|> does it for Gemma.",
        "They end with **</think>**.",
        "See `` </think> ``, it closes.",
        "````md\n```xml\na\n</think>\n```\n````\nso",
        "~~~\nb\n</think>\n~~~\nso",
        "1. ```xml\n   </think>\n   ```\n2. b",
        "> ```\n> </think>\n> ```",
        "It is written so:\n\n    </think>\n\nand no other way.",
        "| tag | meaning |\n|---|---|\n| </think> | closes |",
        "The tag </think> — the end",
        "Тег </think> закрывает его",
        "标签 </think> 表示结束",
        "<think-tank> and </think-tank>",
        "<b>Paris</b> is <i>it</i>.",
        "<thinkpad> is a tag of mine",
        "< 5 apples",
        "<",
        "<3",
        "[think tank] is a word",
        "[THIN",
        "<answer>Paris.</answer>",
        "  Paris",
        "analysis: it is Paris",
        "<|endoftext|> is a token",
        "\u{25c1} back",
        "",
    ] {
        assert_eq!(answer(text), text);
    }
}

#[test]
fn a_thought_that_never_ends_is_no_answer() {
    let channel = "<|channel|>analysis<|message|>zebra";
    for text in ["<think>", "<think>zebra", "<think>\nzebra</thin", channel, "zebra.\n</think>\n"] {
        assert_eq!(read([text], false, true).0.trim(), "", "{text:?}");
        assert_eq!(read([text], false, false).0.trim(), "", "{text:?}");
    }
}

#[test]
fn half_a_mark_at_the_limit_is_no_answer() {
    for half in
        ["<", "<thi", "<think", "<think time=\"3", "<|chan", "<|channel|>analysis", "[THIN", "\u{25c1}thi"]
    {
        assert_eq!(read([half], false, true).0, "", "{half:?}");
        // An answer that ended by itself may be so short.
        assert_eq!(read([half], false, false).0, half, "{half:?}");
    }
}

/// Texts that are hard to cut: long names, long space, long headers, marks that are quoted or talked about.
#[test]
fn the_answer_is_the_same_wherever_a_hard_text_is_cut() {
    let (long, space) = ("x-".repeat(60), " ".repeat(120));
    let texts = [
        format!("<{long}think>zebra</{long}think>Paris."),
        format!("<think{space}>zebra</think>Paris."),
        format!("<think>zebra</think{space}>Paris.</think>Rome."),
        format!("<think>zebra `{}</think>` b</think>Paris.", "a".repeat(85)),
        format!("<think>zebra `</think>` {}</think>Paris.", "ё".repeat(150)),
        format!(
            "<|channel|>analysis{}<|message|>zebra<|end|><|channel|>final<|message|>Paris.",
            " ".repeat(185)
        ),
        format!("<|channel|>analysis{}<|message|>zebra<|end|>Paris.", " ".repeat(250)),
        "zebra `</think>` </think> Paris </think>.".to_owned(),
        "analysis zebra</think>x assistantfinal Paris.".to_owned(),
        "<THINK>ё\u{25c1}/think\u{25b7}</THINK>\r\n<ANSWER>Париж</ANSWER>".to_owned(),
        "<think>a</think><think b=\"</think>\">c</think><answer>Paris</answer>".to_owned(),
        "```\n<think>\n```\n`</think>` \u{1f600}</think>".to_owned(),
    ];
    for text in texts {
        for (thinks_first, cut) in [(false, false), (true, false), (false, true), (true, true)] {
            let whole = read([text.as_str()], thinks_first, cut).0;
            for (at, _) in text.char_indices() {
                let halves = read([&text[..at], &text[at..]], thinks_first, cut).0;
                assert_eq!(halves, whole, "{:?} and {:?}", &text[..at], &text[at..]);
            }
            let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
            assert_eq!(read(letters, thinks_first, cut).0, whole, "{text:?}");
        }
    }
}

#[test]
fn a_model_that_marks_only_the_end_of_its_thoughts_is_waited_for_once_it_is_known() {
    let mut filter = Filter::new(true);
    let mut shown = Vec::new();
    let mut hear = |heard: Heard<'_>| shown.push(format!("{heard:?}"));
    for piece in ["A zebra.", "\n</thi", "nk>\n\nPar", "is."] {
        filter.push(piece, &mut hear);
    }
    filter.end(false, &mut hear);
    assert!(filter.ended_alone());
    assert_eq!(filter.text(), "Paris.");
    assert_eq!(shown, ["More(\"Par\")", "More(\"is.\")"]);
    // This time it did not think, or thought without an end.
    assert_eq!(read(["Par", "is."], true, false), ("Paris.".to_owned(), "Paris.".to_owned()));
    assert_eq!(read(["zeb", "ra"], true, true).0, "");
    assert_eq!(read(["<think>zebra</think>Paris."], true, true).0, "Paris.");
}

#[test]
fn thoughts_hold_no_memory() {
    let mut filter = Filter::new(false);
    filter.push("<think>", &mut |_| {});
    for _ in 0..10_000 {
        filter.push("zebra zebra zebra zebra zebra zebra", &mut |_| {});
    }
    assert!(filter.len() < 200 && filter.held.capacity() < 10_000);
}

proptest! {
    #[test]
    fn the_answer_is_the_same_however_the_text_is_cut(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "<think>", "</think>", "<thi", "nk>", "</", "think>", "<|channel|>", "analysis", "final", "<|message|>", "<|end|>",
                "<|start|>assistant", "[THINK]", "[/THINK]", "\n", " ", "word", ".", "`", "```\n", "Слово", "<answer>", "</answer>", "<b>",
                "\u{25c1}think\u{25b7}", "\u{25c1}/think\u{25b7}", "\"", "<THINK>", "</Thinking >", "<think a=\"b\">", "`</think>`",
                "``", "~~~\n", "> ", "    ", "<|channel|>final<|message|>", "assistantfinal", "a long stretch of words to be passed over ",
            ]),
            0..14,
        ),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        thinks_first: bool,
        cut: bool,
    ) {
        let text = parts.concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let (whole, shown) = read([text.as_str()], thinks_first, cut);
        let pieces = read(cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]), thinks_first, cut);
        prop_assert_eq!(&pieces.0, &whole);
        prop_assert!(shown.starts_with(&whole) && pieces.1.starts_with(&whole));
        // And nothing of a text without marks is lost.
        let bare = text.starts_with("analysis") && text.contains("assistantfinal");
        let marked = bare || ["hink", "channel", "THINK", "<|start|>"].iter().any(|mark| text.contains(mark));
        // What may be half a mark is no answer once the limit was reached.
        let half = text.trim_start().strip_prefix('<');
        let half = half.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric()));
        let hidden = cut && (thinks_first || half);
        if !(marked || hidden) {
            prop_assert_eq!(whole, text);
        }
    }
}
