use serde_json::json;

use super::*;

fn quotes(message: &Value) -> Vec<(Kind, Whose, Option<String>, String)> {
    let me = Me {
        id: 77,
        username: "our_bot".to_owned(),
        picture_pixels: 1280,
        hears: false,
        transcript_chats: std::collections::BTreeSet::new(),
    };
    let quotes = Reader { me: &me, user_id: 2 }.quotes(&message.to_string());
    quotes.into_iter().map(|Quote { kind, whose, author, text, .. }| (kind, whose, author, text)).collect()
}

fn quote(
    kind: Kind,
    whose: Whose,
    author: Option<&str>,
    text: &str,
) -> (Kind, Whose, Option<String>, String) {
    (kind, whose, author.map(str::to_owned), text.to_owned())
}

#[test]
fn a_reply_brings_the_message_with_its_author_and_the_part_that_was_marked() {
    let ann = json!({"id": 5, "first_name": "Ann", "last_name": "Lee"});
    for (message, expected) in [
        (json!({"text": "hi"}), vec![]),
        (
            json!({"reply_to_message": {"from": ann, "text": "one two"}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "one two")],
        ),
        (
            json!({"reply_to_message": {"from": ann, "text": "one two"}, "quote": {"text": "two", "is_manual": true}}),
            vec![
                quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "one two"),
                quote(Kind::Part, Whose::Other, Some("Ann Lee"), "two"),
            ],
        ),
        // Marked by Telegram, or as a whole: nothing new.
        (
            json!({"reply_to_message": {"from": ann, "text": "one two"}, "quote": {"text": "two"}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "one two")],
        ),
        (
            json!({"reply_to_message": {"from": ann, "text": "one"}, "quote": {"text": "one", "is_manual": true}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "one")],
        ),
        (
            json!({"reply_to_message": {"from": {"id": 77}, "text": "mine"}}),
            vec![quote(Kind::Reply, Whose::Bot, None, "mine")],
        ),
        (
            json!({"reply_to_message": {"from": {"id": 2, "first_name": "Me"}, "text": "own"}}),
            vec![quote(Kind::Reply, Whose::User, None, "own")],
        ),
        (
            json!({"reply_to_message": {"from": {"id": 1}, "sender_chat": {"id": -5, "type": "supergroup", "title": "Us"},
                "text": "all"}}),
            vec![quote(Kind::Reply, Whose::Group, Some("Us"), "all")],
        ),
        // Somebody forwarded it there.
        (
            json!({"reply_to_message": {"from": {"id": 2}, "text": "news",
                "forward_origin": {"type": "hidden_user", "sender_user_name": "Bob"}}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Bob"), "news")],
        ),
        (
            json!({"reply_to_message": {"from": ann, "text": "see this",
                "entities": [{"type": "text_link", "offset": 4, "length": 4, "url": "https://a.example"}]}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "see this (https://a.example)")],
        ),
        (
            json!({"reply_to_message": {"from": ann, "photo": [{"width": 1280, "height": 960}], "caption": "sea"}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "[photo 1280×960]\nsea")],
        ),
        (
            json!({"reply_to_message": {"from": ann, "dice": {"emoji": "🎲", "value": 4}}}),
            vec![quote(Kind::Reply, Whose::Other, Some("Ann Lee"), "[dice 🎲 4]")],
        ),
        // What opens a topic is no message that anybody replies to, and what the inbox keeps of a reply to the bot is none.
        (json!({"reply_to_message": {"from": ann, "forum_topic_created": {"name": "x"}}}), vec![]),
        (json!({"reply_to_message": {"from": {"id": 77}}}), vec![]),
        (json!({"reply_to_message": 7, "quote": [], "external_reply": "x"}), vec![]),
    ] {
        assert_eq!(quotes(&message), expected, "{message}");
    }
}

#[test]
fn a_reply_to_another_chat_has_what_was_marked_or_what_is_shown_of_it() {
    for (message, expected) in [
        (
            json!({"external_reply": {"origin": {"type": "channel", "chat": {"id": -9, "type": "channel", "title": "News"},
                "author_signature": "Ann"}}, "quote": {"text": "it rains"}}),
            quote(Kind::Elsewhere, Whose::Channel, Some("News (Ann)"), "it rains"),
        ),
        (
            json!({"external_reply": {"origin": {"type": "user", "sender_user": {"id": 5, "first_name": "Bob"}},
                "photo": [{"width": 90, "height": 60}]}}),
            quote(Kind::Elsewhere, Whose::Other, Some("Bob"), "[photo 90×60]"),
        ),
        (json!({"external_reply": {"origin": 7}}), quote(Kind::Elsewhere, Whose::Other, None, UNSEEN)),
    ] {
        assert_eq!(quotes(&message), [expected], "{message}");
    }
}

#[test]
fn what_is_forwarded_is_its_authors_whoever_that_is() {
    for (origin, whose, author) in [
        (json!({"type": "user", "sender_user": {"id": 5, "first_name": "Ann"}}), Whose::Other, Some("Ann")),
        (json!({"type": "user", "sender_user": {"id": 2, "first_name": "Me"}}), Whose::User, None),
        (json!({"type": "user", "sender_user": {"id": 77, "first_name": "Bot"}}), Whose::Bot, None),
        (json!({"type": "hidden_user", "sender_user_name": "Bob"}), Whose::Other, Some("Bob")),
        (
            json!({"type": "chat", "sender_chat": {"id": -5, "type": "supergroup", "title": "Us"}}),
            Whose::Group,
            Some("Us"),
        ),
        (
            json!({"type": "channel", "chat": {"id": -6, "type": "channel", "title": "News"}, "message_id": 3}),
            Whose::Channel,
            Some("News"),
        ),
        (json!({"type": "of tomorrow"}), Whose::Other, None),
    ] {
        let message = json!({"text": "/clear", "forward_origin": origin, "reply_to_message": {"text": "x"}});
        assert_eq!(quotes(&message), [quote(Kind::Forward, whose, author, "/clear")], "{origin}");
    }
    let silent = json!({"forward_origin": {"type": "hidden_user"}});
    assert_eq!(quotes(&silent), [quote(Kind::Forward, Whose::Other, None, UNSEEN)]);
}
