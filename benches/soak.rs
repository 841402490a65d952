//! The bot for a long time: `make soak`, half an hour; SECONDS=300 make soak for less.
//!
//! The real binary between the stand-ins, people who write steadily, and a fault every ten seconds that the process outlives:
//! connections to the database are terminated, the database restarts, Telegram asks for pauses, the model fails. What must not grow is
//! looked at all the time: memory, descriptors, threads, and the rows' share of tables and indexes. In the end every message
//! must have its answer, in order and once, and of a run of some length nothing may have grown beyond its limit; otherwise the
//! bench fails.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use sandbox::env::Bot;
use sandbox::model::{Behaviour, When};
use sandbox::telegram::{Action, Calls, Person};
use sandbox::{PATIENCE, TestEnv};

const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");
/// Who writes, in turns, so many messages in a second all together.
const PEOPLE: i64 = 50;
const RATE: u32 = 20;
const BETWEEN_FAULTS: Duration = Duration::from_secs(10);
/// So many looks in all. The first fifth is the way up, and does not count for the slopes.
const LOOKS: u32 = 60;
const WAY_UP: usize = 12;
/// A shorter run says nothing of slopes.
const LONG_ENOUGH: f64 = 0.3;
/// A row may come to have so many times the bytes that it had after the way up.
const MOST_OF_A_ROW: f64 = 1.5;
const TABLES: [&str; 5] = ["messages", "updates", "turns", "model_calls", "reply_parts"];

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds = std::env::var("SECONDS_OF_SOAK").ok().filter(|seconds| !seconds.is_empty());
    let seconds = seconds.map_or(1800, |seconds| seconds.parse().expect("SECONDS is a whole number"));
    let long = Duration::from_secs(seconds);
    let mut env = TestEnv::with_own_server();
    env.set("RUST_LOG", "warn");
    env.set("RETENTION_DAYS", "1000");
    env.telegram.record(false);
    env.model.record(false);
    env.model.usually(Behaviour::answer().random_delay(Duration::from_millis(1500), 1));
    let mut command = Command::new(PROGRAM);
    env.prepare(&mut command);
    let bot = Bot::start(&command, &env.folder().join("bot.log"));
    env.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > 0).then_some(()));

    let began = Instant::now();
    let mut said: HashMap<i64, usize> = HashMap::new();
    let (mut looks, mut sizes, mut faults) = (Vec::new(), Vec::new(), 0);
    let mut messages = 0;
    while began.elapsed() < long {
        let person = i64::from(messages) % PEOPLE + 1;
        let number = said.entry(person).or_default();
        env.telegram.say(&Person::private(person), &format!("message number {number} of many"));
        *number += 1;
        messages += 1;
        if began.elapsed() >= BETWEEN_FAULTS * (faults + 1) {
            fault(&env, faults);
            faults += 1;
        }
        if began.elapsed() >= long * u32::try_from(looks.len()).unwrap_or(LOOKS) / LOOKS {
            looks.push(Look::at(&bot, began));
            if looks.len() == WAY_UP {
                sizes = TABLES.map(|table| size(&env, table)).to_vec();
            }
        }
        // Steadily, whatever a fault took.
        thread::sleep((Duration::from_secs(1) / RATE * messages).saturating_sub(began.elapsed()));
    }
    env.model.clear();
    env.telegram.clear_faults();
    env.wait_settled();
    looks.push(Look::at(&bot, began));
    let wrong: Vec<String> = said.iter().flat_map(|(person, count)| judge(&env, *person, *count)).collect();
    let grown = report(&env, messages, faults, &looks, &sizes);
    let wrong = [wrong, grown].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The next fault of a few that the process outlives.
fn fault(env: &TestEnv, number: u32) {
    env.model.clear();
    match number % 4 {
        0 => {
            env.server().terminate_connections(env.database.name());
        }
        1 => {
            env.telegram.fault(Calls::to("sendMessage").times(20), Action::RetryAfter(1));
        }
        2 => env.model.on(When::any().times(20), Behaviour::status(503, "overloaded")),
        _ => {
            env.server().stop();
            env.server().start();
        }
    }
}

/// What is wrong with the answers to somebody who wrote so many messages.
fn judge(env: &TestEnv, person: i64, count: usize) -> Vec<String> {
    let texts = env.telegram.texts(person);
    let mut wrong = Vec::new();
    if texts.len() != count {
        wrong.push(format!("person {person}: {count} messages, {} answers", texts.len()));
    }
    for (number, text) in
        texts.iter().enumerate().filter(|(number, text)| !text.contains(&format!("number {number} ")))
    {
        wrong.push(format!(
            "person {person}: answer {number} is {:?}",
            text.chars().take(80).collect::<String>()
        ));
    }
    wrong
}

/// What the kernel says of the bot at one moment.
struct Look {
    hours: f64,
    megabytes: f64,
    descriptors: f64,
    threads: f64,
}

impl Look {
    fn at(bot: &Bot, began: Instant) -> Self {
        let process = format!("/proc/{}", bot.pid());
        let count = |what: &str| {
            let entries = fs::read_dir(format!("{process}/{what}")).expect("the bot runs").count();
            u32::try_from(entries).map_or(f64::INFINITY, f64::from)
        };
        let status = fs::read_to_string(format!("{process}/status")).expect("the bot runs");
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        let kilobytes: f64 = kilobytes.and_then(|number| number.parse().ok()).expect("the kernel tells it");
        Self {
            hours: began.elapsed().as_secs_f64() / 3600.0,
            megabytes: kilobytes / 1024.0,
            descriptors: count("fd"),
            threads: count("task"),
        }
    }
}

/// Rows, bytes of the table and of its indexes.
fn size(env: &TestEnv, table: &str) -> [f64; 3] {
    let sizes = env
        .psql(&format!("SELECT count(*), pg_table_size('{table}'), pg_indexes_size('{table}') FROM {table}"));
    let mut sizes = sizes.split('|').map(|size| size.parse().expect("a number"));
    [(); 3].map(|()| sizes.next().expect("three numbers"))
}

/// By how much a figure grows in an hour: the line that lies nearest to it.
fn slope(looks: &[Look], figure: impl Fn(&Look) -> f64) -> f64 {
    let count = u32::try_from(looks.len()).map_or(1.0, f64::from);
    let mean = |of: &dyn Fn(&Look) -> f64| looks.iter().map(of).sum::<f64>() / count;
    let (hours, height) = (mean(&|look| look.hours), mean(&figure));
    let above: f64 = looks.iter().map(|look| (look.hours - hours) * (figure(look) - height)).sum();
    above / looks.iter().map(|look| (look.hours - hours).powi(2)).sum::<f64>()
}

/// A figure of the bot.
type Figure = fn(&Look) -> f64;

/// Prints the figures, and returns what has grown beyond its limit.
fn report(env: &TestEnv, messages: u32, faults: u32, looks: &[Look], before: &[[f64; 3]]) -> Vec<String> {
    let mut grown = Vec::new();
    let (counted, last) = (&looks[WAY_UP.min(looks.len() - 2)..], &looks[looks.len() - 1]);
    println!("\n{messages} messages, {faults} faults, {:.0} s\n", last.hours * 3600.0);
    println!("| of the bot | after the way up | in the end | slope, in an hour |\n| --- | --: | --: | --: |");
    let figures: [(&str, Figure, f64); 3] = [
        ("memory, MB", |look| look.megabytes, 30.0),
        ("descriptors", |look| look.descriptors, 20.0),
        ("threads", |look| look.threads, 20.0),
    ];
    for (name, figure, most) in figures {
        let (first, end, slope) = (figure(&counted[0]), figure(last), slope(counted, figure));
        println!("| {name} | {first:.1} | {end:.1} | {slope:+.1} |");
        if slope > most && last.hours > LONG_ENOUGH {
            grown.push(format!("{name}: {slope:+.1} in an hour, {most:+.1} at most"));
        }
    }
    println!(
        "\n| bytes for a row: table, indexes | after the way up | in the end | rows |\n| --- | --: | --: | --: |"
    );
    for (table, before) in TABLES.iter().zip(before) {
        let now = size(env, table);
        let each = |[rows, table, indexes]: [f64; 3]| {
            format!("{:.0}, {:.0}", table / rows.max(1.0), indexes / rows.max(1.0))
        };
        println!("| {table} | {} | {} | {} |", each(*before), each(now), now[0]);
        let of_a_row = |[rows, table, indexes]: [f64; 3]| (table + indexes) / rows.max(1.0);
        if of_a_row(now) > MOST_OF_A_ROW * of_a_row(*before) && last.hours > LONG_ENOUGH {
            grown.push(format!("{table}: its rows have grown from {} to {} bytes", each(*before), each(now)));
        }
    }
    let hot = "SELECT string_agg(format('%s of %s', n_tup_hot_upd, n_tup_upd), ', ' ORDER BY relname DESC) \
               FROM pg_stat_user_tables WHERE relname IN ('updates', 'reply_parts')";
    println!("\nHOT updates of updates, reply_parts: {}", env.psql(hot));
    grown
}
