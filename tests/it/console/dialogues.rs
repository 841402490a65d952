//! Dialogues in the console: listed, searched, read page by page, cleared, restored, erased.

use std::collections::BTreeSet;

use regex_lite::Regex;
use sandbox::TestEnv;
use sandbox::telegram::Person;

use crate::support::asking::ask;
use crate::support::console::{Visitor, value, with_console};
use crate::support::page::inert;

/// What `pattern` captures on a page, in order.
fn captured(page: &str, pattern: &str) -> Vec<String> {
    Regex::new(pattern).unwrap().captures_iter(page).map(|found| found[1].to_owned()).collect()
}

/// Each page from this one on, by its link to the next.
fn pages(operator: &mut Visitor, first: &str, next: &str) -> Vec<String> {
    let mut all = vec![operator.get(first).ok()];
    while let Some(path) = captured(all.last().unwrap(), next).first() {
        let path = path.replace("&amp;", "&").replace("&#38;", "&");
        all.push(operator.get(&path).ok());
        assert!(all.len() < 100, "the pages end");
    }
    all
}

/// All dialogues, the one with the latest message first.
const DIALOGUES: &str = "SELECT user_id || '/' || chat_id || '/' || coalesce(thread_id, 0) FROM messages
    GROUP BY user_id, chat_id, thread_id ORDER BY max(id) DESC";

const OLDER: &str = r#"<a href="([^"]+)" rel="next">"#;

#[test]
fn the_list_has_every_dialogue_once_by_its_last_message() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    // Sixty people with two topics each, one message after the other; then one of them alone for longer than is looked at, who
    // cleared most of it, and at last the first again.
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, thread_id)
         SELECT 1 + n % 60, CASE n % 3 WHEN 0 THEN -100 ELSE 1 + n % 60 END, 'user', 'word ' || n, 6, nullif(n / 60 % 2, 0)
         FROM generate_series(1, 600) AS n;
         INSERT INTO messages (user_id, chat_id, role, content, message_length, deleted_at)
         SELECT 7, 7, 'user', 'word ' || n, 6, CASE WHEN n < 62000 THEN timestamp '2026-01-01' END FROM generate_series(1, 62100) AS n;
         INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'the last', 8);
         INSERT INTO people (bot_id, id, state, name) SELECT bot_id, 7, 'allowed', 'Ann Lee' FROM leases;
         INSERT INTO people (bot_id, id, state, name) SELECT bot_id, -100, 'allowed', 'Cooks' FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let shown = pages(&mut operator, "/dialogues", OLDER);
    assert!(inert(&shown[0]).contains("Ann Lee") && shown.iter().any(|page| page.contains("Cooks")));
    let listed: Vec<String> =
        shown.iter().flat_map(|page| captured(page, r#"<a href="/dialogues/([^"?]+)""#)).collect();
    assert_eq!(listed, env.psql(DIALOGUES).lines().collect::<Vec<_>>());
    // More people than the indexes are asked for, and behind them one alone for longer than is looked at for a page.
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT 1000 + n, 1000 + n, 'user', 'word', 4 FROM generate_series(1, 1300) AS n;
         INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT 8, 8, 'user', 'word', 4 FROM generate_series(1, 62000) AS n",
    );
    let shown = pages(&mut operator, "/dialogues", OLDER);
    let listed: Vec<String> =
        shown.iter().flat_map(|page| captured(page, r#"<a href="/dialogues/([^"?]+)""#)).collect();
    assert_eq!(listed, env.psql(DIALOGUES).lines().collect::<Vec<_>>());
    let of_seven =
        env.psql("SELECT count(DISTINCT (chat_id, coalesce(thread_id, 0))) FROM messages WHERE user_id = 7");
    let card = operator.get("/people/7").ok();
    assert_eq!(captured(&card, r#"<a href="/dialogues/(7/[^"?]+)""#).len().to_string(), of_seven);
}

#[test]
fn a_dialogue_is_read_both_ways_with_what_was_cleared_and_replaced() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, deleted_at)
         SELECT 1, 1, CASE n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, 'word ' || n, 6, CASE WHEN n % 7 = 0 OR n < 40 THEN timestamp '2026-01-01' END
         FROM generate_series(1, 230) AS n;
         INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'elsewhere', 9), (2, 2, 'user', 'other', 5);
         UPDATE messages SET thread_id = 5 WHERE content = 'elsewhere';
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state)
         SELECT bot_id, 1, 1, 1, 229, 230, 'answered' FROM leases;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, superseded_by)
         SELECT bot_id, 1, 1, 1, 223, 224, 'answered', (SELECT max(id) FROM turns) FROM leases;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state, failure)
         SELECT bot_id, 1, 1, 1, 227, 'failed', 'unreachable' FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let ids = |page: &String| captured(page, r#"<li id="m(\d+)""#);
    let back = pages(&mut operator, "/dialogues/1/1/0", r#"<a href="([^"]+)" rel="prev">"#);
    let read: Vec<String> = back.iter().rev().flat_map(ids).collect();
    let expected: Vec<String> = (1..=230).map(|id| id.to_string()).collect();
    assert_eq!(read, expected);
    assert!(back[0].contains("replaced by <a href=\"/turns/1\">1</a>") && back[0].contains("unreachable"));
    assert!(back.last().unwrap().contains("cleared 2026-01-01 00:00:00"));
    assert!(!back.iter().any(|page| page.contains("elsewhere") || page.contains("other")));
    // Forwards from a place in the middle, to which a search leads.
    let middle = operator.get("/dialogues/1/1/0?at=60").ok();
    assert_eq!(ids(&middle).last().map(String::as_str), Some("60"));
    let mut forth: Vec<String> = ids(&middle);
    let first = captured(&middle, OLDER).remove(0);
    forth.extend(pages(&mut operator, &first, OLDER).iter().flat_map(ids));
    assert_eq!(forth, expected[10..]);
    assert_eq!(operator.get("/dialogues/3/3/0").status, 404);
    assert!(operator.get("/dialogues/1/1/5").ok().contains("elsewhere"));
}

#[test]
fn a_search_finds_words_in_any_form_everywhere_and_leads_to_the_message() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let person = Person::private(1);
    ask(&env, &person, "Как варить борщ?");
    let before = env.telegram.texts(1).len();
    let document = env.telegram.document("recipe.txt", "text/plain", "Для борща нужна свекла".as_bytes());
    env.telegram.post(&person, &document);
    env.telegram.wait_for_count(1, before + 1);
    env.wait_settled();
    // Fifty more, of which several were written in the same moment.
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
         SELECT 2, 2, 'user', 'Borscht and soups ' || n, 10, timestamp '2026-01-01' + n / 7 * interval '1 s' FROM generate_series(1, 50) AS n",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    let found = operator.get("/search?q=%D0%B1%D0%BE%D1%80%D1%89%D0%B0").ok();
    assert!(found.contains("<mark>борщ</mark>") && found.contains("<mark>борща</mark>"), "{found}");
    assert!(found.contains("recipe.txt"), "{found}");
    let path = captured(&found, r#"<a href="(/dialogues/1/1/0\?at=\d+)#m"#).remove(0);
    assert!(operator.get(&path).ok().contains("борщ"));

    let shown = pages(&mut operator, "/search?q=soup", OLDER);
    let ids: Vec<String> =
        shown.iter().flat_map(|page| captured(page, r"/dialogues/2/2/0\?at=(\d+)#m")).collect();
    assert_eq!(shown.len(), 3);
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (50, 50));
    assert!(operator.get("/search?q=nowhere").ok().contains("Nothing was found"));
    assert!(operator.get("/search?q=%22open").ok().contains("A quotation mark is missing"));
    assert!(operator.get("/search?q=-").ok().contains("role=\"alert\""));
}

#[test]
fn a_dialogue_that_is_cleared_comes_back_by_its_latest_clearing_or_an_earlier_one() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let person = Person::private(1);
    ask(&env, &person, "one");
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = "/dialogues/1/1/0";
    let live = || env.psql("SELECT count(*) FROM messages WHERE deleted_at IS NULL");
    let cleared = operator.post(page, "/dialogues/1/1/0/clear", &[]);
    assert_eq!((cleared.status, cleared.header("location")), (303, Some("/dialogues/1/1/0?cleared=2")));
    assert_eq!(live(), "0");
    assert!(operator.get("/dialogues/1/1/0?cleared=2").ok().contains("Messages cleared: 2"));
    // The bot has forgotten what was cleared, as after /clear.
    ask(&env, &person, "two");
    assert!(
        !env.model.requests().last().unwrap().messages.iter().any(|message| message.content.contains("one"))
    );
    operator.post(page, "/dialogues/1/1/0/clear", &[]);
    let clearings = operator.get("/dialogues/1/1/0/restore").ok();
    let moments = captured(&clearings, r#"name="at" value="([^"]+)""#);
    assert_eq!(moments.len(), 2, "{clearings}");
    let earlier = operator.post(page, "/dialogues/1/1/0/restore", &[("at", &moments[1])]);
    assert_eq!(earlier.header("location"), Some("/dialogues/1/1/0?restored=2"));
    assert_eq!(env.psql("SELECT content FROM messages WHERE deleted_at IS NULL AND role = 'user'"), "one");
    operator.post(page, "/dialogues/1/1/0/restore", &[]);
    assert_eq!(live(), "4");
    assert_eq!(operator.post(page, "/dialogues/1/1/0/restore", &[("at", "now'")]).status, 400);
    // Another topic of the chat is another dialogue.
    env.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length, thread_id) VALUES (1, 1, 'user', 'x', 1, 5)");
    operator.post(page, "/dialogues/1/1/0/clear", &[]);
    assert_eq!(live(), "1");
}

#[test]
fn an_erasure_names_what_goes_and_wants_the_number_of_the_person() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    for user in 1..=2 {
        ask(&env, &Person::private(user), "one");
        ask(&env, &Person::private(user), "two");
    }
    let mut operator = Visitor::logged_in(&env, &bot);
    let page = "/people/1/erase";
    let asked = inert(&operator.get(page).ok());
    assert!(asked.contains("messages: 4") && asked.contains("turns, with what they quote: 2"), "{asked}");
    for sure in [&[][..], &[("sure", "")], &[("sure", "yes")], &[("sure", "2")]] {
        let answer = operator.post(page, page, sure);
        assert_eq!((answer.status, answer.header("location")), (303, Some(page)), "{sure:?}");
    }
    let token = value(&operator.get(page).ok(), "token");
    let foreign = operator.send("POST", page, Some(&[("sure", "1"), ("token", &token[1..])]));
    assert_eq!(foreign.status, 403);
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE user_id = 1"), "4");

    let gone = operator.post(page, page, &[("sure", " 1 ")]).ok();
    assert!(inert(&gone).contains("messages 4, turns 2"), "{gone}");
    let left =
        "SELECT count(*) FILTER (WHERE user_id = 1), count(*) FILTER (WHERE user_id = 2) FROM messages";
    assert_eq!(env.psql(left), "0|4");
    assert!(operator.get(page).ok().contains("There is nothing about this person."));
    assert_eq!(operator.get("/dialogues/1/1/0").status, 404);
}

#[test]
fn a_turn_tells_its_calls_what_was_sent_and_what_the_model_read() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let person = Person::private(1);
    ask(&env, &person, "first question");
    ask(&env, &person, "second question");
    let mut operator = Visitor::logged_in(&env, &bot);
    let turn = env.psql("SELECT max(id) FROM turns");
    assert!(operator.get("/dialogues/1/1/0").ok().contains(&format!("/turns/{turn}")));
    let shown = operator.get(&format!("/turns/{turn}")).ok();
    let text = inert(&shown);
    let (_, read) = text.split_once("What the model read").unwrap();
    for asked in ["first question", "second question"] {
        assert!(read.contains(asked), "{text}");
    }
    let row = env.psql("SELECT prompt_tokens, completion_tokens FROM model_calls ORDER BY id DESC LIMIT 1");
    for tokens in row.split('|') {
        assert!(text.contains(tokens), "{row}: {text}");
    }
    assert!(text.contains("message ") && text.contains(": sent"), "{text}");
    assert_eq!(operator.get("/turns/999").status, 404);
    let language = value(&operator.get("/dialogues").ok(), "token");
    operator.send("POST", "/language", Some(&[("token", &language), ("language", "ru"), ("back", "/")]));
    assert!(operator.get(&format!("/turns/{turn}")).ok().contains("Что прочитала модель"));
}
