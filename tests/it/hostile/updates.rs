//! Whatever arrives: strange, huge, repeated or poisonous updates end in a defined state and harm nobody else.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::Person;
use serde_json::json;

/// A message of somebody in a private chat, with these fields added.
fn message(user: i64, fields: &str) -> String {
    format!(
        r#"{{"message":{{"message_id":{user},"date":1,"chat":{{"id":{user},"type":"private"}},"from":{{"id":{user},"is_bot":false,"first_name":"x","language_code":"en"}},{fields}}}}}"#
    )
}

#[test]
fn an_update_that_asks_for_nothing_is_confirmed_whatever_it_looks_like() {
    let env = TestEnv::new();
    let _bot = env.start();
    let strange = [
        "{}",
        r#"{"quantum_message":{"zebra":[{}]}}"#,
        r#"{"message":7}"#,
        r#"{"message":null}"#,
        r#"{"message":{"message_id":1,"chat":{"id":1,"type":"private"},"text":"zebra without from"}}"#,
        r#"{"message":{"message_id":1,"chat":{"id":1e300},"from":{"id":1},"text":"zebra"}}"#,
        r#"{"message":{"message_id":"1","chat":{"id":1},"from":{"id":1},"text":"zebra"}}"#,
        r#"{"message":{"message_id":1,"chat":{"id":1},"from":{"id":1},"text":["zebra"]}}"#,
        r#"{"message":{"message_id":1,"chat":{"id":1},"from":{"id":1,"is_bot":true},"text":"zebra"}}"#,
        r#"{"edited_message":{"message_id":1,"chat":{"id":1,"type":"private"},"from":{"id":1},"photo":[],"caption":"zebra"}}"#,
        r#"{"edited_message":{"message_id":1,"text":"zebra"}}"#,
        r#"{"stopped_message_generation":{"chat":{"id":1,"type":"private"},"draft_id":"zebra"}}"#,
        r#"{"channel_post":{"message_id":1,"chat":{"id":-1,"type":"channel"},"text":"zebra"}}"#,
        r#"{"my_chat_member":{"chat":{"id":1},"new_chat_member":{"status":"kicked"}}}"#,
        r#"{"callback_query":{"id":"1","from":{"id":1},"data":"\ud800"}}"#,
    ];
    for update in strange {
        env.telegram.push_raw(update);
        env.others_are_served();
    }
    env.telegram.wait_confirmed();
    env.wait_settled();
    let count = strange.len().to_string();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), count, "the others' messages only");
    assert_eq!(env.times_asked("zebra"), 0);
    env.assert_logged("WARN", 0);
}

#[test]
fn a_message_is_answered_whatever_else_is_in_its_update() {
    let env = TestEnv::new();
    let _bot = env.start();
    let deep = format!(r#""text":"hi","paid_media":{}{}"#, "[".repeat(50_000), "]".repeat(50_000));
    let strange = [
        r#""text":"hi","external_reply":{"story":{}}"#,
        r#""text":"hi","forward_origin":{"type":"hidden_user"}"#,
        r#""text":"hi","reply_to_message":{"chat":{"id":1e99},"text":"\udc00"},"entities":{"zebra":null}"#,
        r#""text":"hi","message_auto_delete_timer_changed":99999999999999999999999999"#,
        r#""text":"\u0000\ud800 hi \u0000""#,
        &deep,
    ];
    for (user, fields) in (1..).zip(strange) {
        env.telegram.push_raw(&message(user, fields));
        env.telegram.wait_for_count(user, 1);
    }
    // Ids beyond 32 bits, of everything that has one.
    let huge = 5_000_000_000_123_i64;
    env.telegram.push_raw(&message(huge, r#""text":"hi""#));
    env.telegram.wait_for_count(huge, 1);
    env.telegram.wait_confirmed();
    env.wait_settled();
    env.assert_logged("WARN", 0);
}

#[test]
fn update_ids_beyond_32_bits_are_confirmed_like_any_other() {
    let env = TestEnv::new();
    let _bot = env.start();
    for n in 0..3 {
        let id = 5_000_000_000_i64 + n;
        env.telegram.push_raw(&message(1, r#""text":"hi""#).replacen(
            '{',
            &format!(r#"{{"update_id":{id},"#),
            1,
        ));
    }
    env.telegram.wait_for_count(1, 3);
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql("SELECT max(update_id), count(*) FROM updates"), "5000000002|3");
}

#[test]
fn an_update_without_a_number_waits_for_the_next_one_and_costs_one_line() {
    let env = TestEnv::new();
    let bot = env.start();
    env.telegram.push_raw(r#"{"update_id":"zebra","message":7}"#);
    bot.wait_for_line("skipped updates without an update_id");
    // It is asked for again and again, with growing pauses.
    env.telegram.wait_until(sandbox::PATIENCE, |state| (state.count("getUpdates") >= 4).then_some(()));
    assert_eq!(env.telegram.unconfirmed(), 1);
    env.others_are_served();
    env.telegram.wait_confirmed();
    env.assert_logged("WARN", 1);
}

#[test]
fn updates_of_ten_megabytes_are_answered_one_by_one_and_their_weight_is_nowhere_kept() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    env.model.usually(Behaviour::text("ok"));
    let gate = env.model.hold(When::asked("zebra"));
    let junk = "x".repeat(10 << 20);
    for user in 1..=12 {
        env.telegram.push_raw(&message(user, &format!(r#""text":"zebra","caption":"{junk}""#)));
    }
    // A text that no app of Telegram's can send.
    env.telegram.push_raw(&message(13, &format!(r#""text":"zebra {}\ud800{junk}""#, "я".repeat(1 << 20))));
    gate.wait_arrivals(13);
    let longest = "SELECT max(length(payload)) <= 131072 + 1000 FROM updates";
    assert_eq!(env.psql(longest), "t");
    env.others_are_served();
    gate.release();
    for user in 1..=13 {
        env.telegram.wait_for_count(user, 1);
    }
    env.telegram.wait_confirmed();
    env.wait_settled();
    let peak = bot.peak_memory();
    println!("peak memory: {peak} MB");
    assert!(peak < 250, "130 MB of updates cost {peak} MB");
}

#[test]
fn an_update_larger_than_any_message_is_passed_over_with_one_line() {
    let env = TestEnv::new();
    let bot = env.start_ready();
    env.telegram.say(&Person::private(1), "before");
    env.telegram.push_raw(&message(2, &format!(r#""text":"zebra {}""#, "x".repeat(17 << 20))));
    env.telegram.say(&Person::private(1), "after");
    env.telegram.wait_for_text(1, |text| text.contains("after"));
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 2);
    assert!(bot.peak_memory() < 200, "{} MB", bot.peak_memory());
    env.assert_logged("skipped an update that is too large to be read", 1);
}

#[test]
fn a_batch_that_is_delivered_again_after_it_was_answered_changes_nothing() {
    let env = TestEnv::new();
    let _bot = env.start();
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(env.telegram.say(&Person::private(n % 10 + 1), &format!("zebra {n}")).update_id);
    }
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.telegram.redeliver(ids[0]..=ids[29]), 30);
    env.others_are_served();
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.telegram.sent().len(), 31);
    assert_eq!(env.times_asked("zebra"), 30);
    env.assert_logged("WARN", 0);
}

#[test]
fn update_ids_that_begin_again_lower_after_a_quiet_week_are_followed() {
    let env = TestEnv::new();
    let _bot = env.start();
    let before = env.telegram.say(&Person::private(1), "before");
    env.telegram.wait_for_count(1, 1);
    env.telegram.wait_confirmed();
    env.telegram.set_next_update_id(before.update_id - 100_000);
    for n in 2..=4 {
        env.telegram.say(&Person::private(1), &format!("after {n}"));
        env.telegram.wait_for_count(1, n);
        env.telegram.wait_confirmed();
    }
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM updates"), "4");
}

#[test]
fn a_message_that_panics_the_worker_each_time_becomes_an_honest_failure_and_the_bot_lives_on() {
    let mut env = TestEnv::new();
    env.set("FAIL_POINT", "answering:zebra-poison");
    env.set("WORKERS", "1");
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "zebra-poison");
    bot.wait_for_line("panic");
    env.others_are_served();
    env.telegram.wait_for_text(1, |text| text.contains("went wrong inside me") && text.contains("/retry"));
    env.telegram.say(&person, "harmless");
    env.telegram.wait_for_text(1, |text| text.contains("harmless"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT state, failure FROM turns WHERE failure IS NOT NULL"), "failed|crashed");
    assert_eq!(env.times_asked("poison"), 0, "the model never met the poison");
    env.assert_logged("panic", 2);
    env.assert_logged("ready", 1);
    env.assert_logged("each attempt crashed, or the database refused a statement of it", 1);
}

#[test]
fn messages_of_every_kind_in_one_lane_are_answered_in_their_order() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "one");
    env.telegram.post(&person, &json!({"sticker": {"zebra": {}}}));
    env.telegram.say(&person, "/help");
    env.telegram.say(&person, "four");
    let sent = env.telegram.wait_for_count(1, 4);
    for (sent, part) in sent.iter().zip(["one", "only text", "/restore", "four"]) {
        assert!(sent.text().contains(part), "{part}: {}", sent.text());
    }
}
