//! Who owns the bot: a code makes somebody its owner, once and for an hour, and nothing else does.

use std::io::Read;
use std::process::Stdio;

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::json;

use crate::support::asking::ask;
use crate::support::terminal::terminal;

const OWNED: &str = "You are the owner of this bot now.";
const WRONG: &str = "This is not the code.";
const UNKNOWN: &str = "I do not know this command.";

fn person(user_id: i64) -> Person {
    Person::private(user_id).speaking("en")
}

/// What `systech-aidd owner` says to send.
fn claim(env: &TestEnv) -> String {
    let said = env.run(&["owner"]).ok();
    said.lines().find(|line| line.starts_with("/claim ")).unwrap().to_owned()
}

fn states(env: &TestEnv) -> String {
    env.psql("SELECT id, state FROM people ORDER BY id")
}

#[test]
fn who_sends_the_code_owns_the_bot_and_others_wait_for_the_owner_then_also_after_a_restart() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    let stranger = person(2);
    assert!(ask(&env, &stranger, "before").text().contains("before"), "without an owner everybody may ask");
    let said = ask(&env, &person(1), &claim(&env)).text().to_owned();
    assert!(said.starts_with(OWNED), "{said}");
    assert_eq!(states(&env), "1|owner");
    let decisions = "SELECT person, state, decided_by, means FROM decisions";
    assert_eq!(env.psql(decisions), "1|owner||code");
    env.kill(bot);
    let _bot = env.start_ready();
    assert!(ask(&env, &person(1), "mine").text().contains("mine"));
    assert!(ask(&env, &stranger, "after").text().contains("I have asked the owner"));
    assert_eq!(env.times_asked("after"), 0);
    env.assert_logged("a user claimed the bot", 1);
}

#[test]
fn a_code_is_good_for_one_use_and_for_an_hour_and_several_are_good_beside_each_other() {
    let env = TestEnv::new();
    let _bot = env.start_ready();
    let [first, second, third] = [(); 3].map(|()| claim(&env));
    env.psql("UPDATE owner_codes SET made_at = made_at - interval '59 minutes'");
    assert!(ask(&env, &person(1), &first).text().starts_with(OWNED));
    assert!(ask(&env, &person(1), &first).text().starts_with(WRONG));
    assert!(ask(&env, &person(2), &second.to_lowercase().replace('-', " ")).text().starts_with(OWNED));
    env.psql("UPDATE owner_codes SET made_at = made_at - interval '1 minute 1 second'");
    assert!(
        ask(&env, &person(1), &third).text().starts_with(UNKNOWN),
        "without a code there is no such command"
    );
    assert_eq!(states(&env), "1|owner\n2|owner");
}

#[test]
fn five_wrong_tries_end_every_code_whoever_made_them_and_over_restarts() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    let codes = [(); 2].map(|()| claim(&env));
    for user in 1..=3 {
        assert!(ask(&env, &person(user), "/claim 0000-0000-0000-0000").text().starts_with(WRONG));
    }
    env.kill(bot);
    let _bot = env.start_ready();
    assert!(ask(&env, &person(1), "/claim").text().starts_with(WRONG));
    assert!(ask(&env, &person(4), &format!("{}0", codes[0])).text().starts_with(WRONG));
    for code in &codes {
        assert!(ask(&env, &person(1), code).text().starts_with(UNKNOWN));
    }
    assert_eq!(states(&env), "");
    env.assert_logged("somebody sent /claim with a wrong code", 5);
    env.assert_logged("none is left: systech-aidd owner makes another", 1);
    // And the next code is as good as the first one was.
    assert!(ask(&env, &person(1), &claim(&env)).text().starts_with(OWNED));
}

#[test]
fn a_code_counts_only_in_a_message_of_a_person_in_their_own_chat() {
    let env = TestEnv::new();
    let _bot = env.start_ready();
    let code = claim(&env);
    let said = env.telegram.say(&person(1), "/help");
    env.telegram.wait_for_count(1, 1);
    env.telegram.edit(&person(1), said.message_id, &code);
    let group = Person::in_supergroup(1, -1_000_000_000_005);
    let (command, rest) = code.split_once(' ').unwrap();
    env.telegram.say(&group, &format!("{command}@{} {rest}", env.telegram.username()));
    let anonymous = json!({
        "from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group"},
        "sender_chat": {"id": group.chat_id, "type": "supergroup"},
        "text": format!("{command}@{} {rest}", env.telegram.username()),
    });
    env.telegram.post(&group, &anonymous);
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "4");
    env.wait_settled();
    assert_eq!(states(&env), "");
    assert!(ask(&env, &person(1), &code).text().starts_with(OWNED), "none of that was a try");
}

#[test]
fn the_last_owner_stays_and_an_owner_who_is_removed_may_use_the_bot_still() {
    let mut env = TestEnv::new();
    let _bot = env.start_ready();
    for user in 1..=2 {
        ask(&env, &person(user), &claim(&env));
    }
    assert_eq!(
        env.run(&["owner", "--remove", "1"]).ok(),
        "1 is no owner any more, and may use the bot still\n"
    );
    let refused = env.run(&["owner", "--remove", "2"]).fails_with(1);
    assert!(refused.contains("2 is the last owner"), "{refused}");
    let own_menu = |language| env.telegram.look(|state| state.commands("chat", language).cloned());
    assert!(own_menu("").is_none() && own_menu("en").is_none(), "nobody but an owner has a menu of its own");
    env.run(&["owner", "--remove", "3"]).fails_with(3);
    assert_eq!(states(&env), "1|allowed\n2|owner");
    assert!(ask(&env, &person(1), "still").text().contains("still"));
    // One in the environment is one, too, and is removed there.
    env.set("OWNER", "9");
    assert!(env.run(&["owner", "--remove", "9"]).fails_with(1).contains("stands in OWNER"));
    env.run(&["owner", "--remove", "2"]).ok();
}

#[test]
fn a_start_shows_a_code_at_a_terminal_and_never_in_a_log() {
    let mut env = TestEnv::new();
    let bot = env.start_ready();
    bot.wait_for_line("nobody owns the bot: systech-aidd owner shows a code");
    env.assert_logged(sandbox::env::OPEN, 1);
    env.kill(bot);
    assert_eq!(env.psql("SELECT count(*) FROM owner_codes"), "0");

    let (mut person_of_terminal, side) = terminal();
    let mut command = env.command(&[]);
    let mut bot = command.stdout(Stdio::null()).stderr(side).spawn().unwrap();
    drop(command);
    let mut said = String::new();
    let mut buffer = [0; 4096];
    while !said.contains(" ready ") && !said.contains("ready\u{1b}") && !said.contains("ready \u{1b}") {
        let length = person_of_terminal.read(&mut buffer).unwrap();
        said.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let code = said.split("private chat: ").nth(1).and_then(|rest| rest.lines().next()).unwrap().trim();
    assert!(ask(&env, &person(1), code).text().starts_with(OWNED), "{said}");
    bot.kill().unwrap();
    bot.wait().unwrap();
    env.wait_disconnected();

    // Who has an owner is shown nothing, wherever the owner is from.
    let bot = env.start_ready();
    assert!(!bot.log().contains("nobody owns the bot") && !bot.log().contains("anybody who finds the bot"));
    env.kill(bot);
    env.psql("DELETE FROM people");
    env.set("OWNER", "1");
    let bot = env.start_ready();
    assert!(!bot.log().contains("nobody owns the bot") && !bot.log().contains("anybody who finds the bot"));
}

#[test]
fn where_anybody_may_ask_and_no_limit_is_set_sixty_questions_an_hour_is_one() {
    let mut env = TestEnv::new();
    env.unset("RATE_LIMIT");
    let bot = env.start_ready();
    ask(&env, &person(1), "one");
    // As if it had been asked sixty times.
    env.psql(
        "INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state)
         SELECT bot_id, update_seq, user_id, chat_id, question_id, answer_id, state FROM turns, generate_series(1, 58)",
    );
    assert!(ask(&env, &person(1), "two").text().contains("two"));
    assert!(ask(&env, &person(1), "three").text().contains("as many questions as are allowed"));
    // Who is let in by an owner or a list has no such limit.
    ask(&env, &person(1), &claim(&env));
    assert!(ask(&env, &person(1), "four").text().contains("four"));
    env.kill(bot);
    env.psql("DELETE FROM people");
    env.set("ALLOWED_USERS", "1");
    let _bot = env.start_ready();
    assert!(ask(&env, &person(1), "five").text().contains("five"));
}
