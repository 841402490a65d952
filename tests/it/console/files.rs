//! Files in the console: taken along, looked at, and never run.

use std::fs;
use std::io::{Cursor, Read};

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::json;

use crate::support::console::{Visitor, with_console};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture of soup";
const PAGE: &[u8] = b"<!doctype html><script>alert(1)</script>";

fn post(env: &TestEnv, person: &Person, mut fields: serde_json::Value) {
    fields["caption"] = json!("borscht");
    let before = env.telegram.texts(person.chat_id).len();
    env.telegram.post(person, &fields);
    env.telegram.wait_for_count(person.chat_id, before + 1);
    env.wait_settled();
}

#[test]
fn a_file_is_a_download_and_only_a_picture_by_its_bytes_is_shown() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let person = Person::private(1);
    post(&env, &person, env.telegram.photo(&[(JPEG, 640, 480)]));
    post(&env, &person, env.telegram.document("суп\"; filename=x.html", "text/html", PAGE));
    let ids = env.psql("SELECT id FROM attachments WHERE content IS NOT NULL ORDER BY id");
    let [photo, page] = ids.lines().collect::<Vec<_>>()[..] else { panic!("{ids}") };
    // Whoever sends it may call it a picture.
    env.psql(&format!("UPDATE attachments SET mime = 'image/png' WHERE id = {page}"));
    let mut operator = Visitor::logged_in(&env, &bot);
    for (id, bytes) in [(photo, JPEG), (page, PAGE)] {
        let answer = operator.get(&format!("/files/{id}"));
        assert_eq!((answer.status, &*answer.bytes), (200, bytes));
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        let disposition = answer.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");
        assert!(!disposition.contains('"') && !disposition[20..].contains(';'), "{disposition}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-security-policy").unwrap().contains("sandbox"));
    }
    let shown = operator.get(&format!("/files/{photo}/picture"));
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("image/jpeg")));
    assert!(shown.header("content-security-policy").unwrap().starts_with("default-src 'none'; sandbox"));
    assert_eq!(operator.get(&format!("/files/{page}/picture")).status, 404);
    assert_eq!(operator.get("/files/999").status, 404);
    let dialogue = operator.get("/dialogues/1/1/0").ok();
    assert!(dialogue.contains(&format!("<img src=\"/files/{photo}/picture\"")), "{dialogue}");
    env.psql(&format!("UPDATE attachments SET content = NULL WHERE id = {photo}"));
    assert_eq!(operator.get(&format!("/files/{photo}")).status, 404);
    assert!(operator.get("/dialogues/1/1/0").ok().contains("not kept any more"));
}

#[test]
fn an_archive_that_takes_too_long_is_left_to_the_command_line() {
    let mut env = with_console(TestEnv::new());
    env.set("SHORT_WAITS", "figures=0 archive=0");
    let bot = env.start_ready();
    env.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'one', 3)");
    let mut operator = Visitor::logged_in(&env, &bot);
    let refused = operator.get("/dialogues/1/1/0/export");
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("history export --files"), "{}", refused.body);
    // Nothing of it stands in anybody's way.
    for _ in 0..5 {
        operator.get("/dialogues/1/1/0").ok();
    }
}

#[test]
fn the_archive_is_the_one_of_the_command_line() {
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let person = Person::private(1);
    post(&env, &person, env.telegram.photo(&[(JPEG, 640, 480)]));
    env.psql("UPDATE messages SET deleted_at = timestamp '2026-01-01' WHERE role = 'assistant'");
    env.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (2, 2, 'user', 'other', 5)");
    let mut operator = Visitor::logged_in(&env, &bot);
    let answer = operator.get("/dialogues/1/1/0/export");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/zip")));
    let path = env.folder().join("dialogue.zip");
    let to = path.to_str().unwrap();
    env.run(&[
        "history",
        "export",
        "--user",
        "1",
        "--chat",
        "1",
        "--thread",
        "0",
        "--cleared",
        "--files",
        "--to",
        to,
    ])
    .ok();
    let entries = |bytes: Vec<u8>| {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let count = archive.len();
        let read = |index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        };
        (0..count).map(read).collect::<Vec<_>>()
    };
    let (ours, theirs) = (entries(answer.bytes), entries(fs::read(&path).unwrap()));
    assert_eq!(ours.len(), 3, "messages, a folder and a picture");
    assert_eq!(ours, theirs);
}
