//! HTML: tags of the allow-list mean what they mean, everything else between `<` and `>` is text.

use crate::seen::{assert_as_written, assert_seen, classic, preview, rich};

#[test]
fn words_between_angle_brackets_that_are_no_tag_stay() {
    assert_as_written(&[
        "Take the branch if a<b and c>d, otherwise stop.",
        "if (x<y && y>z) return i<s and u>5",
        "List<T>, List<b>, Map<K, V>, vector<i>, std::vector<int>, Option<Box<dyn Fn()>>",
        "#include <stdio.h>, then <your name> and <user-id>",
        "a <b and c> d, <b c=d>, <i,j>, <>, < b >, <b/>, </b and c>",
        "<script>alert(1)</script>, <div>x</div>, <span style=\"x\">y</span>, <font color=\"red\">z</font>",
        "<key:value>, x <- y, a <= b, 5 < 6 > 4, <3",
        "<a>no target</a>",
        "<p> is a paragraph, <ul> a list, <h1> a heading, <table> a table",
    ]);
}

#[test]
fn tags_that_format_words_do() {
    let written = "<b>a</b> <strong>a</strong> <i>b</i> <em>b</em> <u>c</u> <ins>c</ins> <s>d</s> <del>d</del> <B >e</B>";
    let seen = "⟨b⟩a⟨/b⟩ ⟨b⟩a⟨/b⟩ ⟨i⟩b⟨/i⟩ ⟨i⟩b⟨/i⟩ ⟨u⟩c⟨/u⟩ ⟨u⟩c⟨/u⟩ ⟨s⟩d⟨/s⟩ ⟨s⟩d⟨/s⟩ ⟨b⟩e⟨/b⟩";
    // A space between two words of one format takes it too, in a classic message.
    assert_eq!(rich(written), format!("paragraph {seen}"));
    assert_seen(&[
        ("<b>a <i>b</i></b> c", "⟨b⟩a ⟨i⟩b⟨/i⟩⟨/b⟩ c"),
        ("H<sub>2</sub>O, m<sup>2</sup>", "H₂O, m²"),
        ("<code>a*b*c &lt;x&gt; **d**</code>", "⟨code⟩a*b*c <x> **d**⟨/code⟩"),
        ("<tg-spoiler>x</tg-spoiler>", "⟨spoiler⟩x⟨/spoiler⟩"),
        (
            "<a href=\"https://example.com/?a=1&amp;b=2\">x <b>y</b></a>",
            "⟨a https://example.com/?a=1&b=2⟩x ⟨b⟩y⟨/b⟩⟨/a⟩",
        ),
        ("<a href=\"javascript:x\">y</a>", "y (javascript:x)"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        (
            "&lt;b&gt; &amp; &quot;x&quot; &#8212; a&nbsp;b &unknown; &copy=1",
            "<b> & \"x\" — a\u{a0}b &unknown; &copy=1",
        ),
    ]);
}

#[test]
fn tags_that_make_blocks_do() {
    assert_seen(&[
        ("<p>one</p><p>two\nlines</p>", "one\n\ntwo\nlines"),
        ("<p>one\n<p>two\n\n<p>three", "one\n\ntwo\n\nthree"),
        ("Run: <pre>\na *b*\n\n- c\n</pre> so", "Run:\n\n⟨pre -⟩a *b*\n\n- c⟨/pre⟩\n\nso"),
        (
            "<ol><li value=\"3\">c</li><li>d</li><li value=\"7\">g</li><li>h</li></ol>",
            "3. c\n4. d\n7. g\n8. h",
        ),
        (
            "<details><summary>Code</summary><pre><code>a\nb</code></pre></details>",
            "▸ ⟨b⟩Code⟨/b⟩\n⟨folded⟩⟨pre -⟩a\nb⟨/pre⟩⟨/folded⟩",
        ),
        ("<ul>\n- of Markdown\n</ul>", "<ul>\n\n• of Markdown\n\n</ul>"),
        ("<h1>Title</h1>\ntext", "⟨b⟩⟨u⟩Title⟨/u⟩⟨/b⟩\n\ntext"),
        ("<h3>Title</h3><p>text</p>", "⟨b⟩Title⟨/b⟩\n\ntext"),
        ("one<hr>two", "one\n\n──────────\n\ntwo"),
        ("<blockquote>one<br>two</blockquote>three", "⟨quote⟩one\ntwo⟨/quote⟩\n\nthree"),
        ("<ul>\n  <li>one</li>\n\n    <li>two <b>x</b></li>\n</ul>\nend", "• one\n• two ⟨b⟩x⟨/b⟩\n\nend"),
        ("<ol start=\"3\"><li>three<li>four\n<ul><li>a</li></ul></ol>", "3. three\n4. four\n   ◦ a"),
        (
            "<pre><code class=\"language-python\">def f():\n    return a &lt; b\n\n    # *x*\n</code></pre>\nend",
            "⟨pre python⟩def f():\n    return a < b\n\n    # *x*⟨/pre⟩\n\nend",
        ),
        (
            "<table>\n    <tr><th>A</th><th>B</th></tr>\n\n    <tr><td>1</td><td>2 <b>x</b></td><td>3</td></tr>\n</table>",
            "⟨pre -⟩A │ B   │\n──┼─────┼──\n1 │ 2 x │ 3⟨/pre⟩",
        ),
        (
            "<details><summary>More <b>x</b></summary>\nText **y**\n- item\n</details>\nend",
            "▸ ⟨b⟩More x⟨/b⟩\n⟨folded⟩Text ⟨b⟩y⟨/b⟩\n\n• item⟨/folded⟩\n\nend",
        ),
        ("> <ul>\n> <li>a</li>\n> </ul>\n\nb", "⟨quote⟩• a⟨/quote⟩\n\nb"),
        ("- item\n<p>end</p>", "• item\n\nend"),
    ]);
    let table = rich("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>");
    assert_eq!(table, "table\n    row #left:A | #left:B\n    row left:1 | left:2");
    assert_eq!(rich("<ol><li>a</li><li>b</li></ol>"), "list\n  1.\n    paragraph a\n  2.\n    paragraph b");
}

#[test]
fn a_tag_in_a_cell_makes_a_line_and_no_block() {
    let table = rich("| a | b |\n|---|---|\n| x<br>y | <ul><li>p</li><li>q</li></ul> |");
    assert_eq!(
        table,
        "table\n    row #left:a | #left:b\n    row left:x\n        ⏎ y | left:• p\n        ⏎ • q"
    );
}

#[test]
fn a_comment_is_hidden_where_it_has_its_lines_for_itself() {
    assert_seen(&[
        ("- a\n- b\n\n<!-- end list -->\n\n1. c", "• a\n• b\n\n1. c"),
        ("one\n\n<!--\n\nnothing **here**\n-->\ntwo", "one\n\ntwo"),
        ("write <!-- a comment --> so", "write <!-- a comment --> so"),
        ("<!-- never closed", "<!-- never closed"),
    ]);
}

#[test]
fn what_html_holds_of_text_is_kept_in_order_when_its_tags_are_wrong() {
    let seen = classic("<ul>ж<li>б</b></li>в</ul></p><table>г<tr>д<td>е\n\n- ё</table><li>з");
    let letters: String = seen.chars().filter(|c| ('а'..='ё').contains(c)).collect();
    assert_eq!(letters, "жбвгдеёз");
}

#[test]
fn a_preview_waits_for_tags_and_for_nothing_else_in_angle_brackets() {
    for (written, seen) in [
        ("a <b and c", "a <b and c"),
        ("a <x", "a <x"),
        ("a <st", "a"),
        ("a <strong>b", "a ⟨b⟩b⟨/b⟩"),
        ("a <code>b</co", "a ⟨code⟩b⟨/code⟩"),
        ("a <a href=\"https://example.com\">b", "a"),
        ("H<sub>2", "H"),
        ("a &l", "a"),
        ("<!-- a", ""),
    ] {
        assert_eq!(preview(written), seen, "{written}");
    }
}

#[test]
fn tags_that_are_spoken_of_stay() {
    assert_as_written(&[
        "the <s> tag is deprecated, use the <b> tag",
        "Use <i>, <u> or <b>.",
        "the </b> tag closes it, </ul> closes a list",
        "(</i>) or \"</code>\" at the end",
    ]);
    assert_seen(&[
        ("the <b> tag: <b>bold</b>", "the <b> tag: ⟨b⟩bold⟨/b⟩"),
        (
            "<ul><li>_a_@b.com</li><li>/a/__b__</li><li>**c</li><li>d**</li></ul>",
            "• _a_@b.com\n• /a/__b__\n• **c\n• d**",
        ),
        ("<ul><li>the <i> tag</li><li>the </i> tag</li></ul>", "• the <i> tag\n• the </i> tag"),
    ]);
    assert_eq!(preview("the <b> tag"), "the");
    assert_eq!(preview("the <b>bold"), "the ⟨b⟩bold⟨/b⟩");
}

#[test]
fn only_two_tags_of_one_name_enclose_something() {
    assert_as_written(&[
        "the <i> tag the </em> tag",
        "a <strong>word</b> and <em>another</i>",
        "not <b>closed",
        "not</b> opened, nor</i>",
        "the <p> tag begins and the </p> tag ends a paragraph",
        "the <code> tag and the </code> tag",
        "</details> or </ul> or </p> of nothing",
        "<td>cells</td> and <tr>rows</tr> without a table, <li>items</li> without a list",
        "the <i> tag begins and the </i> tag ends italics",
        "write \"<b>\" before and \"</b>\" behind (<sub> and </sub> likewise)",
    ]);
    assert_seen(&[
        ("a <b>word</b></b> more", "a ⟨b⟩word⟨/b⟩</b> more"),
        ("the <code> tag and <code>a*b*c</code>", "the <code> tag and ⟨code⟩a*b*c⟨/code⟩"),
        ("the <sub> tag: H<sub>2</sub>O", "the <sub> tag: H₂O"),
        ("<ul><li>the <ul> tag</li></ul>", "• the <ul> tag"),
        ("<ul> <li> a <li> b </ul>", "• a\n• b"),
        ("<b>a <i>b</b> c</i> d", "⟨b⟩a ⟨i⟩b⟨/i⟩⟨/b⟩ ⟨i⟩c⟨/i⟩ d"),
        ("<b>one\n\ntwo</b> end", "<b>one\n\ntwo</b> end"),
        ("- <b>one\n- two</b>", "• <b>one\n• two</b>"),
        ("> <i>one\n\ntwo</i>", "⟨quote⟩<i>one⟨/quote⟩\n\ntwo</i>"),
        ("the <code> tag, </kbd> and `x`", "the <code> tag, </kbd> and ⟨code⟩x⟨/code⟩"),
    ]);
    assert_eq!(
        rich("| a | b |\n|---|---|\n| <b>x | y</b> |"),
        "table\n    row #left:a | #left:b\n    row left:<b>x | left:y</b>"
    );
}

#[test]
fn the_attributes_of_telegrams_own_html_are_known() {
    assert_seen(&[("<blockquote expandable>long</blockquote> end", "⟨quote⟩long⟨/quote⟩\n\nend")]);
}

#[test]
fn a_line_that_a_tag_has_broken_is_not_broken_again() {
    assert_seen(&[
        ("one<br>\ntwo<br/> \nthree", "one\ntwo\nthree"),
        ("one<br><br>\ntwo", "one\n\ntwo"),
        ("one <br> two", "one \ntwo"),
    ]);
}
