//! Erasing a user from a large database: `make bench-erase`.
//!
//! ERASE_TURNS (1500000) turns in a private PostgreSQL, each a question, an answer and a part of a reply: 400 messages of each
//! user, and 300,000 of one. Each figure is of one run of the real program (built as `cargo bench` builds it). Beside it
//! somebody does to that user's inbox what the poller does for a /stop; the longest of these statements is what an erasure
//! holds up.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use sandbox::postgres::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");
const DATABASE: &str = "erase";

/// The last 150,000 turns are of user 0.
const FILL: &str = "
    SET synchronous_commit TO off;
    INSERT INTO messages (id, user_id, chat_id, role, content, message_length)
    SELECT n, u, u, CASE n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, repeat('word ', 20), 100
    FROM generate_series(1, 2 * :turns) AS n, LATERAL (SELECT CASE WHEN n > 2 * :turns - 300000 THEN 0 ELSE 1 + n / 400 END AS u) AS users;
    INSERT INTO turns (id, bot_id, update_seq, user_id, chat_id, question_id, answer_id, state)
    SELECT n, 1, n, user_id, chat_id, id, id + 1, 'answered' FROM generate_series(1, :turns) AS n JOIN messages ON id = 2 * n - 1;
    INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, message_id, settled_at)
    SELECT 1, chat_id, user_id, id, id, 0, 'send', 'sent', id, now() FROM turns;
    INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload) VALUES (1, 1, 0, 0, 'message', '{}'), (1, 2, 9, 9, 'message', '{}');
    VACUUM ANALYZE messages, turns, reply_parts, updates;
    CHECKPOINT";

/// What the poller does for a /stop.
const STOP: &str = "UPDATE updates SET stopped_at = clock_timestamp() WHERE bot_id = 1 AND user_id = 0 AND chat_id = 0 AND done_at IS NULL;
    UPDATE reply_parts SET state = 'abandoned' WHERE bot_id = 1 AND user_id = 0 AND chat_id = 0 AND state = 'unsent'";

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let turns: u32 =
        std::env::var("ERASE_TURNS").map_or(1_500_000, |text| text.parse().expect("ERASE_TURNS: a number"));
    let server = Server::temporary().expect("a PostgreSQL");
    let url = server.create_database(DATABASE);
    run(&url, &["migrate", "up"]);
    let began = Instant::now();
    server.psql(DATABASE, &FILL.replace(":turns", &turns.to_string()));
    println!("{turns} turns in {:.0?}", began.elapsed());
    for (what, user) in [("a user with 400 messages", "7"), ("a user with 300000 messages", "0")] {
        let over = AtomicBool::new(false);
        let (time, waited) = thread::scope(|scope| {
            let poller = scope.spawn(|| longest_wait(&url, &over));
            let began = Instant::now();
            run(&url, &["history", "erase", "--user", user, "--yes"]);
            let time = began.elapsed();
            over.store(true, Ordering::Relaxed);
            (time, poller.join().expect("it does not panic"))
        });
        println!("erase of {what:<28} {time:>8.2?}, the longest wait of the poller {waited:>8.2?}");
    }
}

fn run(url: &str, arguments: &[&str]) {
    let output = Command::new(PROGRAM).args(arguments).env("DATABASE_URL", url).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    print!("{}", if arguments[0] == "history" { String::from_utf8_lossy(&output.stdout) } else { "".into() });
}

fn longest_wait(url: &str, over: &AtomicBool) -> Duration {
    let mut conn = PgConnection::establish(url).expect("a connection");
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        conn.batch_execute(STOP).expect("the poller's statements");
        longest = longest.max(began.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    longest
}
