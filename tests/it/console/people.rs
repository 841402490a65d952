//! People in the console: the same decisions as on the command line, with a record of their own means.

use sandbox::TestEnv;
use sandbox::telegram::Person;

use crate::support::asking::ask;
use crate::support::console::{Visitor, value, with_console};
use crate::support::page::inert;

/// A bot whose owner never decides.
fn owned() -> TestEnv {
    let mut env = with_console(TestEnv::new());
    env.set("OWNER", "9");
    env.set("SHORT_WAITS", "doorkeeper=0.2");
    env
}

fn person(user_id: i64) -> Person {
    Person::private(user_id).speaking("en")
}

#[test]
fn a_decision_in_the_console_is_seen_by_the_bot_and_its_means_are_recorded() {
    let env = owned();
    let bot = env.start_ready();
    for user in 2..=4 {
        ask(&env, &person(user), "hello");
    }
    let mut operator = Visitor::logged_in(&env, &bot);
    let list = inert(&operator.get("/people").ok());
    assert!(
        list.contains("Waiting for a decision") && list.contains("Person 2") && list.contains("hello"),
        "{list}"
    );
    for (user, verdict) in [("2", "allow"), ("3", "refuse"), ("4", "block")] {
        let page = format!("/people/{user}");
        let answer = operator.post(&page, &format!("{page}/decide"), &[("verdict", verdict)]);
        assert_eq!(answer.header("location"), Some(&*format!("{page}?outcome=done")));
    }
    // What was asked meanwhile is answered, as after a decision in Telegram.
    env.telegram.wait_for_text(2, |text| text.contains("hello"));
    env.telegram.wait_for_text(3, |text| text.contains("did not let you in"));
    let decisions = env.psql("SELECT person, state, decided_by, means FROM decisions ORDER BY id");
    assert_eq!(decisions, "2|allowed||console\n3|refused||console\n4|blocked||console");
    let card = inert(&operator.get("/people/4").ok());
    assert!(
        card.contains("blocked (console)") && card.contains("Allow") && !card.contains("Refuse"),
        "{card}"
    );
    let again = operator.post("/people/4", "/people/4/decide", &[("verdict", "block")]);
    assert_eq!(again.header("location"), Some("/people/4?outcome=unchanged"));
    assert_eq!(operator.post("/people/4", "/people/4/decide", &[("verdict", "crown")]).status, 400);
    env.run(&["people", "list", "--state", "blocked"]).ok();
}

#[test]
fn what_was_decided_is_forgotten_in_the_console_after_a_page_that_names_what_goes() {
    let env = owned();
    let bot = env.start_ready();
    ask(&env, &person(2), "hello");
    let held = |number: &str| {
        env.wait_for_rows("SELECT count(*) FROM updates WHERE held IS NOT NULL", |rows| rows == number);
    };
    // What a stranger asks then is kept, and not answered.
    env.telegram.say(&person(2), "and again");
    held("2");
    env.run(&["people", "allow", "3"]).ok();
    env.run(&["people", "budget", "3", "--day", "0.50"]).ok();
    let mut operator = Visitor::logged_in(&env, &bot);
    assert!(operator.get("/people/2").ok().contains("/people/2/forget"));
    let question = inert(&operator.get("/people/2/forget").ok());
    for told in ["waits for a decision", "hello", "wait for the decision: 2", "Person 2"] {
        assert!(question.contains(told), "{told}: {question}");
    }
    let question = inert(&operator.get("/people/3/forget").ok());
    assert!(
        question.contains("may use the bot") && question.contains("own budget of a day: 0.5"),
        "{question}"
    );
    // A look changes nothing.
    assert_eq!(env.psql("SELECT count(*) FROM people WHERE id IN (2, 3)"), "2");
    let mut forget = |id: &str| {
        let page = format!("/people/{id}/forget");
        let answer = operator.post(&page, &page, &[]);
        answer.header("location").unwrap().split("outcome=").nth(1).unwrap().to_owned()
    };
    assert_eq!(["2", "3", "3"].map(&mut forget), ["forgotten", "forgotten", "nothing"]);
    assert_eq!(env.psql("SELECT count(*) FROM people WHERE id IN (2, 3)"), "0");
    held("0");
    let decisions =
        env.psql("SELECT person, state, means FROM decisions WHERE state = 'forgotten' ORDER BY person");
    assert_eq!(decisions, "2|forgotten|console\n3|forgotten|console");
    // Whoever was forgotten is a stranger again.
    env.telegram.say(&person(2), "and me?");
    env.wait_for_rows("SELECT state FROM people WHERE id = 2", |state| state == "waiting");
}

#[test]
fn nobody_decides_about_an_owner_in_the_console() {
    let env = owned();
    let bot = env.start_ready();
    env.psql("INSERT INTO people (bot_id, id, state) SELECT bot_id, 7, 'owner' FROM leases");
    let mut operator = Visitor::logged_in(&env, &bot);
    for owner in ["7", "9"] {
        let page = format!("/people/{owner}");
        assert!(!operator.get(&page).ok().contains("/decide"));
        let answer = operator.post(&page, &format!("{page}/decide"), &[("verdict", "block")]);
        assert_eq!(answer.header("location"), Some(&*format!("{page}?outcome=owner")));
        assert!(!operator.get(&format!("{page}/forget")).ok().contains("class=\"grave\""));
        let token = value(&operator.get("/people").ok(), "token");
        let answer = operator.send("POST", &format!("{page}/forget"), Some(&[("token", &token)]));
        assert_eq!(answer.header("location"), Some(&*format!("{page}?outcome=owner")));
    }
    assert_eq!(env.psql("SELECT count(*) FROM decisions"), "0");
    assert_eq!(env.psql("SELECT id, state FROM people WHERE id IN (7, 9)"), "7|owner");
}

#[test]
fn a_budget_is_set_and_taken_back_and_nothing_else_passes_for_one() {
    let env = owned();
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    let mut set = |user: &str, day: &str, month: &str| {
        let page = format!("/people/{user}");
        let answer = operator.post(&page, &format!("{page}/budget"), &[("day", day), ("month", month)]);
        answer.header("location").unwrap().split("outcome=").nth(1).unwrap().to_owned()
    };
    assert_eq!(set("2", "1", ""), "unknown");
    env.run(&["people", "allow", "2"]).ok();
    let budget = || env.psql("SELECT budget_day, budget_month FROM people WHERE id = 2");
    assert_eq!((set("2", "0.50", " 12,5 "), budget()), ("done".to_owned(), "0.50|12.5".to_owned()));
    for wrong in ["0", "-1", "1e9", "x", "1000001", "'; DROP TABLE people"] {
        assert_eq!(
            (set("2", wrong, "3"), budget()),
            ("amount".to_owned(), "0.50|12.5".to_owned()),
            "{wrong}"
        );
    }
    assert_eq!((set("2", "", "3"), budget()), ("done".to_owned(), "|3".to_owned()));
    assert_eq!(set("-5", "1", "1"), "amount");
}

#[test]
fn the_list_has_everybody_page_by_page() {
    let env = owned();
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO people (bot_id, id, state, name) SELECT bot_id, 100 + n, 'allowed', 'Cook ' || n || '.' FROM leases, generate_series(1, 30) AS n",
    );
    ask(&env, &person(9), "hello");
    let mut operator = Visitor::logged_in(&env, &bot);
    let (mut found, mut page) = (Vec::new(), "/people".to_owned());
    loop {
        let shown = operator.get(&page).ok();
        let (lately, all) = shown.split_once("by number</h2>").unwrap();
        assert_eq!(lately.contains("Asked lately") && lately.contains("Person 9"), page == "/people");
        let links = all.split("<a href=\"/people/").skip(1);
        found.extend(links.map(|rest| rest.split('"').next().unwrap().parse::<i64>().unwrap()));
        let Some((before, _)) = shown.split_once("\" rel=\"next\"") else { break };
        page = before.rsplit_once('"').unwrap().1.to_owned();
    }
    assert_eq!(found, [9].into_iter().chain(101..=130).collect::<Vec<_>>());
    assert_eq!(operator.get("/people?find=+130+").header("location"), Some("/people/130"));
    assert_eq!(operator.get("/people?find=x").status, 404);
}
