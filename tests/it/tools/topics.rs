//! Topics as operators meet them: a database from before they were told apart, the way back, `history`, the indexes.

use diesel::Connection;
use diesel::pg::PgConnection;
use sandbox::TestEnv;
use sandbox::env::Operator;
use sandbox::model::{Message, When};
use sandbox::telegram::{Action, Calls, Person};
use systech_aidd::domain::lane::Lane;
use systech_aidd::store::{history, inbox, outbox, turns};

use crate::support::predecessor;
use crate::support::rows::json_lines;
use crate::support::terminal::run_on_terminal;

const FORUM: i64 = -1_000_000_000_005;
/// The last migration before topics were told apart.
const BEFORE: &str = "2026-11-27-000003_create_costs_by_person";

/// A question with its answer in two topics and outside of them.
const SAID: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at, thread_id)
    SELECT 1, 1, role, role || ' in ' || coalesce(topic, 0), 9, timestamp '2026-01-01' + n * interval '1 minute', topic
    FROM (VALUES (1, NULL::bigint), (2, 7), (3, 8)) places (n, topic), (VALUES ('user'), ('assistant')) roles (role)
    ORDER BY n, role DESC";

/// The content of what is live, by topic.
fn live(operator: &Operator) -> String {
    operator.psql("SELECT string_agg(content, ', ' ORDER BY id) FROM messages WHERE deleted_at IS NULL")
}

#[test]
fn what_waits_when_topics_begin_to_be_told_apart_is_answered_where_it_was_asked_and_knows_what_was_said() {
    let env = TestEnv::empty();
    env.run(&["migrate", "to", BEFORE]).ok();
    let bot_id = env.telegram.bot_id();
    let place = Person::in_supergroup(1, FORUM).in_thread(7).speaking("en");
    env.telegram.meet(&place);
    // As the former version left them: an answered question, an answer that is not sent, and two questions.
    let waiting = |number: i64| {
        format!(
            r#"{{"update_id":{number},"message":{{"message_id":{number},"date":1,"chat":{{"id":{FORUM},"type":""}},"from":{{"id":1,"language_code":"en"}},"message_thread_id":7,"is_topic_message":true,"reply_to_message":{{"from":{{"id":{bot_id}}}}},"text":"waiting {number}"}}}}"#
        )
    };
    let (one, two) = (waiting(1), waiting(2));
    env.psql(&format!(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES
             (1, {FORUM}, 'user', 'old', 3), (1, {FORUM}, 'assistant', 'answer', 6);
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, message_ids)
             VALUES ({bot_id}, 900, 1, {FORUM}, 1, 2, 'answered', '{{900}}');
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, thread_id, payload)
             VALUES ({bot_id}, {FORUM}, 1, 900, 1, 0, 'send', 7, '{{\"text\":{{\"text\":\"answer\"}}}}');
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, message_id, payload)
             VALUES ({bot_id}, 1, {FORUM}, 1, 'message', 1, '{one}'), ({bot_id}, 2, {FORUM}, 1, 'message', 2, '{two}')"
    ));
    // What Telegram puts off is found again by the lane that answered it.
    for calls in 0..2 {
        env.telegram.fault(Calls::to("sendMessage").skip(2 * calls).times(1), Action::RetryAfter(1));
    }
    let bot = env.start();
    let sent = env.telegram.wait_for_count(FORUM, 3);
    assert_eq!(sent[0].text(), "answer");
    assert!(sent.iter().all(|sent| sent.thread == Some(7)), "{sent:?}");
    env.wait_settled();
    let known = env.asked("waiting 2")[0].messages.clone();
    assert_eq!((&known[1], &known[3]), (&Message::user("old"), &Message::user("waiting 1")));
    assert_eq!(env.psql("SELECT count(*), count(thread_id) FROM messages"), "6|0");
    // From now on the topic has a dialogue of its own. A change of what was asked before is no question of it.
    let fields = serde_json::json!({"message_id": 900, "text": "old one, changed"});
    let old = env.telegram.post(&place, &fields);
    env.telegram.edit(&place, old.message_id, &format!("@{} changed again", env.telegram.username()));
    env.telegram.address(&place, "new");
    env.telegram.wait_for_text(FORUM, |text| text.contains("“new”"));
    env.wait_settled();
    assert_eq!(env.asked("new")[0].messages.len(), 2);
    assert_eq!(env.times_asked("changed"), 0);
    assert_eq!(env.psql("SELECT count(*), count(thread_id) FROM messages"), "8|2");
    assert!(bot.stop().success());
}

#[test]
fn without_topics_being_told_apart_nothing_that_was_said_is_lost_and_back_again_it_is_the_roots() {
    let operator = Operator::up_to_date();
    operator.psql(SAID);
    let rows = "SELECT id, user_id, chat_id, role, content, message_length, created_at, deleted_at FROM messages ORDER BY id";
    let said = operator.psql(rows);
    let back = ["migrate", "to", BEFORE];
    let asked = run_on_terminal(&operator, &back, "n").fails_with(4);
    assert!(asked.contains("column messages.thread_id: 4 rows"), "{asked}");
    assert_eq!(operator.psql("SELECT count(thread_id) FROM messages"), "4", "nobody said yes");
    operator.run(&[&back[..], &["--yes"]].concat()).ok();
    assert_eq!(operator.psql(rows), said);
    assert_eq!(operator.psql("SELECT count(*) FROM live_messages"), "6");
    assert_eq!(operator.psql("SELECT messages FROM dialogues"), "6");
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(
        (operator.psql(rows), operator.psql("SELECT count(thread_id) FROM messages")),
        (said, "0".to_owned())
    );
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn the_predecessor_goes_on_beside_the_topics_and_may_have_the_column_already() {
    for column in ["", "ALTER TABLE messages ADD COLUMN thread_id BIGINT NULL"] {
        let env = TestEnv::empty();
        env.psql(&predecessor::database());
        env.psql(column);
        let _bot = env.start();
        let place = Person::private(1).in_thread(7);
        env.telegram.say(&place, "Who am I?");
        env.telegram.wait_for_count(1, 1);
        env.wait_settled();
        assert_eq!(env.asked("Who am I?")[0].messages.len(), 2, "what was said before is outside topics");
        // It names its columns, and reads what it knows of.
        env.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'and I', 5), (1, 1, 'assistant', 'you', 3)");
        env.telegram.say(&Person::private(1), "What is my name?");
        env.telegram.wait_for_count(1, 2);
        let known = env.asked("What is my name?")[0].messages.clone();
        assert_eq!((known.len(), &known[1]), (6, &Message::user("My name is Eve")));
        env.wait_settled();
        env.run(&["migrate", "status", "--check"]).ok();
    }
}

#[test]
fn history_tells_topics_apart_and_takes_one_of_them() {
    let operator = Operator::up_to_date();
    operator.psql(SAID);
    operator.psql("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'last', 4)");
    let run = |arguments: &[&str]| operator.run(&[&["history"], arguments].concat());
    let list = json_lines(&run(&["list", "--json"]).ok());
    let mut topics: Vec<_> =
        list.iter().map(|row| (row["thread_id"].as_i64(), row["messages"].as_i64())).collect();
    topics.sort_unstable();
    assert_eq!(topics, [(None, Some(3)), (Some(7), Some(2)), (Some(8), Some(2))]);
    assert!(run(&["list"]).ok().contains(" 7         2  2026-01-01"));
    let shown = run(&["show", "--user", "1"]).ok();
    let order: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("    ") || line.starts_with("=="))
        .map(str::trim)
        .collect();
    assert_eq!(
        order,
        [
            "user in 0",
            "assistant in 0",
            "last",
            "== topic 7",
            "user in 7",
            "assistant in 7",
            "== topic 8",
            "user in 8",
            "assistant in 8"
        ]
    );
    for (thread, count) in [("0", 3), ("7", 2), ("9", 0)] {
        let of = |command: &str, further: &[&str]| {
            run(&[&[command, "--thread", thread], further].concat()).out.lines().count()
        };
        assert_eq!(of("show", &["--user", "1", "--json"]), count);
        assert_eq!(of("export", &["--chat", "1"]), count);
        assert_eq!(of("search", &["--chat", "1", "--json", "assistant"]), count.min(1));
    }
    assert!(run(&["search", "--user", "1", "assistant"]).ok().contains("user 1, chat 1, topic 8, message"));
    run(&["export", "--thread", "7"]).fails_with(2);
    // Cleared and restored alone, and all together.
    assert_eq!(run(&["clear", "--user", "1", "--thread", "7"]).ok(), "cleared: 2 messages\n");
    assert_eq!(live(&operator), "user in 0, assistant in 0, user in 8, assistant in 8, last");
    run(&["restore", "--user", "1", "--thread", "8"]).fails_with(3);
    assert_eq!(run(&["clear", "--user", "1", "--thread", "0"]).ok(), "cleared: 3 messages\n");
    assert_eq!(run(&["restore", "--user", "1", "--thread", "7"]).ok(), "restored: 2 messages\n");
    assert_eq!(run(&["restore", "--user", "1"]).ok(), "restored: 3 messages\n");
    assert_eq!(run(&["clear", "--user", "1"]).ok(), "cleared: 7 messages\n");
    assert_eq!(run(&["restore", "--user", "1"]).ok(), "restored: 7 messages\n");
}

#[test]
fn a_topic_is_found_by_indexes_however_much_its_person_said_in_others() {
    let env = TestEnv::with_own_server();
    env.run(&["migrate", "up"]).ok();
    // One person, in one chat: half of it outside topics, the rest in a thousand of them.
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, thread_id)
         SELECT 1, 1, CASE n % 2 WHEN 0 THEN 'assistant' ELSE 'user' END, 'x', 1, CASE WHEN n % 2 = 0 THEN 1 + n % 1000 END
         FROM generate_series(1, 50000) n;
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, thread_id)
         SELECT 1, id, 1, 1, id, id, 'answered', thread_id FROM messages;
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, thread_id)
         SELECT 1, id, 1, 1, 'message', '{}', thread_id FROM messages;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, position, op, payload, thread_id, lane_thread_id)
         SELECT 1, 1, 1, id, 0, 'send', '{}', thread_id, thread_id FROM messages;
         ANALYZE messages, turns, updates, reply_parts",
    );
    let read = "SELECT relname, seq_scan, (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid) < 2000
        FROM pg_stat_user_tables t WHERE relname IN ('messages', 'turns', 'updates', 'reply_parts') ORDER BY 1";
    env.psql("SELECT pg_stat_reset()");
    let mut conn = PgConnection::establish(&env.database.url()).unwrap();
    // Often enough for a plan that PostgreSQL keeps for all topics.
    for topic in (3..15).step_by(2) {
        let lane = Lane { bot_id: 1, chat_id: 1, user_id: 1, thread_id: Some(topic) };
        assert_eq!(history::recent(&mut conn, lane, 4, None).unwrap().len(), 4);
        let waiting = inbox::oldest(&mut conn, lane).unwrap().unwrap();
        assert!(waiting.behind_unsent && waiting.next.is_some());
        assert_eq!(inbox::following(&mut conn, lane, waiting.seq, 2).unwrap().len(), 2);
        assert_eq!(outbox::unsent(&mut conn, lane).unwrap().len(), 32);
        assert!(turns::last(&mut conn, lane).unwrap().is_some());
    }
    // The counters are told when the connection ends.
    drop(conn);
    env.wait_for_rows(
        "SELECT sum(idx_scan) > 0 FROM pg_stat_user_indexes WHERE indexrelname LIKE 'idx_%_topic'",
        |rows| rows == "t",
    );
    env.wait_for_rows(read, |rows| rows == "messages|0|t\nreply_parts|0|t\nturns|0|t\nupdates|0|t");
}

#[test]
fn a_question_in_a_topic_waits_for_no_other_topic_of_its_person_after_a_restart() {
    let env = TestEnv::empty();
    let bot = env.start();
    let gate = env.model.hold(When::asked("slow"));
    let person = Person::private(1);
    env.telegram.say(&person.clone().in_thread(7), "slow");
    gate.wait_arrived();
    env.kill(bot);
    let _bot = env.start();
    gate.wait_arrivals(2);
    env.telegram.say(&person.in_thread(8), "fast");
    let answer = env.telegram.wait_for_count(1, 1)[0].clone();
    assert_eq!(answer.thread, Some(8));
    gate.release();
    env.telegram.wait_for_count(1, 2);
}
