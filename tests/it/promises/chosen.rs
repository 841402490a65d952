//! What was chosen: it outlives a kill, goes along with its group and its person, is told when it is gone, and costs nothing.

use std::fs;

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use serde_json::json;

use super::choosing::{CATALOGUE, GROUP, ann, asked, data, env, press, told, with_button};
use super::erasure::operator_of;
use crate::support::price::{log_statements, statements_of_an_answer};

#[test]
fn whoever_chose_what_is_gone_is_told_once_below_an_answer_of_the_default() {
    let env = env();
    let bot = env.start();
    let list = told(&env, &ann(), "/model deep");
    press(&env, &ann(), &list, "high");
    with_button(&env, &list, "✓ high");
    told(&env, &ann(), "/role judge");
    env.wait_settled();
    bot.stop();
    let text =
        CATALOGUE.replace("[models.deep]", "[models.profound]").replace("[roles.judge]", "[roles.referee]");
    let text = text.replace("model = \"deep\"", "").replace("URL", &format!("{:?}", env.model.url()));
    fs::write(env.folder().join("assistant.toml"), text).unwrap();
    let _bot = env.start();
    // A failure says nothing of it, and it is not forgotten.
    env.model.on(When::asked("rice").once(), Behaviour::status(401, "no"));
    told(&env, &ann(), "rice");
    env.wait_settled();
    assert_eq!(env.psql("SELECT model, role, effort FROM dialogue_settings"), "deep|judge|high");
    let before = env.telegram.texts(1).len();
    env.telegram.say(&ann(), "soup");
    let said = env.telegram.wait_for_count(1, before + 2);
    assert_eq!(
        said[before + 1].text(),
        "The model that you chose is not available any more: Quick answers now. To choose another one: /model\n\
         The role that you chose is not available any more: it is Cook now. To choose another one: /role"
    );
    env.wait_settled();
    assert_eq!(env.psql("SELECT model, role, effort FROM dialogue_settings"), "||");
    let body = asked(&env, &ann(), "tea");
    assert_eq!(
        (&body["model"], &body["messages"][0]["content"]),
        (&json!("vendor/quick"), &json!("You cook.\n\nMore."))
    );
    assert_eq!(env.telegram.texts(1).len(), before + 3, "it is said once");
}

#[test]
fn a_kill_between_the_press_and_the_change_of_the_list_loses_nothing() {
    for point in ["received", "finishing", "finished", "sending", "taken"] {
        let env = env();
        let bot = env.start();
        let list = told(&env, &ann(), "/model");
        env.wait_settled();
        env.kill(bot);
        let bot = env.start_with(&[("KILL_POINT", point)]);
        env.telegram.press(&ann(), list.message_id, &data(&list, "Deep Thought"));
        env.wait_killed(bot);
        let _bot = env.start();
        with_button(&env, &list, "✓ Deep Thought");
        env.wait_settled();
        assert_eq!(env.psql("SELECT model FROM dialogue_settings"), "deep", "{point}");
        assert_eq!(env.telegram.texts(1).len(), 1, "{point}: in its place");
    }
}

#[test]
fn forget_and_an_erasure_take_the_choices_along() {
    let env = env();
    let _bot = env.start();
    let count =
        |user: i64| env.psql(&format!("SELECT count(*) FROM dialogue_settings WHERE user_id = {user}"));
    for user in [1, 2] {
        told(&env, &Person::private(user).speaking("en"), "/model deep");
    }
    // Nothing was asked yet; the choice alone is worth forgetting.
    let asked = told(&env, &ann(), "/forget");
    press(&env, &ann(), &asked, "Delete everything for good");
    env.telegram.wait_for_text(1, |text| text.contains("everything is deleted"));
    env.wait_settled();
    assert_eq!((count(1), count(2)), ("0".to_owned(), "1".to_owned()));
    operator_of(&env).run(&["history", "erase", "--user", "2", "--yes"]).ok();
    assert_eq!(count(2), "0");
}

#[test]
fn the_choices_of_a_group_go_along_when_it_becomes_a_supergroup() {
    let env = env();
    let _bot = env.start();
    let group = |user| Person::in_group(user, -5).speaking("en");
    for user in [1, 2] {
        told(&env, &group(user), "/model deep");
    }
    // Somebody chose in the new group before the bot knew that it is the same one.
    let new = Person::in_supergroup(2, GROUP).speaking("en");
    told(&env, &new, "/model quick");
    env.wait_settled();
    let moved = env.telegram.migrate(&group(1), GROUP);
    assert_eq!(asked(&env, &moved, "rice")["model"], "vendor/deep");
    let rows = "SELECT chat_id, user_id, model FROM dialogue_settings ORDER BY user_id";
    assert_eq!(env.psql(rows), format!("{GROUP}|1|deep\n{GROUP}|2|quick"));
}

#[test]
fn an_answer_with_a_chosen_model_to_somebody_whom_an_owner_let_in_takes_four_statements_and_two_commits() {
    let mut env = with_catalogue_on_own_server();
    env.set("OWNER", "99");
    // What is looked after beside the messages is looked at once.
    env.set("SHORT_WAITS", "watch=3600");
    let _bot = env.start_ready();
    env.run(&["people", "allow", &ann().user_id.to_string()]).ok();
    told(&env, &ann(), "/model deep");
    told(&env, &ann(), "rice");
    env.wait_settled();
    log_statements(&env);
    // Whoever is asked knows of the new setting.
    told(&env, &ann(), "soup");
    env.wait_settled();
    let of_answer = statements_of_an_answer(&env, || {
        told(&env, &ann(), "tea");
    });
    assert_eq!(of_answer.len(), 4, "{of_answer:#?}");
    // Each statement is a commit by itself: the one that finishes, and the mark "sent". Two only read.
    assert!(of_answer.iter().all(|one| !one.sql.starts_with("BEGIN")), "{of_answer:#?}");
    let reads = of_answer.iter().filter(|one| one.sql.starts_with("SELECT")).count();
    assert_eq!(reads, 2, "{of_answer:#?}");
    // Each is parsed and planned once for a connection.
    assert!(of_answer.iter().all(|one| one.is_named), "{of_answer:#?}");
    assert_eq!(env.asked("tea")[0].body["model"], "vendor/deep");
}

fn with_catalogue_on_own_server() -> TestEnv {
    let env = TestEnv::with_own_server();
    fs::write(env.folder().join("cook.txt"), "You cook.\n\nMore.\n").unwrap();
    fs::write(env.folder().join("judge.txt"), "You judge.").unwrap();
    let text = CATALOGUE.replace("URL", &format!("{:?}", env.model.url()));
    fs::write(env.folder().join("assistant.toml"), text).unwrap();
    env
}

#[test]
fn what_was_chosen_in_a_topic_holds_for_that_topic() {
    let env = env();
    let _bot = env.start();
    let [seven, eight] = [7, 8].map(|topic| ann().in_thread(topic));
    let list = told(&env, &seven, "/model");
    press(&env, &seven, &list, "Deep Thought");
    with_button(&env, &list, "✓ Deep Thought");
    env.wait_settled();
    assert_eq!(env.psql("SELECT thread_id, model FROM dialogue_settings"), "7|deep");
    for (place, text, model) in
        [(&seven, "one", "vendor/deep"), (&eight, "two", "vendor/quick"), (&ann(), "three", "vendor/quick")]
    {
        assert_eq!(asked(&env, place, text)["model"], model, "{text}");
    }
}
