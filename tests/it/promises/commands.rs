//! What the bot's own commands do.

use sandbox::env::PROMPT;
use sandbox::model::{Message, expected_answer};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv};

/// Says something and returns the one answer to it.
fn ask(env: &TestEnv, person: &Person, text: &str) -> String {
    let before = env.telegram.texts(person.chat_id).len();
    env.telegram.address(person, text);
    env.telegram.wait_for_count(person.chat_id, before + 1)[before].text().to_owned()
}

#[test]
fn start_help_and_role_answer_in_the_persons_language_without_a_model_call() {
    let env = TestEnv::new();
    let _bot = env.start();
    let russian = Person::private(1).speaking("ru");
    let english = Person::private(2).speaking("en-GB");
    let german = Person::private(3).speaking("de");
    assert!(ask(&env, &russian, "/start").contains("Здравствуйте"));
    assert!(ask(&env, &english, "/start").contains("Hello"));
    assert!(ask(&env, &german, "/start").contains("Здравствуйте"));
    let help = ask(&env, &english, "/help");
    for command in ["/start", "/help", "/role", "/clear", "/new", "/restore", "/export", "/forget"] {
        assert!(help.contains(command), "{command} is not in: {help}");
    }
    assert_eq!(ask(&env, &russian, "/role"), "You are a sandbox assistant.\nYou are brief.");
    assert!(env.model.requests().is_empty());
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "0");
}

#[test]
fn the_role_can_be_told_in_other_words_than_the_prompts() {
    let mut env = TestEnv::new();
    env.set("ROLE_TEXT", "Ваш помощник");
    let _bot = env.start();
    assert_eq!(ask(&env, &Person::private(1), "/role"), "Ваш помощник");
}

#[test]
fn the_menu_is_set_in_both_languages() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    env.telegram.look(|state| {
        let menu = |code| state.commands("default", code).unwrap().as_array().unwrap().clone();
        let names = |code| menu(code).iter().map(|entry| entry["command"].clone()).collect::<Vec<_>>();
        assert_eq!(names(""), names("en"));
        assert_eq!(menu("en")[0]["description"], "a greeting");
        assert_eq!(menu("")[0]["description"], "приветствие");
    });
    drop(bot);
}

#[test]
fn a_question_behind_new_begins_a_new_conversation_and_is_answered() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "an old story");
    let answer = ask(&env, &person, "/new How long does rice cook?");
    assert!(answer.contains("How long does rice cook?"), "{answer}");
    assert!(!answer.contains("old story"), "{answer}");
    env.wait_settled();
    let live = "SELECT string_agg(content, '|' ORDER BY id) FROM messages WHERE role = 'user' AND deleted_at IS NULL";
    assert_eq!(env.psql(live), "How long does rice cook?");
    assert!(ask(&env, &person, "/clear\nAnd pasta?").contains("And pasta?"));
}

#[test]
fn words_behind_a_command_that_takes_none_are_not_passed_over_in_silence() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    for command in ["/start", "/help", "/role", "/restore", "/stop", "/export", "/forget", "/retry"] {
        let before = env.telegram.texts(1).len();
        env.telegram.say(&person, &format!("{command} How long does rice cook?"));
        sandbox::wait_until(&format!("what {command} says of the words behind it"), || {
            let said = env.telegram.texts(1).split_off(before);
            said.last().is_some_and(|text| text.contains("as a message of its own")).then_some(())
        });
    }
    env.wait_settled();
    // What a link of Telegram's brings along is nobody's words.
    let before = env.telegram.texts(1).len();
    ask(&env, &person, "/start ref_42-a");
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), before + 1);
    assert!(env.model.requests().is_empty());
}

#[test]
fn clear_hides_the_dialogue_with_one_stamp_and_restore_brings_it_back() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let first = ask(&env, &person, "one");
    ask(&env, &person, "two");
    assert!(ask(&env, &person, "/clear").contains("(4 messages)"));
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT count(*), count(deleted_at), count(DISTINCT deleted_at) FROM messages"),
        "4|4|1"
    );

    // The model knows nothing of what was cleared.
    let fresh = ask(&env, &person, "three");
    assert_eq!(fresh, expected_answer(&[Message::system(PROMPT), Message::user("three")]));

    assert!(ask(&env, &person, "/restore").contains("is back (4 messages)"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*), count(deleted_at) FROM messages"), "6|0");
    ask(&env, &person, "four");
    let asked = env.asked("four").pop().unwrap();
    assert_eq!(asked.messages[1], Message::user("one"));
    assert_eq!(asked.messages[2], Message::assistant(&first));
    assert_eq!(asked.messages.len(), 8);
}

#[test]
fn restore_undoes_the_latest_clearing_first_and_then_the_one_before() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("ru");
    ask(&env, &person, "раз");
    assert!(ask(&env, &person, "/new").contains("прежний (2 сообщения)"));
    ask(&env, &person, "два");
    ask(&env, &person, "три");
    ask(&env, &person, "/clear");
    assert!(ask(&env, &person, "/restore").contains("возвращён (4 сообщения)"));
    assert!(ask(&env, &person, "/restore").contains("возвращён (2 сообщения)"));
    assert!(ask(&env, &person, "/restore").contains("Возвращать нечего"));
    assert!(ask(&env, &person, "/clear").contains("прежний (6 сообщений)"));
    assert!(ask(&env, &person, "/clear").contains("и так новый"));
}

#[test]
fn restore_undoes_the_clearing_that_came_last_in_the_dialogue_whatever_the_clock_said() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "old");
    ask(&env, &person, "/clear");
    env.wait_settled();
    // The host of the predecessor was three hours ahead.
    env.psql("UPDATE messages SET deleted_at = deleted_at + interval '3 hours'");
    for question in ["one", "two"] {
        ask(&env, &person, question);
    }
    ask(&env, &person, "/clear");
    ask(&env, &person, "/restore");
    env.wait_settled();
    let live = "SELECT string_agg(content, '|' ORDER BY id) FROM messages WHERE role = 'user' AND deleted_at IS NULL";
    assert_eq!(env.psql(live), "one|two");
}

#[test]
fn clearing_one_dialogue_leaves_all_others_alone() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (here, there) = (Person::in_group(1, -5), Person::private(1));
    let neighbour = Person::in_group(2, -5);
    for person in [&here, &there, &neighbour] {
        ask(&env, person, "hi");
    }
    ask(&env, &here, "/clear");
    env.wait_settled();
    let live =
        "SELECT chat_id, user_id FROM messages WHERE deleted_at IS NULL AND role = 'user' ORDER BY 1, 2";
    assert_eq!(env.psql(live), "-5|2\n1|1");
}

#[test]
fn a_command_for_another_bot_is_ignored_and_one_for_this_bot_is_not() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, -5).speaking("en");
    ask(&env, &person, "remember me");
    env.telegram.say(&person, "/clear@other_bot");
    let answer = ask(&env, &person, &format!("/clear@{}", env.telegram.username()));
    assert!(answer.contains("(2 messages)"), "{answer}");
}

#[test]
fn an_unknown_command_gets_a_hint_and_costs_no_model_call() {
    let env = TestEnv::new();
    let _bot = env.start();
    assert!(ask(&env, &Person::private(1).speaking("en"), "/cleer").contains("/help"));
    assert!(ask(&env, &Person::private(2).speaking("ru"), "/cleared").contains("/help"));
    assert!(env.model.requests().is_empty());
}

#[test]
fn export_sends_what_is_live_of_the_dialogue_as_a_file() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    assert!(ask(&env, &person, "/export").contains("nothing to send"));
    ask(&env, &person, "cleared");
    ask(&env, &person, "/clear");
    let first = ask(&env, &person, "Привет, zebra");
    ask(&env, &Person::private(2), "somebody else's");
    assert_eq!(ask(&env, &person, "/export"), "Our conversation as I have stored it.");
    let sent = env.telegram.wait_for_text(1, |text| text.contains("Our conversation"));
    let document = sent.document.unwrap();
    assert_eq!(document.file_name, "dialogue.txt");
    let text = String::from_utf8(document.bytes).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].ends_with("  user") && lines[3].ends_with("  assistant"), "{text}");
    assert_eq!((lines[1], lines[4].trim()), ("    Привет, zebra", first.lines().next().unwrap()));
    assert!(!text.contains("cleared") && !text.contains("somebody"), "{text}");
    env.wait_settled();
    assert_eq!(
        env.psql("SELECT op, state, payload FROM reply_parts WHERE op = 'document'"),
        "document|sent|"
    );
}

#[test]
fn a_file_is_for_a_private_chat_only() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, -5).speaking("en");
    ask(&env, &person, "hello");
    assert!(ask(&env, &person, "/export").contains("private chat"));
    assert!(env.telegram.calls("sendDocument").is_empty());
}

#[test]
fn a_file_that_telegram_refuses_gives_way_to_a_sentence_and_a_pause_is_kept() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "hello");
    let pause = Calls::to("sendDocument").times(1);
    env.telegram.fault(pause, Action::RetryAfter(1));
    assert!(ask(&env, &person, "/export").contains("Our conversation"));
    assert_eq!(env.telegram.calls("sendDocument").len(), 2);
    let refusal = Reply::error(413, "Request Entity Too Large");
    env.telegram.fault(Calls::to("sendDocument").times(1), Action::Refuse(refusal));
    assert!(ask(&env, &person, "/export").contains("could not be sent"));
}

#[test]
fn a_program_that_is_killed_while_a_file_uploads_leaves_no_file_behind() {
    let mut env = TestEnv::new();
    let temporary = env.folder().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    env.set("TMPDIR", temporary.to_str().unwrap());
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "hello");
    let fault = env.telegram.fault(Calls::to("sendDocument").times(1), Action::Hang);
    env.telegram.say(&person, "/export");
    fault.wait_hits(1, PATIENCE);
    bot.kill();
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    fault.release();
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("Our conversation"));
}

#[test]
fn no_connection_is_held_while_a_file_uploads() {
    let mut env = TestEnv::new();
    env.set("DATABASE_POOL_SIZE", "1");
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "hello");
    let fault = env.telegram.fault(Calls::to("sendDocument").times(1), Action::Hang);
    env.telegram.say(&person, "/export");
    fault.wait_hits(1, PATIENCE);
    // With the only connection there is, somebody else is answered.
    ask(&env, &Person::private(2), "and me?");
    fault.release();
    env.telegram.wait_for_text(1, |text| text.contains("Our conversation"));
}
