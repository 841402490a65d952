//! What is offered is what can be done, and what is linked is there: clearings, pictures, pages beyond the end, and other bots.

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::json;

use crate::support::asking::ask;
use crate::support::console::{Visitor, value, with_console};
use crate::support::page::inert;
use crate::support::transaction::Transaction;

const UNDO: &str = "Undo the latest clearing";

#[test]
fn what_was_replaced_is_no_clearing_that_could_be_undone() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let person = Person::private(1);
    ask(&env, &person, "one");
    env.telegram.say(&person, "/retry");
    env.wait_for_rows("SELECT count(*) FROM turns WHERE superseded_by IS NOT NULL", |rows| rows == "1");
    env.wait_settled();
    assert_ne!(env.psql("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL"), "0");
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = operator.get("/dialogues/1/1/0").ok();
    assert!(page.contains("replaced by") && !page.contains(UNDO) && !page.contains("Clearings"), "{page}");
    assert!(operator.get("/dialogues/1/1/0/restore").ok().contains("Nothing is cleared."));
    operator.post("/dialogues/1/1/0", "/dialogues/1/1/0/clear", &[]);
    let page = operator.get("/dialogues/1/1/0").ok();
    assert!(page.contains(UNDO) && page.contains("Clearings"), "{page}");
    operator.post("/dialogues/1/1/0", "/dialogues/1/1/0/restore", &[]);
    assert!(!operator.get("/dialogues/1/1/0").ok().contains(UNDO));
}

#[test]
fn clearings_are_listed_page_by_page_and_of_a_large_one_not_all_messages_are_counted() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, thread_id, role, content, message_length, deleted_at)
         SELECT 1, 1, CASE WHEN n % 10 = 0 THEN 5 END, 'user', 'x', 1, timestamp '2026-01-01' + n * interval '1 s' FROM generate_series(1, 120) AS n;
         INSERT INTO messages (user_id, chat_id, role, content, message_length, deleted_at)
         SELECT 1, 1, 'user', 'x', 1, timestamp '2026-02-01' FROM generate_series(1, 1001)",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let (mut moments, mut path) = (Vec::new(), "/dialogues/1/1/0/restore".to_owned());
    loop {
        let page = operator.get(&path).ok();
        moments.extend(
            page.split("name=\"at\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()),
        );
        if moments.len() < 51 {
            assert!(page.contains("messages: more than 1000") && page.contains("messages: 1\n"), "{page}");
        }
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else { break };
        path = before.rsplit_once('"').unwrap().1.to_owned();
    }
    let expected = env.psql(
        "SELECT to_char(deleted_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM messages WHERE thread_id IS NULL GROUP BY deleted_at ORDER BY deleted_at DESC",
    );
    assert_eq!(moments, expected.lines().collect::<Vec<_>>());
    let beyond = operator.get("/dialogues/1/1/0/restore?before=2025-01-01T00:00:00.000000").ok();
    assert!(beyond.contains("There is no clearing here."), "{beyond}");
    assert_eq!(operator.get("/dialogues/1/1/0/restore?before=now'").status, 400);
}

#[test]
fn an_erasure_that_takes_long_goes_on_and_says_so_and_counts_of_much_only_a_part() {
    let mut env = with_console(TestEnv::new());
    env.set("SHORT_WAITS", "figures=0 erasure=0.2");
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) SELECT 1, 1, 'user', 'x', 1 FROM generate_series(1, 2500);
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state) SELECT bot_id, id, 1, 1, id, 'answered' FROM messages, leases;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, settled_at)
         SELECT bot_id, 1, 1, id, id, 0, 'send', 'sent', now() FROM turns WHERE id % 2 = 0",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = "/people/1/erase";
    let asked = inert(&operator.get(page).ok());
    assert!(
        asked.contains("messages: at least 2000") && asked.contains("they quote: at least 2001"),
        "{asked}"
    );
    assert!(asked.contains("outbox: at least 1000"), "{asked}");

    let blocked = Transaction::begin(&env.database, "SELECT FROM messages WHERE id = 1 FOR UPDATE");
    let token = value(&operator.get(page).ok(), "token");
    for _ in 0..2 {
        let answer = inert(&operator.send("POST", page, Some(&[("sure", "1"), ("token", &token)])).ok());
        assert!(answer.contains("The erasure goes on"), "{answer}");
    }
    assert!(operator.get(page).ok().contains("An erasure is under way."));
    drop(blocked);
    env.wait_for_rows("SELECT count(*) FROM messages", |rows| rows == "0");
    sandbox::wait_until("the end of the erasure", || {
        let page = operator.get(page).ok();
        (!page.contains("under way") && page.contains("There is nothing about this person.")).then_some(())
    });
}

#[test]
fn only_what_is_a_picture_by_its_first_bytes_is_shown_as_one() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (id, user_id, chat_id, role, content, message_length) VALUES (1, 1, 1, 'user', 'look', 4);
         INSERT INTO attachments (bot_id, user_id, update_seq, update_id, telegram_message_id, message_id, kind, file_id, file_unique_id, name,
                                  mime, content)
         SELECT bot_id, 1, n, n, n, 1, 'document', 'f' || n, 'u' || n, name, mime, content FROM leases, (VALUES
             (1, 'a.svg', 'image/svg+xml', convert_to('<svg xmlns=\"http://www.w3.org/2000/svg\"/>', 'UTF8')),
             (2, 'b.heic', 'image/heic', decode('00000018667479706865696300000000', 'hex')),
             (3, 'c.jpg', 'application/octet-stream', decode('ffd8ffe000104a464946', 'hex')),
             (4, 'd.png', 'image/png', NULL)) AS file (n, name, mime, content)",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = operator.get("/dialogues/1/1/0").ok();
    let shown: Vec<_> =
        page.split("<img src=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let jpeg = env.psql("SELECT id FROM attachments WHERE name = 'c.jpg'");
    assert_eq!(shown, [format!("/files/{jpeg}/picture")]);
    for picture in &shown {
        assert_eq!(operator.get(picture).status, 200);
    }
    for name in ["a.svg", "b.heic"] {
        let id = env.psql(&format!("SELECT id FROM attachments WHERE name = '{name}'"));
        assert_eq!(operator.get(&format!("/files/{id}")).status, 200, "{name}");
    }
    assert!(page.contains("d.png</bdi> <span class=\"faint\">not kept any more"), "{page}");
}

#[test]
fn a_page_beyond_the_beginning_says_so_and_leads_back() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    ask(&env, &Person::private(1), "one");
    let mut operator = Visitor::logged_in(&env, &bot);
    for (path, told, back) in [
        ("/dialogues/1/1/0?before=1", "There are no messages here.", "/dialogues/1/1/0"),
        ("/dialogues/1/1/0?after=999999", "There are no messages here.", "/dialogues/1/1/0"),
        ("/dialogues?before=1", "There are no dialogues here.", "/dialogues"),
        ("/people?behind=999999", "There is nobody here.", "/people"),
        ("/search?q=one&before=1", "Nothing was found.", "/dialogues"),
    ] {
        let page = operator.get(path).ok();
        assert!(page.contains(told) && page.contains(&format!("href=\"{back}\"")), "{path}: {page}");
    }
    assert_eq!(operator.get("/dialogues/3/3/0?before=1").status, 404);
}

#[test]
fn turns_and_files_of_another_bot_of_the_database_are_not_shown() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    ask(&env, &Person::private(1), "one");
    env.telegram.post(&Person::private(1), &with_caption(&env));
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    let mut operator = Visitor::logged_in(&env, &bot);
    let (turn, file) = (env.psql("SELECT min(id) FROM turns"), env.psql("SELECT max(id) FROM attachments"));
    let paths = [format!("/turns/{turn}"), format!("/files/{file}"), format!("/files/{file}/picture")];
    let dialogue = operator.get("/dialogues/1/1/0").ok();
    for path in &paths {
        assert_eq!(operator.get(path).status, 200, "{path}");
        assert!(dialogue.contains(&format!("\"{path}\"")), "{path}: {dialogue}");
    }
    env.psql("UPDATE turns SET bot_id = 4711; UPDATE attachments SET bot_id = 4711");
    let dialogue = operator.get("/dialogues/1/1/0").ok();
    for path in &paths {
        assert_eq!(operator.get(path).status, 404, "{path}");
        assert!(!dialogue.contains(&format!("\"{path}\"")), "{path}: {dialogue}");
    }
    // Messages have no column that tells of which bot they are.
    assert!(dialogue.contains(">one</p>"), "{dialogue}");
}

fn with_caption(env: &TestEnv) -> serde_json::Value {
    let mut photo = env.telegram.photo(&[(b"\xff\xd8\xff\xe0 a picture", 640, 480)]);
    photo["caption"] = json!("borscht");
    photo
}

#[test]
fn no_page_shows_the_password_of_the_database() {
    let mut env = with_console(TestEnv::new());
    let url = env.database.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (account, address) = rest.split_once('@').unwrap();
    // The private server of the tests asks for none, and takes any.
    let (user, password) = account.split_once(':').unwrap_or((account, "swordfish-4711"));
    assert!(password.len() > 3 && user != password, "a password that can be told from other words");
    env.set("DATABASE_URL", format!("{scheme}://{user}:{password}@{address}"));
    let bot = env.start_ready();
    ask(&env, &Person::private(1), "one");
    let mut operator = Visitor::logged_in(&env, &bot);
    let token = value(&operator.get("/dialogues").ok(), "token");
    let turn = env.psql("SELECT max(id) FROM turns");
    let pages = [
        "/",
        "/now",
        "/dialogues",
        "/dialogues/1/1/0",
        "/people/1",
        "/people/1/erase",
        "/costs",
        "/health",
        "/sessions",
    ];
    let turn = format!("/turns/{turn}");
    let mut shown: Vec<_> = pages.into_iter().chain([&*turn]).map(|page| operator.get(page).ok()).collect();
    // The pages of problems, too; the last of them with PostgreSQL's own words.
    let form = [("token", &*token), ("at", "2026-99-99")];
    let refused = operator.send("POST", "/dialogues/1/1/0/restore", Some(&form));
    assert_eq!(refused.status, 400, "{}", refused.body);
    shown.push(refused.body);
    let blocked = Transaction::begin(&env.database, "LOCK TABLE console_sessions");
    let late = operator.get("/now");
    assert_eq!(late.status, 503, "{}", late.body);
    drop(blocked);
    shown.push(late.body);
    for secret in [password, env.telegram.token(), env.model.key(), &*env.database.url()] {
        for page in &shown {
            assert!(!page.contains(secret), "{page}");
        }
    }
}
