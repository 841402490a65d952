//! Whatever the Bot API answers, or does not: nothing is lost, nobody else waits, and the end is always possible.

use std::time::Duration;

use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};
use sandbox::{PATIENCE, TestEnv};

use crate::support::at_once::all_at_once;
use crate::support::transaction::Transaction;

const METHODS: [&str; 12] = [
    "getMe",
    "deleteWebhook",
    "setMyCommands",
    "getUpdates",
    "sendChatAction",
    "sendMessageDraft",
    "sendMessage",
    "sendRichMessage",
    "editMessageText",
    "deleteMessage",
    "answerCallbackQuery",
    "sendDocument",
];

/// An environment in which answers go out as `sendRichMessage` and everything else as `sendMessage`.
fn other_forms() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("RICH_MESSAGES", "always");
    env.set("TELEGRAM_TIMEOUT", "1");
    env.set("DATABASE_POOL_SIZE", "2");
    env
}

const GROUP: i64 = -1;

/// A person asks for the role, then something, and somebody in a group asks too: a message by each sending method, with
/// a preview of each kind.
fn converse(env: &TestEnv) {
    let gate = env.model.hold(When::asked("zebra?"));
    env.telegram.say(&Person::private(1), "/role");
    env.telegram.say(&Person::private(1), "zebra?");
    env.telegram.address(&Person::in_group(2, GROUP), "zebra?");
    env.telegram.wait_until(PATIENCE, |state| {
        ["sendMessageDraft", "sendChatAction"].iter().all(|method| state.count(method) > 0).then_some(())
    });
    gate.release();
    env.telegram.wait_until(PATIENCE, |state| {
        (state.in_chat(1).count() >= 2 && state.in_chat(GROUP).count() >= 1).then_some(())
    });
}

const CHANGING: i64 = 3;

/// A person changes a question, which makes its answer shorter, presses the button below a failed answer, and exports: a
/// call of each method that changes a message, or is no message's.
fn change(env: &TestEnv) {
    let person = Person::private(CHANGING).speaking("en");
    env.model.on(
        When::asked("long").times(1),
        Behaviour::text(&format!("{}\n\n", "zebra ".repeat(100)).repeat(80)),
    );
    let asked = env.telegram.say(&person, "long zebra");
    env.telegram.wait_for_count(CHANGING, 2);
    env.wait_settled();
    env.telegram.edit(&person, asked.message_id, "short zebra");
    env.telegram.wait_until(PATIENCE, |state| {
        let shown: Vec<_> = state.in_chat(CHANGING).collect();
        (shown.len() == 1 && shown[0].text().contains("short")).then_some(())
    });
    env.model.on(When::asked("refuse").times(1), Behaviour::status(401, "no"));
    env.telegram.say(&person, "refuse zebra");
    let (failed, button) = env.telegram.wait_until(PATIENCE, |state| {
        let last = state.in_chat(CHANGING).next_back()?;
        Some((last.message_id, (*last.buttons().first()?).to_owned()))
    });
    env.wait_settled();
    env.telegram.press(&person, failed, &button);
    let answer = env.telegram.wait_for_text(CHANGING, |text| text.contains("“refuse"));
    assert_eq!(answer.message_id, failed);
    env.telegram.say(&person, "/export");
    env.telegram.wait_until(PATIENCE, |state| {
        state.in_chat(CHANGING).any(|sent| sent.document.is_some()).then_some(())
    });
}

#[test]
fn whatever_a_method_answers_in_passing_everybody_is_served_in_the_end() {
    let actions = [
        (Action::Refuse(Reply::html(502)), 1),
        (Action::Refuse(Reply::html(200)), 1),
        (Action::Refuse(Reply::error(500, "Internal Server Error: zebra")), 1),
        (Action::Refuse(Reply::garbage(200)), 1),
        (Action::Refuse(Reply::empty(504)), 1),
        (Action::Refuse(Reply::json(200, r#"{"ok":true}"#)), 1),
        (Action::Refuse(Reply::json(200, r#"{"ok":true,"result":{"zebra":[]}}"#)), 1),
        (Action::RetryAfter(1), 1),
        (Action::Reset, 1),
        // What Telegram took and did not say so is sent once more. Silence, for longer than TELEGRAM_TIMEOUT, is one
        // of these: getUpdates has a test of its own.
        (Action::Delay(Duration::from_secs(3)), 2),
        (Action::TakeThenReset, 2),
        (Action::TakeThenClose, 2),
        (Action::TakeThenTruncate, 2),
        (Action::TakeThenReply(Reply::html(502)), 2),
    ];
    all_at_once(actions, |(action, most)| serves_everybody_through(&action, most));
}

/// Each method meets `action` once. No message is sent more than `most` times.
fn serves_everybody_through(action: &Action, most: usize) {
    let env = other_forms();
    let faults = METHODS.map(|method| env.telegram.fault(Calls::to(method).times(1), action.clone()));
    let _bot = env.start();
    converse(&env);
    change(&env);
    env.others_are_served();
    env.telegram.wait_confirmed();
    env.wait_settled();
    for (method, fault) in METHODS.iter().zip(&faults) {
        assert_eq!(fault.hits(), 1, "{method} met {action:?}");
    }
    for chat in [1, GROUP, CHANGING] {
        let texts = env.telegram.texts(chat);
        for text in &texts {
            let times = texts.iter().filter(|other| *other == text).count();
            assert!(times <= most, "{action:?}: {times} times");
        }
    }
    for (question, times) in
        [("zebra?", 2), ("long zebra", 1), ("short zebra", 1), ("refuse zebra", 2), ("and me?", 1)]
    {
        assert_eq!(env.times_asked(question), times, "{action:?}: {question} is not generated again");
    }
    env.assert_logged("ready", 1);
}

#[test]
fn what_a_server_leaves_out_of_get_me_does_not_matter_but_the_name_and_whose_it_is_do() {
    let name = r#""username":"some_bot""#;
    for (result, refused) in [
        (format!("{{{name}}}"), None),
        (format!(r#"{{{name},"first_name":7,"is_bot":null}}"#), None),
        (r#"{"id":BOT,"is_bot":true}"#.to_owned(), Some("does not name the bot")),
        (r#"{"username":""}"#.to_owned(), Some("does not name the bot")),
        (format!(r#"{{"id":1,{name}}}"#), Some("for another bot than the token's")),
    ] {
        let env = other_forms();
        let result = result.replace("BOT", &env.telegram.bot_id().to_string());
        let answer = Reply::json(200, &format!(r#"{{"ok":true,"result":{result}}}"#));
        let fault = env.telegram.fault(Calls::to("getMe"), Action::Refuse(answer));
        let bot = env.start();
        if let Some(refused) = refused {
            bot.wait_for_line(refused);
            bot.wait_for_line("the bot starts as soon as Telegram answers");
            // Told once, and a server that comes to its senses is enough.
            fault.wait_hits(3, PATIENCE);
            fault.release();
        }
        env.telegram.say(&Person::private(1), "/role");
        env.telegram.wait_for_count(1, 1);
        env.assert_logged("WARN", refused.iter().count());
        assert!(bot.stop().success());
    }
}

#[test]
fn a_pause_of_any_length_before_the_start_is_said_and_does_not_hold_up_the_end() {
    for seconds in [100_000, u64::MAX] {
        let env = other_forms();
        let fault = env.telegram.fault(Calls::to("getMe"), Action::RetryAfter(seconds));
        let bot = env.start();
        bot.wait_for_line("s; the bot starts as soon as Telegram answers");
        fault.wait_hits(1, PATIENCE);
        assert!(bot.stop().success());
        assert_eq!(fault.hits(), 1);
        env.assert_logged("WARN", 1);
    }
}

#[test]
fn a_pause_for_what_only_adorns_the_start_does_not_delay_it() {
    let env = other_forms();
    for method in ["deleteWebhook", "setMyCommands", "sendChatAction", "sendMessageDraft"] {
        env.telegram.fault(Calls::to(method), Action::RetryAfter(100_000));
    }
    let _bot = env.start();
    converse(&env);
    env.assert_logged("WARN", 3);
}

#[test]
fn a_pause_of_any_length_for_polling_is_kept_and_does_not_hold_up_the_end() {
    for seconds in [100_000, u64::MAX] {
        let env = other_forms();
        let fault = env.telegram.fault(Calls::to("getUpdates"), Action::RetryAfter(seconds));
        let bot = env.start();
        bot.wait_for_line("polling goes on");
        env.telegram.say(&Person::private(1), "zebra");
        assert!(bot.stop().success());
        assert_eq!(fault.hits(), 1);
        assert_eq!(env.telegram.unconfirmed(), 1, "nothing is confirmed that is not stored");
        env.assert_logged("WARN", 1);
    }
}

#[test]
fn a_pause_of_any_length_for_sending_holds_up_its_chat_only_and_not_the_end() {
    for (user, method, text) in [(1, "sendMessage", "/role"), (2, "sendRichMessage", "zebra?")] {
        for seconds in [100_000, u64::MAX] {
            let env = other_forms();
            let fault = env.telegram.fault(Calls::to(method).in_chat(user), Action::RetryAfter(seconds));
            let bot = env.start();
            env.telegram.say(&Person::private(user), text);
            env.wait_for_rows(
                "SELECT bool_and(not_before > clock_timestamp() + interval '27 hours') FROM reply_parts",
                |rows| rows == "t",
            );
            env.telegram.say(&Person::private(user), text);
            env.others_are_served();
            assert!(bot.stop().success());
            // Nor is it broken by the next start.
            let bot = env.start_ready();
            env.others_are_served();
            assert!(bot.stop().success());
            assert_eq!(fault.hits(), 1, "{method}, {seconds}");
            env.assert_logged("Telegram asks for a pause", 1);
            env.assert_logged("ERROR", 0);
        }
    }
}

#[test]
fn a_poll_that_is_never_answered_is_given_up_and_repeated() {
    let env = other_forms();
    let silence = env.telegram.fault(Calls::to("getUpdates").times(1), Action::Hang);
    let bot = env.start();
    silence.wait_hits(1, PATIENCE);
    env.telegram.say(&Person::private(1), "zebra");
    // The poll itself may last half a minute.
    bot.wait_for_line("polling goes on");
    env.telegram.wait_until(PATIENCE, |state| (state.in_chat(1).count() == 1).then_some(()));
    env.assert_logged("WARN", 1);
}

#[test]
fn a_conflict_lasts_as_long_as_the_other_poller_and_costs_one_line() {
    let env = other_forms();
    let conflict = env.telegram.fault(
        Calls::to("getUpdates").times(3),
        Action::Refuse(Reply::error(409, "Conflict: terminated by other getUpdates request")),
    );
    let bot = env.start();
    env.telegram.say(&Person::private(1), "zebra");
    env.telegram.wait_for_count(1, 1);
    assert_eq!(conflict.hits(), 3);
    bot.wait_for_line("polling works again");
    env.assert_logged("WARN", 1);
}

#[test]
fn a_chat_that_forbids_previews_is_answered_all_the_same() {
    let env = other_forms();
    let reply = Reply::error(400, "Bad Request: TOPIC_CLOSED");
    for method in ["sendChatAction", "sendMessageDraft"] {
        env.telegram.fault(Calls::to(method), Action::Refuse(reply.clone()));
    }
    let _bot = env.start();
    converse(&env);
    env.assert_logged("WARN", 0);
}

const OLD: i64 = -5;
const NEW: i64 = -1_000_000_000_777;

#[test]
fn a_group_that_announces_its_move_is_moved_before_anything_is_sent_there() {
    let env = TestEnv::new();
    let bot = env.start();
    let (ann, bob) = (Person::in_group(1, OLD), Person::in_group(2, OLD));
    env.telegram.address(&ann, "zebra one");
    env.telegram.address(&bob, "zebra two");
    env.telegram.wait_for_count(OLD, 2);
    env.wait_settled();
    let moved = env.telegram.migrate(&ann, NEW);
    bot.wait_for_line("a group became a supergroup");
    let chats = "SELECT DISTINCT chat_id FROM messages UNION SELECT chat_id FROM turns UNION SELECT chat_id FROM reply_parts";
    assert_eq!(env.psql(chats), NEW.to_string());
    env.telegram.address(&moved, "zebra three");
    env.telegram.wait_for_count(NEW, 1);
    assert_eq!(env.asked("zebra three")[0].messages.len(), 4, "prompt, a pair, question");
    env.others_are_served();
    env.telegram.wait_confirmed();
    // Announced twice, moved once.
    env.assert_logged("became a supergroup", 1);
    env.assert_logged("WARN", 0);
}

#[test]
fn the_lane_of_the_new_chat_waits_for_what_is_under_way_in_the_old_one() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::in_group(1, OLD);
    let gate = env.model.hold(When::asked("number 1 "));
    env.telegram.address(&person, "number 1 zebra");
    gate.wait_arrived();
    env.telegram.address(&person, "number 2 zebra");
    let moved = env.telegram.migrate(&person, NEW);
    env.telegram.address(&moved, "number 3 zebra");
    bot.wait_for_line("a group became a supergroup");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE chat_id = -1000000000777", |rows| rows == "3");
    env.others_are_served();
    assert_eq!(env.times_asked("number"), 1, "nobody asks for the same dialogue twice at a time");
    gate.release();
    let sent = env.telegram.wait_for_count(NEW, 3);
    for (sent, n) in sent.iter().zip(1..) {
        assert!(sent.text().contains(&format!("number {n} ")), "{n}: {}", sent.text());
    }
    env.wait_settled();
    assert_eq!(env.times_asked("number"), 3);
    assert_eq!(env.asked("number 3")[0].messages.len(), 6, "prompt, two pairs, question");
    assert_eq!(env.psql("SELECT DISTINCT chat_id FROM messages WHERE chat_id < 0"), NEW.to_string());
    assert!(env.telegram.texts(OLD).is_empty());
    env.assert_logged("became a supergroup", 1);
}

#[test]
fn a_group_among_many_moves_by_indexes_and_no_table_is_read_as_a_whole() {
    let env = TestEnv::with_own_server();
    let bot = env.start_ready();
    let person = Person::in_group(1, OLD);
    env.telegram.address(&person, "zebra one");
    env.telegram.wait_for_count(OLD, 1);
    env.wait_settled();
    assert!(bot.stop().success());
    // Half of it of private dialogues, half of other groups; the planner knows the tables.
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT 2 + n % 500, CASE n % 2 WHEN 0 THEN 2 + n % 500 ELSE -6 - n % 500 END, 'user', 'x', 1
         FROM generate_series(1, 20000) n;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state)
         SELECT bot_id, n, 2 + n % 500, CASE n % 2 WHEN 0 THEN 2 + n % 500 ELSE -6 - n % 500 END, question_id, 'stopped'
         FROM turns, generate_series(1, 20000) n;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, position, op, state, settled_at)
         SELECT bot_id, CASE n % 2 WHEN 0 THEN 2 + n % 500 ELSE -6 - n % 500 END, 2 + n % 500, n, 0, 'send', 'sent', now()
         FROM reply_parts, generate_series(1, 20000) n;
         ANALYZE messages, turns, reply_parts",
    );
    let whole = "SELECT relname, seq_scan FROM pg_stat_user_tables
        WHERE relname IN ('messages', 'turns', 'reply_parts') ORDER BY 1";
    let by_index = "SELECT count(*) FROM pg_stat_user_indexes WHERE idx_scan > 0
        AND indexrelname IN ('idx_messages_group', 'idx_turns_group', 'idx_reply_parts_group')";
    let before = env.psql(whole);
    assert_eq!(env.psql(by_index), "0");
    let bot = env.start_ready();
    let _ = env.telegram.migrate(&person, NEW);
    bot.wait_for_line("a group became a supergroup");
    // The counters are told when the connections end.
    assert!(bot.stop().success());
    env.database.wait_disconnected();
    assert_eq!(env.psql(by_index), "3");
    assert_eq!(env.psql(whole), before);
    let moved = format!(
        "SELECT (SELECT count(*) FROM messages WHERE chat_id = {NEW}), (SELECT count(*) FROM turns WHERE chat_id = {NEW}),
                (SELECT count(*) FROM reply_parts WHERE chat_id = {NEW})"
    );
    assert_eq!(env.psql(&moved), "2|1|1");
}

#[test]
fn a_group_moves_as_a_whole_or_not_at_all() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::in_group(1, OLD);
    env.telegram.address(&person, "zebra one");
    env.telegram.wait_for_count(OLD, 1);
    env.wait_settled();
    // The move gets as far as the table that comes last, and dies there.
    let in_the_way = Transaction::begin(&env.database, "LOCK TABLE messages IN EXCLUSIVE MODE");
    let moved = env.telegram.migrate(&person, NEW);
    env.database.wait_blocked_like("UPDATE \"messages\"%", 1);
    bot.kill();
    drop(in_the_way);
    env.wait_disconnected();
    let chats = "SELECT DISTINCT chat_id FROM messages UNION SELECT chat_id FROM turns UNION SELECT chat_id FROM reply_parts";
    assert_eq!(env.psql(chats), OLD.to_string());
    let _bot = env.start();
    env.wait_for_rows(chats, |rows| rows == NEW.to_string());
    env.telegram.address(&moved, "zebra two");
    env.telegram.wait_for_count(NEW, 1);
    assert_eq!(env.asked("zebra two")[0].messages.len(), 4);
}
