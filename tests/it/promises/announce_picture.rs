//! /announce with a picture: below it, or as the reply to it. It is shown first as it will look, and reaches each once.

use sandbox::TestEnv;
use sandbox::telegram::{Said, Sent};
use serde_json::Value;

use super::announce::{FIRST, press, result, with_people};
use super::requests::{OWNER, owner, person};

/// As much of a JPEG as is looked at.
const PICTURE: &[u8] = b"\xff\xd8\xff a picture";

fn photo(env: &TestEnv, caption: &str) -> Value {
    let mut fields = env.telegram.photo(&[(PICTURE, 800, 600)]);
    fields["caption"] = caption.into();
    fields
}

fn post(env: &TestEnv, fields: &Value) -> Said {
    env.telegram.post(&owner(), fields)
}

/// What the owner is shown: the last messages, with the buttons below the last one.
fn shown(env: &TestEnv, before: usize, count: usize) -> Vec<Sent> {
    let shown = env.telegram.wait_for_count(OWNER, before + count)[before..].to_vec();
    env.wait_settled();
    assert_eq!(env.telegram.texts(OWNER).len(), before + count);
    assert!(shown[count - 1].buttons()[0].ends_with(":send"));
    shown
}

fn number_of_texts(env: &TestEnv) -> usize {
    env.telegram.texts(OWNER).len()
}

/// What somebody got.
fn got(env: &TestEnv, user: i64) -> Vec<Sent> {
    env.telegram.look(|state| state.in_chat(user).cloned().collect())
}

/// The id of the picture that was sent, if it was one.
fn picture(sent: &Sent) -> Option<&str> {
    sent.params["photo"].as_str()
}

#[test]
fn a_photo_with_the_command_below_it_is_shown_first_and_reaches_each_once_over_a_kill() {
    let env = with_people(5);
    let bot = env.start_with(&[("KILL_POINT", "sending:news:1003:off")]);
    let before = number_of_texts(&env);
    let fields = photo(&env, "/announce New: **pictures**");
    let file_id = fields["photo"][0]["file_id"].as_str().unwrap();
    post(&env, &fields);
    let preview = shown(&env, before, 2);
    assert_eq!((preview[0].text(), picture(&preview[0])), ("New: pictures", Some(file_id)));
    assert_eq!(preview[0].content.entities[0]["type"], "bold");
    assert_eq!(preview[0].buttons(), ["news:9:off"]);
    assert!(preview[1].text().contains("It goes to 5 people"), "{}", preview[1].text());
    assert!(
        (FIRST..FIRST + 5).all(|user| got(&env, user).is_empty()),
        "nothing is sent before its owner says so"
    );
    press(&env, ":send");
    env.wait_killed(bot);
    let _bot = env.start_ready();
    assert!(result(&env).starts_with("Announcement: 5 of 5 sent, 0 not delivered"));
    env.wait_settled();
    for user in FIRST..FIRST + 5 {
        let got = got(&env, user);
        // Those of the others may have been on their way when the bot died.
        let most = if user == 1003 { 1 } else { 2 };
        assert!((1..=most).contains(&got.len()), "{user} got {}", got.len());
        assert_eq!((got[0].text(), picture(&got[0])), ("New: pictures", Some(file_id)));
        assert_eq!(got[0].buttons(), [format!("news:{user}:off")]);
    }
    assert_eq!(env.times_asked("pictures"), 0, "it is no question");
}

#[test]
fn a_reply_to_a_photo_announces_it_with_other_words_or_with_its_own() {
    let env = with_people(1);
    let _bot = env.start_ready();
    let before = number_of_texts(&env);
    let asked = post(&env, &photo(&env, "look\nat **this**"));
    env.telegram.wait_for_count(OWNER, before + 1);
    env.wait_settled();
    for (command, words) in [
        ("/announce 7d other words", "other words"),
        ("/announce", "look\nat this"),
        ("/announce 7d", "look\nat this"),
    ] {
        let before = number_of_texts(&env);
        env.telegram.reply(&owner(), asked.message_id, command);
        let preview = shown(&env, before, 2);
        assert_eq!(preview[0].text(), words, "{command}");
        assert!(picture(&preview[0]).is_some(), "{command}");
        press(&env, ":send");
        env.wait_for_rows("SELECT count(*) FROM announcements WHERE ended_at IS NULL", |active| {
            active == "0"
        });
        env.wait_settled();
        let control =
            env.telegram.look(|state| state.message(OWNER, preview[1].message_id).cloned().unwrap());
        assert!(control.text().starts_with("Announcement: 1 of 1 sent"), "{command}: {}", control.text());
        let last = got(&env, FIRST).pop().unwrap();
        assert_eq!((last.text(), picture(&last).is_some()), (words, true), "{command}");
    }
}

#[test]
fn words_that_have_no_room_below_a_picture_come_behind_it() {
    let env = with_people(1);
    let _bot = env.start_ready();
    let asked = post(&env, &photo(&env, ""));
    let before = env.telegram.wait_for_count(OWNER, 2).len();
    let (fits, long) = ("é".repeat(1024), "é".repeat(1025));
    env.telegram.reply(&owner(), asked.message_id, &format!("/announce {fits}"));
    assert_eq!(shown(&env, before, 2)[0].text(), fits);
    env.telegram.reply(&owner(), asked.message_id, &format!("/announce {long}"));
    let preview = shown(&env, before + 2, 3);
    assert_eq!((preview[0].text(), picture(&preview[0]).is_some()), ("", true));
    assert_eq!((preview[1].text(), picture(&preview[1])), (&*long, None));
    press(&env, ":send");
    assert!(result(&env).starts_with("Announcement: 1 of 1 sent"));
    let got = got(&env, FIRST);
    assert_eq!(got.iter().map(Sent::text).collect::<Vec<_>>(), ["", &long]);
    assert_eq!((got[0].buttons().len(), got[1].buttons().len()), (0, 1));
}

#[test]
fn an_album_a_film_and_a_file_are_refused_in_one_sentence_and_ask_nothing() {
    let env = with_people(1);
    let _bot = env.start_ready();
    let asked = env.times_asked("");
    for caption_of in 0..2 {
        let before = number_of_texts(&env);
        for piece in 0..2 {
            let mut fields = photo(&env, if piece == caption_of { "/announce zebra" } else { "" });
            fields["media_group_id"] = format!("album {caption_of}").into();
            post(&env, &fields);
        }
        env.telegram.wait_for_count(OWNER, before + 1);
        env.wait_settled();
        let texts = env.telegram.texts(OWNER)[before..].to_vec();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].starts_with("I can announce a text, or one picture"), "{texts:?}");
    }
    let mut file = env.telegram.document("a.png", "image/png", PICTURE);
    file["caption"] = "/announce zebra".into();
    let before = number_of_texts(&env);
    post(&env, &file);
    let said = env.telegram.wait_for_count(OWNER, before + 1).pop().unwrap();
    assert!(said.text().starts_with("I can announce a text, or one picture"), "{}", said.text());
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM announcements"), "0");
    assert_eq!(env.times_asked(""), asked);
}

#[test]
fn the_same_words_below_a_picture_of_anybody_else_are_a_question() {
    let env = with_people(1);
    let _bot = env.start_ready();
    env.telegram.post(&person(FIRST), &photo(&env, "/announce zebra"));
    env.telegram.wait_for_count(FIRST, 1);
    env.wait_settled();
    assert_eq!(
        (env.times_asked("/announce zebra"), env.psql("SELECT count(*) FROM announcements")),
        (1, "0".to_owned())
    );
}

#[test]
fn of_a_picture_that_telegram_has_lost_the_owner_is_told_first_and_people_get_the_words() {
    let env = with_people(2);
    let fields = photo(&env, "/announce New");
    post(&env, &fields);
    env.telegram.lose(fields["photo"][0]["file_id"].as_str().unwrap());
    let before = number_of_texts(&env);
    let _bot = env.start_ready();
    let preview = shown(&env, before, 3);
    assert!(
        preview[0].text().starts_with("Telegram does not have this picture any more"),
        "{}",
        preview[0].text()
    );
    assert_eq!(preview[1].text(), "New");
    press(&env, ":send");
    assert!(result(&env).starts_with("Announcement: 2 of 2 sent"));
    env.wait_settled();
    for user in [FIRST, FIRST + 1] {
        let got = got(&env, user);
        assert_eq!(got.iter().map(|sent| (sent.text(), picture(sent))).collect::<Vec<_>>(), [("New", None)]);
        assert_eq!(got[0].buttons(), [format!("news:{user}:off")]);
    }
}
