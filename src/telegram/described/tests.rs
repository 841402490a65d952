use serde_json::json;

use super::*;

#[test]
fn every_kind_says_what_it_is_and_what_the_sender_sees() {
    let place = json!({"latitude": 55.7512, "longitude": 37.618_423_9});
    for (held, expected) in [
        (json!({"location": place}), "[location 55.751200, 37.618424]"),
        (
            json!({"location": {"latitude": -1.0, "longitude": 2, "live_period": 60}}),
            "[live location -1.000000, 2.000000]",
        ),
        (
            json!({"location": place, "venue": {"location": place, "title": "Café", "address": "Main st. 1"}}),
            "[venue 55.751200, 37.618424]\nCafé\nMain st. 1",
        ),
        (
            json!({"contact": {"phone_number": "+7 900", "first_name": "Ann", "vcard": "BEGIN"}}),
            "[contact]\nAnn\n+7 900",
        ),
        (
            json!({"poll": {"question": "Tea?", "type": "regular", "total_voter_count": 3, "is_closed": true,
                "allows_multiple_answers": true,
                "options": [{"text": "yes", "voter_count": 1}, {"text": "no", "voter_count": 2}]}}),
            "[poll, several answers, closed]\nTea?\n1. yes (1 vote)\n2. no (2 votes)",
        ),
        (
            json!({"poll": {"question": "2+2", "type": "quiz", "correct_option_ids": [1], "explanation": "sum",
                "options": [{"text": "3"}, {"text": "4"}]}}),
            "[quiz]\n2+2\n1. 3\n2. 4 ✓\nsum",
        ),
        (json!({"dice": {"emoji": "🎲", "value": 4}}), "[dice 🎲 4]"),
        (
            json!({"checklist": {"title": "Buy", "tasks": [
                {"id": 1, "text": "milk", "completion_date": 1_700_000_000}, {"id": 2, "text": "bread"}]}}),
            "[checklist]\nBuy\n- [x] milk\n- [ ] bread",
        ),
        (json!({"game": {"title": "Chess", "description": "Mate in two"}}), "[game]\nChess\nMate in two"),
        (
            json!({"invoice": {"title": "Book", "description": "Used", "currency": "USD", "total_amount": 145}}),
            "[invoice: 145 USD in the smallest unit]\nBook\nUsed",
        ),
        (json!({"sticker": {"emoji": "🙃", "is_animated": true}}), "[sticker 🙃]"),
        (
            json!({"story": {"id": 1, "chat": {"id": 2, "type": "private", "first_name": "Ann]"}}}),
            "[story of Ann , which cannot be seen]",
        ),
        (
            json!({"rich_message": {"blocks": [
                {"type": "heading", "size": 1, "text": ["A ", {"type": "bold", "text": "title"}]},
                {"type": "list", "items": [{"label": "•", "blocks": [{"type": "paragraph", "text": "one"}]}]},
                {"type": "table", "cells": [[{"text": "a"}, {"text": "b"}]]},
                {"type": "mathematical_expression", "expression": "x^2"}]}}),
            "A title\none\na\tb\nx^2",
        ),
    ] {
        assert_eq!(described(&held.to_string()).as_deref(), Some(expected), "{held}");
    }
}

#[test]
fn what_words_cannot_tell_or_nobody_foresaw_is_nothing() {
    for held in [
        json!({"photo": []}),
        json!({"story": {"id": 1}}),
        json!({"sticker": {}}),
        json!({"location": 7}),
        json!({"poll": {"question": "no options"}}),
        json!({"rich_message": {"blocks": [{"type": "divider"}]}}),
        json!({}),
    ] {
        assert_eq!(described(&held.to_string()), None, "{held}");
    }
}
