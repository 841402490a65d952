//! What the pages show, in both languages, and that nothing people wrote is markup there.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;

use crate::support::asking::ask;
use crate::support::console::{Visitor, with_console};

/// Every page of the menu.
pub(crate) const PAGES: &[&str] = &[
    "/",
    "/?by=hour",
    "/?by=month",
    "/now",
    "/costs",
    "/costs?by=person&days=1",
    "/costs?by=model&days=90",
    "/costs?by=purpose",
    "/health",
    "/sessions",
];

#[test]
fn the_pages_show_questions_costs_failures_and_how_the_bot_is_in_both_languages() {
    let mut env = with_console(TestEnv::new());
    env.set("BUDGET_MONTH", "12.50");
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    for path in PAGES {
        operator.get(path).ok();
    }
    env.model.on(When::asked("wrong"), Behaviour::status(401, "no"));
    for (id, words) in [(1, "one"), (1, "two"), (2, "three"), (2, "wrong")] {
        ask(&env, &Person::private(id), words);
    }
    let page = operator.get("/").ok();
    for figure in
        ["<dt>Questions</dt><dd>4</dd>", "<dt>People today</dt><dd>2</dd>", "<dt>Failed calls</dt><dd>1</dd>"]
    {
        assert!(page.contains(figure), "{figure}: {page}");
    }
    assert_eq!(page.matches("<svg class=\"chart\"").count(), page.matches("<details>").count());
    assert!(
        page.contains("<html lang=\"en\">") && page.contains("aria-current=\"page\">Overview<"),
        "{page}"
    );

    let costs = operator.get("/costs?by=person").ok();
    assert!(costs.contains("<th scope=\"row\">1</th>") && costs.contains("12.50"), "{costs}");
    let health = operator.get("/health").ok();
    assert!(health.contains("The bot is ready.") && health.contains("misconfigured"), "{health}");
    assert!(
        health.contains("all ") && health.contains(" applied") && !health.contains("class=\"bad\""),
        "{health}"
    );
    for secret in [env.telegram.token(), env.model.key(), &env.database.url()] {
        for path in PAGES {
            assert!(!operator.get(path).ok().contains(secret), "{path} shows a secret");
        }
    }

    assert_eq!(
        operator
            .post("/costs", "/language", &[("language", "ru"), ("back", "/costs?by=day")])
            .header("location"),
        Some("/costs?by=day")
    );
    for path in PAGES {
        let page = operator.get(path).ok();
        assert!(page.contains("<html lang=\"ru\">") && page.contains("Обзор"), "{path}");
    }
    // A language leads nowhere else.
    for back in ["https://evil.example/", "//evil.example/", "/\\evil.example/", "evil"] {
        let sent = operator.post("/", "/language", &[("language", "en"), ("back", back)]);
        assert_eq!(sent.header("location"), Some("/"), "{back}");
    }
}

#[test]
fn health_says_in_the_language_of_the_page_what_it_found_and_what_is_to_be_done() {
    let mut env = with_console(TestEnv::new());
    let backups = tempfile::tempdir().unwrap();
    env.set("BACKUP_DIR", backups.path().to_str().unwrap());
    let bot = env.start_ready();
    ask(&env, &Person::private(1), "hello");
    env.psql(
        "INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, received_at, not_before)
         SELECT 4711, 1, 7, 7, 'message', '{}', timestamptz '2026-01-01 10:00+00', now() FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let english = operator.get("/health").ok();
    for told in
        ["backups", "there is none → make one", "no question waits", "bot 4711: 1 updates", "no limit"]
    {
        assert!(english.contains(told), "{told}: {english}");
    }
    operator.post("/health", "/language", &[("language", "ru"), ("back", "/health")]);
    let russian = operator.get("/health").ok();
    for told in [
        "резервные копии",
        "нет ни одной → сделайте её",
        "ни один вопрос не ждёт",
        "бот 4711: обновлений 1",
        "применены все",
        "негодных индексов нет",
        "для сообщений осталось номеров",
        "есть все права",
        "без ограничения",
        "Бот готов.",
    ] {
        assert!(russian.contains(told), "{told}: {russian}");
    }
    for other in [
        "there is none",
        "no question",
        "updates and",
        "applied",
        "no index",
        "numbers for",
        "no limit",
        "not set",
    ] {
        assert!(!russian.contains(other), "{other}: {russian}");
    }
}

#[test]
fn the_page_of_this_moment_shows_who_is_answered_and_who_waits() {
    let mut env = with_console(TestEnv::new());
    env.set("WORKERS", "1");
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    let gate = env.model.hold(When::asked("first"));
    env.telegram.say(&Person::private(11), "first");
    gate.wait_arrived();
    env.telegram.say(&Person::private(22), "second");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "2");
    let page = operator.get("/now").ok();
    let (at_work, waiting) = page.split_once("<h2>Waiting</h2>").unwrap();
    let (_, at_work) = at_work.split_once("<h2>In work</h2>").unwrap();
    assert!(at_work.contains("<td>11</td>") && !at_work.contains("<td>22</td>"), "{page}");
    assert!(waiting.contains("<td>11</td>") && waiting.contains("<td>22</td>"), "{page}");
    assert!(
        page.contains("<dt>Workers busy</dt><dd>1 / 1</dd>") && page.contains("<dt>Waiting</dt><dd>2</dd>"),
        "{page}"
    );
    assert!(page.contains("This instance leads"), "{page}");
    gate.release();
    env.wait_settled();
    let page = operator.get("/now").ok();
    assert!(page.contains("<dt>Waiting</dt><dd>0</dd>") && !page.contains("<td>11</td>"), "{page}");
}

#[test]
fn what_people_and_endpoints_call_themselves_is_never_markup() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut visitor = Visitor::stranger(&bot);
    let payload = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
    visitor.headers.push(("User-Agent".to_owned(), payload.to_owned()));
    visitor.enter(&crate::support::console::link(&env));
    env.psql(
        "INSERT INTO people (bot_id, id, state, since, name) SELECT bot_id, 7, 'allowed', now(), '<b onclick=alert(1)>&amp;' FROM leases;
         INSERT INTO model_calls (bot_id, user_id, purpose, endpoint, model, outcome, failure, duration_ms, called_at)
         SELECT bot_id, 7, 'answer', '<i>', '</td><script>alert(2)</script>', 'failed', '<u>', 1, now() FROM leases;
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, received_at, not_before)
         SELECT bot_id, 999999, 7, 7, 'message', '{}', now(), now() + interval '1 hour' FROM leases",
    );
    for (path, expected) in [
        ("/sessions", "&#60;script&#62;alert(1)"),
        ("/now", "&#60;b onclick=alert(1)&#62;&#38;amp;"),
        ("/costs?by=person", "&#60;b onclick=alert(1)&#62;"),
        ("/costs?by=model", "&#60;script&#62;alert(2)"),
        ("/health", "&#60;u&#62;"),
    ] {
        let page = visitor.get(path).ok();
        assert!(page.contains(expected), "{path}: {page}");
    }
    for path in PAGES.iter().chain(&["/%3Cscript%3Ealert(3)%3C/script%3E"]) {
        let page = visitor.get(path).body;
        for markup in ["<script>", "<img", "<b ", "<i>", "<u>", "onerror=alert(1)>'"] {
            assert!(!page.contains(markup), "{path} has {markup}: {page}");
        }
    }
}
