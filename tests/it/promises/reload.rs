//! SIGHUP: the catalogue and its prompts are read anew under the running bot.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use sandbox::env::Bot;
use sandbox::model::When;
use sandbox::process::signal;
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv};

use super::models::{with_catalogue, write_catalogue};
use crate::support::terminal::terminal;

const CATALOGUE: &str = r#"
    [endpoints.ours]
    url = URL
    key = "OPENROUTER_API_KEY"
    [models.quick]
    model = "vendor/quick"
    [models.old]
    model = "vendor/old"
    [roles.cook]
    prompt = "cook.txt"
"#;

/// Tells the bot to read anew, and waits until it says what came of it.
fn hang_up(bot: &Bot, said: &str) -> String {
    bot.signal("HUP");
    bot.wait_for_line(said)
}

fn model_and_prompt(env: &TestEnv, question: &str) -> (String, String) {
    let before = env.telegram.texts(1).len();
    env.telegram.say(&Person::private(1), question);
    env.telegram.wait_for_count(1, before + 1);
    let body = env.asked(question).pop().unwrap().body;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&body["model"]), text(&body["messages"][0]["content"]))
}

#[test]
fn a_changed_catalogue_answers_the_next_question_and_says_what_changed() {
    let env = with_catalogue(CATALOGUE);
    let bot = env.start_ready();
    assert_eq!(model_and_prompt(&env, "rice"), ("vendor/quick".to_owned(), "You cook.\n\nMore.".to_owned()));
    let said = hang_up(&bot, "SIGHUP");
    assert!(said.contains("models and roles are read anew; nothing has changed"), "{said}");

    write_catalogue(
        &env,
        &CATALOGUE.replace("models.old", "models.new").replace("vendor/quick", "vendor/quicker"),
    );
    fs::write(env.folder().join("cook.txt"), "You bake.").unwrap();
    let said = hang_up(&bot, "changes=");
    assert!(said.contains("~models.quick, +models.new, -models.old, ~roles.cook"), "{said}");
    assert_eq!(model_and_prompt(&env, "soup"), ("vendor/quicker".to_owned(), "You bake.".to_owned()));
}

#[test]
fn a_faulty_catalogue_changes_nothing_and_every_fault_is_named_with_its_line() {
    let env = with_catalogue(CATALOGUE);
    let bot = env.start_ready();
    write_catalogue(
        &env,
        &CATALOGUE.replace("model = \"vendor/quick\"", "modle = \"x\"\n    effort = \"much\""),
    );
    hang_up(&bot, "models and roles stay as they were");
    let log = bot.log();
    for fault in [
        "CATALOGUE_PATH names assistant.toml, where line 5 is wrong: models.quick.model is missing",
        "line 6 is wrong: models.quick.modle is not known",
        "line 7 is wrong: models.quick.effort cannot be used; expected: one of these: none, minimal",
    ] {
        assert!(log.lines().any(|line| line.contains("WARN") && line.contains(fault)), "{fault}\n{log}");
    }
    assert_eq!(model_and_prompt(&env, "rice").0, "vendor/quick");
    // A prompt file that is gone is a fault as well.
    write_catalogue(&env, CATALOGUE);
    fs::remove_file(env.folder().join("cook.txt")).unwrap();
    hang_up(&bot, "roles.cook.prompt names cook.txt, which cannot be read");
    assert_eq!(model_and_prompt(&env, "soup").1, "You cook.\n\nMore.");
}

#[test]
fn what_is_under_way_ends_with_what_it_began_with() {
    let env = with_catalogue(CATALOGUE);
    let bot = env.start_ready();
    let gate = env.model.hold(When::asked("rice"));
    env.telegram.say(&Person::private(1), "rice");
    gate.wait_arrived();
    write_catalogue(&env, &CATALOGUE.replace("models.quick", "models.other"));
    hang_up(&bot, "changes=");
    gate.release();
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(env.psql("SELECT model, outcome FROM model_calls"), "vendor/quick|answered");
}

#[test]
fn the_menu_follows() {
    let one = CATALOGUE.replace("    [models.old]\n    model = \"vendor/old\"\n", "");
    let env = with_catalogue(&one);
    let bot = env.start_ready();
    let has_model = |state: &sandbox::telegram::State| {
        let call = state.calls().iter().rev().find(|call| call.method == "setmycommands")?;
        let commands = call.params["commands"].as_array()?;
        Some(commands.iter().any(|command| command["command"] == "model"))
    };
    assert_eq!(env.telegram.look(has_model), Some(false));
    write_catalogue(&env, CATALOGUE);
    hang_up(&bot, "changes=");
    env.telegram.wait_until(PATIENCE, |state| has_model(state).filter(|has| *has));
}

#[test]
fn a_key_that_came_into_the_env_file_is_found() {
    let env = with_catalogue(CATALOGUE);
    let bot = env.start_ready();
    let two = CATALOGUE
        .replace("[models.old]", "[endpoints.more]\n    url = URL\n    key = \"MORE_KEY\"\n    [models.old]");
    let two = two.replace("model = \"vendor/quick\"", "model = \"vendor/quick\"\n    endpoint = \"more\"");
    write_catalogue(
        &env,
        &two.replace("model = \"vendor/old\"", "model = \"vendor/old\"\n    endpoint = \"ours\""),
    );
    hang_up(&bot, "names a variable without a key");
    fs::write(env.folder().join(".env"), format!("MORE_KEY={}\n", env.model.key())).unwrap();
    hang_up(&bot, "changes=");
    assert_eq!(model_and_prompt(&env, "rice").0, "vendor/quick");
    env.wait_settled();
    assert_eq!(env.psql("SELECT endpoint, outcome FROM model_calls"), "more|answered");
}

#[test]
fn without_a_catalogue_the_prompt_file_is_read_anew() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    fs::write(env.folder().join("prompts/nutritionist.txt"), "You bake.").unwrap();
    hang_up(&bot, "changes=\"~roles.default\"");
    assert_eq!(model_and_prompt(&env, "rice").1, "You bake.");
}

#[test]
fn a_bot_whose_terminal_is_gone_ends_by_sighup() {
    let env = with_catalogue(CATALOGUE);
    let (person, terminal) = terminal();
    let log = env.folder().join("on-terminal.log");
    let mut command = env.command(&[]);
    command.stdin(terminal).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
    let mut bot = command.spawn().unwrap();
    drop(command);
    let pid = bot.id();
    let hang_up = || signal(pid, "HUP");
    let wait = |part: &str| {
        sandbox::wait_until(part, || fs::read_to_string(&log).unwrap().contains(part).then_some(()));
    };
    wait(" ready ");
    hang_up();
    wait("nothing has changed");
    drop(person);
    hang_up();
    let deadline = Instant::now() + PATIENCE;
    while bot.try_wait().unwrap().is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    let ended = bot.try_wait().unwrap();
    bot.kill().unwrap();
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    wait("stopped");
}
