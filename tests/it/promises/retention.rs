//! Real deletion of what is old: by `history purge`, and by the bot itself with RETENTION_DAYS.

use sandbox::TestEnv;
use sandbox::env::Operator;
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::secret::Secret;
use systech_aidd::pipeline::retention::{self, Limits};
use systech_aidd::store::Store;

use super::erasure::left;
use crate::support::transaction::Transaction;

/// So many old messages, each a question with its turn and reply part, and one of today.
fn old(rows: usize) -> String {
    format!(
        "INSERT INTO messages (id, user_id, chat_id, role, content, message_length, created_at)
         SELECT n, 1, 1, 'user', 'old', 3, LOCALTIMESTAMP - interval '40 days' FROM generate_series(1, {rows}) AS n;
         INSERT INTO messages (id, user_id, chat_id, role, content, message_length) VALUES (1000000, 1, 1, 'user', 'new', 3);
         INSERT INTO turns (id, bot_id, update_seq, user_id, chat_id, question_id, state)
         SELECT id, 1, id, 1, 1, id, 'answered' FROM messages;
         INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, settled_at)
         SELECT 1, 1, 1, id, id, 0, 'send', 'sent', now() FROM turns;
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, message_id, done_at)
         SELECT 1, n, 1, 1, 'message', n, now() - n * interval '23 hours' FROM generate_series(1, 5) AS n;
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, received_at)
         VALUES (1, 9, 1, 1, 'message', '{{}}', now() - interval '40 days')"
    )
}

#[test]
fn purge_asks_deletes_what_is_old_and_sweeps_tombstones() {
    let operator = Operator::up_to_date();
    operator.psql(&old(2500));
    let purge = ["history", "purge", "--older-than", "30"];
    let refused = operator.run(&purge).fails_with(4);
    assert!(refused.contains("2500 messages of all users that are older than 30 days"), "{refused}");
    assert_eq!(left(|sql| operator.psql(sql), 1), "2501|2501|2501|6");
    let purged = operator.run(&[&purge[..], &["--yes", "--json"]].concat()).ok();
    assert_eq!(purged, "{\"messages\":2500,\"tombstones\":3}\n");
    // What waits for an answer is no tombstone, however old.
    assert_eq!(left(|sql| operator.psql(sql), 1), "1|1|1|3");
    operator.run(&purge).fails_with(3);
}

#[test]
fn a_killed_purge_has_deleted_whole_batches_and_the_next_one_goes_on() {
    let operator = Operator::up_to_date();
    operator.psql(&old(2500));
    // Somebody holds a turn of the second batch.
    let in_the_way = Transaction::begin(&operator.database, "SELECT FROM turns WHERE id = 1500 FOR UPDATE");
    let running = operator.begin(&["history", "purge", "--older-than", "30", "--yes"]);
    operator.database.wait_blocked(1);
    running.kill();
    drop(in_the_way);
    operator.database.wait_disconnected();
    assert_eq!(left(|sql| operator.psql(sql), 1), "1501|1501|1501|6");
    operator.run(&["history", "purge", "--older-than", "30", "--yes"]).ok();
    assert_eq!(left(|sql| operator.psql(sql), 1), "1|1|1|3");
}

#[test]
fn the_bot_deletes_what_is_older_than_retention_days_and_always_sweeps() {
    let mut env = TestEnv::new();
    let bot = env.start_ready();
    assert!(bot.stop().success());
    env.psql(&old(2500));
    env.psql("DELETE FROM updates WHERE done_at IS NULL");
    // Without the setting, messages stay.
    let bot = env.start_ready();
    env.wait_for_rows("SELECT count(*) FROM updates", |rows| rows == "2");
    assert!(bot.stop().success());
    assert_eq!(left(|sql| env.psql(sql), 1), "2501|2501|2501|2");
    env.set("RETENTION_DAYS", "30");
    let bot = env.start_ready();
    bot.wait_for_line("deleted old messages and tombstones");
    assert_eq!(left(|sql| env.psql(sql), 1), "1|1|1|2");
}

/// Messages of today behind old ones, and an old one that was stored at last.
fn many(rows: usize) -> String {
    format!(
        "INSERT INTO messages (id, user_id, chat_id, role, content, message_length, created_at)
         SELECT n, 1, 1, 'user', 'x', 1, LOCALTIMESTAMP - CASE WHEN n <= 1500 OR n = {rows} THEN 40 ELSE 0 END * interval '1 day'
         FROM generate_series(1, {rows}) AS n;
         ANALYZE messages"
    )
}

#[test]
fn each_day_the_oldest_messages_are_read_and_not_all_of_them() {
    const ROWS: usize = 60_000;
    let operator = Operator::up_to_date();
    operator.psql(&many(ROWS));
    operator.database.wait_disconnected();
    let read = || -> usize {
        let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'messages'";
        operator.psql(read).parse().unwrap()
    };
    let left = || operator.psql("SELECT count(*) FROM messages");
    let before = read();
    let apply = |all_are_looked_at| {
        let store = Store::new(&Secret::new(operator.database.url()), 1);
        let limits = Limits { messages: Some(30), files: None, all_are_looked_at };
        retention::apply(&store, limits, &CancelToken::new(), &mut |_| {}).unwrap().messages
    };
    assert_eq!(apply(false), 1500);
    operator.database.wait_disconnected();
    let read = read() - before;
    assert!(read < ROWS / 2, "{read} of {ROWS} rows were read");
    assert_eq!(left(), (ROWS - 1500).to_string());
    // `history purge` and the first day of a month find the rest.
    assert_eq!(apply(true), 1);
    assert_eq!(left(), (ROWS - 1501).to_string());
}
