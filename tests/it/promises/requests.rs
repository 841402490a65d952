//! Who is not let in yet: one request to the owner, what was asked is kept until the decision, and nothing after a refusal.

use sandbox::telegram::{Person, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

use crate::support::asking::ask;

pub(super) const OWNER: i64 = 9;

pub(super) fn person(user_id: i64) -> Person {
    Person::private(user_id).speaking("en")
}

pub(super) fn owner() -> Person {
    person(OWNER)
}

/// A bot whose owner has written to it once.
pub(super) fn owned() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("OWNER", OWNER.to_string());
    env.set("SHORT_WAITS", "doorkeeper=0.2");
    env
}

pub(super) fn greeted(env: &TestEnv) {
    ask(env, &owner(), "/start");
}

/// The request that the owner reads about somebody.
pub(super) fn request_of(env: &TestEnv, user_id: i64) -> Sent {
    let id = format!("Id: {user_id}\n");
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("May this person") && text.contains(&id))
}

/// The data of the button of this decision.
pub(super) fn button(request: &Sent, decision: &str) -> String {
    request.buttons().into_iter().find(|data| data.starts_with(&format!("{decision}:"))).unwrap().to_owned()
}

fn decide(env: &TestEnv, user_id: i64, decision: &str) -> Sent {
    let request = request_of(env, user_id);
    env.telegram.press(&owner(), request.message_id, &button(&request, decision));
    env.telegram.wait_until(PATIENCE, |state| {
        state.message(OWNER, request.message_id).filter(|sent| sent.buttons().is_empty()).cloned()
    })
}

pub(super) fn requests(env: &TestEnv) -> usize {
    env.telegram.texts(OWNER).iter().filter(|text| text.starts_with("May this person")).count()
}

#[test]
fn what_a_stranger_asked_is_kept_over_a_restart_and_answered_in_its_order_once_an_owner_allows_it() {
    let env = owned();
    let bot = env.start_ready();
    greeted(&env);
    let stranger = person(2);
    let said = ask(&env, &stranger, "zebra one").text().to_owned();
    assert!(said.contains("I have asked the owner and kept your message"), "{said}");
    for text in ["zebra two", "/role", "zebra three"] {
        env.telegram.say(&stranger, text);
    }
    env.wait_for_rows("SELECT count(*) FROM updates WHERE held IS NOT NULL", |rows| rows == "4");
    request_of(&env, 2);
    env.kill(bot);
    let _bot = env.start_ready();
    env.wait_settled();
    assert_eq!((requests(&env), env.telegram.texts(2).len(), env.times_asked("zebra")), (1, 1, 0));
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "0");

    let decided = decide(&env, 2, "allow").text().to_owned();
    assert!(decided.starts_with("May use the bot.") && decided.contains("Id: 2"), "{decided}");
    let answers = env.telegram.wait_for_count(2, 5);
    env.wait_settled();
    for (answer, of) in answers[1..].iter().zip(["zebra one", "zebra two", "sandbox", "zebra three"]) {
        assert!(answer.text().contains(of), "{}", answer.text());
    }
    assert!(ask(&env, &stranger, "zebra four").text().contains("zebra four"));
    assert_eq!(
        env.psql("SELECT id, state, decided_by, name, words FROM people WHERE id = 2"),
        "2|allowed|9|Person 2|"
    );
    assert_eq!(env.psql("SELECT person, state, decided_by, means FROM decisions"), "2|allowed|9|button");
    env.assert_logged("an owner is asked to let somebody in", 1);
}

#[test]
fn the_owner_reads_who_asks_and_what_and_nothing_of_it_is_more_than_words() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    env.telegram.post(
        &person(2),
        &json!({
            "from": {"id": 2, "is_bot": false, "first_name": "*Eve*\n@boss", "last_name": "\u{202e}/allow", "username": "eve_1",
                     "language_code": "de"},
            "text": format!("<b>let</b> me in https://evil.example /block {}", "x".repeat(5000)),
        }),
    );
    let request = request_of(&env, 2);
    let text: Vec<u16> = request.text().encode_utf16().collect();
    let marked: Vec<(String, String)> = request
        .content
        .entities
        .iter()
        .map(|entity| {
            let at = |name: &str| usize::try_from(entity[name].as_u64().unwrap()).unwrap();
            let units = &text[at("offset")..at("offset") + at("length")];
            (entity["type"].as_str().unwrap().to_owned(), String::from_utf16(units).unwrap())
        })
        .collect();
    let code = |text: &str| ("code".to_owned(), text.to_owned());
    assert_eq!(marked[..4], [code("*Eve* @boss /allow"), code("eve_1"), code("2"), code("de")]);
    let (kind, words) = &marked[4];
    assert!(kind == "pre" && words.starts_with("<b>let</b> me in https://evil.example /block x"), "{words}");
    assert_eq!((words.chars().count(), marked.len()), (300, 5));
    assert_eq!(request.buttons().len(), 3);
    assert_eq!(env.psql("SELECT username, language FROM people WHERE id = 2"), "eve_1|de");
}

#[test]
fn after_a_refusal_nothing_is_kept_but_the_request_and_the_next_one_is_a_day_later() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    let stranger = person(2);
    ask(&env, &stranger, "zebra one");
    env.telegram.say(&stranger, "zebra two");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE held IS NOT NULL", |rows| rows == "2");
    assert!(decide(&env, 2, "refuse").text().starts_with("Refused."));
    env.telegram.wait_for_text(2, |text| text.contains("did not let you in"));
    env.wait_settled();
    let kept = "SELECT (SELECT count(*) FROM updates WHERE payload IS NOT NULL OR held IS NOT NULL),
                       (SELECT count(*) FROM messages), (SELECT count(*) FROM turns WHERE user_id = 2),
                       (SELECT words FROM people WHERE id = 2)";
    assert_eq!(env.psql(kept), "0|0|0|zebra one");
    for text in ["zebra three", "/start"] {
        env.telegram.say(&stranger, text);
    }
    env.wait_for_rows("SELECT count(*) FROM updates WHERE user_id = 2 AND done_at IS NOT NULL", |rows| {
        rows == "4"
    });
    env.wait_settled();
    assert_eq!((requests(&env), env.telegram.texts(2).len()), (0, 2));
    assert_eq!(env.psql(kept), "0|0|0|zebra one");

    env.psql("UPDATE people SET asked_at = asked_at - interval '24 hours'");
    ask(&env, &stranger, "zebra four");
    env.telegram.wait_until(PATIENCE, |state| {
        state.in_chat(OWNER).find(|sent| sent.text().contains("zebra four")).map(drop)
    });
    assert_eq!(env.times_asked("zebra"), 0);
    env.assert_logged("ERROR", 0);
}

#[test]
fn who_is_blocked_is_not_answered_any_more_and_may_delete_what_is_theirs() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    let stranger = person(2);
    ask(&env, &stranger, "zebra one");
    assert!(decide(&env, 2, "block").text().starts_with("Blocked"));
    env.wait_settled();
    env.psql("UPDATE people SET asked_at = asked_at - interval '100 days'");
    env.telegram.say(&stranger, "zebra two");
    env.telegram.address(&Person::in_group(2, -5), "zebra three");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE user_id = 2 AND done_at IS NOT NULL", |rows| {
        rows == "3"
    });
    env.wait_settled();
    assert_eq!((requests(&env), env.telegram.texts(2).len(), env.telegram.texts(-5).len()), (0, 1, 0));
    let kept = "SELECT count(*) FROM updates WHERE payload IS NOT NULL OR held IS NOT NULL";
    assert_eq!(env.psql(kept), "0");
    assert!(ask(&env, &stranger, "/forget").text().contains("nothing to delete"));
    assert_eq!(env.psql("SELECT state FROM people WHERE id = 2"), "blocked");
}

#[test]
fn a_request_that_is_withdrawn_with_forget_leaves_nothing_to_decide() {
    let env = owned();
    let bot = env.start_ready();
    greeted(&env);
    // Somebody who was here before, and whose messages are kept.
    env.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (2, 2, 'user', 'x', 1)");
    ask(&env, &person(2), "zebra one");
    let request = request_of(&env, 2);
    let asked = ask(&env, &person(2), "/forget");
    env.telegram.press(&person(2), asked.message_id, asked.buttons()[0]);
    env.telegram.wait_for_text(2, |text| text.contains("everything is deleted"));
    env.wait_settled();
    let left = "SELECT state, concat(name, username, language, words),
                       (SELECT count(*) FROM updates WHERE held IS NOT NULL) FROM people WHERE id = 2";
    assert_eq!(env.psql(left), "refused||0");
    env.telegram.press(&owner(), request.message_id, &button(&request, "allow"));
    env.telegram.wait_for_text(OWNER, |text| text.contains("This request is over already"));
    env.wait_settled();
    // Whoever withdraws a request makes no other one at once, and is unknown again the day after.
    env.telegram.say(&person(2), "zebra two");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "6");
    env.wait_settled();
    assert_eq!(env.psql(left), "refused||0");
    assert_eq!(env.psql("SELECT count(*) FROM decisions"), "0");
    assert_eq!((requests(&env), env.times_asked("zebra")), (0, 0));
    env.kill(bot);
    env.psql("UPDATE people SET asked_at = asked_at - interval '24 hours'");
    let _bot = env.start_ready();
    env.wait_for_rows("SELECT count(*) FROM people WHERE id = 2", |rows| rows == "0");
}

#[test]
fn what_waits_for_a_week_ends_with_a_sentence() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    ask(&env, &person(2), "zebra");
    env.psql("UPDATE people SET asked_at = asked_at - interval '6 days 23 hours' WHERE id = 2");
    ask(&env, &person(3), "zebra");
    assert_eq!(env.telegram.texts(2).len(), 1);
    env.psql("UPDATE people SET asked_at = asked_at - interval '1 hour' WHERE id = 2");
    env.telegram.wait_for_text(2, |text| text.contains("For a week the owner"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT id FROM people WHERE state = 'waiting'"), "3");
    assert_eq!(
        env.psql(
            "SELECT count(*) FROM updates WHERE user_id = 2 AND (payload IS NOT NULL OR held IS NOT NULL)"
        ),
        "0"
    );
    assert_eq!(env.psql("SELECT person, state, means FROM decisions"), "2|forgotten|time");
    env.assert_logged("a request to be let in is over", 1);
}

#[test]
fn a_kill_at_any_point_of_a_request_costs_neither_the_question_nor_a_second_request() {
    for point in ["finishing", "finished", "sending", "taken", "recorded"] {
        let env = owned();
        let bot = env.start_ready();
        greeted(&env);
        env.kill(bot);
        let bot = env.start_with(&[("KILL_POINT", &format!("{point}:asked the owner"))]);
        env.telegram.say(&person(2), "zebra");
        env.wait_killed(bot);
        let _bot = env.start_ready();
        decide(&env, 2, "allow");
        env.telegram.wait_for_text(2, |text| text.contains("“zebra"));
        env.wait_settled();
        // The message itself may be there twice, as any that was being sent.
        let made = "SELECT count(*) FROM reply_parts JOIN people USING (update_seq) WHERE user_id = 9";
        assert_eq!(env.psql(made), "1", "{point}");
        assert_eq!(env.times_asked("zebra"), 1, "{point}");
    }
}

#[test]
fn who_shows_an_owner_the_oldest_requests_to_decide_and_is_unknown_to_everybody_else() {
    let mut env = owned();
    env.set("ALLOWED_USERS", "5");
    let _bot = env.start_ready();
    assert!(ask(&env, &owner(), "/who").text().starts_with("Nobody waits"));
    for user in 2..=4 {
        ask(&env, &person(user), "zebra");
    }
    env.wait_settled();
    for said in [ask(&env, &person(5), "/who"), ask(&env, &person(5), "/claim x")] {
        assert!(said.text().contains("do not know this command"), "{}", said.text());
    }
    env.telegram.say(&Person::in_group(OWNER, -5), &format!("/who@{}", env.telegram.username()));
    let in_group = env.telegram.wait_for_count(-5, 1)[0].clone();
    assert!(!in_group.text().contains("Waiting"), "{}", in_group.text());
    let before = env.telegram.texts(OWNER).len();
    env.telegram.say(&owner(), "/who");
    let shown = env.telegram.wait_for_count(OWNER, before + 5)[before..].to_vec();
    env.wait_settled();
    assert!(shown[0].text().starts_with("Waiting for a decision: 3."), "{}", shown[0].text());
    for (card, user) in shown[1..4].iter().zip(2..) {
        assert!(
            card.text().contains(&format!("Id: {user}\n")) && card.text().ends_with("zebra"),
            "{}",
            card.text()
        );
    }
    env.telegram.press(&owner(), shown[2].message_id, &button(&shown[2], "allow"));
    env.telegram.wait_for_text(3, |text| text.contains("“zebra"));
    let menu = |scope: &str| {
        let menu = env.telegram.look(|state| state.commands(scope, "en").cloned());
        menu.is_some_and(|menu| menu.as_array().unwrap().iter().any(|command| command["command"] == "who"))
    };
    assert!(menu("chat") && !menu("default"), "the owner's menu alone has it");
}
