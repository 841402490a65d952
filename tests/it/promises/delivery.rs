//! What Telegram says to a send, and what follows.

use std::time::Duration;

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv};

use crate::support::at_once::all_at_once;

#[test]
fn a_pause_that_telegram_asks_for_is_kept_even_over_a_restart() {
    let env = TestEnv::new();
    let bot = env.start();
    env.telegram.fault(Calls::to("sendMessage").in_chat(1).times(1), Action::RetryAfter(4));
    env.telegram.say(&Person::private(1), "hello");
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE not_before IS NOT NULL", |rows| rows == "1");
    env.kill(bot);
    let _bot = env.start();
    // In the meantime other chats are served.
    env.telegram.say(&Person::private(2), "and me?");
    env.telegram.wait_for_count(2, 1);
    env.telegram.wait_for_count(1, 1);
    let calls = env.telegram.calls("sendMessage");
    let to_one: Vec<_> = calls.iter().filter(|call| call.chat_id == Some(1)).collect();
    assert_eq!(to_one.len(), 2);
    assert!(to_one[1].at - to_one[0].at >= Duration::from_secs(4), "{:?}", to_one[1].at - to_one[0].at);
    assert_eq!((env.times_asked("hello"), env.times_asked("and me?")), (1, 1));
}

#[test]
fn a_pause_holds_for_the_whole_group_and_for_nobody_else() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.fault(Calls::to("sendMessage").in_chat(-5).times(1), Action::RetryAfter(3));
    env.telegram.address(&Person::in_group(1, -5), "one");
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE not_before IS NOT NULL", |rows| rows == "1");
    env.telegram.address(&Person::in_group(2, -5), "two");
    env.telegram.say(&Person::private(3), "three");
    env.telegram.wait_for_count(3, 1);
    env.telegram.wait_for_count(-5, 2);
    let calls = env.telegram.calls("sendMessage");
    let group: Vec<_> = calls.iter().filter(|call| call.chat_id == Some(-5)).map(|call| call.at).collect();
    assert_eq!(group.len(), 3, "no call was made in vain");
    assert!(group[1] - group[0] >= Duration::from_secs(3));
}

#[test]
fn what_fails_in_passing_is_sent_again_until_it_is_taken() {
    let actions = [
        Action::Refuse(Reply::html(502)),
        Action::Refuse(Reply::garbage(200)),
        Action::Refuse(Reply::error(500, "Internal Server Error")),
        Action::Refuse(Reply::empty(200)),
        Action::Reset,
    ];
    all_at_once(actions, |action| {
        let env = TestEnv::new();
        let _bot = env.start();
        env.telegram.fault(Calls::to("sendMessage").times(3), action);
        env.telegram.say(&Person::private(1), "hello");
        env.telegram.wait_for_count(1, 1);
        env.wait_settled();
        assert_eq!(env.psql("SELECT state, attempts FROM reply_parts"), "sent|3");
        assert_eq!(env.times_asked("hello"), 1);
    });
}

#[test]
fn a_person_who_blocked_the_bot_is_left_alone_and_the_answer_kept() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.telegram.say(&person, "hello");
    env.telegram.wait_for_count(1, 1);
    env.telegram.block(1);
    env.telegram.say(&person, "are you there?");
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'", |rows| rows == "1");
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "4");
    env.telegram.unblock(1);
    env.telegram.say(&person, "back again");
    env.telegram.wait_for_count(1, 2);
}

#[test]
fn a_part_that_is_refused_for_good_does_not_hold_up_the_lane() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    env.telegram.fault(
        Calls::to("sendMessage").times(1),
        Action::Refuse(Reply::error(400, "Bad Request: message text is strange")),
    );
    env.telegram.address(&person, "first");
    env.telegram.address(&person, "second");
    env.telegram.wait_for_text(1, |text| text.contains("second"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT state FROM reply_parts ORDER BY id"), "abandoned\nsent");
    assert!(env.logs().contains("the part is abandoned"));
}

#[test]
fn an_answer_to_a_topic_that_is_gone_goes_to_the_chat_itself_as_a_reply() {
    let errors = ["message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"];
    all_at_once(errors, |error| {
        let env = TestEnv::new();
        let _bot = env.start();
        let group = -1_000_000_000_005;
        let person = Person::in_supergroup(1, group).in_thread(7);
        let gate = env.model.hold(When::any());
        let asked = env.telegram.address(&person, "a **bold** question");
        gate.wait_arrived();
        let refused = Action::Refuse(Reply::error(400, &format!("Bad Request: {error}")));
        env.telegram.fault(Calls::to("sendMessage").times(1), refused);
        gate.release();
        let sent = env.telegram.wait_for_count(group, 1).remove(0);
        assert!(sent.text().contains("question"), "{}", sent.text());
        assert_eq!((sent.thread, sent.reply_to), (None, Some(asked.message_id)), "{error}");
    });
}

#[test]
fn what_a_server_finds_too_long_is_sent_in_shorter_parts() {
    let env = TestEnv::new();
    let _bot = env.start();
    let words: Vec<String> = (0..300).map(|number| format!("word{number}")).collect();
    env.model.usually(Behaviour::text(&words.join(" ")));
    let too_long = Action::Refuse(Reply::error(400, "Bad Request: message is too long"));
    env.telegram.fault(Calls::to("sendMessage").times(2), too_long);
    env.telegram.say(&Person::private(1), "much");
    env.telegram.wait_for_count(1, 3);
    env.wait_settled();
    let said: Vec<String> = env
        .telegram
        .texts(1)
        .iter()
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(said, words, "every word arrives once, in order");
}

#[test]
fn whatever_telegram_dislikes_about_a_message_its_words_arrive() {
    let errors = [
        "BUTTON_DATA_INVALID",
        "message to be replied not found",
        "can't parse entities: what for",
        "ENTITY_BOUNDS_INVALID",
        "a reason nobody has heard of",
    ];
    all_at_once(errors, |error| {
        let env = TestEnv::new();
        let _bot = env.start();
        // With formatting, in reply to a message, below it a button.
        env.model.usually(Behaviour::answer().cut_after(2));
        let refused = Action::Refuse(Reply::error(400, &format!("Bad Request: {error}")));
        env.telegram.fault(Calls::to("sendMessage").times(1), refused);
        env.telegram.address(&Person::in_group(1, -5), "a question");
        let sent = env.telegram.wait_for_count(-5, 1).remove(0);
        assert_eq!((sent.reply_to, sent.buttons().len()), (None, 0), "{error}");
        env.wait_settled();
        assert_eq!(env.psql("SELECT count(*) FROM reply_parts WHERE state = 'abandoned'"), "0", "{error}");
    });
}

#[test]
fn a_server_that_holds_no_poll_is_asked_at_a_pace() {
    let env = TestEnv::new();
    let empty = Action::Refuse(Reply::json(200, r#"{"ok":true,"result":[]}"#));
    env.telegram.fault(Calls::to("getUpdates"), empty);
    let _bot = env.start();
    let polls = || env.telegram.calls("getUpdates");
    let first = sandbox::wait_until("some polls", || Some(polls()).filter(|polls| polls.len() > 5));
    let took = first[5].at - first[0].at;
    assert!(took >= Duration::from_millis(5 * 500), "six polls within {took:?}");
    env.telegram.clear_faults();
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
}

#[test]
fn a_server_whose_ids_begin_anew_loses_nothing_that_it_still_has() {
    let env = TestEnv::new();
    let _bot = env.start();
    let said = env.telegram.say(&Person::private(1), "before");
    env.telegram.wait_for_count(1, 1);
    env.telegram.wait_confirmed();
    env.telegram.down();
    env.telegram.set_next_update_id(said.update_id - 5);
    env.telegram.say(&Person::private(1), "behind");
    env.telegram.up();
    env.telegram.wait_for_text(1, |text| text.contains("behind"));
    env.telegram.wait_confirmed();
}

#[test]
fn a_route_to_nowhere_costs_no_answer() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.fault(Calls::to("sendMessage").times(2), Action::Refuse(Reply::error(404, "Not Found")));
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    assert_eq!(env.psql("SELECT state, form FROM reply_parts"), "sent|text");
}

#[test]
fn a_group_that_became_a_supergroup_keeps_its_dialogues() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::in_group(1, -5);
    env.telegram.address(&person, "first");
    env.telegram.wait_for_count(-5, 1);
    let moved = env.telegram.migrate_silently(&person, -1_000_000_000_777);
    env.telegram.address(&person, "second");
    env.telegram.wait_for_count(-1_000_000_000_777, 1);
    env.telegram.address(&moved, "third");
    env.telegram.wait_for_count(-1_000_000_000_777, 2);
    env.wait_settled();
    assert_eq!(env.psql("SELECT DISTINCT chat_id FROM messages"), "-1000000000777");
    assert_eq!(env.asked("third")[0].messages.len(), 6, "prompt, two pairs, question");
}

#[test]
fn polling_survives_everything_telegram_does_to_it() {
    let actions = [
        Action::Refuse(Reply::html(502)),
        Action::Refuse(Reply::garbage(200)),
        Action::RetryAfter(1),
        Action::Reset,
        Action::TakeThenReset,
        Action::TakeThenTruncate,
        Action::Refuse(Reply::error(409, "Conflict: terminated by other getUpdates request")),
    ];
    all_at_once(actions, |action| {
        let env = TestEnv::new();
        let _bot = env.start();
        let fault = env.telegram.fault(Calls::to("getUpdates").times(2), action);
        fault.wait_hits(1, PATIENCE);
        env.telegram.say(&Person::private(1), "hello");
        env.telegram.wait_for_count(1, 1);
        env.wait_settled();
        assert_eq!(env.telegram.texts(1).len(), 1);
    });
}

#[test]
fn a_telegram_outage_delays_answers_and_loses_none() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.say(&Person::private(1), "before");
    env.telegram.wait_for_count(1, 1);
    let gate = env.model.hold(When::asked("during"));
    env.telegram.say(&Person::private(1), "during");
    gate.wait_arrived();
    env.telegram.down();
    gate.release();
    env.wait_for_rows("SELECT attempts > 0 FROM reply_parts WHERE state = 'unsent'", |rows| rows == "t");
    env.telegram.up();
    env.telegram.wait_for_text(1, |text| text.contains("during"));
    env.telegram.say(&Person::private(1), "after");
    env.telegram.wait_for_text(1, |text| text.contains("after"));
}

const TABLE: &str =
    "Prices:\n\n| Fruit | Price |\n| --- | ---: |\n| **apple** | 10 |\n| pear | 20 |\n\nThat is all.";

#[test]
fn a_table_goes_out_as_a_rich_message_and_markdown_as_entities() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.model.on(When::asked("table"), Behaviour::text(TABLE));
    env.model.on(When::asked("bold"), Behaviour::text("**bold** and `code`"));
    env.telegram.say(&Person::private(1), "table");
    env.telegram.say(&Person::private(2), "bold");
    env.telegram.wait_for_count(1, 1);
    let bold = &env.telegram.wait_for_count(2, 1)[0];
    let blocks = &env.telegram.calls("sendRichMessage")[0].params["rich_message"]["blocks"];
    assert!(blocks.as_array().unwrap().iter().any(|block| block["type"] == "table"), "{blocks}");
    assert_eq!(bold.text(), "bold and code");
    let kinds: Vec<_> =
        bold.params["entities"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
    assert_eq!(kinds, ["bold", "code"]);
    env.wait_settled();
    assert_eq!(env.psql("SELECT content FROM messages WHERE user_id = 1 AND role = 'assistant'"), TABLE);
}

#[test]
fn a_refused_form_gives_way_to_a_simpler_one_until_plain_text_and_nothing_is_lost() {
    for (code, description) in [(400, "Bad Request: RICH_MESSAGE_INVALID"), (404, "Not Found")] {
        let env = TestEnv::new();
        let _bot = env.start();
        env.model.on(When::any(), Behaviour::text(TABLE));
        let refuse = |method: &str, times: u64, reply: Reply| {
            env.telegram.fault(Calls::to(method).times(times), Action::Refuse(reply));
        };
        refuse("sendRichMessage", 1, Reply::error(code, description));
        refuse("sendMessage", 1, Reply::error(400, "Bad Request: can't parse entities"));
        env.telegram.say(&Person::private(1), "table");
        env.telegram.wait_for_count(1, 1);
        env.wait_settled();
        let calls = env.telegram.calls("sendMessage");
        assert!(calls[0].params["entities"].is_array(), "first with formatting");
        assert!(calls[1].params["entities"].is_null(), "then without");
        let text = env.telegram.texts(1).join("\n");
        for word in ["Prices:", "Fruit", "Price", "apple", "10", "pear", "20", "That is all."] {
            assert!(text.contains(word), "{word} is not in: {text}");
        }
        assert_eq!(env.times_asked("table"), 1);
        assert_eq!(env.logs().matches("a simpler form takes its place").count(), 2);
    }
}

#[test]
fn rich_messages_can_be_turned_off_and_a_blank_answer_is_an_empty_one() {
    let mut env = TestEnv::new();
    env.set("RICH_MESSAGES", "never");
    let _bot = env.start();
    env.model.on(When::asked("table"), Behaviour::text(TABLE));
    env.model.on(When::asked("blank"), Behaviour::text("\u{200b}"));
    env.telegram.say(&Person::private(1), "table");
    env.telegram.say(&Person::private(2).speaking("en"), "blank");
    env.telegram.wait_for_text(1, |text| text.contains("apple"));
    env.telegram.wait_for_text(2, |text| text.contains("empty answer"));
    assert!(env.telegram.calls("sendRichMessage").is_empty());
}

#[test]
fn that_telegram_is_not_reached_counts_against_no_part_however_long_it_lasts() {
    let env = TestEnv::new();
    let bot = env.start();
    let hang = env.telegram.fault(Calls::to("sendMessage").times(1), Action::Hang);
    env.telegram.say(&Person::private(1), "soup");
    hang.wait_hits(1, PATIENCE);
    env.kill(bot);
    // Many tries have failed; then one that says nothing about the part, and one that might.
    env.psql("UPDATE reply_parts SET attempts = 29");
    env.telegram.fault(Calls::to("sendMessage").times(1), Action::Reset);
    let attempts = |expected: &str| {
        env.wait_for_rows("SELECT attempts, not_before > now() FROM reply_parts", |rows| rows == expected);
    };
    let bot = env.start();
    attempts("29|t");
    env.kill(bot);
    env.psql("UPDATE reply_parts SET not_before = NULL");
    env.telegram.fault(Calls::to("sendMessage").times(1), Action::Refuse(Reply::html(502)));
    let bot = env.start();
    attempts("30|t");
    env.kill(bot);
    env.psql("UPDATE reply_parts SET not_before = NULL");
    let _bot = env.start();
    env.telegram.wait_for_text(1, |text| text.contains("soup"));
}

#[test]
fn after_a_restart_a_part_that_failed_holds_up_nobody_else_of_its_group() {
    let env = TestEnv::new();
    let bot = env.start();
    let failing = Action::Refuse(Reply::error(500, "Internal Server Error"));
    env.telegram.fault(Calls::to("sendMessage").in_chat(-5), failing);
    env.telegram.address(&Person::in_group(1, -5), "one");
    env.wait_for_rows("SELECT attempts FROM reply_parts", |rows| rows >= "1");
    env.kill(bot);
    env.telegram.clear_faults();
    env.psql(
        "UPDATE reply_parts SET attempts = 9, not_before = now() + interval '59 s' WHERE state = 'unsent'",
    );
    let _bot = env.start();
    env.telegram.address(&Person::in_group(2, -5), "two");
    env.telegram.wait_for_text(-5, |text| text.contains("two"));
    assert_eq!(env.psql("SELECT attempts, state FROM reply_parts WHERE user_id = 1"), "9|unsent");
}

#[test]
fn a_message_that_cannot_be_taken_away_is_left_and_holds_nothing_up() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let said = env.telegram.say(&person, "soup");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    // What the bot said is to be taken away; the server does not know how.
    let unknown =
        env.telegram.fault(Calls::to("deleteMessage"), Action::Refuse(Reply::error(404, "Not Found")));
    env.psql(
        "INSERT INTO reply_parts (bot_id, chat_id, user_id, lane_thread_id, update_seq, position, op, message_id, payload)
         SELECT bot_id, chat_id, user_id, lane_thread_id, update_seq, 1, 'delete', message_id, '{\"text\":{\"text\":\"\"}}'
         FROM reply_parts",
    );
    env.telegram.edit(&person, said.message_id, "tea");
    env.telegram.wait_for_text(1, |text| text.contains("tea"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT state FROM reply_parts WHERE op = 'delete'"), "abandoned");
    assert_eq!(unknown.hits(), 1);
}
