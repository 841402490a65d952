//! What the bot's own commands do.

use sandbox::model::{Message, expected_answer};
use sandbox::telegram::{Action, Calls, Person, Reply};

use crate::world::{PATIENCE, PROMPT, World};

/// Says something and returns the one answer to it.
fn ask(world: &World, person: &Person, text: &str) -> String {
    let before = world.telegram.texts(person.chat_id).len();
    world.telegram.address(person, text);
    world.telegram.wait_for_count(person.chat_id, before + 1)[before].text().to_owned()
}

#[test]
fn start_help_and_role_answer_in_the_persons_language_without_a_model_call() {
    let world = World::new();
    let _bot = world.start();
    let russian = Person::private(1).speaking("ru");
    let english = Person::private(2).speaking("en-GB");
    let german = Person::private(3).speaking("de");
    assert!(ask(&world, &russian, "/start").contains("Здравствуйте"));
    assert!(ask(&world, &english, "/start").contains("Hello"));
    assert!(ask(&world, &german, "/start").contains("Здравствуйте"));
    let help = ask(&world, &english, "/help");
    for command in ["/start", "/help", "/role", "/clear", "/new", "/restore", "/export", "/forget"] {
        assert!(help.contains(command), "{command} is not in: {help}");
    }
    assert_eq!(ask(&world, &russian, "/role"), "You are a sandbox assistant.\nYou are brief.");
    assert!(world.model.requests().is_empty());
    assert_eq!(world.psql("SELECT count(*) FROM messages"), "0");
}

#[test]
fn the_role_can_be_told_in_other_words_than_the_prompts() {
    let mut world = World::new();
    world.set("ROLE_TEXT", "Ваш помощник");
    let _bot = world.start();
    assert_eq!(ask(&world, &Person::private(1), "/role"), "Ваш помощник");
}

#[test]
fn the_menu_is_set_in_both_languages() {
    let world = World::new();
    let bot = world.start_ready();
    world.telegram.look(|state| {
        let menu = |code| state.commands("default", code).unwrap().as_array().unwrap().clone();
        assert_eq!(menu("").len(), 10);
        assert_eq!(menu("en")[0]["description"], "a greeting");
        assert_eq!(menu("")[0]["description"], "приветствие");
    });
    drop(bot);
}

#[test]
fn clear_hides_the_dialogue_with_one_stamp_and_restore_brings_it_back() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    let first = ask(&world, &person, "one");
    ask(&world, &person, "two");
    assert!(ask(&world, &person, "/clear").contains("(4 messages)"));
    world.wait_settled();
    assert_eq!(
        world.psql("SELECT count(*), count(deleted_at), count(DISTINCT deleted_at) FROM messages"),
        "4|4|1"
    );

    // the model knows nothing of what was cleared
    let fresh = ask(&world, &person, "three");
    assert_eq!(fresh, expected_answer(&[Message::system(PROMPT), Message::user("three")]));

    assert!(ask(&world, &person, "/restore").contains("is back (4 messages)"));
    world.wait_settled();
    assert_eq!(world.psql("SELECT count(*), count(deleted_at) FROM messages"), "6|0");
    ask(&world, &person, "four");
    let asked = world.model.requests().pop().unwrap();
    assert_eq!(asked.messages[1], Message::user("one"));
    assert_eq!(asked.messages[2], Message::assistant(&first));
    assert_eq!(asked.messages.len(), 8);
}

#[test]
fn restore_undoes_the_latest_clearing_first_and_then_the_one_before() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("ru");
    ask(&world, &person, "раз");
    assert!(ask(&world, &person, "/new").contains("прежний (2 сообщения)"));
    ask(&world, &person, "два");
    ask(&world, &person, "три");
    ask(&world, &person, "/clear");
    assert!(ask(&world, &person, "/restore").contains("возвращён (4 сообщения)"));
    assert!(ask(&world, &person, "/restore").contains("возвращён (2 сообщения)"));
    assert!(ask(&world, &person, "/restore").contains("Возвращать нечего"));
    assert!(ask(&world, &person, "/clear").contains("прежний (6 сообщений)"));
    assert!(ask(&world, &person, "/clear").contains("и так новый"));
}

#[test]
fn clearing_one_dialogue_leaves_all_others_alone() {
    let world = World::new();
    let _bot = world.start();
    let (here, there) = (Person::in_group(1, -5), Person::private(1));
    let neighbour = Person::in_group(2, -5);
    for person in [&here, &there, &neighbour] {
        ask(&world, person, "hi");
    }
    ask(&world, &here, "/clear");
    world.wait_settled();
    let live =
        "SELECT chat_id, user_id FROM messages WHERE deleted_at IS NULL AND role = 'user' ORDER BY 1, 2";
    assert_eq!(world.psql(live), "-5|2\n1|1");
}

#[test]
fn a_command_for_another_bot_is_ignored_and_one_for_this_bot_is_not() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::in_group(1, -5).speaking("en");
    ask(&world, &person, "remember me");
    world.telegram.say(&person, "/clear@other_bot");
    let answer = ask(&world, &person, &format!("/clear@{}", world.telegram.username()));
    assert!(answer.contains("(2 messages)"), "{answer}");
}

#[test]
fn an_unknown_command_gets_a_hint_and_costs_no_model_call() {
    let world = World::new();
    let _bot = world.start();
    assert!(ask(&world, &Person::private(1).speaking("en"), "/cleer").contains("/help"));
    assert!(ask(&world, &Person::private(2).speaking("ru"), "/cleared").contains("/help"));
    assert!(world.model.requests().is_empty());
}

#[test]
fn export_sends_what_is_live_of_the_dialogue_as_a_file() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    assert!(ask(&world, &person, "/export").contains("nothing to send"));
    ask(&world, &person, "cleared");
    ask(&world, &person, "/clear");
    let first = ask(&world, &person, "Привет, zebra");
    ask(&world, &Person::private(2), "somebody else's");
    assert_eq!(ask(&world, &person, "/export"), "Our conversation as I have stored it.");
    let sent = world.telegram.wait_for_text(1, |text| text.contains("Our conversation"));
    let document = sent.document.unwrap();
    assert_eq!(document.file_name, "dialogue.txt");
    let text = String::from_utf8(document.bytes).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].ends_with("  user") && lines[3].ends_with("  assistant"), "{text}");
    assert_eq!((lines[1], lines[4].trim()), ("    Привет, zebra", first.lines().next().unwrap()));
    assert!(!text.contains("cleared") && !text.contains("somebody"), "{text}");
    world.wait_settled();
    assert_eq!(
        world.psql("SELECT op, state, payload FROM reply_parts WHERE op = 'document'"),
        "document|sent|"
    );
}

#[test]
fn a_file_is_for_a_private_chat_only() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::in_group(1, -5).speaking("en");
    ask(&world, &person, "hello");
    assert!(ask(&world, &person, "/export").contains("private chat"));
    assert!(world.telegram.calls("sendDocument").is_empty());
}

#[test]
fn a_file_that_telegram_refuses_gives_way_to_a_sentence_and_a_pause_is_kept() {
    let world = World::new();
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    ask(&world, &person, "hello");
    let pause = Calls::to("sendDocument").times(1);
    world.telegram.fault(pause, Action::RetryAfter(1));
    assert!(ask(&world, &person, "/export").contains("Our conversation"));
    assert_eq!(world.telegram.calls("sendDocument").len(), 2);
    let refusal = Reply::error(413, "Request Entity Too Large");
    world.telegram.fault(Calls::to("sendDocument").times(1), Action::Refuse(refusal));
    assert!(ask(&world, &person, "/export").contains("could not be sent"));
}

#[test]
fn no_connection_is_held_while_a_file_uploads() {
    let mut world = World::new();
    world.set("DATABASE_POOL_SIZE", "1");
    let _bot = world.start();
    let person = Person::private(1).speaking("en");
    ask(&world, &person, "hello");
    let fault = world.telegram.fault(Calls::to("sendDocument").times(1), Action::Hang);
    world.telegram.say(&person, "/export");
    fault.wait_hits(1, PATIENCE);
    // with the only connection there is, somebody else is answered
    ask(&world, &Person::private(2), "and me?");
    fault.release();
    world.telegram.wait_for_text(1, |text| text.contains("Our conversation"));
}
