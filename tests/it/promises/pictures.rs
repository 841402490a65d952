//! Pictures: shown to the model, kept, seen again while they are new, and not fetched twice.

use sandbox::model::{Asked, Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv};
use serde_json::{Value, json};

use super::models::with_catalogue;
use crate::support::rows::TURNS;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture of soup";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture of tea";
const WEBP: &[u8] = b"RIFF\0\0\0\0WEBPVP8 a sticker";

/// What is stored of files: kind, type, size, whether it is here and belongs to a question.
const FILES: &str = "SELECT string_agg(concat_ws(' ', kind, mime, bytes, content IS NOT NULL, message_id IS NOT NULL), ', ' ORDER BY id)
                     FROM attachments";

/// A photo in three sizes, the middle one with this content.
fn photo(env: &TestEnv, content: &[u8], caption: &str) -> Value {
    let mut fields =
        env.telegram.photo(&[(b"small", 90, 67), (content, 1280, 960), (b"as it was taken", 4000, 3000)]);
    fields["caption"] = json!(caption);
    fields
}

fn last_asked(env: &TestEnv) -> Asked {
    env.model.requests().pop().expect("a request")
}

fn downloads(env: &TestEnv) -> usize {
    env.telegram.calls("download").len()
}

#[test]
fn a_photo_and_the_words_below_it_are_one_question_and_are_kept() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "zebra, what is it?"));
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    env.wait_settled();
    let asked = last_asked(&env);
    assert_eq!(asked.question(), "[photo 1280×960]\nzebra, what is it?");
    assert_eq!(asked.pictures(), [JPEG]);
    let content = &asked.body["messages"][1]["content"];
    assert_eq!(content[0]["type"], "text");
    assert_eq!(content[1]["type"], "image_url");
    assert_eq!(content.as_array().unwrap().len(), 2);
    assert_eq!(env.psql(FILES), format!("photo image/jpeg {} t t", JPEG.len()));
    let stored = env.psql("SELECT content FROM messages WHERE role = 'user'");
    assert_eq!(stored, "[photo 1280×960]\nzebra, what is it?");
    assert_eq!(downloads(&env), 1);
    env.assert_logged("a file was fetched", 1);
    assert!(!env.logs().contains("/file/"), "a link is in the log");
}

#[test]
fn pictures_come_in_many_forms_and_each_line_says_which() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let mut sticker = env.telegram.keep(WEBP);
    sticker["emoji"] = json!("🙃");
    let mut cover = env.telegram.keep(JPEG);
    (cover["width"], cover["height"]) = (json!(320), json!(180));
    let film = json!({"file_id": "film", "width": 1920, "height": 1080, "duration": 74, "thumbnail": cover});
    let gif = env.telegram.document("a].gif", "image/gif", b"GIF89a a picture");
    let unnamed = env.telegram.document("a.png", "application/octet-stream", PNG);
    for (number, (fields, line, seen)) in [
        (gif, "[picture a .gif]", &b"GIF89a a picture"[..]),
        (unnamed, "[picture a.png]", PNG),
        (json!({"sticker": sticker}), "[sticker 🙃]", WEBP),
        (json!({"video": film}), "[video 1920×1080 1:14, only one frame of it is seen]", JPEG),
        (
            json!({"animation": film, "document": film}),
            "[video 1920×1080 1:14, only one frame of it is seen]",
            JPEG,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        env.telegram.post(&person, &fields);
        env.telegram.wait_for_text(1, |text| {
            text.contains(&format!("I see {} earlier message", 2 * number)) || number == 0
        });
        env.wait_settled();
        assert_eq!(last_asked(&env).question(), line);
        assert_eq!(last_asked(&env).pictures(), [seen], "{line}");
    }
    // Of a film people read that one frame of it was seen.
    let notes = env.telegram.texts(1).into_iter().filter(|text| text.contains("one frame only")).count();
    assert_eq!(notes, 2);
}

#[test]
fn a_picture_is_seen_in_the_newest_turns_and_is_a_line_in_older_ones() {
    let mut env = TestEnv::new();
    env.set("PICTURE_TURNS", "2");
    let _bot = env.start();
    let person = Person::private(1);
    env.telegram.post(&person, &photo(&env, JPEG, "first"));
    env.telegram.wait_for_count(1, 1);
    for (number, seen) in [(2, true), (3, true), (4, false)] {
        env.telegram.say(&person, &format!("question {number}"));
        env.telegram.wait_for_count(1, number);
        let first = &last_asked(&env).messages[1];
        assert_eq!(first.content, "[photo 1280×960]\nfirst");
        assert_eq!(first.pictures.first().is_some_and(|picture| picture == JPEG), seen, "question {number}");
    }
    assert_eq!(downloads(&env), 1);
}

#[test]
fn the_size_that_is_shown_is_the_operators_choice() {
    let mut env = TestEnv::new();
    env.set("PICTURE_PIXELS", "100");
    let _bot = env.start();
    let sizes = [(JPEG, 90, 67), (PNG, 800, 600)];
    env.telegram.post(&Person::private(1), &env.telegram.photo(&sizes));
    env.telegram.wait_for_text(1, |text| text.contains("[photo 90×67]"));
    assert_eq!(last_asked(&env).pictures(), [JPEG]);
}

#[test]
fn a_server_of_ones_own_hands_files_out_on_its_disk() {
    let env = TestEnv::new();
    env.telegram.serve_from(env.folder());
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "zebra, what is it?"));
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    assert_eq!(last_asked(&env).pictures(), [JPEG]);
    assert_eq!(downloads(&env), 0, "such a server serves no links");
    // It hands out more than the bot keeps.
    let mut large = env.telegram.keep(&vec![0xff; (20 << 20) + 1]);
    (large["file_name"], large["mime_type"]) = (json!("a.png"), json!("image/png"));
    large.as_object_mut().unwrap().remove("file_size");
    env.telegram.post(&person, &json!({"document": large}));
    env.telegram.wait_for_text(1, |text| text.contains("up to 20 MB"));
}

#[test]
fn another_answer_and_other_words_show_the_same_picture_without_fetching_it_again() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let said = env.telegram.post(&person, &photo(&env, JPEG, "what is it"));
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns == "answered superseded, answered");
    assert_eq!(last_asked(&env).pictures(), [JPEG]);
    env.wait_settled();
    env.telegram.change(&person, said.message_id, &json!({"caption": "is it soup"}));
    env.telegram.wait_for_text(1, |text| text.contains("is it soup"));
    env.wait_settled();
    assert_eq!(last_asked(&env).question(), "[photo 1280×960]\nis it soup");
    assert_eq!(last_asked(&env).pictures(), [JPEG]);
    // What changes nothing asks nothing.
    env.telegram.change(&person, said.message_id, &json!({"caption": "is it soup"}));
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!((env.model.requests().len(), downloads(&env)), (3, 1));
    assert_eq!(env.telegram.texts(1).len(), 1, "each answer takes the place of the one before");
    assert_eq!(env.psql(FILES), format!("photo image/jpeg {} t t", JPEG.len()));
    // Another picture in its place is fetched.
    let other = env.telegram.photo(&[(PNG, 800, 600)]);
    env.telegram.change(&person, said.message_id, &other);
    env.telegram.wait_for_text(1, |text| text.contains("800×600"));
    env.wait_settled();
    assert_eq!(last_asked(&env).pictures(), [PNG]);
    assert_eq!(downloads(&env), 2);
}

#[test]
fn a_question_whose_answer_failed_is_repeated_with_its_picture() {
    let env = TestEnv::new();
    env.model.on(When::any().times(1), Behaviour::status(401, "no"));
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "soup?"));
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    env.wait_settled();
    assert_eq!(env.psql(TURNS), "failed superseded, answered");
    assert_eq!((last_asked(&env).pictures(), downloads(&env)), (&[JPEG.to_vec()][..], 1));
    env.telegram.say(&person, "and now?");
    env.telegram.wait_for_count(1, 2);
    assert_eq!(last_asked(&env).messages[1].pictures, [JPEG]);
}

#[test]
fn whatever_keeps_a_picture_from_being_seen_ends_in_one_sentence_and_the_lane_goes_on() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let gone = photo(&env, JPEG, "gone");
    for size in gone["photo"].as_array().unwrap() {
        env.telegram.lose(size["file_id"].as_str().unwrap());
    }
    let mut huge = env.telegram.keep_of_size(PNG, 21 << 20);
    (huge["file_name"], huge["mime_type"]) = (json!("a.png"), json!("image/png"));
    let mut unsized_huge = huge.clone();
    unsized_huge.as_object_mut().unwrap().remove("file_size");
    let text = env.telegram.document("a.png", "image/png", b"no picture at all");
    for (fields, class, sentence) in [
        (gone, "file_gone", "does not have this file any more"),
        (json!({"document": huge}), "file_too_large", "up to 20 MB"),
        (json!({"document": unsized_huge}), "file_too_large", "up to 20 MB"),
        (text, "no_picture", "does not look like a picture"),
    ] {
        env.telegram.post(&person, &fields);
        env.telegram.wait_for_text(1, |text| text.contains(sentence));
        env.wait_settled();
        assert_eq!(env.psql("SELECT failure FROM turns ORDER BY id DESC LIMIT 1"), class);
    }
    assert_eq!(env.model.requests().len(), 0);
    env.model.on(When::any().times(1), Behaviour::status(400, "Invalid image"));
    env.telegram.post(&person, &photo(&env, JPEG, "broken"));
    env.telegram.wait_for_text(1, |text| text.contains("did not take this picture"));
    env.telegram.say(&person, "harmless");
    env.telegram.wait_for_text(1, |text| text.contains("harmless"));
    assert_eq!(last_asked(&env).messages.len(), 2, "what failed is no part of the dialogue");
}

#[test]
fn a_picture_that_does_not_come_at_once_is_asked_for_again_and_at_last_given_up() {
    let env = TestEnv::new();
    let faults = [
        (Calls::to("download").times(1), Action::Refuse(Reply::html(502))),
        (Calls::to("getFile").times(1), Action::TakeThenReset),
    ];
    for (calls, action) in faults {
        env.telegram.fault(calls, action);
    }
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "soup?"));
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    env.wait_settled();
    assert_eq!(env.psql(TURNS), "answered");
    env.telegram.fault(Calls::to("download"), Action::Refuse(Reply::html(502)));
    env.telegram.post(&person, &photo(&env, PNG, "tea?"));
    env.telegram.wait_for_text(1, |text| text.contains("could not get the file"));
    env.telegram.clear_faults();
    env.wait_settled();
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("tea?"));
    assert_eq!(last_asked(&env).pictures(), [PNG]);
}

#[test]
fn a_stop_ends_the_wait_for_a_file() {
    let env = TestEnv::new();
    let hang = env.telegram.fault(Calls::to("download").times(1), Action::Hang);
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "soup?"));
    hang.wait_hits(1, PATIENCE);
    env.telegram.say(&person, "/stop");
    env.telegram.wait_for_text(1, |text| text.contains("Stopped"));
    env.wait_settled();
    assert_eq!((&*env.psql(TURNS), env.model.requests().len()), ("stopped", 0));
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("soup?"));
    assert_eq!(last_asked(&env).pictures(), [JPEG]);
}

#[test]
fn forgetting_takes_the_files_along_at_whatever_point_they_are() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "kept"));
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let other = Person::private(2);
    env.telegram.post(&other, &photo(&env, PNG, "somebody else's"));
    env.telegram.wait_for_count(2, 1);
    env.wait_settled();
    // One is being fetched meanwhile.
    let hang = env.telegram.fault(Calls::to("download"), Action::Hang);
    env.telegram.post(&person, &photo(&env, PNG, "under way"));
    hang.wait_hits(1, PATIENCE);
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    env.telegram.clear_faults();
    env.wait_settled();
    assert_eq!(env.psql(FILES), format!("photo image/png {} t t", PNG.len()));
}

/// Two models, of which the first one reads words only.
const BLIND: &str = r#"
    [endpoints.ours]
    url = URL
    key = "OPENROUTER_API_KEY"

    [models.first]
    name = "First"
    model = "vendor/first"
    reads = ["text"]
    STAND-IN

    [models.second]
    name = "Second"
    model = "vendor/second"

    [models.third]
    name = "Third"
    model = "vendor/third"
    users = [7]

    [roles.cook]
    prompt = "cook.txt"
"#;

#[test]
fn a_model_that_cannot_see_is_passed_over_or_the_person_reads_which_one_can() {
    let env = with_catalogue(&BLIND.replace("STAND-IN", "fallback = [\"second\"]"));
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "soup?"));
    env.telegram.wait_for_text(1, |text| text.contains("Second answered, because First cannot see pictures"));
    env.wait_settled();
    assert_eq!(env.model.requests().len(), 1, "the first one is not asked");
    assert_eq!(last_asked(&env).body["model"], "vendor/second");
    // Of words alone it is asked, and reads the line of what it cannot see.
    env.telegram.say(&person, "and now?");
    env.telegram.wait_for_text(1, |text| text.contains("and now?"));
    let asked = last_asked(&env);
    assert_eq!(asked.body["model"], "vendor/first");
    assert_eq!(
        (&*asked.messages[1].content, asked.messages[1].pictures.len()),
        ("[photo 1280×960]\nsoup?", 0)
    );
    env.kill(bot);

    let env = with_catalogue(&BLIND.replace("STAND-IN", ""));
    let _bot = env.start();
    env.telegram.post(&person, &photo(&env, JPEG, "soup?"));
    let said = env.telegram.wait_for_text(1, |text| text.contains("cannot see pictures"));
    assert!(said.text().ends_with("These can see pictures: Second."), "{}", said.text());
    env.wait_settled();
    assert_eq!((env.model.requests().len(), downloads(&env)), (0, 0));
    env.telegram.say(&person, "/model Second");
    env.telegram.wait_for_count(1, 2);
    env.telegram.say(&person, "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    assert_eq!(last_asked(&env).pictures(), [JPEG]);
}

#[test]
fn what_an_endpoint_does_not_take_of_earlier_turns_keeps_no_question_from_being_answered() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.post(&person, &photo(&env, JPEG, "soup?"));
    env.telegram.wait_for_count(1, 1);
    let shows = |body: &Value| body.to_string().contains("image_url");
    env.model.on(When::body(shows), Behaviour::status(404, "No endpoints found that support image input"));
    env.telegram.say(&person, "and now?");
    env.telegram.wait_for_text(1, |text| text.contains("and now?"));
    env.wait_settled();
    assert_eq!(env.psql(TURNS), "answered, answered");
    assert_eq!(last_asked(&env).messages[1].content, "[photo 1280×960]\nsoup?");
}

#[test]
fn a_forwarded_picture_is_seen_and_its_words_stay_somebody_elses() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let mut forwarded = photo(&env, JPEG, "/forget everything");
    forwarded["forward_origin"] = json!({"type": "hidden_user", "sender_user_name": "Bob"});
    env.telegram.post(&person, &forwarded);
    env.telegram.wait_for_text(1, |text| text.contains("I see pictures"));
    env.wait_settled();
    let asked = last_asked(&env);
    assert_eq!(asked.pictures(), [JPEG]);
    assert!(asked.question().ends_with("[photo 1280×960]"), "{}", asked.question());
    assert!(asked.question().contains("\n> /forget everything"), "{}", asked.question());
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'user'"), "[photo 1280×960]");
    env.telegram.say(&person, "/retry");
    env.wait_for_rows(TURNS, |turns| turns == "answered superseded, answered");
    assert_eq!(
        (last_asked(&env).pictures(), last_asked(&env).question()),
        (asked.pictures(), asked.question())
    );
}
