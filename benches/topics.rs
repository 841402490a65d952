//! The migration that tells topics apart, on a large database under load, and reading by topic after it: `make bench-topics`.
//!
//! TOPIC_ROWS (1000000) messages in a private PostgreSQL, with their turns, half of them of one group. While the real program
//! migrates there and back, somebody stores a message and somebody reads a dialogue every few milliseconds; the longest of these
//! statements is what a lock of the migration holds up. Beside it stands the longest one of as long a time without a migration.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use sandbox::postgres::Server;
use systech_aidd::domain::lane::Lane;
use systech_aidd::store::history;

const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");
const DATABASE: &str = "topics";
/// The last migration before topics were told apart.
const BEFORE: &str = "2026-11-27-000003_create_costs_by_person";

/// 400 messages of each user; user 1 has a tenth of all.
const FILL: &str = "
    SET synchronous_commit TO off;
    INSERT INTO messages (id, user_id, chat_id, role, content, message_length)
    SELECT n, u, CASE WHEN n % 4 < 2 THEN u ELSE -5 END, CASE n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, repeat('word ', 20), 100
    FROM generate_series(1, :rows) AS n, LATERAL (SELECT CASE WHEN n <= :rows / 10 THEN 1 ELSE 2 + n / 400 END AS u) AS users;
    INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state)
    SELECT 1, id, user_id, chat_id, id, id, 'answered' FROM messages WHERE role = 'user';
    INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, message_id, settled_at)
    SELECT 1, chat_id, user_id, id, id, 0, 'send', 'sent', id, now() FROM turns;
    SELECT setval('messages_id_seq', :rows);
    VACUUM ANALYZE messages, turns, reply_parts;
    CHECKPOINT";

/// What the predecessor does: it names its columns.
const WRITE: &str =
    "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'hi', 2)";
const READ: &str =
    "SELECT role, content FROM messages WHERE user_id = 7 AND chat_id = 7 AND deleted_at IS NULL
    ORDER BY created_at DESC LIMIT 20";

const SIZES: &str = "SELECT string_agg(relname || ' ' || pg_size_pretty(pg_relation_size(oid)), ', ' ORDER BY relname)
    FROM pg_class WHERE relname ~ '^(messages|turns|reply_parts|updates)$|^idx_.*(topic|dialogue|waiting|unsent)$'";

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rows: u32 =
        std::env::var("TOPIC_ROWS").map_or(1_000_000, |text| text.parse().expect("TOPIC_ROWS: a number"));
    let server = Server::temporary().expect("a PostgreSQL");
    let url = server.create_database(DATABASE);
    run(&url, &["migrate", "to", BEFORE]);
    let began = Instant::now();
    server.psql(DATABASE, &FILL.replace(":rows", &rows.to_string()));
    println!("{rows} messages in {:.0?}", began.elapsed());
    println!("before: {}", server.psql(DATABASE, SIZES));
    for (what, arguments) in [
        ("there", &["migrate", "up"][..]),
        ("back", &["migrate", "to", BEFORE, "--yes"]),
        ("there again", &["migrate", "up"]),
    ] {
        let (time, longest) = under_load(&url, || run(&url, arguments));
        let (_, usual) = under_load(&url, || thread::sleep(time));
        println!(
            "{what:<12} {time:>8.2?}; the longest INSERT {:>8.2?} ({:.2?} without a migration), the longest SELECT {:>8.2?} ({:.2?})",
            longest[0], usual[0], longest[1], usual[1]
        );
    }
    println!("after: {}", server.psql(DATABASE, SIZES));
    let spread = "UPDATE messages SET thread_id = 1 + id % 50 WHERE id % 4 < 2 AND user_id = 1; VACUUM ANALYZE messages";
    server.psql(DATABASE, spread);
    let mut conn = PgConnection::establish(&url).expect("a connection");
    for (what, chat_id, user_id, thread_id) in [
        ("the root of a small dialogue", 7, 7, None),
        ("the root of a large one", -5, 1, None),
        ("a topic of the large one", 1, 1, Some(7)),
        ("an empty topic of it", 1, 1, Some(99)),
    ] {
        let lane = Lane { bot_id: 1, chat_id, user_id, thread_id };
        let mut times: Vec<Duration> = (0..2000)
            .map(|_| {
                let began = Instant::now();
                history::recent(&mut conn, lane, 20, None).expect("the newest messages");
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("{what:<30} p50 {:>8.2?}, p99 {:>8.2?}", times[1000], times[1980]);
    }
}

fn run(url: &str, arguments: &[&str]) {
    let output = Command::new(PROGRAM).args(arguments).env("DATABASE_URL", url).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Does the work beside somebody who writes and somebody who reads: how long it took, and their longest statements.
fn under_load(url: &str, work: impl FnOnce()) -> (Duration, [Duration; 2]) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let others = [WRITE, READ].map(|sql| scope.spawn(|| longest(url, sql, &over)));
        let began = Instant::now();
        work();
        let time = began.elapsed();
        over.store(true, Ordering::Relaxed);
        (time, others.map(|other| other.join().expect("it does not panic")))
    })
}

fn longest(url: &str, sql: &str, over: &AtomicBool) -> Duration {
    let mut conn = PgConnection::establish(url).expect("a connection");
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        conn.batch_execute(sql).expect("it is done");
        longest = longest.max(began.elapsed());
        thread::sleep(Duration::from_millis(3));
    }
    longest
}
