//! /model, /role and /settings: each person chooses for each dialogue, by a button or by name, and it holds.

use std::fmt::Write as _;
use std::fs;

use sandbox::telegram::{Person, Sent};
use sandbox::{PATIENCE, TestEnv};
use serde_json::{Value, json};

use super::models::with_catalogue;

pub(super) const GROUP: i64 = -1_000_000_000_005;

pub(super) const CATALOGUE: &str = r#"
    [endpoints.ours]
    url = URL
    key = "OPENROUTER_API_KEY"

    [models.quick]
    name = "Quick"
    words = "fast"
    model = "vendor/quick"

    [models.deep]
    name = "Deep Thought"
    words = "thinks first"
    model = "vendor/deep"
    effort = "low"
    efforts = ["high", "low"]

    [models.secret]
    name = "Secret"
    model = "vendor/secret"
    users = [7]
    chats = [-1000000000005]

    [roles.cook]
    name = "Cook"
    prompt = "cook.txt"

    [roles.judge]
    name = "Judge"
    prompt = "judge.txt"
    words = "I judge.\nAlways."
    model = "deep"

    [roles.spy]
    name = "Spy"
    prompt = "judge.txt"
    users = [7]
"#;

pub(super) fn env() -> TestEnv {
    let env = with_catalogue(CATALOGUE);
    fs::write(env.folder().join("judge.txt"), "You judge.").unwrap();
    env
}

pub(super) fn ann() -> Person {
    Person::private(1).speaking("en")
}

/// What stands on the buttons, row by row.
pub(super) fn labels(sent: &Sent) -> Vec<Vec<String>> {
    let Some(markup) = &sent.content.markup else { return Vec::new() };
    let row = |row: &Value| {
        row.as_array().unwrap().iter().map(|button| button["text"].as_str().unwrap().to_owned()).collect()
    };
    markup["inline_keyboard"].as_array().unwrap().iter().map(row).collect()
}

/// What the button with this on it brings back.
pub(super) fn data(sent: &Sent, label: &str) -> String {
    let rows = sent.content.markup.as_ref().unwrap()["inline_keyboard"].as_array().unwrap();
    let button = rows.iter().flat_map(|row| row.as_array().unwrap()).find(|button| button["text"] == label);
    button.unwrap_or_else(|| panic!("no button {label:?}"))["callback_data"].as_str().unwrap().to_owned()
}

/// Says it, and returns the next message.
pub(super) fn told(env: &TestEnv, person: &Person, text: &str) -> Sent {
    let before = env.telegram.texts(person.chat_id).len();
    env.telegram.address(person, text);
    env.telegram.wait_for_count(person.chat_id, before + 1).remove(before)
}

/// Presses the button with this on it.
pub(super) fn press(env: &TestEnv, person: &Person, sent: &Sent, label: &str) -> String {
    env.telegram.press(person, sent.message_id, &data(sent, label))
}

/// The message, as soon as it has a button like this.
pub(super) fn with_button(env: &TestEnv, sent: &Sent, label: &str) -> Sent {
    env.telegram.wait_until(PATIENCE, |state| {
        let now = state.message(sent.chat_id, sent.message_id)?;
        labels(now).iter().flatten().any(|other| other == label).then(|| now.clone())
    })
}

/// Asks a question, and returns what the model was asked with.
pub(super) fn asked(env: &TestEnv, person: &Person, text: &str) -> Value {
    told(env, person, text);
    env.wait_settled();
    env.asked(text).pop().unwrap().body
}

#[test]
fn a_press_chooses_the_model_marks_it_and_holds_over_a_restart() {
    let env = env();
    let bot = env.start();
    let list = told(&env, &ann(), "/model");
    assert_eq!(
        list.text(),
        "Your questions here are answered by the model Quick.\n\nQuick — fast\nDeep Thought — thinks first"
    );
    assert_eq!(labels(&list), [["✓ Quick"], ["Deep Thought"]]);
    assert_eq!(asked(&env, &ann(), "rice")["model"], "vendor/quick");

    let query = press(&env, &ann(), &list, "Deep Thought");
    let list = with_button(&env, &list, "✓ Deep Thought");
    let acknowledged = env.telegram.wait_until(PATIENCE, |state| state.callback_answer(&query).cloned());
    assert_eq!(acknowledged["text"], Value::Null);
    assert!(list.text().starts_with("Your questions here are answered by the model Deep Thought."));
    assert!(list.text().ends_with("\n\nThinking before an answer: low."), "{}", list.text());
    assert_eq!(labels(&list), [vec!["Quick"], vec!["✓ Deep Thought"], vec!["✓ low", "high"]]);
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 2, "the list is changed in its place");
    let body = asked(&env, &ann(), "soup");
    assert_eq!((&body["model"], &body["reasoning_effort"]), (&json!("vendor/deep"), &json!("low")));

    env.kill(bot);
    let _bot = env.start();
    assert_eq!(asked(&env, &ann(), "tea")["model"], "vendor/deep");
    assert_eq!(labels(&told(&env, &ann(), "/model"))[1], ["✓ Deep Thought"]);
    env.assert_logged("ERROR", 0);
}

#[test]
fn the_effort_is_a_row_of_buttons_and_reaches_the_request() {
    let env = env();
    let _bot = env.start();
    let list = told(&env, &ann(), "/model deep");
    press(&env, &ann(), &list, "high");
    let list = with_button(&env, &list, "✓ high");
    assert_eq!(labels(&list)[2], ["low", "✓ high"]);
    let body = asked(&env, &ann(), "rice");
    assert_eq!((&body["model"], &body["reasoning_effort"]), (&json!("vendor/deep"), &json!("high")));
    told(&env, &ann(), "/model deep");
    assert_eq!(asked(&env, &ann(), "fish")["reasoning_effort"], "high", "the model is the same");
    // An effort is one model's: another one has its own, and the first one begins with the usual.
    press(&env, &ann(), &list, "Quick");
    let list = with_button(&env, &list, "✓ Quick");
    assert_eq!(asked(&env, &ann(), "soup").get("reasoning_effort"), None);
    press(&env, &ann(), &list, "Deep Thought");
    with_button(&env, &list, "✓ low");
    assert_eq!(asked(&env, &ann(), "tea")["reasoning_effort"], "low");
}

#[test]
fn a_role_is_chosen_likewise_and_its_prompt_and_its_model_answer() {
    let env = env();
    let _bot = env.start();
    let list = told(&env, &ann(), "/role");
    assert_eq!(list.text(), "Role: Cook.\n\nYou cook.\n\nJudge — I judge.");
    assert_eq!(labels(&list), [["✓ Cook"], ["Judge"]]);
    press(&env, &ann(), &list, "Judge");
    let list = with_button(&env, &list, "✓ Judge");
    assert_eq!(list.text(), "Role: Judge.\n\nI judge.\nAlways.\n\nCook — You cook.");
    let body = asked(&env, &ann(), "rice");
    assert_eq!(body["messages"][0], json!({"role": "system", "content": "You judge."}));
    assert_eq!(body["model"], "vendor/deep", "the role has a model of its own");
    // Whoever chooses a model has that one in every role.
    told(&env, &ann(), "/model quick");
    let body = asked(&env, &ann(), "soup");
    assert_eq!(
        (&body["model"], &body["messages"][0]["content"]),
        (&json!("vendor/quick"), &json!("You judge."))
    );
}

#[test]
fn a_name_behind_the_command_chooses_at_once_in_any_case_and_an_unknown_one_lists_what_there_is() {
    let env = env();
    let _bot = env.start();
    for (text, marked) in [
        ("/model DEEP", "✓ Deep Thought"),
        ("/model quick", "✓ Quick"),
        ("/model  deep thought ", "✓ Deep Thought"),
        ("/role judge", "✓ Judge"),
        ("/ROLE Cook", "✓ Cook"),
    ] {
        let list = told(&env, &ann(), text);
        assert!(labels(&list).iter().flatten().any(|label| label == marked), "{text}: {:?}", labels(&list));
    }
    let row = "SELECT bot_id > 0, chat_id, user_id, thread_id, model, role, effort FROM dialogue_settings";
    assert_eq!(env.psql(row), "t|1|1|0|deep|cook|");
    for (text, said) in [
        ("/model deeper", "There is no such model here."),
        ("/model secret", "There is no such model here."),
        ("/role spy", "There is no such role here."),
    ] {
        let list = told(&env, &ann(), text);
        assert!(list.text().starts_with(said), "{text}: {}", list.text());
        assert_eq!(labels(&list)[0].len(), 1, "{text}: what there is can be chosen");
    }
    assert_eq!(env.psql(row), "t|1|1|0|deep|cook|");
}

#[test]
fn dialogues_and_people_choose_apart_from_each_other() {
    let env = env();
    let _bot = env.start();
    let (here, there) = (ann(), Person::in_supergroup(1, GROUP).speaking("en"));
    let bob = Person::in_supergroup(2, GROUP).speaking("en");
    told(&env, &here, "/model deep");
    assert_eq!(asked(&env, &there, "rice")["model"], "vendor/quick", "a group is a dialogue of its own");
    told(&env, &there, "/role judge");
    assert_eq!(asked(&env, &there, "soup")["messages"][0]["content"], "You judge.");
    assert_eq!(asked(&env, &here, "tea")["messages"][0]["content"], "You cook.\n\nMore.");
    assert_eq!(
        asked(&env, &bob, "fish")["messages"][0]["content"],
        "You cook.\n\nMore.",
        "of one person only"
    );
}

#[test]
fn nobody_else_presses_and_in_a_group_there_is_what_the_operator_allows_there() {
    let env = env();
    let _bot = env.start();
    let (asker, other) =
        (Person::in_supergroup(1, GROUP).speaking("en"), Person::in_supergroup(7, GROUP).speaking("en"));
    let list = told(&env, &asker, "/model");
    assert_eq!(labels(&list), [["✓ Quick"], ["Deep Thought"], ["Secret"]], "everybody in this group may");
    let query = press(&env, &other, &list, "Secret");
    let acknowledged = env.telegram.wait_until(PATIENCE, |state| state.callback_answer(&query).cloned());
    assert_eq!(acknowledged["text"], "This button is not for you.");
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM dialogue_settings"), "0");
    press(&env, &asker, &list, "Secret");
    with_button(&env, &list, "✓ Secret");
    assert_eq!(asked(&env, &asker, "rice")["model"], "vendor/secret");
    assert_eq!(labels(&told(&env, &ann(), "/model")), [["✓ Quick"], ["Deep Thought"]], "and nowhere else");
    assert_eq!(labels(&told(&env, &Person::private(7), "/role")), [["✓ Cook"], ["Judge"], ["Spy"]]);
}

#[test]
fn a_button_of_something_that_is_gone_or_not_allowed_any_more_is_an_old_one() {
    let env = env();
    let bot = env.start();
    let (models, roles) = (told(&env, &ann(), "/model deep"), told(&env, &ann(), "/role"));
    env.wait_settled();
    bot.stop();
    let text = fs::read_to_string(env.folder().join("assistant.toml")).unwrap();
    let text =
        text.replace("[models.quick]", "[models.rapid]").replace("[\"high\", \"low\"]", "[\"low\", \"max\"]");
    let text = text.replace("[roles.judge]", "[roles.judge]\n    users = [7]");
    fs::write(env.folder().join("assistant.toml"), text).unwrap();
    let _bot = env.start();
    for (list, label, said) in [
        (
            &models,
            "Quick",
            "This button is old: that cannot be chosen here any more. To see what there is now: /model",
        ),
        (
            &models,
            "high",
            "This button is old: that cannot be chosen here any more. To see what there is now: /model",
        ),
        (
            &roles,
            "Judge",
            "This button is old: there is no such role here any more. To see what there is now: /role",
        ),
    ] {
        let before = env.telegram.texts(1).len();
        press(&env, &ann(), list, label);
        let sent = env.telegram.wait_for_count(1, before + 1);
        assert_eq!(sent[before].text(), said, "{label}");
    }
    env.wait_settled();
    assert_eq!(env.psql("SELECT model, role, effort FROM dialogue_settings"), "deep||");
}

#[test]
fn a_long_list_has_pages() {
    let mut text =
        "[endpoints.ours]\nurl = URL\nkey = \"OPENROUTER_API_KEY\"\n[roles.cook]\nprompt = \"cook.txt\"\n"
            .to_owned();
    for number in 1..=30 {
        write!(text, "[models.a-name-of-24-letters--{number:02}]\nmodel = \"vendor/{number}\"\nname = \"No {number}\"\n").unwrap();
    }
    let env = with_catalogue(&text.replace("a-name-of-24-letters--", "a-name-of-24-letters-x"));
    let _bot = env.start();
    let list = told(&env, &ann(), "/model No 12");
    assert!(list.text().ends_with("Page 2 of 4."), "{}", list.text());
    let rows = labels(&list);
    assert_eq!(
        (rows.len(), &rows[0], &rows[3], &rows[8]),
        (9, &vec!["No 9".to_owned()], &vec!["✓ No 12".to_owned()], &vec!["←".to_owned(), "→".to_owned()])
    );
    press(&env, &ann(), &list, "→");
    let list = with_button(&env, &list, "No 17");
    press(&env, &ann(), &list, "→");
    let list = with_button(&env, &list, "No 30");
    assert_eq!(labels(&list).last().unwrap(), &["←"]);
    press(&env, &ann(), &list, "No 30");
    with_button(&env, &list, "✓ No 30");
    assert_eq!(asked(&env, &ann(), "rice")["model"], "vendor/30");
}

#[test]
fn settings_say_what_is_in_force_in_one_message() {
    let env = env();
    let _bot = env.start();
    assert_eq!(
        told(&env, &ann(), "/settings").text(),
        "Model: Quick (change: /model)\nRole: Cook (change: /role)\n\
         Memory of the conversation: the latest messages, up to 20\nWhile an answer is made: a draft that grows"
    );
    told(&env, &ann(), "/model deep");
    told(&env, &ann(), "/role judge");
    let settings = told(&env, &ann(), "/settings").text().to_owned();
    assert!(
        settings
            .starts_with("Model: Deep Thought (change: /model)\nThinking before an answer: low\nRole: Judge"),
        "{settings}"
    );
    let group = Person::in_supergroup(1, GROUP).speaking("ru");
    let settings = told(&env, &group, "/settings").text().to_owned();
    assert!(settings.starts_with("Модель: Quick (изменить: /model)\nРоль: Cook"), "{settings}");
    assert!(settings.ends_with("Пока ответ готовится: видно, что я печатаю"), "{settings}");
}

/// The commands of the English menu.
fn menu(env: &TestEnv) -> Vec<String> {
    let calls = env.telegram.calls("setMyCommands");
    let call = calls.iter().rev().find(|call| call.params["language_code"] == "en").unwrap();
    call.params["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| command["command"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn commands_for_which_there_is_no_choice_are_not_shown_and_answered_all_the_same() {
    let env = TestEnv::new();
    let _bot = env.start_ready();
    let help = told(&env, &ann(), "/help").text().to_owned();
    for command in ["model", "settings"] {
        assert!(
            !menu(&env).contains(&command.to_owned()) && !help.contains(&format!("/{command}")),
            "{help}"
        );
    }
    assert_eq!(told(&env, &ann(), "/role").text(), "You are a sandbox assistant.\nYou are brief.");
    let model = told(&env, &ann(), "/model");
    assert_eq!(model.text(), format!("Your questions here are answered by the model {}.", env.model.name()));
    assert_eq!(labels(&model), Vec::<Vec<String>>::new());
    assert!(
        told(&env, &ann(), "/settings").text().starts_with(&format!("Model: {}\nMemory", env.model.name()))
    );

    let env = self::env();
    let _bot = env.start_ready();
    let help = told(&env, &ann(), "/help").text().to_owned();
    for command in ["model", "role", "settings"] {
        assert!(menu(&env).contains(&command.to_owned()) && help.contains(&format!("/{command} ")), "{help}");
    }
}
