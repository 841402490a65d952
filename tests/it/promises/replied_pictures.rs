//! A reply to a picture brings the picture, whoever sent it.

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::{Value, json};

use crate::support::rows::TURNS;

const SOUP: &[u8] = b"\xff\xd8\xff\xe0 soup";
const TEA: &[u8] = b"\xff\xd8\xff\xe0 tea";

fn photo(env: &TestEnv, content: &[u8], caption: &str) -> Value {
    let mut fields = env.telegram.photo(&[(b"small", 90, 67), (content, 800, 600), (b"large", 4000, 3000)]);
    fields["caption"] = json!(caption);
    fields
}

/// A message with these fields, as another one tells what it replies to.
fn replied(mut fields: Value, message_id: i64, from: &Value) -> Value {
    (fields["message_id"], fields["date"], fields["from"]) = (json!(message_id), json!(1), from.clone());
    fields
}

fn ann() -> Value {
    json!({"id": 5, "is_bot": false, "first_name": "Ann"})
}

fn seen(env: &TestEnv) -> (String, Vec<Vec<u8>>) {
    let asked = env.model.requests().pop().expect("a request");
    (asked.question().to_owned(), asked.pictures().to_vec())
}

const KEPT: &str = "SELECT string_agg(concat_ws(' ', user_id, quoted, content IS NOT NULL, message_id IS NOT NULL), ', ' ORDER BY id) FROM attachments";

#[test]
fn a_reply_to_anothers_picture_in_a_group_brings_it_as_quoted_context_which_goes_with_its_asker() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, -5).speaking("en");
    let name = format!("@{}", env.telegram.username());
    // Nothing but the bot's name.
    let fields = json!({
        "text": name, "entities": [{"type": "mention", "offset": 0, "length": name.len()}],
        "reply_to_message": replied(photo(&env, SOUP, "dinner"), 77, &ann()),
    });
    env.telegram.post(&person, &fields);
    env.telegram.wait_for_count(-5, 1);
    env.wait_settled();
    let question =
        "[Quoted: a message by \"Ann\" that I reply to]\n> [photo 800×600]\n> dinner\n\nWhat about this?";
    assert_eq!(seen(&env), (question.to_owned(), vec![SOUP.to_vec()]));
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'user'"), "What about this?");
    assert_eq!(env.psql(KEPT), "1 t t t");
    // It is seen in the next question and in another answer, and not fetched again.
    let mut next = json!({"text": format!("{name} and why?"), "entities": fields["entities"]});
    next["entities"][0]["length"] = json!(name.len());
    env.telegram.post(&person, &next);
    env.telegram.wait_for_count(-5, 2);
    env.wait_settled();
    let asked = env.model.requests().pop().unwrap();
    assert_eq!(
        (&*asked.messages[1].content, &asked.messages[1].pictures[..]),
        (question, &[SOUP.to_vec()][..])
    );
    assert_eq!(env.telegram.calls("download").len(), 1);
    // Another person's reply to it finds it here.
    env.telegram.post(&Person::in_group(2, -5).speaking("en"), &fields);
    env.telegram.wait_for_count(-5, 3);
    env.wait_settled();
    assert_eq!(seen(&env).1, [SOUP]);
    assert_eq!(env.telegram.calls("download").len(), 1);
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    assert_eq!(env.psql(KEPT), "2 t t t");
}

#[test]
fn a_picture_that_replies_to_a_picture_comes_behind_it_and_both_stay_with_the_question() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let first = env.telegram.post(&person, &photo(&env, SOUP, "soup"));
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let me = json!({"id": 1, "is_bot": false, "first_name": "Me"});
    let mut fields = photo(&env, TEA, "what is the difference?");
    fields["reply_to_message"] = replied(photo(&env, SOUP, "soup"), first.message_id, &me);
    let said = env.telegram.post(&person, &fields);
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    let question = "[Quoted: my message that I reply to]\n> [photo 800×600]\n> soup\n\n[photo 800×600]\nwhat is the difference?";
    assert_eq!(seen(&env), (question.to_owned(), vec![SOUP.to_vec(), TEA.to_vec()]));
    let downloads = env.telegram.calls("download").len();
    // Other words, and another answer.
    env.telegram.change(&person, said.message_id, &json!({"caption": "and now?"}));
    env.telegram.wait_for_text(1, |text| text.contains("and now?"));
    env.wait_settled();
    let changed = question.replace("what is the difference?", "and now?");
    assert_eq!(seen(&env), (changed.clone(), vec![SOUP.to_vec(), TEA.to_vec()]));
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns.matches("superseded").count() == 2);
    env.wait_settled();
    assert_eq!(seen(&env), (changed, vec![SOUP.to_vec(), TEA.to_vec()]));
    assert_eq!(env.telegram.calls("download").len(), downloads);
    assert_eq!(
        env.psql("SELECT count(*) FROM attachments WHERE message_id = (SELECT max(question_id) FROM turns)"),
        "2"
    );
}

#[test]
fn a_reply_to_another_chat_and_to_a_document_brings_the_picture_and_one_that_is_gone_is_told() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let channel = json!({"type": "channel", "chat": {"id": -9, "type": "channel", "title": "News"}, "message_id": 3, "date": 1});
    let mut elsewhere = env.telegram.photo(&[(TEA, 800, 600)]);
    elsewhere["origin"] = channel;
    elsewhere["message_id"] = json!(3);
    env.telegram.post(&person, &json!({"text": "zebra one", "external_reply": elsewhere}));
    env.telegram.wait_for_text(1, |text| text.contains("zebra one"));
    assert_eq!(seen(&env).1, [TEA]);
    let document = env.telegram.document("plan.png", "image/png", b"\x89PNG\r\n\x1a\n a plan");
    let fields = json!({"text": "zebra two", "reply_to_message": replied(document, 78, &ann())});
    env.telegram.post(&person, &fields);
    env.telegram.wait_for_text(1, |text| text.contains("zebra two"));
    assert_eq!(seen(&env).1, [b"\x89PNG\r\n\x1a\n a plan"]);
    let notes = env.telegram.document("notes.txt", "text/plain", b"the soup is salty");
    env.telegram
        .post(&person, &json!({"text": "zebra notes", "reply_to_message": replied(notes, 77, &ann())}));
    env.telegram.wait_for_text(1, |text| text.contains("zebra notes"));
    let question = seen(&env).0;
    assert!(
        question.contains("[Attached: the text of \"notes.txt\"]\n> the soup is salty\n\n"),
        "{question}"
    );
    assert!(question.contains("that I reply to]\n> [document notes.txt]\n\nzebra notes"), "{question}");
    let gone = photo(&env, b"\xff\xd8\xff gone", "");
    for size in gone["photo"].as_array().unwrap() {
        env.telegram.lose(size["file_id"].as_str().unwrap());
    }
    let fields = json!({"text": "zebra three", "reply_to_message": replied(gone, 79, &ann())});
    env.telegram.post(&person, &fields);
    env.telegram.wait_for_text(1, |text| text.contains("does not have this file any more"));
    assert_eq!(env.model.requests().len(), 3);
}
