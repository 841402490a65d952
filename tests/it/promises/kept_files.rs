//! Files that are kept: looked at and saved by operators, emptied when they are old, and never more of them in memory than
//! there is room for.

use std::fs;

use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture of soup";

fn show(env: &TestEnv, person: &Person, caption: &str) {
    let mut fields = env.telegram.photo(&[(JPEG, 1280, 960)]);
    fields["caption"] = json!(caption);
    env.telegram.post(person, &fields);
}

#[test]
fn operators_see_files_with_their_sizes_and_save_them() {
    let env = TestEnv::new();
    let bot = env.start();
    show(&env, &Person::private(1), "борщ на столе");
    show(&env, &Person::private(2), "another");
    env.telegram.wait_for_count(1, 1);
    env.telegram.wait_for_count(2, 1);
    env.wait_settled();
    env.kill(bot);
    let listed = env.run(&["history", "files", "--user", "1"]).ok();
    let size = format!("{} bytes", JPEG.len());
    assert!(listed.contains(&format!("photo, image/jpeg, {size}")), "{listed}");
    assert!(listed.ends_with(&format!("1 files, 1 of them here: {size}\n")), "{listed}");
    assert_eq!(env.run(&["history", "files", "--json"]).ok().lines().count(), 2);
    assert_eq!(env.run(&["history", "files", "--user", "3"]).code, Some(3));
    let id = env.psql("SELECT id FROM attachments WHERE user_id = 1");
    let path = env.folder().join("soup.jpg");
    let to = path.to_str().unwrap();
    env.run(&["history", "files", "--save", &id, "--to", to]).ok();
    assert_eq!(fs::read(&path).unwrap(), JPEG);
    let again = env.run(&["history", "files", "--save", &id, "--to", to]);
    assert!(again.code != Some(0), "what is there is not overwritten: {again:?}");
    env.run(&["history", "files", "--save", &id, "--to", to, "--force"]).ok();
    assert_eq!(env.run(&["history", "files", "--save", "999", "--to", to, "--force"]).code, Some(3));
    let shown = env.run(&["history", "show", "--user", "1", "--files"]).ok();
    assert!(shown.contains(&format!("file {id}: photo, image/jpeg, {size}")), "{shown}");
    assert!(!env.run(&["history", "show", "--user", "1"]).ok().contains("file "));
    // The words below a picture are found as any others.
    assert!(env.run(&["history", "search", "столы"]).ok().contains("борщ"));
    let looked = env.run(&["doctor", "--only", "database"]).out;
    assert!(looked.contains("2 files of questions are kept"), "{looked}");
    let backup = env.run(&["backup", "--to", env.folder().to_str().unwrap()]).ok();
    assert!(backup.contains(&format!("files of questions in it: 2, {} bytes", 2 * JPEG.len())), "{backup}");
}

#[test]
fn old_files_are_emptied_and_what_they_were_stays_told() {
    let mut env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    show(&env, &person, "old");
    env.telegram.wait_for_count(1, 1);
    show(&env, &person, "new");
    env.telegram.wait_for_count(1, 2);
    env.wait_settled();
    env.kill(bot);
    env.psql("UPDATE attachments SET created_at = created_at - interval '31 days' WHERE id = (SELECT min(id) FROM attachments)");
    // What belongs to nothing any more goes, too.
    env.psql(
        "INSERT INTO attachments (bot_id, user_id, update_seq, update_id, telegram_message_id, kind, file_id, file_unique_id)
         VALUES (1, 1, 999, 999, 999, 'photo', 'x', 'x')",
    );
    env.set("FILES_KEEP_DAYS", "30");
    let _bot = env.start();
    env.wait_for_rows("SELECT count(*), count(content) FROM attachments", |rows| rows == "2|1");
    assert_eq!(
        env.psql("SELECT content IS NULL, bytes FROM attachments ORDER BY id LIMIT 1"),
        format!("t|{}", JPEG.len())
    );
    env.telegram.say(&person, "and?");
    env.telegram.wait_for_count(1, 3);
    let asked = env.model.requests().pop().unwrap();
    assert_eq!(asked.messages[1].content, "[photo 1280×960]\nold");
    assert_eq!([1, 3].map(|place| asked.messages[place].pictures.len()), [0, 1]);
}

#[test]
fn however_many_show_large_files_at_once_memory_stays_bounded() {
    let people: i64 = std::env::var("PEOPLE_WITH_FILES").map_or(12, |number| number.parse().unwrap());
    let env = TestEnv::new();
    env.model.record(false);
    let gate = env.model.hold(When::any());
    let bot = env.start_ready();
    let mut large = vec![0; 19 << 20];
    large[..JPEG.len()].copy_from_slice(JPEG);
    let mut file = env.telegram.keep(&large);
    drop(large);
    (file["file_name"], file["mime_type"]) = (json!("a.jpg"), json!("image/jpeg"));
    for id in 1..=people {
        env.telegram.post(&Person::private(id), &json!({"document": file}));
    }
    gate.wait_arrived();
    // Who shows nothing is answered meanwhile.
    env.model.on(When::asked("and me?"), Behaviour::answer());
    gate.release();
    for count in 1..=usize::try_from(people).unwrap() {
        env.telegram.wait_until(PATIENCE, |state| (state.sent().len() >= count).then_some(()));
    }
    env.wait_settled();
    let status = fs::read_to_string(format!("/proc/{}/status", bot.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    eprintln!("at most {} MB", kilobytes / 1024);
    assert!(kilobytes < 300 * 1024, "{peak}");
}
