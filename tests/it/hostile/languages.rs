//! A server that speaks another language than English is understood as one that speaks English.

use std::fs;
use std::sync::Arc;

use sandbox::TestEnv;
use sandbox::env::Operator;
use sandbox::postgres::{Options, Server};

use crate::support::at_once::all_at_once;
use crate::support::migrations::{ROWS, migrated_on, states};
use crate::support::transaction::Transaction;

/// Languages, and a piece of what PostgreSQL says in them about a division by zero.
const LANGUAGES: &[(&str, &str)] = &[
    ("C", "division by zero"),
    ("ru", "деление на ноль"),
    ("ja", "0 による除算"),
    ("de", "Division durch Null"),
];

/// A server that speaks the language. `None`: its messages are not installed; Debian has them in its package postgresql,
/// which some images of containers install without translations.
fn server(language: &str, words: &str) -> Option<Arc<Server>> {
    let server = Options::default().language(language).start().unwrap();
    let said = server.try_psql("postgres", "SELECT 1/0").unwrap_err().to_string();
    if !said.contains(words) {
        eprintln!("not looked at: PostgreSQL without its messages in {language}");
        return None;
    }
    Some(Arc::new(server))
}

/// A way to the server that leads nowhere: user, password, database, what doctor finds, and whether waiting may help.
const WAYS: &[(&str, &str, &str, bool)] = &[
    ("bot:hunter2", "postgres", "password: ", false),
    ("nobody_at_all", "postgres", "user: ", false),
    ("nologin", "postgres", "user: ", false),
    ("guest", "no_such_database", "database: ", false),
    ("guest", "closed", "rights: ", false),
    ("guest", "template1", "access: ", false),
    ("guest", "postgres?options=-c%20no_such=1", "parameter: ", false),
    ("crowded", "postgres", "connections: ", true),
];

fn with_closed_ways(server: &Server) {
    server.psql("postgres", "CREATE DATABASE closed");
    server.psql(
        "postgres",
        "CREATE ROLE bot LOGIN PASSWORD 'right'; CREATE ROLE nologin; CREATE ROLE guest LOGIN;
         CREATE ROLE crowded LOGIN CONNECTION LIMIT 0; REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
    );
    fs::write(
        server.data_folder().join("pg_hba.conf"),
        "host all bot 127.0.0.1/32 scram-sha-256
         host template1 guest 127.0.0.1/32 reject
         host all all 127.0.0.1/32 trust\n",
    )
    .unwrap();
    server.restart();
}

#[test]
fn whatever_language_the_server_speaks_a_way_that_leads_nowhere_is_told_apart() {
    all_at_once(LANGUAGES, |(language, words)| {
        let Some(server) = server(language, words) else { return };
        with_closed_ways(&server);
        let mut env = TestEnv::on(server);
        for (user, database, found, may_pass) in WAYS {
            let way = env.server().url(database).replace("postgres@", &format!("{user}@"));
            env.set("DATABASE_URL", way);
            let said = env.run(&["doctor", "--only", "database"]).out;
            let line = said.lines().find(|line| line.starts_with("✗ database")).unwrap_or(&said);
            assert!(line.contains(found) && !line.contains("hunter2"), "{language}: {line}");
            // A start waits for what may pass, and for nothing else.
            let bot = env.start();
            if *may_pass {
                bot.wait_for_line("the database is not there yet");
                bot.kill();
            } else {
                let (status, log) = bot.wait_log();
                assert_eq!(status.code(), Some(1), "{language}: {log}");
                assert!(log.contains("the database cannot be reached (DATABASE_URL): "), "{language}: {log}");
                assert!(!log.contains("the database is not there yet"), "{language}: {log}");
            }
        }
    });
}

#[test]
fn nothing_is_destroyed_unasked_because_the_server_told_of_a_lock_in_another_language() {
    let Some(server) = server("ru", "деление на ноль") else { return };
    let mut operator = migrated_on(Operator::on(server));
    operator.set("SHORT_WAITS", "lock=0.2");
    operator.psql(ROWS);
    // Of several reverts the first is not held up: what it destroys is known, and not all that would be.
    let somebody = Transaction::begin(&operator.database, "LOCK TABLE updates IN ACCESS SHARE MODE");
    let said = operator.run(&["migrate", "to", "20261123000002"]).fails_with(1);
    assert!(said.contains("тайм-аута блокировки") && said.contains("pg_stat_activity"), "{said}");
    assert!(!said.contains("This destroys data"), "{said}");
    drop(somebody);
    assert_eq!(states(&operator), "aaaaa");
}
