//! In groups and their topics the bot answers when it is addressed, and only then.

use sandbox::env::PROMPT;
use sandbox::model::{Message, When};
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

const GROUP: i64 = -5;

/// The questions that the model was to answer, in their order.
fn questions(env: &TestEnv) -> Vec<String> {
    let requests = env.model.requests().into_iter();
    let questions = requests.filter(|asked| asked.messages[0].content == PROMPT);
    questions.map(|asked| asked.question().to_owned()).collect()
}

#[test]
fn in_a_group_what_is_said_to_others_leaves_no_trace_and_what_is_said_to_the_bot_is_answered() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (ann, bob) = (Person::in_group(1, GROUP), Person::in_supergroup(2, -1_000_000_000_005));
    let name = env.telegram.username().to_owned();
    let other = env.telegram.say(&bob, "zebra to all");
    for person in [&ann, &bob] {
        for text in ["zebra", "zebra @other_bot", "/zebra", "/clear@other_bot", &format!("{name} zebra")] {
            env.telegram.say(person, text);
        }
        env.telegram.post(person, &json!({"photo": [], "caption": "zebra"}));
    }
    env.telegram.reply(&bob, other.message_id, "zebra to you");
    // An answer that is there at once has no preview.
    let typing = env.model.hold(When::asked("one"));
    env.telegram.say(&ann, &format!("@{} one", name.to_uppercase()));
    env.telegram.wait_until(PATIENCE, |state| (state.count("sendChatAction") > 0).then_some(()));
    typing.release();
    env.telegram.say(&bob, &format!("🍲 two @{name}"));
    env.telegram.wait_for_count(ann.chat_id, 1);
    env.telegram.wait_for_count(bob.chat_id, 1);
    env.telegram.wait_confirmed();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "2");
    let mut asked = questions(&env);
    asked.sort();
    assert_eq!(asked, ["one", "🍲 two"], "the model reads no name of the bot's");
    let kept = "SELECT content FROM messages WHERE role = 'user' ORDER BY content";
    assert_eq!(env.psql(kept), "one\n🍲 two");
    assert!(!env.telegram.calls("sendChatAction").is_empty());
    env.assert_logged("WARN", 0);
}

#[test]
fn a_reply_to_the_bot_is_a_question_and_answers_reply_to_their_questions() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (ann, bob) = (Person::in_group(1, GROUP), Person::in_group(2, GROUP));
    let first = env.telegram.address(&ann, "one");
    let answer = env.telegram.wait_for_count(GROUP, 1)[0].clone();
    assert_eq!(answer.reply_to, Some(first.message_id));
    let second = env.telegram.reply(&ann, answer.message_id, "two");
    let sent = env.telegram.wait_for_count(GROUP, 2);
    assert_eq!(sent[1].reply_to, Some(second.message_id));
    // Whoever replies to an answer of somebody else's begins a dialogue of their own.
    env.telegram.reply(&bob, answer.message_id, "three");
    env.telegram.wait_for_count(GROUP, 3);
    assert_eq!(env.asked("two")[0].messages.len(), 4);
    let expected = format!("[Quoted: your message that I reply to]\n> {}\n\nthree", answer.text());
    assert_eq!(env.asked("three")[0].messages, [Message::system(PROMPT), Message::user(&expected)]);
}

#[test]
fn what_opened_a_topic_is_no_message_that_is_replied_to() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_supergroup(1, -1_000_000_000_005).in_thread(77);
    let first = env.telegram.address(&person, "one");
    let answer = env.telegram.wait_for_count(person.chat_id, 1)[0].clone();
    assert_eq!((answer.thread, answer.reply_to), (Some(77), Some(first.message_id)));
    let opened = json!({
        "message_id": 77, "chat": {"id": person.chat_id, "type": "supergroup"},
        "from": {"id": env.telegram.bot_id(), "is_bot": true}, "forum_topic_created": {"name": "x", "icon_color": 0},
    });
    env.telegram.post(&person, &json!({"text": "to all", "reply_to_message": opened}));
    env.telegram.reply(&person, answer.message_id, "two");
    let sent = env.telegram.wait_for_count(person.chat_id, 2);
    assert_eq!(sent[1].thread, Some(77));
    let expected = format!("[Quoted: your message that I reply to]\n> {}\n\ntwo", answer.text());
    assert_eq!(questions(&env), ["one", &expected]);
}

#[test]
fn the_name_alone_a_picture_and_an_unknown_command_for_the_bot_get_a_sentence_each() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, GROUP).speaking("en");
    let name = env.telegram.username().to_owned();
    env.telegram.say(&person, &format!("@{name}"));
    let mention = json!([{"type": "mention", "offset": 0, "length": name.len() + 1}]);
    let picture =
        json!({"photo": [], "caption": format!("@{name} what is it?"), "caption_entities": mention});
    env.telegram.post(&person, &picture);
    env.telegram.say(&person, &format!("/zebra@{name}"));
    env.telegram.say(&person, &format!("@{name} /help"));
    let sent = env.telegram.wait_for_count(GROUP, 4);
    for (sent, part) in sent.iter().zip(["your question", "only text", "do not know", "/restore"]) {
        assert!(sent.text().contains(part), "{part} is not in: {}", sent.text());
    }
    // The first one asked for this.
    env.telegram.reply(&person, sent[0].message_id, "What is soup?");
    env.telegram.wait_for_count(GROUP, 5);
    assert!(questions(&env)[0].ends_with("\n\nWhat is soup?"));
}

#[test]
fn of_a_long_text_that_telegram_cut_all_is_for_the_bot_when_the_first_message_is() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (ann, bob) = (Person::in_group(1, GROUP), Person::in_group(2, GROUP));
    let words: Vec<_> = (0..1000).map(|n| format!("word{n:05}")).collect();
    let text = words.join(" ");
    // To nobody, then to the bot.
    env.telegram.paste(&bob, &text);
    let said = env.telegram.paste(&ann, &format!("@{} {text}", env.telegram.username()));
    env.telegram.say(&bob, "zebra, meanwhile");
    env.telegram.say(&ann, "zebra, later and to others");
    assert_eq!(said.len(), 3);
    env.telegram.wait_for_count(GROUP, 1);
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*), count(DISTINCT turn_id) FROM updates"), "3|1");
    // Where it was cut, a blank may have become a line.
    let unbroken = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(unbroken(&questions(&env)[0]), unbroken(&text));
}

#[test]
fn a_person_without_a_username_mentions_the_bot_too() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, GROUP);
    let named = |id: i64| {
        let entity =
            json!({"type": "text_mention", "offset": 3, "length": 3, "user": {"id": id, "is_bot": true}});
        json!({"text": "🍲 Bot, hi", "entities": [entity]})
    };
    env.telegram.post(&person, &named(1));
    env.telegram.post(&person, &named(env.telegram.bot_id()));
    env.telegram.wait_for_count(GROUP, 1);
    assert_eq!(questions(&env), ["🍲 Bot, hi"], "a name in the middle is part of the text");
}

#[test]
fn a_huge_message_of_a_group_is_answered_by_what_is_read_of_it_and_a_huge_one_to_others_is_not_kept() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, GROUP);
    let name = env.telegram.username().to_owned();
    let gate = env.model.hold(When::any());
    let huge = |text: &str| {
        let entity = json!({"type": "mention", "offset": 0, "length": name.len() + 1});
        json!({"text": text, "entities": [entity], "zebra": "z".repeat(1 << 20)})
    };
    env.telegram.post(&person, &huge("nothing for the bot, zebra"));
    env.telegram.post(&person, &huge(&format!("@{name}: a question")));
    gate.wait_arrived();
    assert_eq!(env.psql("SELECT count(*), max(length(payload)) < 1000 FROM updates"), "1|t");
    gate.release();
    env.telegram.wait_for_count(GROUP, 1);
    assert_eq!(questions(&env), ["a question"]);
}

#[test]
fn of_what_others_said_the_inbox_holds_only_the_words_that_a_question_quotes() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, GROUP);
    let name = env.telegram.username().to_owned();
    let gate = env.model.hold(When::any());
    let others = json!({
        "message_id": 77, "text": "the moon", "caption": "zebra", "author_signature": "zebra",
        "from": {"id": 2, "first_name": "Bob", "username": "zebra"}, "reply_to_message": {"text": "zebra"},
    });
    let fields = json!({
        "text": format!("@{name} what does that mean?"),
        "entities": [{"type": "mention", "offset": 0, "length": name.len() + 1}],
        "reply_to_message": others,
        "quote": {"text": "the moon", "entities": [{"type": "zebra"}]},
        "external_reply": {"origin": {"type": "hidden_user", "sender_user_name": "Zebra"}},
    });
    env.telegram.post(&person, &fields);
    gate.wait_arrived();
    let stored = env.psql("SELECT payload FROM updates");
    assert!(stored.contains("what does that mean?") && !stored.to_lowercase().contains("zebra"), "{stored}");
    let quoted: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(
        quoted["quoted"],
        json!([{"kind": "reply", "whose": "other", "author": "Bob", "text": "the moon"}])
    );
    gate.release();
    env.telegram.wait_for_count(GROUP, 1);
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE payload IS NOT NULL"), "0");
}

#[test]
fn who_writes_in_the_name_of_the_group_or_of_a_channel_is_answered_like_a_person() {
    const CHANNEL: i64 = -1_000_000_000_009;
    let env = TestEnv::new();
    let _bot = env.start();
    let somebody = Person::in_supergroup(1, -1_000_000_000_005);
    let group = somebody.chat_id;
    let mention = format!("@{}", env.telegram.username());
    let entities = json!([{"type": "mention", "offset": 0, "length": mention.len()}]);
    let bot = json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group"});
    for (sender, text) in [(group, "as the group"), (CHANNEL, "as a channel")] {
        let text = format!("{mention} {text}");
        let in_its_name =
            json!({"from": bot, "sender_chat": {"id": sender}, "text": text, "entities": entities});
        env.telegram.post(&somebody, &in_its_name);
    }
    env.telegram
        .post(&somebody, &json!({"from": bot, "text": format!("{mention} as a bot"), "entities": entities}));
    env.telegram.wait_for_count(group, 2);
    env.wait_settled();
    let mut asked = questions(&env);
    asked.sort();
    assert_eq!(asked, ["as a channel", "as the group"]);
    let asked = "SELECT user_id, content FROM messages WHERE role = 'user' ORDER BY content";
    assert_eq!(env.psql(asked), format!("{CHANNEL}|as a channel\n{group}|as the group"));
}
