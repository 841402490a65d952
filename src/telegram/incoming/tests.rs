use super::super::markup::LONGEST_TEXT;
use super::*;

fn update(message: &str) -> String {
    format!(r#"{{"update_id":7,"message":{message}}}"#)
}

fn decode(json: &str) -> Result<Incoming, PassedOver> {
    Incoming::decode(json, &me())
}

fn me() -> Me {
    Me {
        id: 77,
        username: "our_bot".to_owned(),
        picture_pixels: 1280,
        hears: false,
        transcript_chats: std::collections::BTreeSet::new(),
    }
}

const FROM: &str =
    r#""message_id":5000000000,"chat":{"id":1,"type":"private"},"from":{"id":2,"language_code":"en"}"#;

fn text(escaped: &str) -> Option<String> {
    decode(&update(&format!(r#"{{{FROM},"text":"{escaped}"}}"#))).ok()?.message.text
}

#[test]
fn a_message_is_read_whatever_else_is_in_it() {
    let strange = format!(r#"{{{FROM},"text":"hi","external_reply":{{"story":{{}}}},"forward_origin":7}}"#);
    let incoming = decode(&update(&strange)).ok().unwrap();
    assert_eq!(incoming.message.text.as_deref(), Some("hi"));
    assert_eq!(incoming.message.message_id, Some(5_000_000_000));
}

#[test]
fn nul_and_lone_surrogates_become_replacement_characters_and_pairs_stay() {
    assert_eq!(text(r"a\u0000b").as_deref(), Some("a\u{fffd}b"));
    assert_eq!(text(r"a\ud800b").as_deref(), Some("a\u{fffd}b"));
    assert_eq!(text(r"\udc00\ud83d\ude00\ud83d").as_deref(), Some("\u{fffd}\u{1f600}\u{fffd}"));
    assert_eq!(text(r"\\u0000 \\\u0000").as_deref(), Some("\\u0000 \\\u{fffd}"));
    assert_eq!(text(r"tab\tПривет\n").as_deref(), Some("tab\tПривет\n"));
}

#[test]
fn what_asks_for_nothing_is_passed_over_with_its_number() {
    for message in [
        r#"{"message_id":1,"chat":{"id":1}}"#.to_owned(),
        format!(r#"{{{FROM},"new_chat_title":"x"}}"#),
        format!("{{{}}}", FROM.replace(r#""id":2"#, r#""id":2,"is_bot":true"#) + r#","text":"hi""#),
        "7".to_owned(),
    ] {
        let decoded = decode(&update(&message)).err();
        assert_eq!(decoded, Some(PassedOver::NothingToAnswer(7)), "{message}");
    }
    assert_eq!(decode(r#"{"update_id":7}"#).err(), Some(PassedOver::NothingToAnswer(7)));
    assert_eq!(decode("{}").err(), Some(PassedOver::Unreadable));
}

#[test]
fn a_picture_is_a_message_without_text() {
    let incoming = decode(&update(&format!(r#"{{{FROM},"photo":[]}}"#))).ok().unwrap();
    assert_eq!(incoming.message.text, None);
}

#[test]
fn the_words_below_a_picture_are_its_own_and_no_text() {
    let group = FROM.replace("private", "group");
    let marks = r#""caption_entities":[{"type":"mention","offset":0,"length":8}]"#;
    let photo = r#""photo":[{"file_id":"f"}],"media_group_id":"g""#;
    for (fields, caption) in [(r#""caption":"@our_bot /clear""#, "/clear"), (r#""caption":"@our_bot""#, "")] {
        let json = update(&format!("{{{group},{photo},{fields},{marks}}}"));
        let message = decode(&json).ok().unwrap().message;
        let piece = message.piece.unwrap();
        assert_eq!((message.text, message.addressed), (None, true));
        assert_eq!(
            (&*piece.caption, piece.album.as_deref(), &*piece.file.file_id),
            (caption, Some("g"), "f")
        );
        let edited = decode(&json.replace("message\":{", "edited_message\":{")).ok().unwrap();
        assert_eq!(edited.message.piece.unwrap(), piece);
    }
}

#[test]
fn in_a_group_a_message_is_for_the_bot_or_not_and_reads_without_its_name() {
    let group = FROM.replace("private", "group");
    let mention = r#"[{"type":"mention","offset":0,"length":8}]"#;
    let read = |fields: &str| {
        let message = decode(&update(&format!("{{{group},{fields}}}"))).ok().unwrap().message;
        (message.addressed, message.text)
    };
    let said = |text: &str| Some(text.to_owned());
    for (fields, expected) in [
        (r#""text":"hi""#.to_owned(), (false, said("hi"))),
        (format!(r#""text":"@our_bot hi","entities":{mention}"#), (true, said("hi"))),
        (format!(r#""text":"@our_bot","entities":{mention}"#), (true, said(""))),
        (r#""text":"hi","reply_to_message":{"from":{"id":77}}"#.to_owned(), (true, said("hi"))),
        (r#""photo":[],"caption":"@our_bot hi""#.to_owned(), (false, None)),
        (format!(r#""photo":[],"caption":"@our_bot hi","caption_entities":{mention}"#), (true, None)),
        (r#""photo":[],"caption":[{}],"caption_entities":7"#.to_owned(), (false, None)),
        (r#""sticker":{},"reply_to_message":{"from":{"id":77}}"#.to_owned(), (true, None)),
    ] {
        assert_eq!(read(&fields), expected, "{fields}");
    }
    // To a user alone with the bot every message is for it, and its name is a word like any other.
    let private = format!(r#"{{{FROM},"text":"@our_bot hi","entities":{mention}}}"#);
    let message = decode(&update(&private)).ok().unwrap().message;
    assert_eq!((message.addressed, message.text), (true, said("@our_bot hi")));
}

#[test]
fn nothing_that_is_forwarded_is_its_senders_own_word_or_said_to_the_bot() {
    let origin = r#""forward_origin":{"type":"hidden_user","sender_user_name":"Ann"}"#;
    let mention = r#""entities":[{"type":"mention","offset":0,"length":8}]"#;
    for (chat, addressed) in [("private", true), ("supergroup", false)] {
        for words in
            [r#""text":"/clear@our_bot""#, r#""text":"@our_bot hi""#, r#""photo":[],"caption":"@our_bot""#]
        {
            let message = format!("{{{},{words},{mention},{origin}}}", FROM.replace("private", chat));
            let message = decode(&update(&message)).ok().unwrap().message;
            assert!(message.is_forward());
            assert_eq!((message.addressed, message.text.as_deref()), (addressed, Some("")), "{words}");
        }
    }
}

#[test]
fn a_group_that_moves_is_known_by_either_of_its_two_announcements() {
    let moved = |message: &str| decode(&update(message)).err();
    let expected = Some(PassedOver::Moved { update_id: 7, from: -5, to: -1005 });
    assert_eq!(moved(r#"{"message_id":1,"chat":{"id":-5},"migrate_to_chat_id":-1005}"#), expected);
    assert_eq!(moved(r#"{"message_id":1,"chat":{"id":-1005},"migrate_from_chat_id":-5}"#), expected);
}

#[test]
fn the_essence_of_an_update_reads_as_the_update_does() {
    let all = |update: &str| {
        let Incoming { update_id, kind, message: m } = decode(update).ok().unwrap();
        (
            update_id,
            kind,
            (m.message_id, m.date, m.chat_id, m.private, m.user_id),
            m.language,
            m.thread_id,
            (m.addressed, m.text, m.piece, m.quotes),
        )
    };
    let topic = r#","message_thread_id":9,"is_topic_message":true"#;
    let group = FROM.replace("private", "supergroup");
    let mention = r#","entities":[{"type":"mention","offset":0,"length":8}]"#;
    for message in [
        format!(r#"{{{FROM},"date":9,"text":"hi\n"{topic},"entities":[{{}}]}}"#),
        format!(r#"{{{FROM},"photo":[]}}"#),
        format!(r#"{{{FROM},"photo":[{{"file_id":"f"}}],"caption":"/stop","media_group_id":"g"}}"#),
        format!(r#"{{{group},"sticker":{{"file_id":"f","emoji":"🙃"}}}}"#),
        format!(r#"{{{FROM},"dice":{{"emoji":"🎲","value":3}}}}"#),
        format!(
            r#"{{{FROM},"text":"a b","entities":[{{"type":"text_link","offset":2,"length":1,"url":"u"}}]}}"#
        ),
        format!(r#"{{{},"text":""}}"#, FROM.replace("private", "group").replace("en", "ru")),
        format!(r#"{{{group},"text":"@our_bot, hi"{mention}}}"#),
        format!(r#"{{{group},"text":"/clear@our_bot"{topic}}}"#),
        format!(r#"{{{group},"text":"/clear@other_bot"}}"#),
        format!(
            r#"{{{FROM},"text":"so?","reply_to_message":{{"from":{{"id":5,"first_name":"Ann"}},"text":"a\nb"}}}}"#
        ),
        format!(r#"{{{group},"text":"so?","reply_to_message":{{"from":{{"id":77}},"text":"a"}}}}"#),
        format!(r#"{{{group},"text":"@our_bot","forward_origin":{{"type":"hidden_user"}}{mention}}}"#),
        format!(r#"{{{group},"photo":[],"caption":"@our_bot","caption_{}}}"#, &mention[2..]),
    ] {
        let update = update(&message);
        assert_eq!(all(&decode(&update).ok().unwrap().essence(&me())), all(&update), "{message}");
    }
}

#[test]
fn an_edited_message_reads_as_the_message_it_is_now() {
    let json =
        update(&format!(r#"{{{FROM},"date":9,"text":"now"}}"#)).replace("message\":{", "edited_message\":{");
    let edited = decode(&json).ok().unwrap();
    assert_eq!((edited.kind, edited.message.text.as_deref()), (EDITED_MESSAGE, Some("now")));
    let again = decode(&edited.essence(&me())).ok().unwrap();
    assert_eq!((again.kind, again.message.text), (EDITED_MESSAGE, edited.message.text));
    let picture = update(&format!(r#"{{{FROM},"photo":[]}}"#)).replace("message\":{", "edited_message\":{");
    assert_eq!(decode(&picture).err(), Some(PassedOver::NothingToAnswer(7)));
}

#[test]
fn the_stop_button_of_a_draft_is_the_persons_whose_chat_it_is() {
    let json =
        r#"{"update_id":7,"stopped_message_generation":{"chat":{"id":5,"type":"private"},"draft_id":9}}"#;
    let incoming = decode(json).ok().unwrap();
    let again = decode(&incoming.essence(&me())).ok().unwrap();
    for Incoming { kind, message, .. } in [incoming, again] {
        assert_eq!(kind, STOPPED_MESSAGE_GENERATION);
        assert_eq!((message.chat_id, message.user_id, message.stopped_draft), (5, 5, Some(9)));
        assert_eq!(message.thread_id, None);
    }
    let in_topic = json.replace("\"draft_id\"", "\"message_thread_id\":8,\"draft_id\"");
    let incoming = decode(&in_topic).ok().unwrap();
    let again = decode(&incoming.essence(&me())).ok().unwrap();
    assert_eq!([incoming, again].map(|incoming| incoming.message.thread_id), [Some(8); 2]);
}

#[test]
fn a_text_beyond_what_telegram_sends_is_cut_at_a_character() {
    let long = text(&"я".repeat(LONGEST_TEXT)).unwrap();
    assert_eq!(long, "я".repeat(LONGEST_TEXT / 2));
}

#[test]
fn a_topic_is_told_from_a_chain_of_replies() {
    let thread = |extra: &str| {
        let message = format!(r#"{{{FROM},"text":"hi","message_thread_id":9{extra}}}"#);
        decode(&update(&message)).ok().unwrap().message.thread_id
    };
    assert_eq!(thread(r#","is_topic_message":true"#), Some(9));
    assert_eq!(thread(""), None);
    let press = |extra: &str| {
        let json = format!(
            r#"{{"update_id":7,"callback_query":{{"id":"42","from":{{"id":2}},
            "message":{{"message_id":3,"chat":{{"id":-5,"type":"supergroup"}},"message_thread_id":9{extra}}},"data":"x"}}}}"#
        );
        let pressed = decode(&json).ok().unwrap();
        let again = decode(&pressed.essence(&me())).ok().unwrap();
        [pressed, again].map(|incoming| incoming.message.thread_id)
    };
    assert_eq!(press(r#","is_topic_message":true"#), [Some(9); 2]);
    assert_eq!(press(""), [None; 2]);
}

#[test]
fn the_press_of_a_button_is_read_also_below_a_message_too_old_to_be_told() {
    let json = r#"{"update_id":7,"callback_query":{"id":"42","from":{"id":2,"language_code":"en"},
        "message":{"message_id":3,"date":0,"chat":{"id":-5,"type":"group"}},"chat_instance":"x","data":"forget:2:1"}}"#;
    let incoming = decode(json).ok().unwrap();
    let again = decode(&incoming.essence(&me())).ok().unwrap();
    for Incoming { update_id, kind, message } in [incoming, again] {
        assert_eq!((update_id, kind), (7, "callback_query"));
        assert_eq!(
            (message.chat_id, message.user_id, message.message_id, message.private),
            (-5, 2, Some(3), false)
        );
        assert_eq!(message.language, Language::English);
        assert_eq!(message.press, Some(Press { id: "42".to_owned(), by: 2, data: "forget:2:1".to_owned() }));
    }
    let without = r#"{"update_id":7,"callback_query":{"id":"42","from":{"id":2},"data":"x"}}"#;
    assert_eq!(decode(without).err(), Some(PassedOver::NothingToAnswer(7)));
}

#[test]
fn the_button_of_a_chat_is_pressed_by_a_user_and_belongs_to_the_chat() {
    let press = |kind: &str| {
        let json = format!(
            r#"{{"update_id":7,"callback_query":{{"id":"42","from":{{"id":2}},"data":"forget:-1005:1",
            "message":{{"message_id":3,"date":0,"chat":{{"id":-1005,"type":"{kind}"}}}}}}}}"#
        );
        let incoming = decode(&json).ok().unwrap();
        let again = decode(&incoming.essence(&me())).ok().unwrap();
        [incoming, again].map(|incoming| (incoming.message.user_id, incoming.message.press.unwrap().by))
    };
    assert_eq!(press("supergroup"), [(-1005, 2), (-1005, 2)]);
    // Nobody is sent such a button in private.
    assert_eq!(press("private"), [(2, 2), (2, 2)]);
}
