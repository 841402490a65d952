//! Dialogues and people in a real browser: searched, opened, cleared and restored, by what is seen on the page, at the width of a
//! telephone, too; and nothing that people or models wrote runs or loads anything.

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::json;

use super::browser::{BARRIERS, artefacts, assert_well, log_in};
use crate::support::asking::ask;
use crate::support::browser::Browser;
use crate::support::console::with_console;

const PAYLOAD: &str =
    "<img src=//evil.example/x onerror=\"document.title='hit'\"><script>document.title='hit'</script>";

#[test]
fn a_dialogue_is_searched_opened_cleared_and_restored() {
    let Some(browser) = Browser::start() else { return };
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut person = Person::private(1).speaking("en");
    person.first_name = PAYLOAD.to_owned();
    ask(&env, &person, "How long do I cook borscht?");
    // The stand-in answers with what it was asked.
    ask(&env, &person, &format!("{PAYLOAD} [x](javascript:document.title='hit') ||hidden||"));
    let mut document = env.telegram.document(PAYLOAD, "text/plain", format!("words {PAYLOAD}").as_bytes());
    document["caption"] = json!(PAYLOAD);
    let before = env.telegram.texts(1).len();
    env.telegram.post(&person, &document);
    env.telegram.wait_for_count(1, before + 1);
    env.wait_settled();
    ask(&env, &person, "And a table?");
    // A document of a wide table and a long line of code, as a model may write it.
    env.psql(
        "UPDATE messages SET content = E'# Soup\\n\\n| a | b |\\n|---|---|\\n| ' || repeat('wide', 60) || E' | 2 |\\n\\n||hidden||\\n\\n```rust\\n' || repeat('code ', 90) || E'\\n```\\n'
         WHERE id = (SELECT max(id) FROM messages)",
    );
    // A group whose title is as hostile, and something was said there.
    env.psql(&format!(
        "INSERT INTO messages (user_id, chat_id, thread_id, role, content, message_length) VALUES (1, -5, 3, 'user', $q${PAYLOAD}$q$, 9);
         INSERT INTO people (bot_id, id, state, name) SELECT bot_id, -5, 'allowed', $q${PAYLOAD}$q$ FROM leases;
         INSERT INTO people (bot_id, id, state, name) SELECT bot_id, 1, 'allowed', $q${PAYLOAD}$q$ FROM leases ON CONFLICT (bot_id, id) DO UPDATE SET name = excluded.name"
    ));
    let base = log_in(&browser, &env, &bot);
    browser.follow("header nav a[href=\"/dialogues\"]");
    browser.write("#q", "cooking");
    browser.follow("main form button");
    assert!(browser.path().starts_with("/search?q=cooking"), "{}", browser.path());
    assert!(browser.text().contains("How long do I cook borscht?"), "{}", browser.text());
    browser.follow("main ul.dialogues a");
    assert!(browser.path().starts_with("/dialogues/1/1/0"), "{}", browser.path());
    assert!(browser.text().contains(PAYLOAD), "{}", browser.text());

    let live = || env.psql("SELECT count(*) FROM messages WHERE deleted_at IS NULL AND chat_id = 1");
    browser.follow("#clear");
    assert!(browser.text().contains("Messages cleared: 8"), "{}", browser.text());
    assert_eq!(live(), "0");
    browser.follow("#restore");
    assert!(browser.text().contains("Messages restored: 8"), "{}", browser.text());
    assert_eq!(live(), "8");

    // What the model said of it, and the name of the file and its caption, are there to be read.
    let of_model = "return [...document.querySelectorAll('.answer')].filter((answer) => answer.innerText.includes('onerror=')).length > 0";
    assert_eq!(browser.script(of_model), json!(true), "{}", browser.text());
    let file = "return document.querySelector('ul.files a').innerText.includes('onerror')";
    assert_eq!(browser.script(file), json!(true), "{}", browser.text());

    let turns = env.psql("SELECT id FROM turns ORDER BY id");
    let [_, hostile, with_file, turn] = turns.lines().collect::<Vec<_>>()[..] else { panic!("{turns}") };
    for (path, name) in [
        ("/dialogues", "dialogues"),
        ("/dialogues/1/1/0", "dialogue"),
        ("/dialogues/1/1/0/restore", "clearings"),
        ("/dialogues/1/-5/3", "dialogue-of-a-group"),
        (&format!("/turns/{turn}"), "turn"),
        (&format!("/turns/{hostile}"), "turn-hostile"),
        (&format!("/turns/{with_file}"), "turn-with-file"),
        ("/search?q=borscht", "search"),
        ("/search?q=onerror", "search-hostile"),
        ("/costs?by=person", "costs-by-person"),
        ("/people/-5", "group"),
        ("/people", "people"),
        ("/people/1", "person"),
        ("/people/1/erase", "erase"),
    ] {
        browser.open(&format!("{base}{path}"));
        assert_eq!(browser.script(BARRIERS), json!([]), "{path}");
        for (width, dark) in [(360, false), (1100, true)] {
            browser.look_at(width, 900, dark);
            let fits = browser.script("return document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(fits, json!(true), "{path} is wider than {width} pixels");
            browser.picture(&artefacts().join(format!("{name}-{width}.png")));
        }
        assert_ne!(browser.script("return document.title"), json!("hit"), "{path}");
    }
    // What is hidden is seen once the keyboard comes to it.
    browser.open(&format!("{base}/dialogues/1/1/0"));
    let color = |act: &str| {
        browser.script(&format!(
            "const s = document.querySelector('.spoiler'); s.{act}(); return getComputedStyle(s).color"
        ))
    };
    assert_eq!(color("blur"), json!("rgba(0, 0, 0, 0)"));
    assert_ne!(color("focus"), json!("rgba(0, 0, 0, 0)"));
    assert_well(&browser, &base);
}
