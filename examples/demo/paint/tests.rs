use serde_json::json;

use super::*;

fn painted(text: &str, entities: &Value, colours: bool) -> Vec<String> {
    let entities = entities.as_array().unwrap().clone();
    lines(&Content { text: text.to_owned(), entities, ..Content::default() }, colours)
}

fn rich(blocks: &Value, colours: bool) -> Vec<String> {
    lines(&Content { rich: Some(json!({ "blocks": blocks })), ..Content::default() }, colours)
}

#[test]
fn entities_are_styles_where_somebody_looks_and_layout_everywhere() {
    // The face is two UTF-16 units.
    let text = "😀 bold code here";
    let entities = json!([
        {"type": "bold", "offset": 3, "length": 4},
        {"type": "code", "offset": 8, "length": 4},
        {"type": "text_link", "offset": 13, "length": 4, "url": "https://a.example"},
    ]);
    assert_eq!(painted(text, &entities, false), ["😀 bold `code` here (https://a.example)"]);
    assert_eq!(
        painted(text, &entities, true),
        ["😀 \x1b[1mbold\x1b[0m `\x1b[36mcode\x1b[0m` \x1b[34mhere\x1b[0m (https://a.example)"]
    );
}

#[test]
fn a_style_goes_on_over_lines_and_over_what_is_within_it() {
    let entities = json!([
        {"type": "strikethrough", "offset": 0, "length": 7},
        {"type": "italic", "offset": 4, "length": 3},
    ]);
    let expected = ["\x1b[9mone\x1b[0m", "\x1b[9;3mtwo\x1b[0m end"];
    assert_eq!(painted("one\ntwo end", &entities, true), expected);
}

#[test]
fn code_and_quotes_are_set_apart() {
    let text = "See:\nlet x;\nlet y;\nsaid\nagain\nend";
    let entities = json!([
        {"type": "pre", "offset": 5, "length": 13, "language": "rust"},
        {"type": "blockquote", "offset": 19, "length": 10},
        {"type": "bold", "offset": 24, "length": 5},
    ]);
    let expected = ["See:", "╭─ rust", "│ let x;", "│ let y;", "╰─", "▎ said", "▎ again", "end"];
    assert_eq!(painted(text, &entities, false), expected);
    assert_eq!(painted(text, &entities, true)[6], "\x1b[2m▎\x1b[0m \x1b[1magain\x1b[0m");
}

#[test]
fn the_borders_of_a_table_meet_whatever_the_script() {
    let cell = |text: &str, align: &str| json!({"text": text, "align": align, "is_header": false});
    let table = json!([{"type": "table", "cells": [
        [cell("№", "right"), cell("Кто", "left"), cell("漢字", "center")],
        [cell("10", "right"), cell("я", "left"), cell("😀", "center")],
    ]}]);
    assert_eq!(
        rich(&table, false),
        [
            "┌────┬─────┬──────┐",
            "│  № │ Кто │ 漢字 │",
            "├────┼─────┼──────┤",
            "│ 10 │ я   │  😀  │",
            "└────┴─────┴──────┘",
        ]
    );
}

#[test]
fn every_rich_block_has_its_shape() {
    let paragraph = |text: &str| json!({"type": "paragraph", "text": text});
    let blocks = json!([
        {"type": "heading", "size": 1, "text": ["A ", {"type": "italic", "text": "title"}]},
        {"type": "mathematical_expression", "expression": "E = mc^2"},
        {"type": "list", "items": [
            {"blocks": [paragraph("one\nmore")], "value": 1},
            {"blocks": [paragraph("two")], "has_checkbox": true, "is_checked": true},
        ]},
        {"type": "details", "summary": "Why", "blocks": [paragraph("because")]},
        {"type": "blockquote", "blocks": [paragraph("said")]},
    ]);
    assert_eq!(
        rich(&blocks, false),
        [
            "A title",
            "",
            "    E = mc^2",
            "",
            "1. one",
            "   more",
            "☑ two",
            "",
            "▾ Why",
            "  because",
            "",
            "▎ said"
        ]
    );
    assert_eq!(rich(&blocks, true)[0], "\x1b[1mA \x1b[0m\x1b[1;3mtitle\x1b[0m");
}
