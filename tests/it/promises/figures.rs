//! /usage of an owner: what the whole bot did and cost, in words and as a picture.

use sandbox::model::Behaviour;
use sandbox::telegram::{Action, Calls, Reply};
use serde_json::json;

use super::requests::{OWNER, greeted, owned, owner, person};
use crate::support::asking::ask;

#[test]
fn an_owner_reads_what_the_whole_bot_cost_and_sees_it_as_a_picture_and_others_read_their_own() {
    let mut env = owned();
    env.set("ALLOWED_USERS", "2,3");
    let figures = json!({"cost": 0.25, "prompt_tokens": 900, "completion_tokens": 100});
    env.model.usually(Behaviour::answer().figures(&figures));
    let _bot = env.start_ready();
    greeted(&env);
    // Where nothing was asked there is nothing to draw.
    let said = ask(&env, &owner(), "/usage");
    assert!(
        said.text().starts_with("Today (UTC): 0 questions, 0 people, 0 failed calls, 0 tokens, $0.00\n"),
        "{}",
        said.text()
    );
    for (user, question) in [(2, "one"), (2, "two"), (3, "three")] {
        ask(&env, &person(user), question);
    }
    env.psql("UPDATE model_calls SET called_at = called_at - interval '5 days' WHERE user_id = 3");
    env.psql("UPDATE model_calls SET called_at = called_at - interval '20 days', model = 'old/*model*' WHERE id = (SELECT min(id) FROM model_calls)");
    let before = env.telegram.texts(OWNER).len();
    env.telegram.say(&owner(), "/usage");
    let shown = env.telegram.wait_for_count(OWNER, before + 2)[before..].to_vec();
    env.wait_settled();
    let text = shown[0].text();
    for line in [
        "Today (UTC): 1 questions, 1 people, 0 failed calls, 1000 tokens, $0.25",
        "In 7 days: 2 questions, 2 people, 0 failed calls, 2000 tokens, $0.50",
        "In 30 days: 3 questions, 2 people, 0 failed calls, 3000 tokens, $0.75",
        "old/*model* — $0.25",
        "You yourself:\nToday: the model was not called.",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(shown[0].content.entities.is_empty());
    let photo = &shown[1];
    assert_eq!((&*photo.method, photo.text()), ("sendphoto", "Costs of 30 days, US dollars"));
    assert!(photo.document.as_ref().unwrap().bytes.starts_with(b"\x89PNG"));
    let said = ask(&env, &person(2), "/usage");
    assert!(said.text().starts_with("Today: ") && !said.text().contains("people"), "{}", said.text());
    // In a group an owner is one of many.
    let in_group = sandbox::telegram::Person::in_group(OWNER, -5).speaking("en");
    assert!(ask(&env, &in_group, "/usage").text().starts_with("Today: "));
}

#[test]
fn a_picture_that_telegram_refuses_keeps_no_word_back() {
    let env = owned();
    env.model.usually(Behaviour::answer().figures(&json!({"cost": 0.25})));
    let _bot = env.start_ready();
    greeted(&env);
    ask(&env, &owner(), "one");
    env.telegram.fault(
        Calls::to("sendPhoto").times(1),
        Action::Refuse(Reply::error(400, "Bad Request: IMAGE_PROCESS_FAILED")),
    );
    assert!(ask(&env, &owner(), "/usage").text().contains("$0.25"));
    env.wait_settled();
    assert_eq!(env.telegram.calls("sendPhoto").len(), 1);
    assert_eq!(env.psql("SELECT state FROM reply_parts ORDER BY id DESC LIMIT 1"), "abandoned");
    assert!(ask(&env, &owner(), "two").text().contains("two"));
}
