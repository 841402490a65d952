//! `systech-aidd history` on a large table: `make bench-history`.
//!
//! HISTORY_ROWS (1000000) messages in a private PostgreSQL, a real one with real words in them. Each figure is of one run of
//! the real program (built as `cargo bench` builds it): its time from start to end, and the most memory it ever had.

use std::fs;
use std::io::{BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sandbox::postgres::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");
const DATABASE: &str = "history";

/// Questions and answers made of a few dozen out of 60,000 words, as different people use them.
const FILL: &str = "
    INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
    SELECT n / 200, n / 200, CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, text, length(text),
           timestamp '2026-01-01' + n * interval '10 s'
    FROM generate_series(1, :rows) AS n,
         LATERAL (SELECT string_agg(CASE WHEN w % 4 = 0 THEN 'word' ELSE 'слово' END
                                    || chr((1072 + (n::bigint * w * 7919) % 32)::integer) || (n::bigint * w * 31) % 15000, ' ')
                                || CASE n % 10 WHEN 0 THEN ' частое' WHEN 1 THEN ' варить крепкий суп' ELSE CASE n % 2 WHEN 0 THEN ' варить потом суп' ELSE '' END END AS text
                  FROM generate_series(1, 10 + n % 40) AS w) AS texts;
    INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', 'редчайшее словцо', 16);
    VACUUM ANALYZE messages";

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rows =
        std::env::var("HISTORY_ROWS").map_or(1_000_000, |text| text.parse().expect("HISTORY_ROWS: a number"));
    let server = Server::temporary().expect("a PostgreSQL");
    let url = server.create_database(DATABASE);
    let run = |arguments: &[&str]| measured(&url, arguments);
    run(&["migrate", "up"]);
    let began = Instant::now();
    server.psql(DATABASE, &FILL.replace(":rows", &u32::to_string(&rows)));
    println!("{rows} messages and their index in {:.0?}", began.elapsed());
    let size = "SELECT pg_size_pretty(pg_table_size('messages')), pg_size_pretty(pg_relation_size('idx_messages_words'))";
    println!("table and index of words: {}", server.psql(DATABASE, size));
    let plan = "EXPLAIN (COSTS OFF) SELECT * FROM messages WHERE message_words(content) @@ websearch_to_tsquery('russian', 'словцо')";
    println!("{}", server.psql(DATABASE, plan));
    for (what, arguments) in [
        ("search, 1 hit", &["search", "редчайшего", "словца"][..]),
        ("search, a tenth of all, the newest 20", &["search", "частого"]),
        ("search, no hit", &["search", "небывалое"]),
        ("phrase, 1 hit", &["search", "\"редчайшее словцо\""]),
        ("phrase in a tenth of all, newest 20", &["search", "\"крепкий суп\""]),
        ("phrase of frequent words, no hit", &["search", "\"варить суп\""]),
        ("a frequent word without a rare one", &["search", "суп -словцо"]),
        ("a rare word without a frequent one", &["search", "словцо -суп"]),
        ("a frequent word without another", &["search", "суп -варить"]),
        ("a frequent word without a phrase", &["search", "суп -\"потом суп\""]),
        ("list", &["list", "--json"]),
        ("export, JSON Lines", &["export"]),
        ("export, CSV", &["export", "--format", "csv"]),
        ("purge of the older half", &["purge", "--older-than", &half(rows), "--yes"]),
    ] {
        let arguments: Vec<_> = std::iter::once("history").chain(arguments.iter().copied()).collect();
        let Measured { time, peak, bytes } = run(&arguments);
        // What ends at once is gone before it can be asked.
        let peak = if peak > 0 { format!("{:.1} MB peak", megabytes(peak)) } else { String::new() };
        println!("{what:<38} {time:>8.2?}  {:>6.1} MB out  {peak}", megabytes(bytes));
    }
    println!("left: {} messages", server.psql(DATABASE, "SELECT count(*) FROM messages"));
}

/// `--older-than` for the middle of the rows' time.
fn half(rows: u32) -> String {
    let middle = Duration::from_secs(u64::from(rows) * 5);
    let start = Duration::from_secs(1_767_225_600);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    (now.saturating_sub(start + middle).as_secs() / 86_400).max(1).to_string()
}

struct Measured {
    time: Duration,
    peak: u64,
    bytes: u64,
}

fn measured(url: &str, arguments: &[&str]) -> Measured {
    let began = Instant::now();
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env("DATABASE_URL", url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let (mut bytes, mut peak) = (0, 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = output.read(&mut buffer).expect("its output");
        let text = fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let high = high.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(high.unwrap_or_default() * 1024);
        if read == 0 {
            break;
        }
        bytes += read as u64;
    }
    child.wait().expect("its end");
    Measured { time: began.elapsed(), peak, bytes }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
