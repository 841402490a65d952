//! Albums: several pictures are one question, in whatever pieces they arrive, and what comes late changes it.

use sandbox::TestEnv;
use sandbox::model::{Asked, Ended, When};
use sandbox::telegram::{Person, Said};
use serde_json::json;

use crate::support::rows::TURNS;

fn picture(number: u8) -> Vec<u8> {
    [b"\xff\xd8\xff picture ", &[b'0' + number][..]].concat()
}

/// Posts a picture of an album.
fn show(env: &TestEnv, person: &Person, album: &str, number: u8, caption: &str) -> Said {
    let mut fields = env.telegram.photo(&[(&picture(number), 800, 600)]);
    fields["media_group_id"] = json!(album);
    if !caption.is_empty() {
        fields["caption"] = json!(caption);
        let mention = format!("@{}", env.telegram.username());
        if caption.starts_with(&mention) {
            fields["caption_entities"] = json!([{"type": "mention", "offset": 0, "length": mention.len()}]);
        }
    }
    env.telegram.post(person, &fields)
}

fn last_asked(env: &TestEnv) -> Asked {
    env.model.requests().pop().expect("a request")
}

/// What the newest question was, and its pictures by their numbers.
fn seen(env: &TestEnv) -> (String, Vec<u8>) {
    let asked = last_asked(env);
    let number = |bytes: &Vec<u8>| bytes.last().unwrap() - b'0';
    (asked.question().to_owned(), asked.pictures().iter().map(number).collect())
}

fn wait_for_updates(env: &TestEnv, count: usize) {
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == count.to_string());
}

#[test]
fn an_album_that_comes_in_pieces_is_one_question_in_the_order_in_which_it_was_sent() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    show(&env, &person, "a", 1, "the first");
    wait_for_updates(&env, 1);
    show(&env, &person, "a", 2, "");
    // Somebody writes meanwhile: another question, after the album.
    env.telegram.say(&person, "and then?");
    wait_for_updates(&env, 3);
    show(&env, &person, "a", 3, "the third");
    env.telegram.wait_for_text(1, |text| text.contains("and then?"));
    env.wait_settled();
    let question =
        "[photo 1 of 3 800×600]\nthe first\n[photo 2 of 3 800×600]\n[photo 3 of 3 800×600]\nthe third";
    let first = &env.model.requests()[0];
    assert_eq!(first.question(), question);
    assert_eq!(first.pictures().len(), 3);
    assert_eq!(first.pictures()[2], picture(3));
    assert_eq!(env.model.requests().len(), 2);
    assert_eq!(env.psql("SELECT cardinality(message_ids) FROM turns ORDER BY id"), "3\n1");
    assert_eq!(env.psql("SELECT count(DISTINCT message_id), count(content) FROM attachments"), "1|3");
}

#[test]
fn ten_pictures_wait_for_no_more_and_two_albums_are_two_questions() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    for number in 0..10 {
        show(&env, &person, "a", number, "");
    }
    show(&env, &person, "b", 1, "");
    env.wait_for_rows(TURNS, |turns| turns == "answered, answered");
    let requests = env.model.requests();
    assert_eq!(requests.iter().map(|asked| asked.pictures().len()).collect::<Vec<_>>(), [10, 1]);
}

#[test]
fn a_picture_that_comes_while_its_album_is_answered_has_it_asked_anew() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let gate = env.model.hold(When::asked("zwei").times(1));
    show(&env, &person, "a", 1, "zwei");
    show(&env, &person, "a", 2, "");
    gate.wait_arrived();
    show(&env, &person, "a", 3, "");
    env.telegram.wait_for_text(1, |text| text.contains("3 of 3"));
    env.wait_settled();
    env.model.wait_idle();
    assert_eq!(env.model.requests()[0].ended, Some(Ended::ClientClosed));
    assert_eq!(seen(&env).1, [1, 2, 3]);
    assert_eq!((&*env.psql(TURNS), env.telegram.texts(1).len()), ("answered", 1));
    assert_eq!(env.telegram.calls("download").len(), 3, "nothing is fetched twice");
}

#[test]
fn a_picture_that_comes_after_the_answer_has_it_replaced_in_place() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1);
    let first = show(&env, &person, "a", 1, "what is this?");
    show(&env, &person, "a", 2, "");
    let old = env.telegram.wait_for_count(1, 1)[0].clone();
    env.wait_settled();
    // Over a restart, too.
    env.kill(bot);
    let _bot = env.start();
    show(&env, &person, "a", 3, "and this?");
    let new = env.telegram.wait_for_text(1, |text| text.contains("3 of 3"));
    env.wait_settled();
    assert_eq!(new.message_id, old.message_id);
    let question =
        "[photo 1 of 3 800×600]\nwhat is this?\n[photo 2 of 3 800×600]\n[photo 3 of 3 800×600]\nand this?";
    assert_eq!(seen(&env), (question.to_owned(), vec![1, 2, 3]));
    assert_eq!(env.psql(TURNS), "answered superseded, answered");
    assert_eq!(env.telegram.calls("download").len(), 3);
    // The words of one picture are edited.
    env.telegram.change(&person, first.message_id, &json!({"caption": "what was this?"}));
    env.telegram.wait_for_text(1, |text| text.contains("what was this?"));
    env.wait_settled();
    assert_eq!(seen(&env), (question.replace("what is", "what was"), vec![1, 2, 3]));
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns.matches("superseded").count() == 3);
    env.wait_settled();
    assert_eq!(seen(&env).1, [1, 2, 3]);
    assert_eq!(env.telegram.calls("download").len(), 3);
    assert_eq!(env.telegram.texts(1).len(), 1);
    // What comes when the conversation has gone on is a question of its own.
    env.telegram.say(&person, "thanks");
    env.telegram.wait_for_count(1, 2);
    show(&env, &person, "a", 4, "");
    env.telegram.wait_for_count(1, 3);
    assert_eq!(seen(&env), ("[photo 800×600]".to_owned(), vec![4]));
}

#[test]
fn in_a_group_an_album_is_for_the_bot_if_one_of_its_pictures_names_it() {
    let env = TestEnv::new();
    let person = Person::in_group(1, -5);
    let caption = format!("@{} what are these?", env.telegram.username());
    // All in one batch: the words stand below the second one.
    show(&env, &person, "a", 1, "");
    show(&env, &person, "a", 2, &caption);
    show(&env, &person, "other", 7, "");
    let _bot = env.start();
    env.telegram.wait_for_count(-5, 1);
    env.wait_settled();
    let question = "[photo 1 of 2 800×600]\n[photo 2 of 2 800×600]\nwhat are these?";
    assert_eq!(seen(&env), (question.to_owned(), vec![1, 2]));
    // In a later batch, without the name.
    show(&env, &person, "a", 3, "");
    env.telegram.wait_for_text(-5, |text| text.contains("3 of 3"));
    env.wait_settled();
    show(&env, &Person::in_group(2, -5), "a", 4, "");
    env.telegram.wait_confirmed();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "3", "what others show leaves no trace");
}

#[test]
fn a_kill_between_the_pieces_of_an_album_loses_none_and_doubles_none() {
    for (point, skip) in
        [("received:media_group_id", 0), ("inserted:photo", 0), ("fetched:photo", 1), ("finishing:photo", 0)]
    {
        let mut env = TestEnv::new();
        env.set("KILL_POINT", point);
        env.set("KILL_POINT_SKIP", skip.to_string());
        let person = Person::private(1);
        let bot = env.start();
        for number in 1..=3 {
            show(&env, &person, "a", number, "");
        }
        env.wait_killed(bot);
        env.unset("KILL_POINT");
        let _bot = env.start();
        env.wait_for_rows(TURNS, |turns| turns == "answered");
        env.wait_settled();
        assert_eq!(seen(&env).1, [1, 2, 3], "{point}");
        assert_eq!(env.psql(TURNS), "answered", "{point}");
        assert_eq!(env.psql("SELECT count(*) FROM updates WHERE done_at IS NULL"), "0");
    }
}
