//! Groups: an owner is asked once whether everybody in one may use the bot, which is silent there until then.

use sandbox::telegram::{Person, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

use super::requests::{OWNER, button, greeted, owned, owner};
use crate::support::asking::ask;

/// The request that the owner reads about the group.
fn request_of_group(env: &TestEnv, chat_id: i64) -> Sent {
    let id = format!("Id: {chat_id}\n");
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("May everybody") && text.contains(&id))
}

#[test]
fn a_group_is_asked_about_once_and_the_bot_is_silent_there_until_an_owner_lets_it_in() {
    let env = owned();
    let bot = env.start_ready();
    greeted(&env);
    let member = Person::in_supergroup(2, -1_000_000_000_005).speaking("en");
    for user in [2, 3] {
        env.telegram.appoint(member.chat_id, user, &json!({"status": "member"}));
    }
    env.telegram.add_bot(&member);
    let request = request_of_group(&env, member.chat_id);
    for part in
        ["Group: Group\n", "Members: 3\n", "The bot was added by:\nName: Person 2\nId: 2\nLanguage: en"]
    {
        assert!(request.text().contains(part), "{}", request.text());
    }
    env.telegram.address(&member, "zebra");
    env.telegram.address(&Person { user_id: 3, ..member.clone() }, "zebra");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "4");
    env.wait_settled();
    env.kill(bot);
    let _bot = env.start_ready();
    env.telegram.address(&member, "zebra");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "5");
    env.wait_settled();
    assert_eq!((env.telegram.texts(member.chat_id).len(), env.telegram.texts(OWNER).len()), (0, 2));
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE payload IS NOT NULL"), "0");
    assert_eq!(
        env.psql("SELECT id, state, name FROM people WHERE id < 0"),
        format!("{}|waiting|Group", member.chat_id)
    );

    env.telegram.press(&owner(), request.message_id, &button(&request, "allow"));
    env.telegram.wait_for_text(OWNER, |text| text.starts_with("May use the bot."));
    env.wait_settled();
    assert!(ask(&env, &member, "and now?").text().contains("and now?"));
    assert_eq!(env.times_asked("zebra"), 0);
}

#[test]
fn a_group_in_which_the_bot_was_before_is_asked_about_too_and_left_when_it_is_refused() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    let member = Person::in_group(2, -5).speaking("en");
    env.telegram.address(&member, "zebra");
    let request = request_of_group(&env, -5);
    assert!(request.text().contains("Who wrote to the bot there:\nName: Person 2"), "{}", request.text());
    env.telegram.press(&owner(), request.message_id, &button(&request, "refuse"));
    env.telegram.wait_until(PATIENCE, |state| (state.count("leaveChat") == 1).then_some(()));
    env.wait_settled();
    // Somebody adds it again, and the owner said no today.
    env.telegram.unblock(-5);
    env.telegram.add_bot(&member);
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "4");
    env.wait_settled();
    assert_eq!((env.telegram.texts(-5).len(), env.telegram.texts(OWNER).len()), (0, 2));
    env.psql("UPDATE people SET asked_at = asked_at - interval '24 hours' WHERE id = -5");
    env.telegram.add_bot(&member);
    env.telegram.wait_for_count(OWNER, 3);
}

#[test]
fn without_an_owner_and_where_a_list_or_an_owner_lets_the_group_in_nobody_is_asked() {
    let mut env = TestEnv::new();
    let bot = env.start_ready();
    let member = Person::in_group(2, -5);
    env.telegram.add_bot(&member);
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "1");
    env.kill(bot);
    env.set("OWNER", OWNER.to_string());
    env.set("ALLOWED_CHATS", "-5");
    let _bot = env.start_ready();
    greeted(&env);
    env.telegram.add_bot(&member);
    env.run(&["people", "allow", "-6"]).ok();
    env.telegram.add_bot(&Person::in_group(2, -6));
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "4");
    env.wait_settled();
    assert_eq!(env.telegram.sent().len(), 1);
    assert!(ask(&env, &member, "hi").text().contains("hi"));
}
