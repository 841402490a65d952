//! Real deletion: of a person, at any moment, and of what is old.

use sandbox::env::Operator;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person};
use sandbox::{PATIENCE, TestEnv};

use crate::support::rows::DIALOGUES;
use crate::support::terminal::run_on_terminal;
use crate::support::transaction::Transaction;

/// What is left of a person, in the order of the tables' names. An emptied row of the inbox tells nothing any more.
pub(super) fn left(psql: impl Fn(&str) -> String, user: i64) -> String {
    psql(&format!(
        "SELECT (SELECT count(*) FROM messages WHERE user_id = {user}), (SELECT count(*) FROM reply_parts WHERE user_id = {user}),
                (SELECT count(*) FROM turns WHERE user_id = {user}),
                (SELECT count(*) FROM updates WHERE user_id = {user}
                 AND (done_at IS NULL OR payload IS NOT NULL OR message_id IS NOT NULL OR turn_id IS NOT NULL))"
    ))
}

#[test]
fn erase_asks_and_without_a_terminal_it_needs_yes() {
    let operator = Operator::up_to_date();
    operator.psql(DIALOGUES);
    let erase = ["history", "erase", "--user", "1"];
    let refused = operator.run(&erase).fails_with(4);
    assert!(
        refused.contains("4 messages") && refused.contains("Older backups still contain it"),
        "{refused}"
    );
    run_on_terminal(&operator, &erase, "n").fails_with(4);
    assert_eq!(left(|sql| operator.psql(sql), 1), "4|0|0|0");
    let erased = run_on_terminal(&operator, &erase, "y").ok();
    assert!(erased.contains("4 messages") && erased.contains("Older backups"), "{erased}");
    assert_eq!(left(|sql| operator.psql(sql), 1), "0|0|0|0");
    assert_eq!(left(|sql| operator.psql(sql), 2), "3|0|0|0");
    operator.run(&erase).fails_with(3);
    let of_two = operator.run(&["history", "erase", "--user", "2", "--yes", "--json"]).ok();
    assert_eq!(of_two, "{\"messages\":3,\"turns\":0,\"reply_parts\":0,\"updates\":0}\n");
}

/// An operator in the database of a running bot.
pub(super) fn operator_of(env: &TestEnv) -> Operator {
    let mut operator = Operator::new();
    operator.set("DATABASE_URL", env.database.url());
    operator
}

#[test]
fn an_erasure_wins_against_an_answer_in_the_making() {
    let env = TestEnv::new();
    let _bot = env.start_ready();
    let person = Person::private(1);
    env.telegram.say(&person, "first");
    env.telegram.wait_for_count(1, 1);
    let gate = env.model.hold(When::asked("second"));
    env.telegram.say(&person, "second");
    gate.wait_arrived();
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE state = 'sent'", |rows| rows == "1");
    let erased = operator_of(&env).run(&["history", "erase", "--user", "1", "--yes", "--json"]).ok();
    assert_eq!(erased, "{\"messages\":2,\"turns\":1,\"reply_parts\":1,\"updates\":2}\n");
    gate.release();
    // The lane is free again when this is answered, and what was in the making is stored nowhere.
    env.telegram.say(&person, "third");
    env.telegram.wait_for_text(1, |text| text.contains("third"));
    env.wait_settled();
    assert_eq!(left(|sql| env.psql(sql), 1), "2|1|1|1");
    assert_eq!(env.telegram.texts(1).len(), 2, "nothing is sent of what was erased");
    assert_eq!(env.asked("third")[0].messages.len(), 2, "the model knows nothing any more");
}

#[test]
fn an_erasure_waits_for_an_answer_that_is_being_stored_and_takes_it_along() {
    let env = TestEnv::new();
    let _bot = env.start_ready();
    env.telegram.say(&Person::private(1), "first");
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    let operator = operator_of(&env);
    // The statement that stores the second answer stops where it is complete and about to commit.
    env.psql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON turns DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let in_the_way = Transaction::begin(&env.database, "SELECT pg_advisory_xact_lock(4711)");
    env.telegram.say(&Person::private(1), "second");
    env.database.wait_blocked_like("WITH said%", 1);
    let erasing = operator.begin(&["history", "erase", "--user", "1", "--yes", "--json"]);
    env.database.wait_blocked_like("UPDATE%\"updates\"%", 1);
    drop(in_the_way);
    let erased = erasing.wait().ok();
    assert_eq!(erased, "{\"messages\":4,\"turns\":2,\"reply_parts\":2,\"updates\":2}\n");
    env.wait_settled();
    assert_eq!(left(|sql| env.psql(sql), 1), "0|0|0|0");
}

/// What the person reads above the button, and its data.
fn asked(env: &TestEnv, person: &Person) -> (i64, String) {
    env.telegram.say(person, "/forget");
    let sent = env.telegram.wait_for_text(person.chat_id, |text| text.contains("for good, in all chats?"));
    let button = &sent.content.markup.unwrap()["inline_keyboard"][0][0];
    (sent.message_id, button["callback_data"].as_str().unwrap().to_owned())
}

/// The same of somebody who has talked to the bot in private.
fn answered_and_asked(env: &TestEnv, person: &Person) -> (i64, String) {
    env.telegram.say(person, "hello");
    env.telegram.wait_for_count(person.chat_id, 1);
    asked(env, person)
}

fn acknowledged(env: &TestEnv, press: &str) -> serde_json::Value {
    env.telegram.wait_until(PATIENCE, |state| state.callback_answer(press).cloned())
}

#[test]
fn forget_deletes_everything_of_the_person_after_the_button_and_an_old_button_says_so() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let elsewhere = Person::in_group(1, -5);
    for somebody in [&person, &elsewhere, &Person::private(2)] {
        env.telegram.address(somebody, "hello");
        env.telegram.wait_for_count(somebody.chat_id, 1);
    }
    env.wait_settled();
    let (message, data) = asked(&env, &person);
    env.wait_settled();
    assert_eq!(left(|sql| env.psql(sql), 1), "4|3|2|3", "nothing is deleted before the button");
    let press = env.telegram.press(&person, message, &data);
    env.telegram.wait_for_text(1, |text| text.contains("everything is deleted. Messages: 4"));
    assert!(acknowledged(&env, &press)["text"].is_null());
    env.wait_settled();
    // What is left is the request itself: a tombstone, and that it was answered.
    assert_eq!(left(|sql| env.psql(sql), 1), "0|1|0|1");
    assert_eq!(
        env.psql("SELECT kind, payload FROM updates WHERE user_id = 1 AND message_id IS NOT NULL"),
        "callback_query|"
    );
    assert_eq!(left(|sql| env.psql(sql), 2), "2|1|1|1");

    env.telegram.say(&person, "a new beginning");
    env.telegram.wait_for_text(1, |text| text.contains("a new beginning"));
    env.telegram.press(&person, message, &data);
    env.telegram.wait_for_text(1, |text| text.contains("This button is old"));
    assert_eq!(env.psql("SELECT count(*) FROM messages WHERE user_id = 1"), "2");
    assert!(!env.logs().contains("a new beginning"));
}

#[test]
fn an_erasure_under_way_holds_up_neither_its_person_nor_anybody_else() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (person, elsewhere) = (Person::private(1).speaking("en"), Person::in_group(1, -5).speaking("en"));
    let (message, data) = answered_and_asked(&env, &person);
    let gate = env.model.hold(When::asked("slow"));
    env.telegram.address(&elsewhere, "slow");
    gate.wait_arrived();
    env.wait_for_rows("SELECT count(*) FROM reply_parts WHERE state = 'unsent'", |rows| rows == "0");
    let in_the_way = Transaction::begin(&env.database, "SELECT FROM messages WHERE user_id = 1 FOR UPDATE");
    env.telegram.press(&person, message, &data);
    env.database.wait_blocked_like("DELETE%\"messages\"%", 1);
    env.telegram.address(&elsewhere, "/stop");
    env.telegram.say(&person, "/stop");
    env.telegram.say(&person, "afterwards");
    env.telegram.wait_confirmed();
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE user_id = 1"), "7", "something is not taken in");
    env.others_are_served();
    drop((in_the_way, gate));
    env.telegram.wait_for_text(1, |text| text.contains("everything is deleted. Messages: "));
    env.telegram.wait_for_text(1, |text| text.contains("afterwards"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT content FROM messages WHERE user_id = 1 AND role = 'user'"), "afterwards");
}

#[test]
fn an_erasure_that_dies_half_way_is_finished_by_the_next_start_however_late() {
    let env = TestEnv::new();
    let bot = env.start();
    let person = Person::private(1).speaking("en");
    let (message, data) = answered_and_asked(&env, &person);
    env.wait_settled();
    env.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT 1, 1, 'user', 'old', 3 FROM generate_series(1, 2000)",
    );
    let newest = "SELECT FROM messages WHERE id = (SELECT max(id) FROM messages) FOR UPDATE";
    let in_the_way = Transaction::begin(&env.database, newest);
    env.telegram.press(&person, message, &data);
    env.database.wait_blocked_like("DELETE%\"messages\"%", 1);
    bot.kill();
    drop(in_the_way);
    env.wait_disconnected();
    let left = env.psql("SELECT count(*) FROM messages");
    assert!(left != "0" && left != "2002", "{left} messages are left");
    // The button works for an hour from the question, and it was pressed in time.
    env.psql("UPDATE updates SET done_at = done_at - interval '3 hours', received_at = received_at - interval '3 hours'");
    let _bot = env.start();
    let told = env.telegram.wait_for_text(1, |text| text.contains("everything is deleted"));
    assert!(!told.text().contains("Messages:"), "nobody knows how many: {}", told.text());
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "0");
}

#[test]
fn what_was_forgotten_does_not_come_back_when_telegram_delivers_it_again() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let said = env.telegram.say(&person, "a secret");
    env.telegram.wait_for_count(1, 1);
    let (message, data) = asked(&env, &person);
    env.telegram.press(&person, message, &data);
    env.telegram.wait_for_text(1, |text| text.contains("everything is deleted"));
    env.telegram.wait_confirmed();
    assert_eq!(env.telegram.redeliver(said.update_id..=said.update_id), 1);
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "0");
    assert_eq!(env.psql("SELECT count(*) FROM updates WHERE payload IS NOT NULL"), "0");
    assert_eq!(env.times_asked("a secret"), 1);
}

#[test]
fn what_the_bot_itself_said_is_purged_with_its_time_and_erased_with_its_person() {
    let operator = Operator::up_to_date();
    operator.psql(
        "INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, position, op, state, created_at, settled_at)
         SELECT 1, n, n, n, 0, 'send', 'sent', now() - n * interval '20 days', now() FROM generate_series(1, 3) AS n;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, position, op, payload, state, created_at)
         VALUES (1, 4, 4, 4, 0, 'send', '{}', 'unsent', now() - interval '99 days')",
    );
    operator.psql(DIALOGUES);
    operator.run(&["history", "purge", "--older-than", "30", "--yes"]);
    // What is to be sent still is not old.
    assert_eq!(operator.psql("SELECT string_agg(user_id::text, ',' ORDER BY id) FROM reply_parts"), "1,4");
    operator.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    assert_eq!(operator.psql("SELECT string_agg(user_id::text, ',' ORDER BY id) FROM reply_parts"), "4");
}

#[test]
fn an_erasure_among_many_finds_its_rows_by_indexes_and_reads_no_table_as_a_whole() {
    let operator = Operator::up_to_date();
    operator.psql(
        "INSERT INTO messages (id, user_id, chat_id, role, content, message_length)
         SELECT n, n % 500, n % 500, 'user', 'x', 1 FROM generate_series(1, 20000) AS n;
         INSERT INTO turns (id, bot_id, update_seq, user_id, chat_id, question_id, state)
         SELECT n, 1, n, n % 500, n % 500, n, 'stopped' FROM generate_series(1, 20000) AS n;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, settled_at)
         SELECT 1, n % 500, n % 500, n, CASE WHEN n % 4 > 0 THEN n END, 0, 'send', 'sent', now()
         FROM generate_series(1, 20000) AS n;
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, message_id, done_at)
         SELECT 1, n, n % 500, n % 500, 'message', n, now() FROM generate_series(1, 20000) AS n;
         ANALYZE messages, turns, reply_parts, updates",
    );
    let whole = "SELECT relname, seq_scan FROM pg_stat_user_tables
        WHERE relname IN ('messages', 'turns', 'reply_parts', 'updates') ORDER BY 1";
    operator.database.wait_disconnected();
    let before = operator.psql(whole);
    let erased = operator.run(&["history", "erase", "--user", "7", "--yes", "--json"]).ok();
    assert_eq!(erased, "{\"messages\":40,\"turns\":40,\"reply_parts\":40,\"updates\":40}\n");
    operator.database.wait_disconnected();
    assert_eq!(operator.psql(whole), before);
}

#[test]
fn a_button_that_waited_for_more_than_an_hour_is_old() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    env.telegram.say(&person, "hello");
    let (message, data) = asked(&env, &person);
    env.wait_settled();
    env.psql("UPDATE updates SET done_at = done_at - interval '61 minutes'");
    env.telegram.press(&person, message, &data);
    env.telegram.wait_for_text(1, |text| text.contains("This button is old"));
    assert_eq!(env.psql("SELECT count(*) FROM messages"), "2");
}

#[test]
fn only_who_asked_may_press_the_button_and_everybody_else_is_told_at_once() {
    let env = TestEnv::new();
    let _bot = env.start();
    let (asker, other) = (Person::in_group(1, -5).speaking("en"), Person::in_group(2, -5).speaking("en"));
    for person in [&asker, &other] {
        env.telegram.address(person, "hello");
    }
    env.telegram.wait_for_count(-5, 2);
    let (message, data) = asked(&env, &asker);
    // The other's lane is busy with a silent model: the press is acknowledged all the same.
    let gate = env.model.hold(When::asked("slow"));
    env.telegram.address(&other, "slow");
    gate.wait_arrived();
    let press = env.telegram.press(&other, message, &data);
    assert_eq!(acknowledged(&env, &press)["text"], "This button is not for you.");
    gate.release();
    env.wait_settled();
    assert_eq!(env.psql("SELECT user_id, count(*) FROM messages GROUP BY 1 ORDER BY 1"), "1|2\n2|4");
    env.telegram.press(&asker, message, &data);
    env.telegram.wait_for_text(-5, |text| text.contains("everything is deleted"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT user_id, count(*) FROM messages GROUP BY 1"), "2|4");
}

#[test]
fn forget_wins_against_an_answer_in_another_chat() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let (message, data) = answered_and_asked(&env, &person);
    let gate = env.model.hold(When::asked("in the making"));
    env.telegram.address(&Person::in_group(1, -5), "in the making");
    gate.wait_arrived();
    env.telegram.press(&person, message, &data);
    env.telegram.wait_for_text(1, |text| text.contains("everything is deleted"));
    gate.release();
    env.telegram.address(&Person::in_group(1, -5), "afterwards");
    env.telegram.wait_for_text(-5, |text| text.contains("afterwards"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(-5).len(), 1, "nothing is sent of what was erased");
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'user'"), "afterwards");
}

#[test]
fn what_is_asked_after_the_button_is_answered() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1).speaking("en");
    let (message, data) = answered_and_asked(&env, &person);
    let gate = env.model.hold(When::asked("before"));
    env.telegram.say(&person, "before");
    gate.wait_arrived();
    env.telegram.press(&person, message, &data);
    env.telegram.say(&person, "afterwards");
    env.wait_for_rows("SELECT count(*) FROM updates WHERE done_at IS NULL", |rows| rows == "3");
    gate.release();
    env.telegram.wait_for_text(1, |text| text.contains("everything is deleted"));
    env.telegram.wait_for_text(1, |text| text.contains("afterwards"));
    env.wait_settled();
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'user'"), "afterwards");
}

#[test]
fn an_erasure_ends_a_delivery_under_way() {
    let env = TestEnv::new();
    let _bot = env.start();
    let person = Person::private(1);
    let long = format!("{}\n\n", "word ".repeat(500)).repeat(4);
    env.model.on(When::asked("long"), Behaviour::text(&long));
    let second = env.telegram.fault(Calls::to("sendMessage").skip(1).times(1), Action::TakeThenHang);
    env.telegram.say(&person, "long");
    second.wait_hits(1, PATIENCE);
    assert_eq!(env.psql("SELECT count(*) > 2 FROM reply_parts"), "t");
    operator_of(&env).run(&["history", "erase", "--user", "1", "--yes"]).ok();
    second.release();
    env.telegram.say(&person, "afterwards");
    env.telegram.wait_for_text(1, |text| text.contains("afterwards"));
    env.wait_settled();
    assert_eq!(env.telegram.texts(1).len(), 3, "two parts were under way when everything was erased");
}
