//! /export and `history export --files`: an archive of what was said and of the files with it.

use std::fs;
use std::io::{Cursor, Read};

use sandbox::TestEnv;
use sandbox::telegram::Person;
use serde_json::{Value, json};
use zip::ZipArchive;

const SOUP: &[u8] = b"\xff\xd8\xff\xe0 soup";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a plan";

/// Sends this as a file and waits for the answer.
fn show(env: &TestEnv, person: &Person, name: &str, bytes: &[u8]) {
    let mut fields = env.telegram.document(name, "image/png", bytes);
    fields["caption"] = json!("zebra");
    answer(env, person, &fields);
}

fn answer(env: &TestEnv, person: &Person, fields: &Value) {
    let before = env.telegram.texts(person.chat_id).len();
    env.telegram.post(person, fields);
    env.telegram.wait_for_count(person.chat_id, before + 1);
    env.wait_settled();
}

/// The archive that /export sends.
fn export(env: &TestEnv, person: &Person) -> ZipArchive<Cursor<Vec<u8>>> {
    let before = env.telegram.calls("sendDocument").len();
    answer(env, person, &json!({"text": "/export"}));
    assert_eq!(env.telegram.calls("sendDocument").len(), before + 1, "a file that Telegram took at once");
    let sent =
        env.telegram.look(|state| state.in_chat(person.chat_id).last().unwrap().document.clone().unwrap());
    assert_eq!(sent.file_name, "dialogue.zip");
    assert!(sent.bytes.len() <= 50_000_000, "{} bytes", sent.bytes.len());
    ZipArchive::new(Cursor::new(sent.bytes)).unwrap()
}

fn names(archive: &ZipArchive<impl Read + std::io::Seek>) -> Vec<String> {
    archive.file_names().map(|name| name.unwrap().into_owned()).collect()
}

fn content(archive: &mut ZipArchive<impl Read + std::io::Seek>, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn text(archive: &mut ZipArchive<impl Read + std::io::Seek>, name: &str) -> String {
    String::from_utf8(content(archive, name)).unwrap()
}

#[test]
fn an_export_holds_the_files_beside_the_words_whatever_they_are_called() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    let mut photo = env.telegram.photo(&[(SOUP, 800, 600)]);
    photo["caption"] = json!("soup?");
    answer(&env, &person, &photo);
    for name in ["../../etc/passwd.png", "план.png", "план.png", "C:\\a\0.png", "CON", "a\u{202e}gnp.exe"]
    {
        show(&env, &person, name, PNG);
    }
    show(&env, &Person::private(2), "another's.png", PNG);
    let mut archive = export(&env, &person);
    let expected = [
        "dialogue.txt",
        "files/",
        "files/13-7-agnp.exe",
        "files/11-6-CON.png",
        "files/9-5-C__a\u{fffd}.png",
        "files/7-4-план.png",
        "files/5-3-план.png",
        "files/3-2-_.._etc_passwd.png",
        "files/1-1-photo.jpg",
    ];
    assert_eq!(names(&archive), expected);
    assert_eq!(content(&mut archive, "files/1-1-photo.jpg"), SOUP);
    assert_eq!(content(&mut archive, "files/7-4-план.png"), PNG);
    let said = text(&mut archive, "dialogue.txt");
    assert!(said.contains("    [photo 800×600]\n    soup?\n\n    files/1-1-photo.jpg\n"), "{said}");
    for number in 0..archive.len() {
        let file = archive.by_index(number).unwrap();
        assert!(file.enclosed_name().is_some(), "{:?}", file.name());
    }
    // What is not kept any more is told.
    env.psql("UPDATE attachments SET content = NULL WHERE id = 1");
    let mut archive = export(&env, &person);
    assert!(!names(&archive).contains(&"files/1-1-photo.jpg".to_owned()));
    let missing = text(&mut archive, "missing.txt");
    assert!(missing.starts_with(&format!("files/1-1-photo.jpg  {} bytes, of 20", SOUP.len())), "{missing}");
    assert!(missing.ends_with(": not kept any more\n") && missing.lines().count() == 1, "{missing}");
    // Where what is live has no files, it is a text.
    answer(&env, &person, &json!({"text": "/clear"}));
    answer(&env, &person, &json!({"text": "hello"}));
    answer(&env, &person, &json!({"text": "/export"}));
    let sent = env.telegram.look(|state| state.in_chat(1).last().unwrap().document.clone().unwrap());
    assert_eq!(sent.file_name, "dialogue.txt");
    env.kill(bot);
    operators_take_the_files_along(&env);
}

/// The same archive, of whatever is selected.
fn operators_take_the_files_along(env: &TestEnv) {
    let path = env.folder().join("all.zip");
    let to = path.to_str().unwrap();
    assert_eq!(env.run(&["history", "export", "--files"]).code, Some(2), "it is written to a file");
    env.run(&["history", "export", "--user", "1", "--cleared", "--files", "--to", to]).ok();
    let mut archive = ZipArchive::new(Cursor::new(fs::read(&path).unwrap())).unwrap();
    assert_eq!(text(&mut archive, "messages.jsonl").lines().count(), 16);
    assert_eq!(content(&mut archive, "files/5-3-план.png"), PNG);
    assert!(!names(&archive).iter().any(|name| name.contains("another")));
    assert!(text(&mut archive, "missing.txt").starts_with("files/1-1-photo.jpg"));
    let again = env.run(&["history", "export", "--files", "--to", to]);
    assert!(again.code == Some(1), "what is there is not overwritten: {again:?}");
    env.run(&["history", "export", "--files", "--format", "csv", "--to", to, "--force"]).ok();
    let mut archive = ZipArchive::new(Cursor::new(fs::read(&path).unwrap())).unwrap();
    assert!(text(&mut archive, "messages.csv").contains("zebra"));
    assert!(names(&archive).iter().any(|name| name.contains("another")));
}

#[test]
fn an_export_is_as_large_as_telegram_takes_it_and_says_what_had_no_room() {
    let env = TestEnv::new();
    env.model.record(false);
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    for (number, name) in ["old.png", "newer.png", "newest.png"].into_iter().enumerate() {
        let mut large = vec![u8::try_from(number).unwrap(); 19_000_000];
        large[..PNG.len()].copy_from_slice(PNG);
        show(&env, &person, name, &large);
    }
    let mut archive = export(&env, &person);
    assert_eq!(
        names(&archive),
        ["dialogue.txt", "files/", "files/5-3-newest.png", "files/3-2-newer.png", "missing.txt"]
    );
    assert_eq!(content(&mut archive, "files/3-2-newer.png").len(), 19_000_000);
    let missing = text(&mut archive, "missing.txt");
    assert!(missing.starts_with("files/1-1-old.png  19.0 MB, of 20"), "{missing}");
    assert!(missing.ends_with(": no room in this archive\n"), "{missing}");
    let status = fs::read_to_string(format!("/proc/{}/status", bot.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    eprintln!("at most {} MB", kilobytes / 1024);
    assert!(kilobytes < 200 * 1024, "{peak}");
}

#[test]
fn an_export_that_finds_no_room_on_the_disk_says_so_and_holds_up_nobody() {
    let mut env = TestEnv::new();
    // Where no file can be made, as on a full disk.
    env.set("TMPDIR", "/proc/nowhere");
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    show(&env, &person, "soup.png", PNG);
    answer(&env, &person, &json!({"text": "/export"}));
    env.telegram.wait_for_text(1, |text| {
        text == "The file could not be sent. Ask the person who runs this bot for it."
    });
    assert_eq!(env.telegram.calls("sendDocument").len(), 0);
    answer(&env, &person, &json!({"text": "and now?"}));
}

#[test]
fn an_export_that_the_database_refuses_ends_in_a_sentence_and_the_lane_goes_on() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    answer(&env, &person, &json!({"text": "zebra"}));
    env.psql("ALTER TABLE attachments RENAME COLUMN name TO called");
    answer(&env, &person, &json!({"text": "/export"}));
    assert!(env.telegram.calls("sendDocument").is_empty(), "there is nothing to send");
    env.psql("ALTER TABLE attachments RENAME COLUMN called TO name");
    answer(&env, &person, &json!({"text": "stripes"}));
    assert_eq!(env.psql("SELECT string_agg(DISTINCT state, ',') FROM reply_parts"), "sent");
}
