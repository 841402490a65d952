//! What becomes of the console while the database keeps it waiting, and of answers meanwhile.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use sandbox::TestEnv;
use sandbox::telegram::Person;

use crate::support::console::{Visitor, with_console};
use crate::support::transaction::Transaction;

/// A statement of a page ends after five seconds, and whoever waited for a turn until then is told before that. Twice as long would be
/// a statement that was run again.
const LONGEST: Duration = Duration::from_secs(9);

#[test]
fn pages_that_wait_for_the_database_delay_no_answer_and_end_by_themselves() {
    let mut env = with_console(TestEnv::new());
    // No more than the pages would take, if they took them from answers.
    env.set("DATABASE_POOL_SIZE", "3");
    let bot = env.start_ready();
    let operator = Visitor::logged_in(&env, &bot);
    // Every page asks for its session first; nobody else reads this table.
    let blocked = Transaction::begin(&env.database, "LOCK TABLE console_sessions");
    let visitor = || Visitor {
        address: operator.address.clone(),
        cookies: operator.cookies.clone(),
        headers: operator.headers.clone(),
    };
    let waiting: Vec<_> =
        (0..12).map(|_| visitor()).map(|mut visitor| thread::spawn(move || visitor.get("/now"))).collect();
    let began = Instant::now();
    // As many as the console has connections, and no more.
    env.database.wait_blocked(3);
    for nth in 0..20 {
        env.telegram.say(&Person::private(100 + nth), "and me?");
    }
    for nth in 0..20 {
        env.telegram.wait_for_count(100 + nth, 1);
    }
    for page in waiting {
        let page = page.join().unwrap();
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(page.body.contains("<html lang=\"en\">"), "{}", page.body);
    }
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
    // By the server: nobody has let go of the table.
    env.database.wait_blocked(0);
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
    drop(blocked);
    visitor().get("/now").ok();
}

#[test]
fn a_statement_that_the_server_ends_for_its_length_is_not_run_again() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    // Every connection of the console has worked, so that each may have plans that are older than a table.
    for _ in 0..10 {
        operator.get("/dialogues").ok();
    }
    let _blocked = Transaction::begin(&env.database, "LOCK TABLE messages");
    let page = thread::spawn(move || operator.get("/dialogues"));
    let mut runs = BTreeSet::new();
    while !page.is_finished() {
        let blocked = "SELECT pid, query_start FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'WITH dialogue AS%'";
        runs.extend(env.psql(blocked).lines().map(str::to_owned));
    }
    assert_eq!(page.join().unwrap().status, 503);
    assert_eq!(runs.len(), 1, "{runs:?}");
}

#[test]
fn figures_are_added_up_for_whoever_comes_in_before_a_page_is_looked_at() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let blocked = Transaction::begin(&env.database, "LOCK TABLE model_calls");
    let mut operator = Visitor::logged_in(&env, &bot);
    // Only the figures read this table, and no page was asked for.
    env.database.wait_blocked(1);
    // They take one connection of the console, and pages have the others.
    operator.get("/dialogues").ok();
    drop(blocked);
    operator.get("/costs").ok();
}

#[test]
fn the_end_of_the_bot_waits_for_no_page_and_silent_clients_keep_nobody_out() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    let silent: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&operator.address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
            stream
        })
        .collect();
    operator.get("/now").ok();
    let _blocked = Transaction::begin(&env.database, "LOCK TABLE console_sessions");
    let waiting = thread::spawn(move || {
        let mut stream = TcpStream::connect(&operator.address).unwrap();
        let cookies: Vec<_> =
            operator.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(
            stream,
            "GET /now HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
            operator.address,
            cookies.join("; ")
        )
        .unwrap();
        stream
    });
    env.database.wait_blocked(1);
    assert!(bot.stop().success());
    drop((silent, waiting.join().unwrap()));
}
