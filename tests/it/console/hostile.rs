//! Addresses and forms that nobody would send who uses the pages: each is answered with a page of ours, in the language of whoever
//! sent it, and none is told as a fault of the database or of the console.

use sandbox::TestEnv;

use super::routes::routes;
use crate::support::console::{Answer, Visitor, encoded, value, with_console};

/// What stands where a number, a word or a time belongs.
const VALUES: [&str; 24] = [
    "",
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775807",
    "2147483648",
    "4294967296",
    "1e9",
    "0x10",
    "NaN",
    "x",
    ":",
    "T",
    "a\0",
    "\u{1}borscht\u{1}",
    "' OR 1=1 --",
    "\"unclosed",
    "-without",
    "2026-02-30T00:00:00",
    "../../etc/passwd",
    "\u{202e}\u{fffd}🦀",
];

/// What some page reads from its address or its form.
const NAMES: [&str; 19] = [
    "q", "before", "after", "at", "cleared", "restored", "behind", "find", "outcome", "by", "days", "code",
    "sure", "verdict", "day", "month", "language", "back", "other",
];

#[track_caller]
fn assert_told(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {}\n{}", answer.head, answer.body);
    let is_html = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if answer.status >= 400 {
        assert!(
            is_html && answer.body.contains("<html lang=\"ru\">"),
            "{what}: {}\n{}",
            answer.head,
            answer.body
        );
    }
}

#[test]
fn whatever_stands_in_an_address_or_a_form_is_answered_with_a_page_of_ours() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'borscht', 7);
         INSERT INTO people (bot_id, id, state) SELECT bot_id, 1, 'waiting' FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    operator.headers = vec![("Accept-Language".to_owned(), "ru".to_owned())];
    let token = value(&operator.get("/sessions").ok(), "token");
    let mut random = fastrand::Rng::with_seed(7);
    let long = "щ".repeat(1000);
    let mut any = move || match random.usize(..=VALUES.len()) {
        nth if nth < VALUES.len() => VALUES[nth].to_owned(),
        _ => long.clone(),
    };
    let mut random = fastrand::Rng::with_seed(8);
    for (route, methods) in routes() {
        // The session goes on.
        if ["/logout", "/sessions/{id}/end"].contains(&&*route) {
            continue;
        }
        let usual = route.replace("{topic}", "0");
        let usual = ["{id}", "{user}", "{chat}"].iter().fold(usual, |path, name| path.replace(name, "1"));
        let mut addresses = vec![usual.clone()];
        for value in VALUES {
            let each = |path: String, name: &str| path.replace(name, &encoded(value));
            addresses.push(["{id}", "{user}", "{chat}", "{topic}"].into_iter().fold(route.clone(), each));
        }
        for name in NAMES {
            addresses.push(format!("{usual}?{name}={}", encoded(&any())));
        }
        for _ in 0..10 {
            let fields: Vec<_> = (0..4)
                .map(|_| format!("{}={}", NAMES[random.usize(..NAMES.len())], encoded(&any())))
                .collect();
            addresses.push(format!("{usual}?{}", fields.join("&")));
        }
        addresses.extend([
            format!("{usual}?by=1&by=2&q=1&q=2&code=1&code=2"),
            format!("{usual}?%"),
            format!("{usual}?q=%ff%fe&days=%"),
        ]);
        for address in &addresses {
            assert_told(&operator.get(address), address);
        }
        if methods.contains(&"POST") {
            for value in VALUES {
                let mut fields: Vec<_> = NAMES.iter().map(|name| (*name, value)).collect();
                fields.push(("token", &*token));
                assert_told(&operator.send("POST", &usual, Some(&fields)), &format!("{usual}: {value:?}"));
            }
        }
    }
    assert!(!env.logs().contains("panicked"), "{}", env.logs());
}

#[test]
fn what_cannot_be_read_is_told_so_and_not_as_an_outage() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    for address in [
        "/people/x",
        "/people/1/x",
        "/costs?days=x",
        "/?by=1&by=2",
        "/login?code=a&code=b",
        "/search?q=a%00",
        "/dialogues/1/1/x",
        "/turns/9223372036854775808",
    ] {
        let answer = operator.get(address);
        assert!(matches!(answer.status, 400 | 404), "{address}: {}", answer.head);
        assert!(answer.body.contains("<html lang=\"en\">"), "{address}: {}", answer.body);
    }
    for address in ["/dialogues?before=-9223372036854775808", "/search?q=a&before=-9223372036854775808"] {
        operator.get(address).ok();
    }
    env.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'one', 3)");
    for name in ["before", "after", "at"] {
        operator.get(&format!("/dialogues/1/1/0?{name}=-9223372036854775808")).ok();
    }
    let restore = "/dialogues/1/1/0/restore";
    for at in [":", "2026-02-30T00:00:00", "now"] {
        assert_eq!(operator.post("/dialogues", restore, &[("at", at)]).status, 400, "{at}");
    }
    let long = "x".repeat(100 << 10);
    for (path, status) in [("/login", 400), ("/language", 400)] {
        let answer = operator.send("POST", path, Some(&[("code", &long)]));
        assert_eq!(answer.status, status, "{path}: {}", answer.head);
        assert!(answer.body.contains("This request cannot be read"), "{path}: {}", answer.body);
    }
}
