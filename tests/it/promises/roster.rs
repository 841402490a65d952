//! /who and /budget: an owner sees everybody, blocks and lets in with a card, and sets what each may spend.

use sandbox::TestEnv;
use sandbox::model::Behaviour;
use sandbox::telegram::{Person, Sent};
use serde_json::json;

use super::requests::{OWNER, greeted, owned, owner, person};
use crate::support::asking::ask;

/// A bot with an owner, with people whom a list lets in.
fn with_people(users: std::ops::RangeInclusive<i64>) -> TestEnv {
    let mut env = owned();
    env.set("ALLOWED_USERS", users.map(|user| user.to_string()).collect::<Vec<_>>().join(","));
    env.model.usually(Behaviour::answer().figures(&json!({"cost": 0.1})));
    env
}

/// The data of the button with this on it.
fn labelled(sent: &Sent, label: &str) -> String {
    let rows = sent.content.markup.as_ref().unwrap()["inline_keyboard"].as_array().unwrap().clone();
    let buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
    let button = buttons.clone().find(|button| button["text"] == label);
    button.unwrap_or_else(|| panic!("{label} in {rows:?}"))["callback_data"].as_str().unwrap().to_owned()
}

/// Presses the button with this on it and returns the message as it is then.
fn press(env: &TestEnv, sent: &Sent, label: &str) -> Sent {
    env.telegram.press(&owner(), sent.message_id, &labelled(sent, label));
    env.wait_settled();
    env.telegram.look(|state| state.message(OWNER, sent.message_id).cloned().unwrap())
}

#[test]
fn who_shows_everybody_page_by_page_with_what_each_asked_and_cost_today() {
    let env = with_people(11..=20);
    let _bot = env.start_ready();
    greeted(&env);
    for user in 11..=20 {
        ask(&env, &person(user), "zebra");
    }
    ask(&env, &person(15), "zebra again");
    let first = ask(&env, &owner(), "/who");
    assert!(first.text().starts_with("Nobody waits for a decision."), "{}", first.text());
    assert!(first.text().contains("People and groups: 11. Page 1 of 2."), "{}", first.text());
    let of_newest = "1. 15\nlast question ";
    assert!(
        first.text().contains(of_newest) && first.text().contains("today 2 questions, $0.20"),
        "{}",
        first.text()
    );
    let second = press(&env, &first, "→");
    let names: Vec<_> = second.text().lines().filter(|line| line.contains(". ")).skip(1).collect();
    assert_eq!(names, ["1. 12", "2. 11", "3. Person 9 — owner"], "{}", second.text());
    assert!(second.text().contains("Page 2 of 2.") && second.text().ends_with("has not asked anything yet"));
    let card = press(&env, &second, "1");
    assert!(
        card.text().contains("nothing was decided") && card.text().contains("Id: 12\n"),
        "{}",
        card.text()
    );
    assert!(card.text().contains("today 1 questions, $0.10; this month $0.10"), "{}", card.text());
    assert!(press(&env, &card, "← Back").text().contains("Page 2 of 2."));
}

#[test]
fn a_card_blocks_somebody_and_lets_somebody_in_again_and_every_decision_is_written_down() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    env.run(&["people", "allow", "2"]).ok();
    assert!(ask(&env, &person(2), "zebra one").text().contains("zebra one"));
    let list = ask(&env, &owner(), "/who");
    assert!(list.text().contains("1. Person 2\n"), "{}", list.text());
    let card = press(&env, &list, "1");
    assert!(
        card.text().contains("may use the bot") && card.text().contains("Name: Person 2"),
        "{}",
        card.text()
    );
    let blocked = press(&env, &card, "Block");
    assert!(blocked.text().contains("blocked"), "{}", blocked.text());
    env.telegram.say(&person(2), "zebra two");
    env.wait_settled();
    let allowed = press(&env, &blocked, "Allow");
    assert!(allowed.text().contains("may use the bot"), "{}", allowed.text());
    assert!(ask(&env, &person(2), "zebra three").text().contains("zebra three"));
    assert_eq!(env.times_asked("zebra two"), 0);
    let decisions = "SELECT state, decided_by, means FROM decisions WHERE person = 2 ORDER BY id";
    assert_eq!(env.psql(decisions), "allowed||command line\nblocked|9|button\nallowed|9|button");
}

#[test]
fn names_are_those_of_the_last_question_and_stand_there_as_words_only() {
    let env = owned();
    let _bot = env.start_ready();
    greeted(&env);
    env.run(&["people", "allow", "2"]).ok();
    let from = json!({"id": 2, "is_bot": false, "first_name": "*Eve* @boss", "username": "eve_1", "language_code": "en"});
    env.telegram.post(&person(2), &json!({"from": from, "text": "zebra"}));
    env.telegram.wait_for_count(2, 1);
    env.wait_settled();
    assert_eq!(env.psql("SELECT name, username, language FROM people WHERE id = 2"), "*Eve* @boss|eve_1|en");
    let list = ask(&env, &owner(), "/who");
    let marked: Vec<_> =
        list.content.entities.iter().map(|entity| entity["type"].as_str().unwrap()).collect();
    assert!(
        list.text().contains("1. *Eve* @boss eve_1\n") && marked.iter().all(|kind| *kind == "code"),
        "{marked:?}"
    );
    // After an erasure nothing of it is left, until the next question.
    env.run(&["history", "erase", "--user", "2", "--yes"]).ok();
    assert_eq!(env.psql("SELECT name, username FROM people WHERE id = 2"), "|");
}

#[test]
fn a_budget_of_the_own_wins_over_what_holds_for_each_also_where_there_is_no_other() {
    for general in [None, Some("0.05")] {
        let mut env = owned();
        env.model.usually(Behaviour::answer().figures(&json!({"cost": 0.1})));
        if let Some(general) = general {
            env.set("BUDGET_PERSON_DAY", general);
        }
        let _bot = env.start_ready();
        greeted(&env);
        for user in ["2", "3"] {
            env.run(&["people", "allow", user]).ok();
        }
        let said = ask(&env, &owner(), "/budget 2 day 0.20").text().to_owned();
        assert!(said.starts_with("Budget: a day $0.20 (of their own)"), "{said}");
        for question in ["one", "two"] {
            assert!(ask(&env, &person(2), question).text().contains(question));
        }
        let told = ask(&env, &person(2), "three").text().to_owned();
        assert!(told.starts_with("You have used up your budget for today."), "{told}");
        ask(&env, &person(3), "four");
        let second = ask(&env, &person(3), "five").text().to_owned();
        assert_eq!(second.starts_with("You have used up"), general.is_some(), "{second}");
        let shown = ask(&env, &owner(), "/budget").text().to_owned();
        assert!(shown.contains("Budgets of their own:\n2 Person 2 a day $0.20"), "{shown}");
        // A button takes it back.
        let list = ask(&env, &owner(), "/who");
        let number = list
            .text()
            .lines()
            .find(|line| line.contains("Person 2"))
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned();
        let amounts = press(&env, &press(&env, &list, &number), "Budget");
        let card = press(&env, &amounts, "A day: as all");
        let expected = general.map_or("a day no limit", |_| "a day $0.05");
        assert!(card.text().contains(expected), "{}", card.text());
        assert_eq!(env.psql("SELECT count(*) FROM people WHERE budget_day IS NOT NULL"), "0");
        assert!(
            press(&env, &press(&env, &card, "Budget"), "$5.00")
                .text()
                .contains("a month $5.00 (of their own)")
        );
    }
}

#[test]
fn the_command_line_sets_budgets_and_refuses_what_is_none() {
    let env = owned();
    env.run(&["migrate", "up"]).ok();
    env.run(&["people", "budget", "2", "--day", "1"]).fails_with(3);
    env.run(&["people", "allow", "2"]).ok();
    let said = env.run(&["people", "budget", "2", "--day", "1.5", "--month", "20"]).ok();
    assert!(said.ends_with("$1.5 a day  $20 a month\n"), "{said}");
    let said = env.run(&["people", "budget", "2", "--day", "off", "--json"]).ok();
    assert!(said.contains(r#""budget_day":null,"budget_month":"20""#), "{said}");
    env.run(&["people", "budget", "2", "--day", "0"]).fails_with(2);
    env.run(&["people", "budget", "-5", "--day", "1"]).fails_with(1);
}

#[test]
fn budget_tells_how_it_is_written_and_is_unknown_to_everybody_else() {
    let mut env = owned();
    env.set("ALLOWED_USERS", "5");
    let _bot = env.start_ready();
    greeted(&env);
    for wrong in ["/budget x", "/budget 2 week 1", "/budget 2 day -1", "/budget 2 day 1e9", "/budget 2 day"] {
        let said = ask(&env, &owner(), wrong).text().to_owned();
        assert!(said.starts_with("A person's own budget:"), "{wrong}: {said}");
    }
    assert!(
        ask(&env, &owner(), "/budget 77 day 1").text().starts_with("Nothing was decided about this person")
    );
    assert!(
        ask(&env, &Person::private(5).speaking("en"), "/budget 5 day 9")
            .text()
            .contains("do not know this command")
    );
    assert_eq!(env.psql("SELECT count(*) FROM people WHERE id IN (5, 77)"), "0");
}
