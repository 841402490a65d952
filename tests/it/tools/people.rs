//! `systech-aidd people`: the same decisions as in Telegram, seen by the running bot within seconds.

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::Value;

use crate::support::asking::ask;

fn person(user_id: i64) -> Person {
    Person::private(user_id).speaking("en")
}

/// A bot whose owner never decides.
fn owned() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("OWNER", "9");
    env.set("SHORT_WAITS", "doorkeeper=0.2");
    env
}

#[test]
fn a_decision_on_the_command_line_is_seen_by_the_running_bot() {
    let env = owned();
    let _bot = env.start_ready();
    for user in 2..=4 {
        ask(&env, &person(user), "hello");
    }
    let shown = env.run(&["people", "list", "--state", "waiting"]).ok();
    assert_eq!(shown.lines().count(), 3);
    assert!(shown.starts_with("2               waiting  "), "{shown}");
    assert!(shown.lines().all(|line| line.ends_with("en  “hello”")), "{shown}");

    let allowed = env.run(&["people", "allow", "2", "--json"]).ok();
    let allowed: Value = serde_json::from_str(&allowed).unwrap();
    assert_eq!(
        (&allowed["id"], &allowed["state"], &allowed["words"]),
        (&2.into(), &"allowed".into(), &Value::Null)
    );
    env.telegram.wait_for_text(2, |text| text.contains("“hello"));
    env.run(&["people", "refuse", "3"]).ok();
    env.telegram.wait_for_text(3, |text| text.contains("did not let you in"));
    env.run(&["people", "block", "4"]).ok();
    env.wait_settled();
    assert_eq!((env.telegram.texts(4).len(), env.times_asked("hello")), (1, 1));
    env.run(&["people", "allow", "2"]).fails_with(3);

    // Who is let in later is told so, for nothing of what was asked is kept.
    env.run(&["people", "allow", "3"]).ok();
    env.telegram.wait_for_text(3, |text| text.contains("The owner lets you use this bot."));
    let decisions = env.psql("SELECT person, state, decided_by, means FROM decisions ORDER BY id");
    let expected =
        "2|allowed||command line\n3|refused||command line\n4|blocked||command line\n3|allowed||command line";
    assert_eq!(decisions, expected);
    let states: Vec<Value> = env
        .run(&["people", "list", "--json"])
        .ok()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(states.len(), 3);
    assert!(states.iter().all(|row| row["since"].as_str().unwrap().ends_with('Z')));
}

#[test]
fn who_is_forgotten_is_a_stranger_again_and_an_owner_is_not_decided_about() {
    let env = owned();
    let _bot = env.start_ready();
    env.run(&["people", "list"]).fails_with(3);
    env.run(&["people", "forget", "2"]).fails_with(3);
    env.run(&["people", "allow", "2"]).ok();
    assert!(ask(&env, &person(2), "one").text().contains("one"), "who never asked may be let in beforehand");
    assert_eq!(env.run(&["people", "forget", "2"]).ok(), "2 is forgotten, who was allowed\n");
    assert!(ask(&env, &person(2), "two").text().contains("I have asked the owner"));
    env.run(&["people", "forget", "2"]).ok();
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE payload IS NOT NULL"), "0");

    env.psql("INSERT INTO people (bot_id, id, state) SELECT bot_id, 7, 'owner' FROM updates LIMIT 1");
    for command in ["allow", "refuse", "block", "forget"] {
        let refused = env.run(&["people", command, "7"]).fails_with(1);
        assert!(refused.contains("7 is an owner: take that away first"), "{refused}");
    }
    env.run(&["people", "allow"]).fails_with(2);
}

#[test]
fn a_group_is_let_in_as_a_whole_and_keeps_that_as_a_supergroup() {
    let env = owned();
    let _bot = env.start_ready();
    let member = Person::in_group(2, -5).speaking("en");
    env.telegram.address(&member, "one");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "1");
    env.wait_settled();
    assert!(env.telegram.texts(-5).is_empty());
    // The owner, who has never written to the bot, cannot be asked.
    env.run(&["people", "allow", "-5"]).ok();
    assert!(ask(&env, &member, "two").text().contains("two"));
    let moved = env.telegram.migrate(&member, -1_000_000_000_005);
    assert!(ask(&env, &moved, "three").text().contains("three"));
    assert_eq!(env.psql("SELECT id, state FROM people WHERE id < 0"), "-1000000000005|allowed");
    env.run(&["people", "block", "-1000000000005"]).ok();
    env.telegram.address(&moved, "four");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NOT NULL", |rows| rows == "4");
    env.wait_settled();
    assert_eq!(env.times_asked("four"), 0);
}
