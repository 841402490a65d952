//! Who may use the bot: strangers read one sentence a day, cost no model call and leave no message behind.

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};
use serde_json::json;

use crate::world::World;

const GROUP: i64 = -5;

/// A bot for person 1 everywhere and for everybody in one group.
fn closed() -> World {
    let mut world = World::new();
    world.set("ALLOWED_USERS", "1, 77");
    world.set("ALLOWED_CHATS", GROUP.to_string());
    world
}

/// Every update so far has been dealt with.
fn settle(world: &World, updates: usize) {
    let done = "SELECT count(*) FROM updates WHERE done_at IS NOT NULL";
    world.wait_for_rows(done, |rows| rows == updates.to_string());
    world.wait_settled();
}

#[test]
fn a_message_is_answered_for_its_person_or_for_its_chat() {
    let world = closed();
    let _bot = world.start();
    for person in [Person::private(1), Person::in_group(1, -6), Person::in_group(2, GROUP)] {
        world.telegram.address(&person, "hi");
        world.telegram.wait_for_text(person.chat_id, |text| text.contains("hi"));
    }
    assert_eq!(world.psql("SELECT count(*) FROM strangers"), "0");
}

#[test]
fn a_stranger_reads_one_sentence_a_day_whatever_and_wherever_they_write_and_over_a_restart() {
    let world = closed();
    let bot = world.start();
    let stranger = Person::private(2).speaking("en");
    world.telegram.say(&stranger, "zebra");
    let told = world.telegram.wait_for_count(2, 1)[0].text().to_owned();
    assert!(told.contains("ask the person who runs it") && told.contains("id is 2."), "{told}");
    for text in ["zebra again", "/start", "/role", "/clear", "/export", "/stop", "/retry", "/zebra"] {
        world.telegram.say(&stranger, text);
    }
    world.telegram.post(&stranger, &json!({"voice": {"file_id": "x"}}));
    world.telegram.address(&Person::in_group(2, -6), "zebra in another chat");
    settle(&world, 11);
    drop(bot);
    let _bot = world.start();
    world.telegram.say(&stranger, "zebra after a restart");
    settle(&world, 12);
    assert_eq!(world.telegram.texts(2).len(), 1);
    assert!(world.telegram.texts(-6).is_empty());

    world.psql("UPDATE strangers SET told_at = told_at - interval '25 hours'");
    let group = Person::in_group(2, -6).speaking("en");
    world.telegram.address(&group, "zebra the next day");
    let told = world.telegram.wait_for_count(-6, 1)[0].text().to_owned();
    assert!(told.contains("id is 2.") && told.contains("this group is -6."), "{told}");
    world.telegram.say(&stranger, "zebra again");
    settle(&world, 14);
    assert_eq!(world.telegram.texts(2).len(), 1);

    assert!(world.model.requests().is_empty());
    assert_eq!(world.psql("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns)"), "0|0");
    world.assert_logged("told a stranger that the bot does not answer everybody", 2);
}

#[test]
fn of_many_messages_of_a_stranger_in_many_chats_at_once_one_gets_the_sentence() {
    let world = closed();
    for chat in 10..30 {
        world.telegram.address(&Person::in_group(2, -chat), "zebra");
    }
    let _bot = world.start();
    settle(&world, 20);
    let told: usize = (10..30).map(|chat| world.telegram.texts(-chat).len()).sum();
    assert_eq!(told, 1);
}

#[test]
fn who_is_no_longer_allowed_may_still_delete_what_is_theirs_and_press_nothing_else() {
    let mut world = World::new();
    let bot = world.start();
    let person = Person::private(2).speaking("en");
    world.model.on(When::asked("zebra"), Behaviour::status(401, "no"));
    world.telegram.say(&person, "zebra");
    let failed = world.telegram.wait_for_count(2, 1)[0].clone();
    world.wait_settled();
    drop(bot);

    world.set("ALLOWED_USERS", "1");
    let _bot = world.start();
    let button = |message: &Sent| {
        let markup = message.content.markup.clone().unwrap();
        markup["inline_keyboard"][0][0]["callback_data"].as_str().unwrap().to_owned()
    };
    world.telegram.press(&person, failed.message_id, &button(&failed));
    world.telegram.wait_for_text(2, |text| text.contains("id is 2."));
    world.telegram.say(&person, "/forget");
    let asked = world.telegram.wait_for_count(2, 3)[2].clone();
    world.telegram.press(&person, asked.message_id, &button(&asked));
    world.telegram.wait_for_text(2, |text| text.contains("everything is deleted"));
    world.wait_settled();
    assert_eq!(world.model.requests().len(), 1);
    let left = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM turns), (SELECT count(*) FROM strangers)";
    assert_eq!(world.psql(left), "0|0|0");
}

#[test]
fn who_was_told_long_ago_is_forgotten_by_the_daily_sweep() {
    let world = closed();
    let bot = world.start_ready();
    drop(bot);
    world.psql(
        "INSERT INTO strangers VALUES (7, 1, now() - interval '25 hours'), (7, 2, now() - interval '23 hours')",
    );
    let _bot = world.start_ready();
    world.wait_for_rows("SELECT string_agg(user_id::text, ',') FROM strangers", |rows| rows == "2");
}
