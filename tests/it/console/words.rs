//! A Russian page has no English words but names of things: those of the machine, and what others wrote.

use html5gum::{Token, Tokenizer};
use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;

use super::pages::PAGES;
use crate::support::asking::ask;
use crate::support::console::{Visitor, with_console};

/// Names that are the same in both languages.
const KNOWN: [&str; 11] = [
    "systech-aidd",
    "Telegram",
    "UTC",
    "PostgreSQL",
    "doctor",
    "console",
    "getUpdates",
    "OpenRouter",
    "kB",
    "MB",
    "TLS",
];

/// What others wrote stands in these, or is written by people for people, or is drawn.
const OF_OTHERS: [&str; 7] = ["code", "bdi", "blockquote", "svg", "title", "script", "style"];
const OF_OTHERS_BY_CLASS: [&str; 2] = ["plain", "answer"];

/// The words of a page that are its own.
fn own_words(page: &str) -> String {
    let mut text = String::new();
    // What is left out at the moment, and how many of its kind are open.
    let mut left_out: Option<(Vec<u8>, usize)> = None;
    for token in Tokenizer::new(page).flatten() {
        match token {
            Token::StartTag(tag) => {
                let value = |wanted: &[u8]| {
                    let found = tag.attributes.iter().find(|(name, _)| name.as_slice() == wanted);
                    found.map(|(_, value)| String::from_utf8_lossy(&value.value).into_owned())
                };
                let name = tag.name.to_vec();
                if let Some((outer, open)) = &mut left_out {
                    *open += usize::from(*outer == name && !tag.self_closing);
                    continue;
                }
                let class = value(b"class").unwrap_or_default();
                let is_of_others = OF_OTHERS.iter().any(|other| other.as_bytes() == name)
                    || class.split(' ').any(|class| OF_OTHERS_BY_CLASS.contains(&class))
                    || value(b"lang").as_deref() == Some("en");
                if is_of_others && !tag.self_closing {
                    left_out = Some((name, 1));
                }
                text.push(' ');
            }
            Token::EndTag(tag) => {
                if let Some((outer, open)) = &mut left_out {
                    *open -= usize::from(*outer == tag.name.to_vec());
                    if *open == 0 {
                        left_out = None;
                    }
                }
                text.push(' ');
            }
            Token::String(string) if left_out.is_none() => {
                text.push_str(&String::from_utf8_lossy(&string.value));
            }
            _ => {}
        }
    }
    text
}

/// The words among them that are neither Russian nor names of the machine.
fn foreign(page: &str) -> Vec<String> {
    let text = own_words(page);
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':')));
    let of_machine = |word: &str| {
        KNOWN.contains(&word)
            || word.contains(['_', '.', '/'])
            || word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase())
    };
    let words = words.map(|word| word.trim_matches(['.', '-', ':']));
    let foreign = words.filter(|word| word.contains(|c: char| c.is_ascii_alphabetic()) && !of_machine(word));
    foreign.map(str::to_owned).collect()
}

#[test]
fn english_words_on_a_page_are_found_and_those_of_others_left_alone() {
    let page = "<html lang=\"ru\"><p>Итог: answered</p><p class=\"plain\">sent <b>x</b></p><code>cut</code> <svg><text>a</text></svg>\
                <td>BACKUP_DIR, OWNER, Telegram</td><button lang=\"en\">In English</button> ms</html>";
    assert_eq!(foreign(page), ["answered", "ms"]);
}

#[test]
fn no_page_in_russian_has_an_english_word_of_its_own() {
    let mut env = with_console(TestEnv::new());
    env.set("OWNER", "9");
    let bot = env.start_ready();
    let mut person = Person::private(1);
    "Анна".clone_into(&mut person.first_name);
    env.run(&["people", "allow", "1"]).ok();
    ask(&env, &person, "Как варить борщ?");
    env.model.on(When::asked("плохо"), Behaviour::status(401, "no"));
    ask(&env, &person, "плохо");
    let document = env.telegram.document("суп.txt", "text/plain", "Свёкла".as_bytes());
    let before = env.telegram.texts(1).len();
    env.telegram.post(&person, &document);
    env.telegram.wait_for_count(1, before + 1);
    env.wait_settled();
    // One of each word of the tables.
    env.psql(
        "INSERT INTO attachments (bot_id, user_id, update_seq, update_id, telegram_message_id, message_id, kind, file_id, file_unique_id, bytes)
         SELECT bot_id, 1, 9, 9, n, (SELECT min(id) FROM messages), kind, 'f' || n, 'u' || n, 12 ^ n FROM leases,
                unnest(ARRAY['photo', 'sticker', 'video', 'animation', 'video_note', 'live_photo', 'voice', 'audio']) WITH ORDINALITY AS each (kind, n);
         INSERT INTO model_calls (bot_id, user_id, update_seq, purpose, model, outcome, failure, endpoint, duration_ms, called_at)
         SELECT bot_id, 1, (SELECT min(update_seq) FROM turns), purpose, 'm', outcome,
                CASE WHEN outcome IN ('refused', 'failed') THEN 'unreachable' END, 'e', 1, now() FROM leases,
                unnest(ARRAY['answer', 'transcript', 'speech', 'summary', 'title'], ARRAY['answered', 'cut', 'stopped', 'refused', 'failed'])
                    AS each (purpose, outcome);
         INSERT INTO model_calls (bot_id, purpose, model, outcome, endpoint, duration_ms, called_at)
         SELECT bot_id, 'answer', 'm', 'answered', 'e', 1, now() FROM leases;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, settled_at)
         SELECT bot_id, 1, 1, 1, (SELECT min(id) FROM turns), 9 + n, op, state, now() FROM leases,
                unnest(ARRAY['edit', 'delete', 'document'], ARRAY['abandoned', 'sent', 'sent']) WITH ORDINALITY AS each (op, state, n);
         INSERT INTO decisions (bot_id, person, state, means)
         SELECT bot_id, 1, state, means FROM leases,
                unnest(ARRAY['owner', 'allowed', 'refused', 'blocked', 'forgotten'], ARRAY['button', 'console', 'code', 'time', 'command line'])
                    AS each (state, means);
         INSERT INTO messages (user_id, chat_id, thread_id, role, content, message_length, deleted_at) VALUES (1, -7, 5, 'user', 'борщ', 4, now());
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, received_at, not_before)
         SELECT bot_id, 999999, 7, 7, 'message', '{}', now(), now() + interval '1 hour' FROM leases",
    );
    let mut operator = Visitor::logged_in(&env, &bot);
    operator.headers = vec![("Accept-Language".to_owned(), "ru".to_owned())];
    let turns = env.psql("SELECT id FROM turns ORDER BY id");
    let turns = turns.lines().map(|turn| format!("/turns/{turn}"));
    let further = [
        "/dialogues",
        "/dialogues/1/1/0",
        "/dialogues/1/-7/5",
        "/dialogues/1/1/0?before=1",
        "/dialogues/1/1/0?cleared=1",
        "/dialogues/1/1/0?restored=1",
        "/dialogues/1/1/0/restore",
        "/dialogues/1/-7/5/restore",
        "/search?q=%D0%B1%D0%BE%D1%80%D1%89",
        "/search?q=%22",
        "/search?q=-",
        "/people",
        "/people/1",
        "/people/9",
        "/people/1/erase",
        "/people/77/erase",
        "/people/1/forget",
        "/people/77/forget",
        "/people/1?outcome=done",
        "/people/1?outcome=amount",
        "/people/1?outcome=unknown",
        "/nothing",
        "/dialogues?before=x",
    ];
    // What the server calls itself and its role is quoted.
    let of_server = env.psql("SELECT current_user || ' ' || current_setting('server_version')");
    let mut found = Vec::new();
    for page in PAGES.iter().copied().chain(further).map(str::to_owned).chain(turns) {
        let answer = operator.get(&page);
        assert!(answer.body.contains("<html lang=\"ru\">"), "{page}: {}", answer.head);
        found.extend(
            foreign(&answer.body)
                .into_iter()
                .filter(|word| !of_server.contains(word))
                .map(|word| format!("{page}: {word}")),
        );
    }
    assert_eq!(found, Vec::<String>::new());
    let erased = operator.post("/people/1/erase", "/people/1/erase", &[("sure", "1")]).ok();
    assert_eq!(foreign(&erased), Vec::<String>::new(), "{erased}");
    // Whoever is not logged in reads Russian, too.
    operator.cookies.clear();
    let link = crate::support::console::link(&env);
    for page in ["/", "/login?code=x", &link] {
        let answer = operator.get(page);
        assert_eq!(foreign(&answer.body), Vec::<String>::new(), "{page}: {}", own_words(&answer.body));
    }
}
