//! Every route of the console, as its source names them: nobody sees anything without a session, and nothing changes what may only
//! be read.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use sandbox::TestEnv;

use crate::support::console::{Visitor, value, with_console};

/// What needs no session: the ways in, and how pages look.
const OPEN: [&str; 4] = ["/login", "/assets/console.css", "/assets/console.js", "/assets/icon.svg"];
/// What changes the console itself and nothing of the bot's.
const OWN: [&str; 4] = ["/logout", "/language", "/sessions/1/end", "/sessions/others/end"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Every route with its methods.
pub(super) fn routes() -> Vec<(String, Vec<&'static str>)> {
    let mut routes = Vec::new();
    for path in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/console"))) {
        let Ok(text) = fs::read_to_string(path) else { continue };
        for route in text.split(".route(").skip(1) {
            let (_, rest) = route.split_once('"').expect("a path");
            let (path, handlers) = rest.split_once('"').expect("its end");
            let handlers = handlers.split(['\n', ';']).next().unwrap_or_default();
            let methods = [("get(", "GET"), ("post(", "POST")];
            let methods: Vec<_> = methods
                .into_iter()
                .filter(|(word, _)| handlers.contains(word))
                .map(|(_, method)| method)
                .collect();
            assert!(!methods.is_empty(), "{path} has no method: {handlers}");
            routes.push((path.to_owned(), methods));
        }
    }
    assert!(routes.len() > 15, "{routes:?}");
    routes
}

/// The same, each `{…}` in it a 1.
fn numbered() -> Vec<(String, Vec<&'static str>)> {
    let number = Regex::new(r"\{[a-z]+\}").unwrap();
    let routes = routes().into_iter();
    routes.map(|(path, methods)| (number.replace_all(&path, "1").into_owned(), methods)).collect()
}

#[test]
fn no_route_but_the_ways_in_answers_anybody_without_a_session() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut stranger = Visitor::stranger(&bot);
    for (path, _) in numbered() {
        if OPEN.contains(&&*path) {
            continue;
        }
        let address = if path == "/search" { "/search?q=a" } else { &path };
        let mut statuses = Vec::new();
        for (method, form) in [("GET", None), ("POST", Some(&[("token", "x"), ("at", "x")][..]))] {
            let answer = stranger.send(method, address, form);
            assert!(matches!(answer.status, 401 | 404), "{method} {path}: {}", answer.head);
            statuses.push(answer.status);
        }
        assert!(statuses.contains(&401), "{path}: {statuses:?}");
        assert!(stranger.cookies.is_empty());
    }
}

#[test]
fn a_console_that_is_read_only_changes_nothing_and_shows_no_form() {
    let mut env = with_console(TestEnv::new());
    env.set("CONSOLE_READ_ONLY", "on");
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'one', 3);
         INSERT INTO people (bot_id, id, state) SELECT bot_id, 1, 'waiting' FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let token = value(&operator.get("/dialogues").ok(), "token");
    let fields = [
        ("token", &*token),
        ("sure", "1"),
        ("verdict", "allow"),
        ("day", "1"),
        ("month", "1"),
        ("at", "2026-01-01T00:00:00"),
    ];
    let changes = numbered().into_iter().filter(|(path, methods)| {
        methods.contains(&"POST") && !OPEN.contains(&&**path) && !OWN.contains(&&**path)
    });
    let mut tried = 0;
    for (path, _) in changes {
        let path = path.replace("/dialogues/1/1/1", "/dialogues/1/1/0");
        let refused = operator.send("POST", &path, Some(&fields));
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.body.contains("The console is read-only"), "{path}: {}", refused.body);
        tried += 1;
    }
    assert!(tried >= 5, "{tried}");
    let rows = "SELECT (SELECT string_agg(content, '') FROM messages WHERE deleted_at IS NULL), (SELECT string_agg(state, '') FROM people)";
    assert_eq!(env.psql(rows), "one|waiting");
    for page in
        ["/dialogues", "/dialogues/1/1/0", "/people", "/people/1", "/people/1/erase", "/people/1/forget"]
    {
        let shown = operator.get(page).ok();
        let forms: Vec<_> = shown.split("<form method=\"post\" action=\"").skip(1).collect();
        let others =
            forms.iter().filter(|form| !form.starts_with("/language") && !form.starts_with("/logout"));
        assert_eq!(others.count(), 0, "{page}: {shown}");
    }
}
