//! The page of this moment while something is wrong: Telegram takes nothing, another instance leads, a model fails, nobody polls.

use sandbox::model::Behaviour;
use sandbox::telegram::{Action, Calls, Person};
use sandbox::{TestEnv, wait_until};

use crate::support::asking::ask;
use crate::support::console::{Visitor, with_console};
use crate::support::page::table;

#[test]
fn what_telegram_does_not_take_stands_there_with_its_tries_and_its_pause() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    env.psql(
        "INSERT INTO people (bot_id, id, state, name) SELECT bot_id, 11, 'allowed', 'Ann Lee' FROM leases",
    );
    for method in ["sendMessage", "sendRichMessage"] {
        env.telegram.fault(Calls::to(method), Action::RetryAfter(5000));
    }
    env.telegram.say(&Person::private(11), "hello");
    let unsent = "SELECT max(attempts) FROM reply_parts WHERE state = 'unsent' AND not_before > now() + interval '1 h'";
    let tries = env.wait_for_rows(unsent, |tries| !tries.is_empty());
    let page = operator.get("/now").ok();
    assert!(
        page.contains("<dt>Not sent yet</dt><dd>1</dd>") && page.contains("<dt>Waiting</dt><dd>0</dd>"),
        "{page}"
    );
    let rows = table(&page, "Not sent yet");
    let [place, name, number, age, shown_tries, pause] = &rows[1][..] else { panic!("{rows:?}") };
    assert_eq!(
        [place, name, number, shown_tries],
        ["11", &*env.psql("SELECT name FROM people WHERE id = 11"), "1", &*tries]
    );
    assert!(age.ends_with(" s") && pause.starts_with("1 h 2"), "{rows:?}");
    assert!(page.contains("<h2>Waiting</h2>\n<p class=\"faint\">Nothing.</p>"), "{page}");
}

#[test]
fn a_second_instance_says_that_it_is_on_standby_and_who_leads_until_nobody_hears_of_that_one() {
    let mut env = with_console(TestEnv::new());
    env.set("SHORT_WAITS", "figures=0 lease=2");
    let one = env.start_ready();
    let two = env.start();
    two.wait_for_line("on standby: another instance leads");
    let leader = format!("The leader is <code>{}</code>", env.psql("SELECT holder FROM leases"));
    let mut of_one = Visitor::logged_in(&env, &one);
    let mut of_two = Visitor::logged_in(&env, &two);
    let (first, second) = (of_one.get("/now").ok(), of_two.get("/now").ok());
    assert!(first.contains("This instance leads") && first.contains(&leader), "{first}");
    assert!(second.contains("This instance is on standby") && second.contains(&leader), "{second}");
    assert!(!second.contains("has not been heard of"), "{second}");
    // Nobody renews the lease, and nobody takes it.
    let blocked =
        crate::support::transaction::Transaction::begin(&env.database, "SELECT FROM leases FOR UPDATE");
    let second = wait_until("a leader of whom nothing is heard", || {
        let page = of_two.get("/now");
        page.body.contains("and has not been heard of").then_some(page.body)
    });
    assert!(second.contains("This instance is on standby") && second.contains(&leader), "{second}");
    drop(blocked);
}

#[test]
fn a_model_whose_last_calls_all_failed_is_named() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    env.model.usually(Behaviour::status(401, "no"));
    for _ in 0..4 {
        ask(&env, &Person::private(1), "hello");
    }
    let told = "The last calls of this model all failed:";
    assert!(!operator.get("/now").ok().contains(told));
    ask(&env, &Person::private(1), "hello");
    let model = env.psql("SELECT DISTINCT model FROM model_calls WHERE outcome = 'failed'");
    let page = operator.get("/now").ok();
    assert!(page.contains(&format!("{told} <code>{model}</code></p>")), "{page}");
    env.model.usually(Behaviour::answer());
    ask(&env, &Person::private(1), "hello");
    assert!(!operator.get("/now").ok().contains(told));
}

#[test]
fn a_bot_that_is_not_ready_says_why_here_and_on_the_page_of_its_health() {
    let mut env = with_console(TestEnv::new());
    // A poll may take so long and this: what succeeded longer ago is too old.
    env.set("SHORT_WAITS", "figures=0 poll=1");
    env.set("TELEGRAM_TIMEOUT", "2");
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    wait_until("a bot that is ready", || (!operator.get("/now").ok().contains("Not ready:")).then_some(()));
    env.telegram.down();
    let why = "<strong>Not ready:</strong> the last getUpdates that succeeded is ";
    wait_until("the page to say why", || operator.get("/now").ok().contains(why).then_some(()));
    let health = operator.get("/health").ok();
    assert!(health.contains(why) && !health.contains("The bot is ready."), "{health}");
    env.telegram.up();
}
