//! Dialogues and people in the console at a million messages: `make bench-dialogues`, some minutes.
//!
//! DIALOGUE_ROWS (1000000) messages with their turns, calls, reply parts and files in a private PostgreSQL, a tenth of them in one
//! dialogue, most of which was cleared; 5,000 people. The real binary serves the pages over HTTP. Each page is fetched as often as
//! DIALOGUE_LOOKS (60) says, and the median and the 95th percentile of its time are shown. The bench fails where one of the pages
//! takes longer than 50 ms, or reads a large table as a whole, by PostgreSQL's own count.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on is to fail loudly")]

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use sandbox::TestEnv;

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/support/console.rs"]
mod console;

use console::{Visitor, with_console};

/// The longest that 95 of 100 looks at a page may take.
const MOST: Duration = Duration::from_millis(50);

const FILL: &str = "
    SET synchronous_commit TO off;
    SET maintenance_work_mem TO '512MB';
    DROP INDEX idx_messages_words;
    INSERT INTO messages (id, user_id, chat_id, role, content, message_length, created_at, deleted_at)
    SELECT n, u, CASE WHEN n % 8 < 2 AND u > 1 THEN -5 ELSE u END, CASE n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, text, length(text),
           timestamp '2026-01-01' + n * interval '10 s', CASE WHEN u = 1 AND n % 20 > 1 THEN timestamp '2026-10-01' END
    FROM generate_series(1, :rows) AS n,
         LATERAL (SELECT CASE WHEN n % 10 = 0 OR n > :rows - 20000 THEN 1 ELSE 2 + (n / 200 * 7919) % 5000 END AS u) AS users,
         LATERAL (SELECT string_agg(CASE WHEN w % 4 = 0 THEN 'word' ELSE 'слово' END
                                    || chr((1072 + (n::bigint * w * 7919) % 32)::integer) || (n::bigint * w * 31) % 15000, ' ')
                                || CASE n % 10 WHEN 0 THEN ' частое' ELSE '' END AS text
                  FROM generate_series(1, 10 + n % 30) AS w) AS texts;
    INSERT INTO messages (id, user_id, chat_id, role, content, message_length) VALUES (:rows + 1, 3, 3, 'user', 'редчайшее словцо', 16);
    CREATE INDEX idx_messages_words ON messages USING gin (message_words(content));
    SELECT setval('messages_id_seq', :rows + 1);
    INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, created_at)
    SELECT :bot, id, user_id, chat_id, id, id + 1, 'answered', created_at FROM messages WHERE role = 'user' AND id < :rows;
    INSERT INTO model_calls (bot_id, update_seq, user_id, chat_id, purpose, endpoint, model, outcome, prompt_tokens, completion_tokens, cost,
                             cost_source, duration_ms, called_at)
    SELECT :bot, update_seq, user_id, chat_id, 'answer', 'e', 'm', 'answered', 100, 100, 0.001, 'price', 900, created_at FROM turns;
    INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, turn_id, position, op, state, message_id, settled_at)
    SELECT :bot, chat_id, user_id, update_seq, id, 0, 'send', 'sent', id, created_at FROM turns;
    INSERT INTO attachments (bot_id, user_id, update_seq, update_id, telegram_message_id, message_id, kind, file_id, file_unique_id, name)
    SELECT :bot, user_id, update_seq, update_seq, update_seq, question_id, 'photo', 'f', 'f' || id, 'soup.jpg' FROM turns WHERE id % 10 = 0;
    INSERT INTO people (bot_id, id, state, name) SELECT :bot, n, 'allowed', 'Person ' || n FROM generate_series(1, 5001) AS n;
    VACUUM ANALYZE;
    CHECKPOINT";

/// The tables that no page may read as a whole, and how often each was.
const SCANS: &str = "SELECT relname || ' ' || seq_scan FROM pg_stat_user_tables
    WHERE relname IN ('messages', 'turns', 'model_calls', 'reply_parts', 'attachments') ORDER BY relname";

fn main() -> ExitCode {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let number = |name: &str, usual: usize| {
        std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
    };
    let (rows, looks) = (number("DIALOGUE_ROWS", 1_000_000), number("DIALOGUE_LOOKS", 60));
    let mut env = with_console(TestEnv::with_own_server());
    env.set("RUST_LOG", "info");
    let bot = env.start_ready();
    let began = Instant::now();
    env.psql(&FILL.replace(":rows", &rows.to_string()).replace(":bot", &env.telegram.bot_id().to_string()));
    println!("{rows} messages in {:.0?}\n", began.elapsed());
    let mut operator = Visitor::logged_in(&env, &bot);
    let turn = env.psql(&format!("SELECT max(id) FROM turns WHERE question_id < {}", rows / 2));
    let middle = env.psql(&format!("SELECT max(id) FROM messages WHERE user_id = 1 AND id < {}", rows / 2));
    let others = "SELECT user_id, chat_id FROM messages WHERE user_id > 1 AND chat_id > 0 ORDER BY id DESC OFFSET 1000 LIMIT 1";
    let other = env.psql(others).replace('|', "/");
    let pages = [
        ("list", "/dialogues".to_owned()),
        ("list, further down", format!("/dialogues?before={middle}")),
        ("a dialogue", format!("/dialogues/{other}/0")),
        ("a dialogue of 100,000 messages", "/dialogues/1/1/0".to_owned()),
        ("its middle", format!("/dialogues/1/1/0?at={middle}")),
        ("a turn", format!("/turns/{turn}")),
        ("people", "/people".to_owned()),
        ("people, further down", "/people?behind=2500".to_owned()),
        ("a person", format!("/people/{}", other.split('/').next().unwrap_or_default())),
        ("a person with 100,000 messages", "/people/1".to_owned()),
        (
            "erase, before it is agreed to",
            format!("/people/{}/erase", other.split('/').next().unwrap_or_default()),
        ),
        ("erase of 100,000 messages, the same", "/people/1/erase".to_owned()),
        ("forget, before it is agreed to", "/people/1/forget".to_owned()),
        ("clearings", format!("/dialogues/{other}/0/restore")),
        ("clearings of 90,000 messages", "/dialogues/1/1/0/restore".to_owned()),
        (
            "search, one hit",
            "/search?q=%D1%80%D0%B5%D0%B4%D1%87%D0%B0%D0%B9%D1%88%D0%B5%D0%B3%D0%BE".to_owned(),
        ),
        ("search, some hundred hits", "/search?q=%D0%B3900+or+%D0%B37500".to_owned()),
        ("search, a tenth of all messages", "/search?q=%D1%87%D0%B0%D1%81%D1%82%D0%BE%D0%B5".to_owned()),
    ];
    println!("| page | median | 95 of 100 within | tables read as a whole |\n| --- | --- | --- | --- |");
    let mut fails = false;
    for (what, path) in &pages {
        let before = scans(&env);
        let mut took = Vec::new();
        for _ in 0..looks {
            let began = Instant::now();
            operator.get(path).ok();
            took.push(began.elapsed());
        }
        took.sort_unstable();
        let (median, p95) = (took[looks / 2], took[looks * 95 / 100]);
        let after = scans(&env);
        let read: Vec<_> =
            after.iter().filter(|now| !before.contains(now)).map(|now| now.split(' ').next()).collect();
        let read = read.into_iter().flatten().collect::<Vec<_>>().join(", ");
        fails |= p95 > MOST || !read.is_empty();
        let millis = |time: Duration| format!("{:.1} ms", 1000.0 * time.as_secs_f64());
        println!("| {what} | {} | {} | {read} |", millis(median), millis(p95));
    }
    if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// How often each large table was read as a whole, by sessions that have told of it.
fn scans(env: &TestEnv) -> Vec<String> {
    // A session tells of its reads when a second has passed since it did so last.
    thread::sleep(Duration::from_millis(1500));
    env.psql(SCANS).lines().map(str::to_owned).collect()
}
