//! What is sent together is one question: a picture and the words right behind it, a comment and the picture that it forwards.

use sandbox::TestEnv;
use sandbox::model::When;
use sandbox::telegram::{Person, Said};
use serde_json::{Value, json};

use crate::support::rows::TURNS;

const SOUP: &[u8] = b"\xff\xd8\xff\xe0 soup";
const TEA: &[u8] = b"\xff\xd8\xff\xe0 tea";

/// A moment of Telegram's clock.
const DATE: i64 = 1_800_000_000;

fn photo(env: &TestEnv, content: &[u8], caption: &str, second: i64) -> Value {
    let mut fields = env.telegram.photo(&[(content, 800, 600)]);
    fields["date"] = json!(DATE + second);
    if !caption.is_empty() {
        fields["caption"] = json!(caption);
    }
    fields
}

fn forwarded(mut fields: Value) -> Value {
    fields["forward_origin"] = json!({"type": "hidden_user", "sender_user_name": "Ann", "date": 1});
    fields
}

fn words(text: &str, second: i64) -> Value {
    json!({"text": text, "date": DATE + second})
}

/// What the newest question was, and what it showed.
fn seen(env: &TestEnv) -> (String, Vec<Vec<u8>>) {
    let asked = env.model.requests().pop().expect("a request");
    (asked.question().to_owned(), asked.pictures().to_vec())
}

/// Waits until this is answered, in the only message of the chat.
fn wait_seen(env: &TestEnv, chat_id: i64, question: &str, pictures: &[&[u8]]) {
    env.model.wait_until(sandbox::PATIENCE, |state| {
        state.requests().last().is_some_and(|asked| asked.question() == question).then_some(())
    });
    env.telegram.wait_for_count(chat_id, 1);
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "0");
    env.wait_settled();
    assert_eq!(seen(env), (question.to_owned(), pictures.iter().map(|picture| picture.to_vec()).collect()));
    assert_eq!(env.telegram.texts(chat_id).len(), 1, "one answer");
}

const QUOTED: &str = "[Quoted: a message by \"Ann\" that I forward]\n> [photo 800×600]\n";

#[test]
fn a_picture_and_the_words_sent_right_behind_it_are_one_question() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let picture = env.telegram.post(&person, &photo(&env, SOUP, "", 0));
    let said = env.telegram.post(&person, &words("zebra, what is it?", 1));
    wait_seen(&env, 1, "[photo 800×600]\nzebra, what is it?", &[SOUP]);
    let ids = format!("{},{}", picture.message_id, said.message_id);
    assert_eq!(env.psql("SELECT array_to_string(message_ids, ',') FROM turns"), ids);
    assert_eq!(env.psql("SELECT count(*), count(turn_id) FROM updates"), "2|2");
    // The words are edited; Telegram tells of other changes too.
    env.telegram.change(&person, picture.message_id, &json!({}));
    env.telegram.edit(&person, said.message_id, "where is it?");
    wait_seen(&env, 1, "[photo 800×600]\nwhere is it?", &[SOUP]);
    assert_eq!(env.psql(TURNS), "answered superseded, answered");
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns.matches("superseded").count() == 2);
    wait_seen(&env, 1, "[photo 800×600]\nwhere is it?", &[SOUP]);
    assert_eq!(env.telegram.calls("download").len(), 1);
    // What is said later is another question, and so is what is said behind a picture with words.
    env.telegram.post(&person, &photo(&env, TEA, "tea?", 60));
    env.telegram.post(&person, &words("and now?", 60));
    env.telegram.wait_for_count(1, 3);
    assert_eq!(seen(&env).0, "and now?");
}

#[test]
fn the_words_behind_a_picture_come_over_a_kill_as_well() {
    for point in ["received:photo", "received:zebra", "inserted:zebra", "finishing:zebra"] {
        let mut env = TestEnv::new();
        env.set("KILL_POINT", point);
        let bot = env.start();
        let person = Person::private(1).speaking("en");
        env.telegram.post(&person, &photo(&env, SOUP, "", 0));
        env.telegram.post(&person, &words("zebra, what is it?", 0));
        env.wait_killed(bot);
        env.unset("KILL_POINT");
        let _bot = env.start();
        wait_seen(&env, 1, "[photo 800×600]\nzebra, what is it?", &[SOUP]);
        assert_eq!(env.psql(TURNS), "answered", "{point}");
    }
}

#[test]
fn a_comment_and_the_picture_that_it_forwards_are_one_question() {
    let env = TestEnv::new();
    let person = Person::private(1).speaking("en");
    let ids: Vec<i64> = [
        words("zebra, what is it?", 0),
        forwarded(photo(&env, SOUP, "how Ann sees it", 0)),
        forwarded(words("and more", 0)),
    ]
    .iter()
    .map(|fields| env.telegram.post(&person, fields))
    .map(|Said { message_id, .. }| message_id)
    .collect();
    let _bot = env.start();
    let question = format!(
        "{QUOTED}> how Ann sees it\n\n[Quoted: a message by \"Ann\" that I forward]\n> and more\n\nzebra, what is it?\n[photo 800×600]"
    );
    wait_seen(&env, 1, &question, &[SOUP]);
    let stored = env.psql("SELECT array_to_string(message_ids, ',') FROM turns");
    assert_eq!(stored, ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    env.telegram.edit(&person, ids[0], "where is it?");
    wait_seen(&env, 1, &question.replace("zebra, what", "where"), &[SOUP]);
}

#[test]
fn a_forwarded_album_that_comes_while_its_comment_is_in_work_or_answered_changes_it() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    let of_album = |content, second| {
        let mut fields = forwarded(photo(&env, content, "", second));
        fields["media_group_id"] = json!("a");
        fields
    };
    let gate = env.model.hold(When::asked("zebra").once());
    env.telegram.post(&person, &words("zebra, what is it?", 0));
    gate.wait_arrived();
    env.telegram.post(&person, &of_album(SOUP, 0));
    wait_seen(&env, 1, &format!("{QUOTED}\nzebra, what is it?\n[photo 800×600]"), &[SOUP]);
    gate.release();
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "1");
    env.kill(bot);
    let _bot = env.start();
    env.telegram.post(&person, &of_album(TEA, 9));
    let both =
        format!("{QUOTED}\n{QUOTED}\nzebra, what is it?\n[photo 1 of 2 800×600]\n[photo 2 of 2 800×600]");
    wait_seen(&env, 1, &both, &[SOUP, TEA]);
    assert_eq!(env.telegram.calls("download").len(), 2);
}

#[test]
fn in_a_group_what_comes_late_without_the_bots_name_belongs_to_its_question_after_a_restart_too() {
    let env = TestEnv::new();
    let person = Person::in_group(1, -5).speaking("en");
    let name = format!("@{}", env.telegram.username());
    let of_album = |content, caption: &str, second| {
        let mut fields = photo(&env, content, caption, second);
        fields["media_group_id"] = json!("a");
        fields["caption_entities"] = json!([{"type": "mention", "offset": 0, "length": name.len()}]);
        fields
    };
    let bot = env.start();
    env.telegram.post(&person, &of_album(SOUP, &format!("{name} what is it?"), 0));
    wait_seen(&env, -5, "[photo 800×600]\nwhat is it?", &[SOUP]);
    env.kill(bot);
    env.telegram.post(&person, &of_album(TEA, "", 9));
    env.telegram.post(&Person::in_group(2, -5), &of_album(b"\xff\xd8\xff another's", "", 9));
    let bot = env.start();
    let both = "[photo 1 of 2 800×600]\nwhat is it?\n[photo 2 of 2 800×600]";
    wait_seen(&env, -5, both, &[SOUP, TEA]);
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "2", "what others show leaves no trace");
    // The same for a piece that waits, and for what is forwarded.
    env.kill(bot);
    env.telegram.post(&person, &forwarded(words("more", 11)));
    env.telegram.post(&person, &forwarded(words("too late", 60)));
    let _bot = env.start();
    let more = format!("[Quoted: a message by \"Ann\" that I forward]\n> more\n\n{both}");
    wait_seen(&env, -5, &more, &[SOUP, TEA]);
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "3");
}
