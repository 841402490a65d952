//! What people and models write is text on every page, whatever it looks like.

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::json;

use crate::support::asking::ask;
use crate::support::console::{Visitor, encoded, with_console};
use crate::support::page::inert;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture";

/// Each is to be seen as it stands here.
const PAYLOADS: [&str; 6] = [
    "<script>alert('borscht')</script>",
    "<img src=x onerror=\"alert('borscht')\">",
    "\"><svg onload=alert('borscht')>",
    "</p></li></main><iframe src=//evil.example>borscht",
    "' onmouseover='alert(1)' borscht &lt;b&gt;",
    "<!-- borscht --><style>*{display:none}</style>",
];

#[test]
fn names_captions_file_names_questions_and_answers_stay_text() {
    let mut env = with_console(TestEnv::new());
    env.set("OWNER", "9");
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    for (number, payload) in (1..).zip(PAYLOADS) {
        let mut person = Person::private(number);
        person.first_name = payload.to_owned();
        // As one who asks to be let in, the name and the first words are kept.
        env.telegram.say(&person, payload);
        env.wait_settled();
        let waiting = inert(&operator.get("/people").ok());
        assert!(waiting.contains(payload), "{payload}: {waiting}");
        let question = inert(&operator.get(&format!("/people/{number}/forget")).ok());
        assert_eq!(question.matches(payload).count(), 2, "the name and the words of the request: {question}");
        env.run(&["people", "allow", &number.to_string()]).ok();
        env.telegram.wait_for_text(number, |text| text.contains("borscht"));
        // The stand-in answers with what it was asked; a link of its own is beside it.
        ask(
            &env,
            &person,
            &format!("{payload} [x](javascript:alert(1)) [y](https://a.example/\"onclick=\"alert(1))"),
        );
        let mut photo = env.telegram.photo(&[(JPEG, 640, 480)]);
        photo["caption"] = json!(payload);
        let before = env.telegram.texts(number).len();
        env.telegram.post(&person, &photo);
        env.telegram.wait_for_count(number, before + 1);
        let mut document =
            env.telegram.document(payload, payload, b"words of borscht <script>alert(1)</script>");
        document["caption"] = json!(payload);
        env.telegram.post(&person, &document);
        env.telegram.wait_for_count(number, before + 2);
        env.wait_settled();

        let turns = env.psql(&format!("SELECT id FROM turns WHERE user_id = {number} ORDER BY id"));
        let mut pages: Vec<String> = turns.lines().map(|turn| format!("/turns/{turn}")).collect();
        pages.push(format!("/dialogues/{number}/{number}/0"));
        pages.push(format!("/search?q={}", encoded("borscht")));
        pages.push(format!("/people/{number}"));
        for page in pages.iter().map(|page| &**page).chain(["/dialogues"]) {
            let shown = operator.get(page).ok();
            let text = inert(&shown);
            // An excerpt is cut out of its message.
            if !page.starts_with("/search") {
                assert!(text.contains(payload), "{page}: {payload}: {text}");
            }
            assert!(text.contains("borscht"), "{page}: {text}");
        }
        inert(&operator.get(&format!("/people/{number}/erase")).ok());
        inert(&operator.get(&format!("/search?q={}", encoded(payload))).ok());
    }
}

#[test]
fn what_stands_in_an_address_is_no_markup_either() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let mut operator = Visitor::logged_in(&env, &bot);
    for payload in PAYLOADS {
        let payload = encoded(payload);
        for page in [
            format!("/search?q={payload}&before={payload}"),
            format!("/search?q={payload}"),
            format!("/dialogues?before={payload}"),
            format!("/dialogues/1/1/{payload}"),
            format!("/people/1?outcome={payload}"),
            format!("/{payload}"),
        ] {
            let answer = operator.get(&page);
            assert!(matches!(answer.status, 200 | 400 | 404), "{page}: {}", answer.status);
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
            inert(&answer.body);
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{page}");
        }
    }
}
