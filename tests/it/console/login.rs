//! Who comes into the console, and who does not.

use sandbox::TestEnv;
use sandbox::telegram::Person;

use crate::support::asking::ask;
use crate::support::console::{Visitor, link, nobody, value, with_console};

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

#[test]
fn another_host_is_refused_and_every_answer_carries_the_policy_of_the_pages() {
    let mut env = with_console(TestEnv::new());
    env.set("CONSOLE_URL", "https://aidd.example.org");
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    for host in ["evil.example", "evil.example:80", ""] {
        operator.headers.push(("Host".to_owned(), host.to_owned()));
        for (method, path) in [("GET", "/"), ("GET", "/assets/console.css"), ("POST", "/logout")] {
            let refused = operator.send(method, path, None);
            assert_eq!(refused.status, 421, "{method} {path} of {host}");
            assert!(!refused.body.contains("Overview"));
        }
        operator.headers.pop();
    }
    for path in ["/", "/login", "/nothing", "/assets/console.js", "/assets/icon.svg"] {
        let answer = operator.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let cached = answer.header("cache-control").unwrap();
        assert_eq!(cached == "no-store", !path.starts_with("/assets"), "{path}: {cached}");
    }
}

#[test]
fn the_cookie_is_out_of_reach_and_for_tls_alone_behind_a_proxy_that_has_it() {
    let mut env = with_console(TestEnv::new());
    env.set("CONSOLE_URL", "https://aidd.example.org");
    let bot = env.start_ready();
    let cookie = |host: Option<&str>| {
        let mut visitor = Visitor::stranger(&bot);
        visitor.headers.extend(host.map(|host| ("Host".to_owned(), host.to_owned())));
        visitor.enter(&link(&env)).header("set-cookie").unwrap().to_owned()
    };
    let local = cookie(None);
    assert!(local.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{local}");
    let public = cookie(Some("aidd.example.org"));
    assert!(
        public.starts_with("__Host-") && public.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"),
        "{public}"
    );
    assert!(env.run(&["console"]).ok().starts_with("https://aidd.example.org/login?code="));
}

#[test]
fn however_many_tries_fail_a_good_link_opens_and_no_secret_is_in_the_database_or_the_log() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let good = link(&env);
    let mut visitor = Visitor::stranger(&bot);
    for nth in 0..50 {
        let wrong = visitor.send("POST", "/login", Some(&[("code", &nobody(nth))]));
        assert_eq!(wrong.status, 401, "{nth}: {}", wrong.body);
        assert!(wrong.body.contains("This link is over"), "{}", wrong.body);
    }
    // A flood fills no log.
    env.assert_logged("with a link that is no good", 20);
    env.assert_logged("many tries to come into the console fail", 1);
    let (_, code) = good.split_once('=').unwrap();
    assert_eq!(visitor.enter(&good).status, 303);
    let cookie = visitor.cookies[0].1.clone();
    let stored = env.psql("SELECT (SELECT string_agg(s::text, ' ') FROM console_sessions s)");
    assert!(!stored.contains(&cookie) && env.psql("SELECT count(*) FROM console_codes") == "0");
    let page = visitor.get("/sessions").ok();
    let log = env.logs();
    for secret in [code, &*cookie] {
        assert!(!log.contains(secret) && !page.contains(secret), "{secret}");
    }
    assert!(!log.contains(&nobody(0)));
}

#[test]
fn a_session_ends_from_the_list_and_with_the_button() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let (mut one, mut other) = (Visitor::logged_in(&env, &bot), Visitor::logged_in(&env, &bot));
    let id = env.psql("SELECT max(id) FROM console_sessions");
    assert_eq!(one.post("/sessions", &format!("/sessions/{id}/end"), &[]).status, 303);
    assert_eq!(other.get("/").status, 401);
    let cookie = one.cookies.clone();
    assert_eq!(one.post("/", "/logout", &[]).header("location"), Some("/login"));
    assert!(one.cookies.is_empty(), "the browser forgets it");
    one.cookies = cookie;
    assert_eq!(one.get("/").status, 401, "and so does the bot");
}

#[test]
fn nothing_but_the_console_itself_changes_while_it_is_read_only() {
    let mut env = with_console(TestEnv::new());
    env.set("CONSOLE_READ_ONLY", "on");
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    assert!(operator.get("/").ok().contains("read-only"));
    assert_eq!(operator.post("/", "/language", &[("language", "ru"), ("back", "/")]).status, 303);
    assert_eq!(operator.post("/", "/logout", &[]).status, 303);
}

#[test]
fn an_owner_gets_a_link_in_telegram_and_loses_the_session_with_the_rights() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let (owner, other) = (Person::private(1).speaking("en"), Person::private(2).speaking("en"));
    let claim = |env: &TestEnv| {
        let said = env.run(&["owner"]).ok();
        said.lines().find(|line| line.starts_with("/claim ")).unwrap().to_owned()
    };
    for person in [&owner, &other] {
        assert!(ask(&env, person, &claim(&env)).text().starts_with("You are the owner"));
    }
    let said = ask(&env, &owner, "/console").text().to_owned();
    assert!(said.starts_with("This link opens the console once") && said.contains("CONSOLE_URL"), "{said}");
    let (_, code) = said.split_once("/login?code=").unwrap();
    let link = format!("/login?code={}", code.split_whitespace().next().unwrap());
    let mut visitor = Visitor::stranger(&bot);
    assert_eq!(visitor.enter(&link).status, 303);
    assert!(visitor.get("/sessions").ok().contains("owner 1"));
    // Sent, it stands nowhere in the database any more.
    assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE payload LIKE '%login?code%'"), "0");

    let unused = ask(&env, &owner, "/console").text().to_owned();
    env.run(&["owner", "--remove", "1"]).ok();
    assert_eq!(visitor.get("/sessions").status, 401);
    let (_, code) = unused.split_once("/login?code=").unwrap();
    let link = format!("/login?code={}", code.split_whitespace().next().unwrap());
    assert_eq!(Visitor::stranger(&bot).enter(&link).status, 401);
    // To whoever is no owner, and in groups, there is no such command.
    assert!(ask(&env, &owner, "/console").text().starts_with("I do not know this command"));
    // What was written of the owner goes with everything else.
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    let left = "SELECT (SELECT count(*) FROM console_sessions WHERE owner = 1), (SELECT count(*) FROM console_codes WHERE owner = 1)";
    assert_eq!(env.psql(left), "0|0");
}

#[test]
fn without_an_address_there_is_no_console_and_one_for_others_is_warned_of() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    assert!(env.run(&["console"]).fails_with(1).contains("set CONSOLE_ADDR"));
    assert!(!bot.log().contains("the console is served"));
    env.kill(bot);
    let bot = env.start_with(&[("CONSOLE_ADDR", "0.0.0.0:0")]);
    bot.wait_for_line("the console speaks no TLS");
    env.kill(bot);
    let bot = env.start_with(&[("CONSOLE_ADDR", "256.0.0.1:80")]);
    let (status, log) = bot.wait_log();
    assert!(!status.success() && log.contains("CONSOLE_ADDR: 256.0.0.1:80 cannot be listened on"), "{log}");
}
