//! Answers as HTML: whatever a model writes, it becomes a fixed list of elements and attributes, and all else is text.

use html5gum::{Token, Tokenizer};
use proptest::prelude::*;
use proptest::sample::select;
use systech_aidd::render::html;

use crate::checks::{assert_nothing_lost, content};
use crate::corpus;
use crate::properties::{any_text, check};

/// Elements that end, and those that do not.
const ELEMENTS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "code",
    "details",
    "div",
    "figcaption",
    "figure",
    "h3",
    "h4",
    "h5",
    "h6",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];
const EMPTY: &[&str] = &["br", "hr"];
const CLASSES: &[&str] = &["center", "code", "formula", "right", "spoiler", "wide"];

fn is_expected(element: &str, attribute: &str, value: &str) -> bool {
    match (element, attribute) {
        ("a", "href") => value.starts_with("http") && value.contains("://"),
        ("a", "rel") => value == "noopener noreferrer nofollow",
        ("th", "scope") => value == "col",
        ("li", "value") => value.parse::<i32>().is_ok(),
        (_, "class") => CLASSES.contains(&value),
        (_, "tabindex") => value == "0",
        _ => false,
    }
}

/// The text of the HTML as a browser shows it. Panics at what is not expected.
fn checked(html: &str) -> String {
    let mut open: Vec<String> = Vec::new();
    let mut text = String::new();
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("what is written is UTF-8");
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = utf8(&tag.name);
                for (attribute, value) in &tag.attributes {
                    let (attribute, value) = (utf8(attribute), utf8(&value.value));
                    assert!(
                        is_expected(&name, &attribute, &value),
                        "<{name} {attribute}={value:?}> in {html}"
                    );
                }
                let links = !tag.attributes.is_empty() || name != "a";
                assert!(links && !tag.self_closing, "<{name}> in {html}");
                match name.as_str() {
                    "br" => text.push('\n'),
                    name if EMPTY.contains(&name) => {}
                    name if ELEMENTS.contains(&name) => open.push(name.to_owned()),
                    name => panic!("<{name}> in {html}"),
                }
            }
            Token::EndTag(tag) => {
                assert_eq!(open.pop(), Some(utf8(&tag.name)), "elements lie one within the other: {html}");
            }
            Token::String(string) => text.push_str(&utf8(&string.value)),
            Token::Error(error) => panic!("{:?} in {html}", error.value),
            Token::Comment(_) | Token::Doctype(_) => panic!("neither text nor an element: {html}"),
        }
    }
    assert!(open.is_empty(), "{open:?} stay open in {html}");
    text
}

#[rustfmt::skip]
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus tabindex=1 x='", "<!--", "-->", "<![CDATA[", "]]>", "<!doctype html>", "<?php", "\0", "\r", "&#0;",
    "&lt;script&gt;", "&amp;lt;", "&#x3c;b&#x3e;", "&quot;", "javascript:alert(1)", "JaVaScRiPt&colon;alert(1)", "data:text/html,<b>",
    "[x](javascript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](https://a.example/\"onclick=\"alert(1))",
    "[x](https://a.example/?'><script>)", "![x](https://a.example/pixel.png)", "<https://a.example/\"<>>", "<a href=\"javascript:1\">x</a>",
    "<a href='https://a.example' onclick='alert(1)' style='x'>", "[x]: javascript:alert(1)\n", "[x]", "[tg](tg://user?id=1)",
    "```\"><script>\n", "```x onload=1 class=y\n", "\n```\n", "~~~</code></pre><script>\n", "`</code>`", "$</code>$", "$$</p><script>$$",
    "| <script> | \" |\n|:-:|--:|\n| </td></table> | ' |\n", "<details open ontoggle=alert(1)><summary></details>", "</details>", "||</span>||",
    "<style>*{}</style>", "<iframe srcdoc='<script>'>", "<form action=x><input>", "<base href=//evil>", "<meta http-equiv=refresh>", "\u{202e}",
    "99999999999999999999. x\n", "-1. x\n", "- [x] <b onclick=1>\n", "<ol start=\"1\" onclick=x>", "<li value=\"x\">", "<td colspan=9 style=x>",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => select(HOSTILE.to_vec()).prop_map(str::to_owned),
        2 => "[а-яё ]{1,6}",
        1 => any_text(),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn whatever_is_written_becomes_known_elements_and_loses_no_text() {
    check(600, &hostile(), |markdown| assert_nothing_lost(&content(&markdown), &checked(&html(&markdown))));
    check(300, &any_text(), |markdown| assert_nothing_lost(&content(&markdown), &checked(&html(&markdown))));
    for (_, markdown) in corpus::answers() {
        assert_nothing_lost(&content(&markdown), &checked(&html(&markdown)));
    }
}

#[test]
fn in_code_each_character_arrives_as_it_was_written() {
    let line =
        prop_oneof![select(HOSTILE.to_vec()).prop_map(str::to_owned), any::<String>(), "[<>&\"'=/ ]{0,9}"];
    check(600, &prop::collection::vec(line, 1..6), |pieces| {
        // What ends a line or the code, and what no message of Telegram has.
        let cut = |c: char| c == '`' || c == '~' || (c.is_control()) || matches!(c, '\u{2028}'..='\u{202e}');
        let code: String = pieces.concat().chars().filter(|c| !cut(*c)).collect();
        let shown = checked(&html(&format!("```\n.{code}.\n```")));
        assert_eq!(shown.trim_end_matches('\n'), format!(".{code}."));
    });
}

#[test]
fn an_answer_looks_as_in_telegram() {
    for (markdown, expected) in [
        ("Hi **you** & `a<b`", "<p>Hi <b>you</b> &amp; <code>a&lt;b</code></p>\n"),
        ("# One\ntwo", "<h3>One</h3>\n<p>two</p>\n"),
        ("one\ntwo", "<p>one<br>two</p>\n"),
        (
            "```rust\nfn main() {}\n```",
            "<figure class=\"code\"><figcaption>rust</figcaption><pre tabindex=\"0\"><code>fn main() {}</code></pre></figure>\n",
        ),
        (
            "[x](https://a.example/?b=\"c\")",
            "<p><a href=\"https://a.example/?b=&quot;c&quot;\" rel=\"noopener noreferrer nofollow\">x</a></p>\n",
        ),
        ("[x](javascript:alert(1))", "<p>x (javascript:alert(1))</p>\n"),
        ("||secret||", "<p><span class=\"spoiler\" tabindex=\"0\">secret</span></p>\n"),
        ("3. three\n4. four", "<ol>\n<li value=\"3\">three</li>\n<li value=\"4\">four</li>\n</ol>\n"),
        ("- [x] done", "<ul>\n<li>☑ done</li>\n</ul>\n"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
        (
            "| a | b |\n|---|--:|\n| 1 | 2 |",
            "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">a</th><th scope=\"col\" class=\"right\">b</th></tr>\n</thead>\n\
             <tbody><tr><td>1</td><td class=\"right\">2</td></tr>\n</tbody>\n</table></div>\n",
        ),
        ("$$\\frac{a}{b}$$", "<p class=\"formula\">\\frac{a}{b}</p>\n"),
        (
            "<details><summary>More</summary>\nwords\n</details>",
            "<details><summary>More</summary>\n<p>words</p>\n</details>\n",
        ),
    ] {
        let html = html(markdown);
        checked(&html);
        assert_eq!(html, expected, "{markdown}");
    }
}
