//! Whoever is not logged in: how little they learn, and that they keep nobody out.

use std::thread;

use sandbox::TestEnv;

use crate::support::console::{Visitor, link, nobody, with_console};
use crate::support::transaction::Transaction;

/// How many statements wait for a lock.
const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// The cookie of a session as this visitor would have it, with another value.
fn with_cookie(operator: &Visitor, value: &str) -> Visitor {
    Visitor {
        address: operator.address.clone(),
        cookies: vec![(operator.cookies[0].0.clone(), value.to_owned())],
        headers: operator.headers.clone(),
    }
}

#[test]
fn whoever_tries_codes_leaves_the_connections_to_those_who_are_in() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    let blocked = Transaction::begin(&env.database, "LOCK TABLE console_codes");
    let tries: Vec<_> = (0..12)
        .map(|nth| {
            let mut stranger = Visitor::stranger(&bot);
            thread::spawn(move || stranger.send("POST", "/login", Some(&[("code", &nobody(nth))])))
        })
        .collect();
    env.wait_for_rows(WAITING, |waiting| waiting != "0");
    for _ in 0..20 {
        operator.get("/now").ok();
        // Only they read this table, and one at a time.
        assert!(matches!(&*env.psql(WAITING), "0" | "1"));
    }
    drop(blocked);
    let statuses: Vec<u16> = tries.into_iter().map(|answer| answer.join().unwrap().status).collect();
    assert!(statuses.iter().all(|status| matches!(status, 401 | 503)), "{statuses:?}");
    assert_eq!(Visitor::stranger(&bot).enter(&link(&env)).status, 303);
}

#[test]
fn cookies_of_nobody_are_looked_up_one_at_a_time_and_what_is_no_cookie_is_not_looked_up() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    operator.get("/now").ok();
    let _blocked = Transaction::begin(&env.database, "LOCK TABLE console_sessions");
    for value in ["", "x", "zebra", &"A".repeat(44), &"é".repeat(43)] {
        assert_eq!(with_cookie(&operator, value).get("/now").status, 401, "{value}");
        let code = [("code", value)];
        assert_eq!(with_cookie(&operator, value).send("POST", "/login", Some(&code)).status, 401);
    }
    let tries: Vec<_> = (0..12)
        .map(|nth| {
            let mut stranger = with_cookie(&operator, &nobody(nth));
            thread::spawn(move || stranger.get("/now").status)
        })
        .collect();
    let mut most = 0;
    while !tries.iter().all(thread::JoinHandle::is_finished) {
        most = most.max(env.psql(WAITING).parse::<usize>().unwrap());
    }
    assert_eq!(most, 1);
}

#[test]
fn whoever_is_not_in_reads_nothing_of_the_database_while_it_is_away() {
    let env = with_console(TestEnv::with_own_server());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    operator.get("/now").ok();
    let url = env.database.url();
    let (_, address) = url.rsplit_once('@').unwrap();
    let (address, database) = address.split_once('/').unwrap();
    let (host, port) = address.rsplit_once(':').unwrap();
    env.server().stop();
    let mut stranger = with_cookie(&operator, &nobody(1));
    let answers = [
        Visitor::stranger(&bot).send("POST", "/login", Some(&[("code", &nobody(1))])),
        stranger.get("/now"),
        // Who this is cannot be known now.
        operator.get("/now"),
    ];
    for answer in answers {
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.body.contains("The database did not answer"), "{}", answer.body);
        for secret in [host, port, database.split('?').next().unwrap(), "postgres", "<code>", "refused"] {
            assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
        }
    }
    env.server().start();
}

#[test]
fn an_operator_reads_what_the_database_says() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    env.psql("ALTER TABLE messages RENAME TO gone");
    let answer = operator.get("/dialogues/1/1/0");
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body.contains("<code>") && answer.body.contains("messages"), "{}", answer.body);
}
