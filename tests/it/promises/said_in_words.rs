//! What people send that is neither text nor a file reaches the model in words, and a marked text says all that it means.

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::json;

#[test]
fn a_place_a_contact_a_poll_and_their_like_are_the_question_in_words() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let place = json!({"latitude": 59.93, "longitude": 30.31});
    for (number, (fields, asked)) in [
        (json!({"location": place}), "[location 59.930000, 30.310000]"),
        (
            json!({"location": place, "venue": {"location": place, "title": "Café", "address": "Nevsky 1"}}),
            "[venue 59.930000, 30.310000]\nCafé\nNevsky 1",
        ),
        (
            json!({"contact": {"phone_number": "+7 900", "first_name": "Ann", "last_name": "Lee"}}),
            "[contact]\nAnn Lee\n+7 900",
        ),
        (
            json!({"poll": {"id": "1", "question": "Tea?", "type": "regular", "options": [{"text": "yes"}, {"text": "no"}]}}),
            "[poll]\nTea?\n1. yes\n2. no",
        ),
        (json!({"dice": {"emoji": "🎯", "value": 6}}), "[dice 🎯 6]"),
        (
            json!({"checklist": {"title": "Buy", "tasks": [{"id": 1, "text": "milk"}]}}),
            "[checklist]\nBuy\n- [ ] milk",
        ),
        (json!({"sticker": {"file_id": "x", "emoji": "🙃", "is_animated": true}}), "[sticker 🙃]"),
        (
            json!({"story": {"id": 1, "chat": {"id": 5, "type": "channel", "title": "News"}}}),
            "[story of News, which cannot be seen]",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        env.telegram.post(&person, &fields);
        env.telegram.wait_for_count(1, number + 1);
        assert_eq!(env.model.requests().last().unwrap().question(), asked, "{fields}");
    }
    env.wait_settled();
    let stored = "SELECT content FROM messages WHERE role = 'user' ORDER BY id LIMIT 1";
    assert_eq!(env.psql(stored), "[location 59.930000, 30.310000]");
    // A place that moves is the same place, and asks nothing anew.
    let moved = json!({"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "from": {"id": 1},
        "location": {"latitude": 1.0, "longitude": 1.0, "live_period": 60}});
    env.telegram.push(json!({"edited_message": moved}));
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.model.requests().len(), 8);
}

#[test]
fn the_address_behind_words_and_the_language_of_code_reach_the_model() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(
        &person,
        &json!({"text": "why does this page show\nlet a = 1", "entities": [
            {"type": "text_link", "offset": 9, "length": 9, "url": "https://a.example/b"},
            {"type": "pre", "offset": 24, "length": 9, "language": "rust"},
            {"type": "bold", "offset": 0, "length": 3},
        ]}),
    );
    env.telegram.wait_for_count(1, 1);
    let asked = "why does this page (https://a.example/b) show\n```rust\nlet a = 1\n```";
    assert_eq!(env.model.requests()[0].question(), asked);
    // In a group the bot's name is taken off, and the marks stay where they are.
    let name = env.telegram.username().to_owned();
    let text = format!("@{name} run ls");
    let length = name.len() + 1;
    env.telegram.post(
        &Person::in_group(1, -5),
        &json!({"text": text, "entities": [
            {"type": "mention", "offset": 0, "length": length}, {"type": "code", "offset": length + 5, "length": 2},
        ]}),
    );
    env.telegram.wait_for_count(-5, 1);
    assert_eq!(env.model.requests()[1].question(), "run `ls`");
}
