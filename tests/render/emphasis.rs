//! Formats where CommonMark would leave their marks: punctuation within, letters without; and spoilers.

use crate::seen::{assert_as_written, assert_seen, preview, rich};

#[test]
fn bold_and_italic_that_end_in_punctuation_before_a_letter_are_bold_and_italic() {
    assert_seen(&[
        ("**注意：**请先泡豆子。", "⟨b⟩注意：⟨/b⟩请先泡豆子。"),
        ("这是**“重点”**的内容，*斜体。*然后", "这是⟨b⟩“重点”⟨/b⟩的内容，⟨i⟩斜体。⟨/i⟩然后"),
        ("**「本気」**です", "⟨b⟩「本気」⟨/b⟩です"),
        ("**중요:**한국어", "⟨b⟩중요:⟨/b⟩한국어"),
        ("**Важно:**текст и **«Внимание»**слово", "⟨b⟩Важно:⟨/b⟩текст и ⟨b⟩«Внимание»⟨/b⟩слово"),
        (
            "*Важно!*текст, _курсив:_текст, ***Итог:***текст",
            "⟨i⟩Важно!⟨/i⟩текст, ⟨i⟩курсив:⟨/i⟩текст, ⟨b⟩⟨i⟩Итог:⟨/i⟩⟨/b⟩текст",
        ),
        ("**Шаг 1**описание, **Python (язык)**это", "⟨b⟩Шаг 1⟨/b⟩описание, ⟨b⟩Python (язык)⟨/b⟩это"),
        ("**Note:**this", "⟨b⟩Note:⟨/b⟩this"),
        ("~~Старое:~~новое", "⟨s⟩Старое:⟨/s⟩новое"),
        ("请**🔥注意**了", "请⟨b⟩🔥注意⟨/b⟩了"),
    ]);
}

#[test]
fn a_part_of_a_word_can_be_bold() {
    assert_seen(&[
        ("это**жирно**здесь", "это⟨b⟩жирно⟨/b⟩здесь"),
        ("зам**о**к, у**жин**а", "зам⟨b⟩о⟨/b⟩к, у⟨b⟩жин⟨/b⟩а"),
        ("这是**粗体**文字", "这是⟨b⟩粗体⟨/b⟩文字"),
        ("pho**tog**raphy", "pho⟨b⟩tog⟨/b⟩raphy"),
        ("**слово**м", "⟨b⟩слово⟨/b⟩м"),
    ]);
}

#[test]
fn a_spoiler_hides_its_words_in_both_forms() {
    assert_seen(&[
        ("Ответ: ||сорок **два**||.", "Ответ: ⟨spoiler⟩сорок ⟨b⟩два⟨/b⟩⟨/spoiler⟩."),
        ("答案是||剧透||。", "答案是⟨spoiler⟩剧透⟨/spoiler⟩。"),
        ("||a||\n\nb", "⟨spoiler⟩a⟨/spoiler⟩\n\nb"),
        ("`||a||` and ||", "⟨code⟩||a||⟨/code⟩ and ||"),
    ]);
    assert_eq!(rich("||тайна||"), "paragraph ⟨spoiler⟩тайна⟨/spoiler⟩");
    assert_eq!(preview("Ответ: ||сорок"), "Ответ: ⟨spoiler⟩сорок⟨/spoiler⟩");
    assert_as_written(&["a || b", "if a||b and c||d", "||", "| | |"]);
}

#[test]
fn a_link_leads_where_it_says_and_what_is_none_stays() {
    assert_seen(&[
        ("[**a** b](https://example.com/x_(y)_z) c", "⟨a https://example.com/x_(y)_z⟩⟨b⟩a⟨/b⟩ b⟨/a⟩ c"),
        (
            "[a][r] and [r]\n\n[r]: https://example.com",
            "⟨a https://example.com⟩a⟨/a⟩ and ⟨a https://example.com⟩r⟨/a⟩",
        ),
        (
            "see [1].\n\n[1]: https://example.com/1\n[2]: https://example.com/2",
            "see ⟨a https://example.com/1⟩1⟨/a⟩.\n\n[2]: https://example.com/2",
        ),
        (
            "<https://example.com/_x_> and <mail@example.com>",
            "⟨a https://example.com/_x_⟩https://example.com/_x_⟨/a⟩ and mail@example.com",
        ),
        ("a[^1] and [^a-z]\n\n[^1]: b", "a[1] and [^a-z]\n\n[1] b"),
    ]);
}

#[test]
fn a_spoiler_in_parentheses_is_one() {
    assert_seen(&[("(||42||), [||a b||]", "(⟨spoiler⟩42⟨/spoiler⟩), [⟨spoiler⟩a b⟨/spoiler⟩]")]);
    assert_as_written(&["||v||_2 and /a/__b__, ||x||^2 and ||x + y|| <= ||x|| + ||y||, ||a|| = 5"]);
    assert_seen(&[
        ("x = ||42|| or ||y||", "x = ⟨spoiler⟩42⟨/spoiler⟩ or ⟨spoiler⟩y⟨/spoiler⟩"),
        (
            "||и|| <i>с</i>, ||a|| *b* ||c|| _d_ and <b>||e||</b>",
            "⟨spoiler⟩и⟨/spoiler⟩ ⟨i⟩с⟨/i⟩, ⟨spoiler⟩a⟨/spoiler⟩ ⟨i⟩b⟨/i⟩ ⟨spoiler⟩c⟨/spoiler⟩ ⟨i⟩d⟨/i⟩ and ⟨spoiler⟩⟨b⟩e⟨/b⟩⟨/spoiler⟩",
        ),
    ]);
    assert_as_written(&["(a||b), (a ||b) && (c ||d), f(x||y)||g", "'a'||b||'c'"]);
}
