//! Whatever the Bot API answers, or does not: nothing is lost, nobody else waits, and the end is always possible.

use std::time::Duration;

use diesel::prelude::*;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person, Reply};

use crate::support::env::{PATIENCE, World};

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

/// A world in which answers go out as `sendRichMessage` and everything else as `sendMessage`.
fn world() -> World {
    let mut world = World::new();
    world.set("RICH_MESSAGES", "always");
    world.set("TELEGRAM_TIMEOUT", "1");
    world.set("DATABASE_POOL_SIZE", "2");
    world
}

const GROUP: i64 = -1;

/// A person asks for the role, then something, and somebody in a group asks too: a message by each sending method, with
/// a preview of each kind.
fn converse(world: &World) {
    let gate = world.model.hold(When::asked("zebra?"));
    world.telegram.say(&Person::private(1), "/role");
    world.telegram.say(&Person::private(1), "zebra?");
    world.telegram.address(&Person::in_group(2, GROUP), "zebra?");
    world.telegram.wait_until(PATIENCE, |state| {
        ["sendMessageDraft", "sendChatAction"].iter().all(|method| state.count(method) > 0).then_some(())
    });
    gate.release();
    world.telegram.wait_until(PATIENCE, |state| {
        (state.in_chat(1).count() >= 2 && state.in_chat(GROUP).count() >= 1).then_some(())
    });
}

const CHANGING: i64 = 3;

/// A person changes a question, which makes its answer shorter, presses the button below a failed answer, and exports: a
/// call of each method that changes a message, or is no message's.
fn change(world: &World) {
    let person = Person::private(CHANGING).speaking("en");
    world.model.on(
        When::asked("long").times(1),
        Behaviour::text(&format!("{}\n\n", "zebra ".repeat(100)).repeat(80)),
    );
    let asked = world.telegram.say(&person, "long zebra");
    world.telegram.wait_for_count(CHANGING, 2);
    world.wait_settled();
    world.telegram.edit(&person, asked.message_id, "short zebra");
    world.telegram.wait_until(PATIENCE, |state| {
        let shown: Vec<_> = state.in_chat(CHANGING).collect();
        (shown.len() == 1 && shown[0].text().contains("short")).then_some(())
    });
    world.model.on(When::asked("refuse").times(1), Behaviour::status(401, "no"));
    world.telegram.say(&person, "refuse zebra");
    let (failed, button) = world.telegram.wait_until(PATIENCE, |state| {
        let last = state.in_chat(CHANGING).next_back()?;
        Some((last.message_id, (*last.buttons().first()?).to_owned()))
    });
    world.wait_settled();
    world.telegram.press(&person, failed, &button);
    let answer = world.telegram.wait_for_text(CHANGING, |text| text.contains("“refuse"));
    assert_eq!(answer.message_id, failed);
    world.telegram.say(&person, "/export");
    world.telegram.wait_until(PATIENCE, |state| {
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
        // what Telegram took and did not say so is sent once more. Silence, for longer than TELEGRAM_TIMEOUT, is one
        // of these: getUpdates has a test of its own
        (Action::Delay(Duration::from_secs(3)), 2),
        (Action::TakeThenReset, 2),
        (Action::TakeThenClose, 2),
        (Action::TakeThenTruncate, 2),
        (Action::TakeThenReply(Reply::html(502)), 2),
    ];
    // each waits for backoffs most of the time
    std::thread::scope(|scope| {
        for (action, most) in actions {
            scope.spawn(move || serves_everybody_through(&action, most));
        }
    });
}

/// Each method meets `action` once. No message is sent more than `most` times.
fn serves_everybody_through(action: &Action, most: usize) {
    let world = world();
    let faults = METHODS.map(|method| world.telegram.fault(Calls::to(method).times(1), action.clone()));
    let _bot = world.start();
    converse(&world);
    change(&world);
    world.others_are_served();
    world.telegram.wait_confirmed();
    world.wait_settled();
    for (method, fault) in METHODS.iter().zip(&faults) {
        assert_eq!(fault.hits(), 1, "{method} met {action:?}");
    }
    for chat in [1, GROUP, CHANGING] {
        let texts = world.telegram.texts(chat);
        for text in &texts {
            let times = texts.iter().filter(|other| *other == text).count();
            assert!(times <= most, "{action:?}: {times} times");
        }
    }
    assert_eq!(world.model.requests().len(), 7, "{action:?}: nothing is generated again");
    world.assert_logged("ready", 1);
}

#[test]
fn a_pause_of_any_length_before_the_start_is_said_and_does_not_hold_up_the_end() {
    for seconds in [100_000, u64::MAX] {
        let world = world();
        let fault = world.telegram.fault(Calls::to("getMe"), Action::RetryAfter(seconds));
        let bot = world.start();
        bot.wait_for_line("s; the bot starts as soon as Telegram answers");
        fault.wait_hits(1, PATIENCE);
        assert!(bot.stop().success());
        assert_eq!(fault.hits(), 1);
        world.assert_logged("WARN", 1);
    }
}

#[test]
fn a_pause_for_what_only_adorns_the_start_does_not_delay_it() {
    let world = world();
    for method in ["deleteWebhook", "setMyCommands", "sendChatAction", "sendMessageDraft"] {
        world.telegram.fault(Calls::to(method), Action::RetryAfter(100_000));
    }
    let _bot = world.start();
    converse(&world);
    world.assert_logged("WARN", 3);
}

#[test]
fn a_pause_of_any_length_for_polling_is_kept_and_does_not_hold_up_the_end() {
    for seconds in [100_000, u64::MAX] {
        let world = world();
        let fault = world.telegram.fault(Calls::to("getUpdates"), Action::RetryAfter(seconds));
        let bot = world.start();
        bot.wait_for_line("polling goes on");
        world.telegram.say(&Person::private(1), "zebra");
        assert!(bot.stop().success());
        assert_eq!(fault.hits(), 1);
        assert_eq!(world.telegram.unconfirmed(), 1, "nothing is confirmed that is not stored");
        world.assert_logged("WARN", 1);
    }
}

#[test]
fn a_pause_of_any_length_for_sending_holds_up_its_chat_only_and_not_the_end() {
    for (user, method, text) in [(1, "sendMessage", "/role"), (2, "sendRichMessage", "zebra?")] {
        for seconds in [100_000, u64::MAX] {
            let world = world();
            let fault = world.telegram.fault(Calls::to(method).in_chat(user), Action::RetryAfter(seconds));
            let bot = world.start();
            world.telegram.say(&Person::private(user), text);
            world.wait_for_rows(
                "SELECT bool_and(not_before > clock_timestamp() + interval '27 hours') FROM reply_parts",
                |rows| rows == "t",
            );
            world.telegram.say(&Person::private(user), text);
            world.others_are_served();
            assert!(bot.stop().success());
            // nor is it broken by the next start
            let bot = world.start_ready();
            world.others_are_served();
            assert!(bot.stop().success());
            assert_eq!(fault.hits(), 1, "{method}, {seconds}");
            world.assert_logged("Telegram asks for a pause", 1);
            world.assert_logged("ERROR", 0);
        }
    }
}

#[test]
fn a_poll_that_is_never_answered_is_given_up_and_repeated() {
    let world = world();
    let silence = world.telegram.fault(Calls::to("getUpdates").times(1), Action::Hang);
    let bot = world.start();
    silence.wait_hits(1, PATIENCE);
    world.telegram.say(&Person::private(1), "zebra");
    // the poll itself may last half a minute
    bot.wait_for_line("polling goes on");
    world.telegram.wait_until(PATIENCE, |state| (state.in_chat(1).count() == 1).then_some(()));
    world.assert_logged("WARN", 1);
}

#[test]
fn a_conflict_lasts_as_long_as_the_other_poller_and_costs_one_line() {
    let world = world();
    let conflict = world.telegram.fault(
        Calls::to("getUpdates").times(3),
        Action::Refuse(Reply::error(409, "Conflict: terminated by other getUpdates request")),
    );
    let bot = world.start();
    world.telegram.say(&Person::private(1), "zebra");
    world.telegram.wait_for_count(1, 1);
    assert_eq!(conflict.hits(), 3);
    bot.wait_for_line("polling works again");
    world.assert_logged("WARN", 1);
}

#[test]
fn a_chat_that_forbids_previews_is_answered_all_the_same() {
    let world = world();
    let reply = Reply::error(400, "Bad Request: TOPIC_CLOSED");
    for method in ["sendChatAction", "sendMessageDraft"] {
        world.telegram.fault(Calls::to(method), Action::Refuse(reply.clone()));
    }
    let _bot = world.start();
    converse(&world);
    world.assert_logged("WARN", 0);
}

const OLD: i64 = -5;
const NEW: i64 = -1_000_000_000_777;

#[test]
fn a_group_that_announces_its_move_is_moved_before_anything_is_sent_there() {
    let world = World::new();
    let bot = world.start();
    let (ann, bob) = (Person::in_group(1, OLD), Person::in_group(2, OLD));
    world.telegram.address(&ann, "zebra one");
    world.telegram.address(&bob, "zebra two");
    world.telegram.wait_for_count(OLD, 2);
    world.wait_settled();
    let moved = world.telegram.migrate(&ann, NEW);
    bot.wait_for_line("a group became a supergroup");
    let chats = "SELECT DISTINCT chat_id FROM messages UNION SELECT chat_id FROM turns UNION SELECT chat_id FROM reply_parts";
    assert_eq!(world.psql(chats), NEW.to_string());
    world.telegram.address(&moved, "zebra three");
    world.telegram.wait_for_count(NEW, 1);
    assert_eq!(world.model.requests()[2].messages.len(), 4, "prompt, a pair, question");
    world.others_are_served();
    world.telegram.wait_confirmed();
    // announced twice, moved once
    world.assert_logged("became a supergroup", 1);
    world.assert_logged("WARN", 0);
}

#[test]
fn the_lane_of_the_new_chat_waits_for_what_is_under_way_in_the_old_one() {
    let world = World::new();
    let bot = world.start();
    let person = Person::in_group(1, OLD);
    let gate = world.model.hold(When::asked("number 1 "));
    world.telegram.address(&person, "number 1 zebra");
    gate.wait_arrived();
    world.telegram.address(&person, "number 2 zebra");
    let moved = world.telegram.migrate(&person, NEW);
    world.telegram.address(&moved, "number 3 zebra");
    bot.wait_for_line("a group became a supergroup");
    world.wait_for_rows("SELECT count(*) FROM updates WHERE chat_id = -1000000000777", |rows| rows == "3");
    world.others_are_served();
    assert_eq!(world.model.requests().len(), 2, "nobody asks for the same dialogue twice at a time");
    gate.release();
    let sent = world.telegram.wait_for_count(NEW, 3);
    for (sent, n) in sent.iter().zip(1..) {
        assert!(sent.text().contains(&format!("number {n} ")), "{n}: {}", sent.text());
    }
    world.wait_settled();
    assert_eq!(world.model.requests().len(), 4);
    assert_eq!(world.model.requests()[3].messages.len(), 6, "prompt, two pairs, question");
    assert_eq!(world.psql("SELECT DISTINCT chat_id FROM messages WHERE chat_id < 0"), NEW.to_string());
    assert!(world.telegram.texts(OLD).is_empty());
    world.assert_logged("became a supergroup", 1);
}

#[test]
fn a_group_among_many_moves_by_indexes_and_no_table_is_read_as_a_whole() {
    let world = World::with_own_server();
    let bot = world.start_ready();
    let person = Person::in_group(1, OLD);
    world.telegram.address(&person, "zebra one");
    world.telegram.wait_for_count(OLD, 1);
    world.wait_settled();
    assert!(bot.stop().success());
    // half of it of private dialogues, half of other groups; the planner knows the tables
    world.psql(
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
    let before = world.psql(whole);
    assert_eq!(world.psql(by_index), "0");
    let bot = world.start_ready();
    let _ = world.telegram.migrate(&person, NEW);
    bot.wait_for_line("a group became a supergroup");
    // the counters are told when the connections end
    assert!(bot.stop().success());
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'systech-aidd'";
    world.wait_for_rows(connected, |rows| rows == "0");
    assert_eq!(world.psql(by_index), "3");
    assert_eq!(world.psql(whole), before);
    let moved = format!(
        "SELECT (SELECT count(*) FROM messages WHERE chat_id = {NEW}), (SELECT count(*) FROM turns WHERE chat_id = {NEW}),
                (SELECT count(*) FROM reply_parts WHERE chat_id = {NEW})"
    );
    assert_eq!(world.psql(&moved), "2|1|1");
}

#[test]
fn a_group_moves_as_a_whole_or_not_at_all() {
    let world = World::new();
    let bot = world.start();
    let person = Person::in_group(1, OLD);
    world.telegram.address(&person, "zebra one");
    world.telegram.wait_for_count(OLD, 1);
    world.wait_settled();
    // the move gets as far as the table that comes last, and dies there
    let mut blocker = PgConnection::establish(&world.database_url()).unwrap();
    diesel::sql_query("BEGIN").execute(&mut blocker).unwrap();
    diesel::sql_query("LOCK TABLE messages IN EXCLUSIVE MODE").execute(&mut blocker).unwrap();
    let moved = world.telegram.migrate(&person, NEW);
    world.wait_for_rows(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE \"messages\"%'",
        |rows| rows == "1",
    );
    bot.kill();
    drop(blocker);
    let chats = "SELECT DISTINCT chat_id FROM messages UNION SELECT chat_id FROM turns UNION SELECT chat_id FROM reply_parts";
    world.wait_for_rows(chats, |rows| rows == OLD.to_string());
    let _bot = world.start();
    world.wait_for_rows(chats, |rows| rows == NEW.to_string());
    world.telegram.address(&moved, "zebra two");
    world.telegram.wait_for_count(NEW, 1);
    assert_eq!(world.model.requests()[1].messages.len(), 4);
}
