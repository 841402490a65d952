//! Buttons below answers to a group's anonymous administrators and to channels: Telegram tells of the question the chat
//! only, and of the press the user only.

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::{Value, json};

const GROUP: i64 = -1_000_000_000_005;
const CHANNEL: i64 = -1_000_000_000_009;

/// Somebody who presses; the language of the app is English.
fn somebody(user_id: i64) -> Person {
    Person::in_supergroup(user_id, GROUP).speaking("en")
}

/// Says something to the bot in the name of `sender`.
fn say_as(env: &TestEnv, sender: i64, text: &str) {
    let mention = format!("@{}", env.telegram.username());
    env.telegram.post(
        &somebody(1),
        &json!({
            "from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group"},
            "sender_chat": {"id": sender, "type": if sender == GROUP { "supergroup" } else { "channel" }},
            "text": format!("{mention} {text}"),
            "entities": [{"type": "mention", "offset": 0, "length": mention.len()}],
        }),
    );
}

/// A group with an owner (10, anonymous), administrators (11 anonymous, 12 not) and a member (13); a channel with its
/// owner (20), who posts there (21) and who manages its members only (22).
fn environment() -> TestEnv {
    let env = TestEnv::new();
    for (chat, user, member) in [
        (GROUP, 10, json!({"status": "creator", "is_anonymous": true})),
        (GROUP, 11, json!({"status": "administrator", "is_anonymous": true})),
        (GROUP, 12, json!({"status": "administrator", "is_anonymous": false})),
        (GROUP, 13, json!({"status": "member"})),
        (CHANNEL, 20, json!({"status": "creator", "is_anonymous": false})),
        (CHANNEL, 21, json!({"status": "administrator", "is_anonymous": false, "can_post_messages": true})),
        (CHANNEL, 22, json!({"status": "administrator", "is_anonymous": false})),
    ] {
        env.telegram.appoint(chat, user, &member);
    }
    env
}

/// The button of /forget, asked for in the name of `sender` after an answer.
fn asked_to_forget(env: &TestEnv, sender: i64) -> (Sent, String) {
    say_as(env, sender, "hello");
    env.telegram.wait_for_count(GROUP, 1);
    say_as(env, sender, "/forget");
    let sent = env.telegram.wait_for_text(GROUP, |text| text.contains("во всех чатах?"));
    let button = sent.buttons()[0].to_owned();
    (sent, button)
}

/// What the user reads at once who presses.
fn told(env: &TestEnv, person: &Person, message: &Sent, button: &str) -> Value {
    let press = env.telegram.press(person, message.message_id, button);
    env.telegram.wait_until(PATIENCE, |state| state.callback_answer(&press).cloned())["text"].clone()
}

fn messages_of(env: &TestEnv, sender: i64) -> String {
    env.psql(&format!("SELECT count(*) FROM messages WHERE user_id = {sender}"))
}

#[test]
fn who_speaks_for_the_group_or_channel_that_asked_presses_forget_and_nobody_else_does() {
    for (sender, others, owner) in [
        (GROUP, [12, 13, 20, 99], 10),
        (GROUP, [12, 13, 21, 99], 11),
        (CHANNEL, [11, 13, 22, 99], 20),
        (CHANNEL, [10, 12, 22, 99], 21),
    ] {
        let env = environment();
        let _bot = env.start();
        let (message, button) = asked_to_forget(&env, sender);
        env.wait_settled();
        for user in others {
            let told = told(&env, &somebody(user), &message, &button);
            assert!(told.as_str().unwrap().contains("in the name of the group or channel"), "{user}: {told}");
        }
        env.wait_settled();
        assert_eq!(messages_of(&env, sender), "2", "nothing is deleted for somebody else");
        assert_eq!(env.telegram.texts(GROUP).len(), 2, "nobody else reads of it");
        assert_eq!(told(&env, &somebody(owner), &message, &button), Value::Null);
        env.telegram.wait_for_text(GROUP, |text| text.contains("everything is deleted. Messages: 2"));
        assert_eq!(messages_of(&env, sender), "0");
        env.assert_logged("ERROR", 0);
    }
}

#[test]
fn an_anonymous_administrator_has_a_failed_question_answered_again_in_the_dialogue_of_the_group() {
    let env = environment();
    let _bot = env.start();
    env.model.on(When::asked("one").times(1), Behaviour::status(401, "no"));
    say_as(&env, GROUP, "one");
    let failed = env
        .telegram
        .wait_until(PATIENCE, |state| state.in_chat(GROUP).find(|sent| !sent.buttons().is_empty()).cloned());
    env.wait_settled();
    let button = failed.buttons()[0].to_owned();
    assert_eq!(told(&env, &somebody(11), &failed, &button), Value::Null);
    env.telegram.wait_for_text(GROUP, |text| text.contains("“one"));
    env.wait_settled();
    let live = env.psql("SELECT user_id, count(*) FROM live_messages GROUP BY 1");
    assert_eq!(live, format!("{GROUP}|2"));
    assert_eq!(messages_of(&env, 11), "0", "who pressed has said nothing");
}

#[test]
fn an_anonymous_administrator_chooses_the_model_for_the_dialogue_of_the_group_and_a_member_does_not() {
    let env = environment();
    let catalogue = "[endpoints.ours]\nurl = URL\nkey = \"OPENROUTER_API_KEY\"\n[models.one]\nmodel = \"a\"\n[models.two]\n\
                     model = \"b\"\n[roles.cook]\nprompt = \"prompts/nutritionist.txt\"\n";
    let catalogue = catalogue.replace("URL", &format!("{:?}", env.model.url()));
    std::fs::write(env.folder().join("assistant.toml"), catalogue).unwrap();
    let _bot = env.start();
    say_as(&env, GROUP, "/model");
    let list = env.telegram.wait_for_count(GROUP, 1)[0].clone();
    let two = list.buttons()[1].to_owned();
    assert!(told(&env, &somebody(13), &list, &two).as_str().unwrap().contains("in the name of the group"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM dialogue_settings"), "0");
    assert_eq!(told(&env, &somebody(11), &list, &two), Value::Null);
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT chat_id, user_id, model FROM dialogue_settings"),
        format!("{GROUP}|{GROUP}|two")
    );
    say_as(&env, GROUP, "rice");
    env.telegram.wait_for_count(GROUP, 2);
    assert_eq!(env.asked("rice")[0].body["model"], "b");
}

#[test]
fn where_telegram_does_not_say_who_may_press_nothing_is_done_and_the_user_is_told() {
    for (action, words) in [
        (Action::Refuse(Reply::error(400, "Bad Request: member list is inaccessible")), "cannot see who"),
        (
            Action::Refuse(Reply::error(403, "Forbidden: bot is not a member of the channel chat")),
            "cannot see who",
        ),
        (Action::Refuse(Reply::html(502)), "could not find out"),
        (Action::Refuse(Reply::json(200, r#"{"ok":true,"result":{}}"#)), "could not find out"),
        (Action::RetryAfter(100_000), "could not find out"),
        (Action::Reset, "could not find out"),
    ] {
        let env = environment();
        let _bot = env.start();
        let (message, button) = asked_to_forget(&env, GROUP);
        env.telegram.fault(Calls::to("getChatMember").times(1), action.clone());
        let said = told(&env, &somebody(11), &message, &button);
        assert!(said.as_str().unwrap().contains(words), "{action:?}: {said}");
        env.wait_settled();
        assert_eq!(messages_of(&env, GROUP), "2", "{action:?}");
        // And it works when it is pressed again.
        assert_eq!(told(&env, &somebody(11), &message, &button), Value::Null, "{action:?}");
        env.telegram.wait_for_text(GROUP, |text| text.contains("everything is deleted"));
    }
}

#[test]
fn a_press_in_the_name_of_a_chat_is_known_again_after_a_crash_and_its_channel_may_be_unknown_to_the_bot() {
    let env = TestEnv::new();
    let bot = env.start();
    let (message, button) = asked_to_forget(&env, CHANNEL);
    let said = told(&env, &somebody(20), &message, &button);
    assert!(said.as_str().unwrap().contains("cannot see who"), "{said}");
    env.wait_settled();
    env.telegram.appoint(CHANNEL, 20, &json!({"status": "creator"}));
    let asking = env.telegram.fault(Calls::to("getChatMember").times(1), Action::Hang);
    env.telegram.press(&somebody(20), message.message_id, &button);
    asking.wait_hits(1, PATIENCE);
    bot.kill();
    let _bot = env.start();
    env.telegram.wait_for_text(GROUP, |text| text.contains("everything is deleted"));
    assert_eq!(messages_of(&env, CHANNEL), "0");
}
