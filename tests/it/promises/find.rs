//! /find: what its user and the bot said, by its words, page by page, and nobody else's.

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};
use sandbox::{PATIENCE, TestEnv};

use super::choosing::{labels, press, told, with_button};

const FORUM: i64 = -1_000_000_000_005;

fn ann() -> Person {
    Person::private(1).speaking("en")
}

/// The bold words of a message.
fn bold(sent: &Sent) -> Vec<String> {
    let units: Vec<u16> = sent.text().encode_utf16().collect();
    let of = |entity: &serde_json::Value| {
        let at = |name: &str| usize::try_from(entity[name].as_u64().unwrap()).unwrap();
        String::from_utf16(&units[at("offset")..at("offset") + at("length")]).unwrap()
    };
    sent.content.entities.iter().filter(|entity| entity["type"] == "bold").map(of).collect()
}

fn today(env: &TestEnv) -> String {
    env.psql("SELECT to_char(LOCALTIMESTAMP, 'YYYY-MM-DD')")
}

#[test]
fn words_are_found_in_any_form_with_phrases_alternatives_and_what_is_left_out() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.on(When::asked("soups"), Behaviour::text("I like borscht & *rye* < [cake](x)"));
    env.model.on(When::asked("сварить"), Behaviour::text("Час."));
    told(&env, &ann(), "Which soups are good in winter?");
    told(&env, &ann(), "Как сварить борща?");
    told(&env, &Person::private(2), "Soup for two");
    env.wait_settled();
    let day = today(&env);
    let found = told(&env, &ann(), "/find soup");
    assert_eq!(
        found.text(),
        format!("This is what I found, the newest first:\n\n1. {day}, you:\nWhich soups are good in winter?")
    );
    assert_eq!(bold(&found), ["soups"]);
    // What people and models write is no markup.
    let found = told(&env, &ann(), "/find borscht");
    assert!(
        found.text().ends_with(&format!("1. {day}, I:\nI like borscht & *rye* < [cake](x)")),
        "{}",
        found.text()
    );
    for (words, hits) in [
        ("борщ", 1),
        ("СВАРИЛ борщи", 1),
        ("soup или борщ", 2),
        ("soup OR борщ", 2),
        ("\"good in winter\"", 1),
        ("«сварить борщ»", 1),
        ("\"in winter good\"", 0),
        ("soup -winter", 0),
        ("xylophone", 0),
    ] {
        let found = told(&env, &ann(), &format!("/find {words}"));
        assert_eq!(found.text().matches(&day).count(), hits, "{words}: {}", found.text());
    }
    for (words, part) in [
        ("", "Write behind the command"),
        ("?!", "Write behind the command"),
        ("the", "Nearly every message"),
        ("\"soup", "quotation mark is not closed"),
        ("-soup", "only what must not be there"),
        (&"soup ".repeat(60), "too long"),
    ] {
        let found = told(&env, &ann(), &format!("/find {words}"));
        assert!(found.text().contains(part), "{words}: {}", found.text());
    }
    // What is cleared is hidden here, too.
    told(&env, &ann(), "/clear");
    assert!(told(&env, &ann(), "/find soup").text().starts_with("I found nothing."));
    assert_eq!(env.psql("SELECT count(*) FROM searches"), "0", "one page needs no buttons");
}

#[test]
fn pages_are_turned_in_place_and_hold_what_was_said_before_the_search() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.on(When::any(), Behaviour::text("Yes."));
    for number in 1..=12 {
        told(&env, &ann(), &format!("zebra number {number}"));
    }
    env.wait_settled();
    let found = told(&env, &ann(), "/find zebras");
    assert_eq!(labels(&found), [["→"]]);
    assert!(found.text().contains("1. ") && found.text().contains("zebra number 12"), "{}", found.text());
    told(&env, &ann(), "a zebra that came later");
    env.wait_settled();
    press(&env, &ann(), &found, "→");
    let second = with_button(&env, &found, "←");
    assert_eq!(labels(&second), [["←", "→"]]);
    assert!(
        second.text().contains("\n6. ") && second.text().contains("zebra number 7\n"),
        "{}",
        second.text()
    );
    press(&env, &ann(), &second, "→");
    let third = env.telegram.wait_until(PATIENCE, |state| {
        state.message(1, found.message_id).filter(|now| now.text().contains("\n11. ")).cloned()
    });
    assert_eq!(labels(&third), [["←"]]);
    assert!(third.text().ends_with("zebra number 1") && !third.text().contains("later"), "{}", third.text());
    // A search that is over.
    env.psql("DELETE FROM searches");
    let count = env.telegram.texts(1).len();
    press(&env, &ann(), &third, "←");
    let old = env.telegram.wait_for_count(1, count + 1)[count].text().to_owned();
    assert_eq!(old, "This search is old. Please send /find again.");
}

#[test]
fn in_a_private_chat_all_dialogues_are_searched_and_in_a_group_those_of_the_group_with_links() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.on(When::any(), Behaviour::text("Yes, zebras."));
    let in_forum = Person::in_supergroup(1, FORUM).speaking("en");
    told(&env, &ann(), "a zebra in private");
    told(&env, &ann().in_thread(3), "a zebra in a topic");
    told(&env, &in_forum.clone().in_thread(7), "a zebra in the forum");
    told(&env, &Person::in_supergroup(2, FORUM), "somebody else's zebra");
    env.wait_settled();
    let found = told(&env, &in_forum, "/find zebra");
    assert!(found.text().contains("in the forum") && !found.text().contains("private"), "{}", found.text());
    assert!(!found.text().contains("else") && !found.text().contains("topic"), "{}", found.text());
    let links: Vec<String> = found
        .content
        .entities
        .iter()
        .filter_map(|entity| entity["url"].as_str().map(str::to_owned))
        .collect();
    let question = env.psql("SELECT message_ids[1] FROM turns WHERE chat_id < 0 AND user_id = 1");
    let answer = env
        .psql("SELECT message_id FROM reply_parts WHERE chat_id < 0 AND user_id = 1 AND turn_id IS NOT NULL");
    assert_eq!(links, [format!("https://t.me/c/5/7/{answer}"), format!("https://t.me/c/5/7/{question}")]);
    let found = told(&env, &ann(), "/find \"a zebra\"");
    for said in ["a zebra in private", "a zebra in a topic", "you, in a group:\na zebra in the forum"] {
        assert!(found.text().contains(said), "{said}: {}", found.text());
    }
}

#[test]
fn what_was_searched_for_goes_with_its_person_and_after_two_days() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    env.model.on(When::any(), Behaviour::text("Yes."));
    for number in 1..=6 {
        told(&env, &ann(), &format!("zebra number {number}"));
        told(&env, &Person::private(2), &format!("zebra number {number}"));
    }
    told(&env, &ann(), "/find zebra");
    told(&env, &Person::private(2), "/find zebra");
    assert_eq!(env.psql("SELECT user_id, words FROM searches ORDER BY 1"), "1|zebra\n2|zebra");
    assert!(!env.logs().contains("zebra"));
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    assert_eq!(env.psql("SELECT user_id FROM searches"), "2");
    env.psql("UPDATE searches SET searched_at = LOCALTIMESTAMP - interval '49 hours'");
    assert!(bot.stop().success());
    let _bot = env.start_ready();
    env.wait_for_rows("SELECT count(*) FROM searches", |rows| rows == "0");
}
