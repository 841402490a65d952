//! Who comes into the console, and who does not.

use sandbox::TestEnv;

use crate::support::console::{Visitor, link, value, with_console};

#[test]
fn a_link_works_once_and_a_session_opens_every_page() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut stranger = Visitor::stranger(&bot);
    let refused = stranger.get("/sessions");
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains("You are not logged in"), "{}", refused.body);

    let link = link(&env);
    let mut operator = Visitor::stranger(&bot);
    // Whoever looks at a link does not use it up.
    for _ in 0..3 {
        stranger.get(&link).ok();
    }
    assert_eq!(operator.enter(&link).status, 303);
    assert!(operator.get("/sessions").ok().contains("this session"));
    let again = stranger.enter(&link);
    assert_eq!(again.status, 401);
    assert!(again.body.contains("This link is over") && stranger.cookies.is_empty(), "{}", again.body);
}

#[test]
fn a_code_is_over_after_five_minutes_and_a_session_twelve_hours_after_its_last_use() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let (old, good) = (link(&env), link(&env));
    env.psql("UPDATE console_codes SET made_at = made_at - interval '4 minutes 50 seconds'");
    let mut operator = Visitor::stranger(&bot);
    assert_eq!(operator.enter(&good).status, 303);
    env.psql("UPDATE console_codes SET made_at = made_at - interval '11 seconds'");
    assert_eq!(Visitor::stranger(&bot).enter(&old).status, 401);

    let age =
        |past: &str| env.psql(&format!("UPDATE console_sessions SET used_at = used_at - interval '{past}'"));
    age("11 hours 59 minutes");
    // A script that fetches figures anew is nobody who looks.
    operator.headers.push(("x-renewal".to_owned(), "1".to_owned()));
    operator.get("/sessions").ok();
    assert_eq!(env.psql("SELECT used_at < now() - interval '11 hours' FROM console_sessions"), "t");
    operator.headers.pop();
    operator.get("/sessions").ok();
    assert_eq!(env.psql("SELECT used_at < now() - interval '11 hours' FROM console_sessions"), "f");
    age("12 hours 1 minute");
    assert_eq!(operator.get("/sessions").status, 401);
}

#[test]
fn a_form_without_the_token_of_its_own_session_changes_nothing() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let (mut one, mut other) = (Visitor::logged_in(&env, &bot), Visitor::logged_in(&env, &bot));
    let token = value(&other.get("/sessions").ok(), "token");
    for token in [&*token, "", "x"] {
        assert_eq!(one.send("POST", "/sessions/others/end", Some(&[("token", token)])).status, 403);
    }
    assert_eq!(one.send("POST", "/sessions/others/end", Some(&[])).status, 403);
    for (name, sent) in
        [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]
    {
        one.headers.push((name.to_owned(), sent.to_owned()));
        assert_eq!(one.post("/sessions", "/sessions/others/end", &[]).status, 403, "{name}: {sent}");
        one.headers.pop();
    }
    assert_eq!(env.psql("SELECT count(*) FROM console_sessions"), "2");
    one.headers.push(("Origin".to_owned(), format!("http://{}", one.address)));
    assert_eq!(one.post("/sessions", "/sessions/others/end", &[]).status, 303);
    assert_eq!(env.psql("SELECT count(*) FROM console_sessions"), "1");
    assert_eq!(other.get("/sessions").status, 401);
}
