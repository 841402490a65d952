//! RATE_LIMIT: how many questions a person may ask in any hour.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Person, Sent};

use crate::support::asking::ask;

/// A bot that answers everybody two questions an hour.
fn limited() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("RATE_LIMIT", "2");
    env
}

/// The question that says so was asked this many minutes earlier.
fn earlier(env: &TestEnv, text: &str, minutes: u32) {
    env.psql(&format!(
        "UPDATE turns SET created_at = created_at - interval '{minutes} minutes'
         WHERE question_id IN (SELECT id FROM messages WHERE content = '{text}')"
    ));
}

fn retry(env: &TestEnv, person: &Person, sent: &Sent) {
    let markup = sent.content.markup.clone().unwrap();
    let data = markup["inline_keyboard"][0][0]["callback_data"].as_str().unwrap();
    env.telegram.press(person, sent.message_id, data);
}

#[test]
fn a_question_beyond_the_limit_is_kept_costs_nothing_and_can_be_repeated_when_its_time_has_come() {
    let env = limited();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let group = Person::in_group(1, -5).speaking("en");
    ask(&env, &person, "one");
    ask(&env, &group, "two");
    earlier(&env, "one", 30);
    let told = ask(&env, &person, "three");
    assert!(
        told.text().contains("as many questions as are allowed") && told.text().contains(" in 30 min."),
        "{}",
        told.text()
    );
    assert!(told.text().contains("is saved") && told.text().contains("/retry"), "{}", told.text());
    assert_eq!(env.times_asked("three"), 0);
    let turns = "SELECT string_agg(concat_ws(' ', content, state, failure), ', ' ORDER BY turns.id)
                 FROM turns JOIN messages ON messages.id = question_id";
    assert_eq!(env.psql(turns), "one answered, two answered, three failed rate_limited");

    // Commands are for everybody at any time, and so are the questions of others.
    for command in ["/help", "/role"] {
        assert!(!ask(&env, &person, command).text().contains("allowed"));
    }
    ask(&env, &Person::in_group(2, -5), "and me?");
    // What was refused for the limit does not count, however often.
    for n in 4..7 {
        assert!(ask(&env, &group, &format!("number {n}")).text().contains("allowed"));
    }
    assert_eq!(env.times_asked("number"), 0);

    earlier(&env, "one", 31);
    retry(&env, &person, &told);
    env.telegram.wait_for_text(1, |text| text.contains("three"));
    env.wait_settled();
    assert_eq!(env.times_asked("three"), 1);
    assert!(ask(&env, &person, "seven").text().contains("allowed"));
    env.assert_logged("WARN", 0);
}

#[test]
fn a_question_that_failed_counts_and_one_that_was_begun_is_not_refused_any_more() {
    let env = limited();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.model.on(When::asked("zebra one"), Behaviour::status(401, "no"));
    // Put off, and asked again while the person has used up the rest in another chat.
    let fault = Behaviour::status(503, "down").header("Retry-After", "2");
    env.model.on(When::asked("zebra two").once(), fault);
    ask(&env, &person, "zebra one");
    env.telegram.say(&person, "zebra two");
    env.wait_for_rows("SELECT retries FROM updates WHERE done_at IS NULL", |rows| rows == "1");
    ask_elsewhere(&env);
    env.telegram.wait_for_text(1, |text| text.contains("zebra two"));
    env.wait_settled();
    assert!(ask(&env, &person, "zebra four").text().contains("allowed"));
}

fn ask_elsewhere(env: &TestEnv) {
    env.telegram.address(&Person::in_group(1, -5), "zebra three");
    env.telegram.wait_for_text(-5, |text| text.contains("zebra three"));
}

#[test]
fn an_answer_that_is_there_stays_when_its_repetition_is_beyond_the_limit() {
    let env = limited();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    ask(&env, &person, "one");
    let answer = ask(&env, &person, "two");
    assert!(ask(&env, &person, "/retry").text().contains("allowed"));
    assert_eq!(env.telegram.texts(1)[1], answer.text());
    assert_eq!(env.psql("SELECT count(*), count(*) FILTER (WHERE superseded_by IS NULL) FROM turns"), "2|2");
    assert_eq!(env.psql("SELECT count(*) FROM live_messages"), "4");
}

#[test]
fn the_limit_costs_one_look_into_an_index_and_none_where_there_is_no_limit() {
    for limit in ["off", "2"] {
        let mut env = TestEnv::with_own_server();
        env.set("RATE_LIMIT", limit);
        let bot = env.start_ready();
        ask(&env, &Person::private(1), "one");
        env.kill(bot);
        let scans = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'idx_turns_asked'";
        // Two dozen people with a thousand questions each; the planner knows the table.
        env.psql(
            "INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state)
             SELECT bot_id, n, n % 24, n % 24, question_id, 'stopped' FROM turns, generate_series(1, 24000) n;
             ANALYZE turns",
        );
        let before: i64 = env.psql(scans).parse().unwrap();
        let bot = env.start_ready();
        ask(&env, &Person::private(5), "two");
        // The counters are told when the connections end.
        bot.stop();
        env.database.wait_disconnected();
        let expected = if limit == "off" { before } else { before + 1 };
        assert_eq!(env.psql(scans), expected.to_string());
    }
}

#[test]
fn edits_of_a_question_in_work_are_no_way_around_the_limit() {
    let env = limited();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let gate = env.model.hold(When::asked("zero"));
    let said = env.telegram.say(&person, "zero");
    gate.wait_arrived();
    for text in ["one", "two", "three"] {
        env.telegram.edit(&person, said.message_id, text);
    }
    env.telegram.wait_confirmed();
    gate.release();
    env.wait_settled();
    // As it was asked, and once more as it is now.
    let asked = ["zero", "one", "two", "three"].map(|text| env.times_asked(text));
    assert_eq!(asked, [1, 0, 0, 1]);
    assert_eq!(env.psql("SELECT count(*) FROM turns"), "2", "each call is counted");
    assert!(env.telegram.texts(1)[0].contains("three"));
    env.telegram.edit(&person, said.message_id, "four");
    env.telegram.wait_for_text(1, |text| text.contains("as many questions as are allowed"));
    assert_eq!(env.times_asked("four"), 0);
}
