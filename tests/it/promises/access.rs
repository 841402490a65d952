//! Who may use the bot: strangers read one sentence a day, cost no model call and leave no message behind.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};
use serde_json::json;

const GROUP: i64 = -5;

/// A bot for person 1 everywhere and for everybody in one group.
fn closed() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("ALLOWED_USERS", "1, 77");
    env.set("ALLOWED_CHATS", GROUP.to_string());
    env
}

/// Every update so far has been dealt with.
fn settle(env: &TestEnv, updates: usize) {
    let done = "SELECT count(*) FROM updates WHERE done_at IS NOT NULL";
    env.wait_for_rows(done, |rows| rows == updates.to_string());
    env.wait_settled();
}

#[test]
fn a_message_is_answered_for_its_person_or_for_its_chat() {
    let env = closed();
    let _bot = env.start();
    for person in [Person::private(1), Person::in_group(1, -6), Person::in_group(2, GROUP)] {
        env.telegram.address(&person, "hi");
        env.telegram.wait_for_text(person.chat_id, |text| text.contains("hi"));
    }
    assert_eq!(env.psql("SELECT count(*) FROM strangers"), "0");
}

#[test]
fn a_stranger_reads_one_sentence_a_day_whatever_and_wherever_they_write_and_over_a_restart() {
    let env = closed();
    let bot = env.start();
    let stranger = Person::private(2).speaking("en");
    env.telegram.say(&stranger, "zebra");
    let told = env.telegram.wait_for_count(2, 1)[0].text().to_owned();
    assert!(told.contains("ask the person who runs it") && told.contains("id is 2."), "{told}");
    for text in ["zebra again", "/start", "/role", "/clear", "/export", "/stop", "/retry", "/zebra"] {
        env.telegram.say(&stranger, text);
    }
    env.telegram.post(&stranger, &json!({"voice": {"file_id": "x"}}));
    env.telegram.address(&Person::in_group(2, -6), "zebra in another chat");
    settle(&env, 11);
    env.kill(bot);
    let _bot = env.start();
    env.telegram.say(&stranger, "zebra after a restart");
    settle(&env, 12);
    assert_eq!(env.telegram.texts(2).len(), 1);
    assert!(env.telegram.texts(-6).is_empty());

    env.psql("UPDATE strangers SET told_at = told_at - interval '25 hours'");
    let group = Person::in_group(2, -6).speaking("en");
    env.telegram.address(&group, "zebra the next day");
    let told = env.telegram.wait_for_count(-6, 1)[0].text().to_owned();
    assert!(told.contains("id is 2.") && told.contains("this group is -6."), "{told}");
    env.telegram.say(&stranger, "zebra again");
    settle(&env, 14);
    assert_eq!(env.telegram.texts(2).len(), 1);

    assert!(env.model.requests().is_empty());
    assert_eq!(env.psql("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns)"), "0|0");
    env.assert_logged("told a stranger that the bot does not answer everybody", 2);
}

#[test]
fn of_many_messages_of_a_stranger_in_many_chats_at_once_one_gets_the_sentence() {
    let env = closed();
    for chat in 10..30 {
        env.telegram.address(&Person::in_group(2, -chat), "zebra");
    }
    let _bot = env.start();
    settle(&env, 20);
    let told: usize = (10..30).map(|chat| env.telegram.texts(-chat).len()).sum();
    assert_eq!(told, 1);
}

#[test]
fn who_is_no_longer_allowed_may_still_delete_what_is_theirs_and_press_nothing_else() {
    let mut env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(2).speaking("en");
    env.model.on(When::asked("zebra"), Behaviour::status(401, "no"));
    env.telegram.say(&person, "zebra");
    let failed = env.telegram.wait_for_count(2, 1)[0].clone();
    env.wait_settled();
    env.kill(bot);

    env.set("ALLOWED_USERS", "1");
    let _bot = env.start();
    let button = |message: &Sent| {
        let markup = message.content.markup.clone().unwrap();
        markup["inline_keyboard"][0][0]["callback_data"].as_str().unwrap().to_owned()
    };
    env.telegram.press(&person, failed.message_id, &button(&failed));
    env.telegram.wait_for_text(2, |text| text.contains("id is 2."));
    env.telegram.say(&person, "/forget");
    let asked = env.telegram.wait_for_count(2, 3)[2].clone();
    env.telegram.press(&person, asked.message_id, &button(&asked));
    env.telegram.wait_for_text(2, |text| text.contains("everything is deleted"));
    env.wait_settled();
    assert_eq!(env.times_asked("zebra"), 1);
    let left = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns), (SELECT count(*) FROM strangers)";
    assert_eq!(env.psql(left), "0|0|0");
}

#[test]
fn who_was_told_long_ago_is_forgotten_by_the_daily_sweep() {
    let env = closed();
    let bot = env.start_ready();
    env.kill(bot);
    env.psql(
        "INSERT INTO strangers VALUES (7, 1, now() - interval '25 hours'), (7, 2, now() - interval '23 hours')",
    );
    let _bot = env.start_ready();
    env.wait_for_rows("SELECT string_agg(user_id::text, ',') FROM strangers", |rows| rows == "2");
}
