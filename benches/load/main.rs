//! The bot under load: `make bench`.
//!
//! The real binary between the stand-ins and a private PostgreSQL, and in the same run, in turns, pgbench with the same
//! statements on the same server. Stand-ins, bot and server share the machine's cores, so absolute figures say as much
//! about the machine as about the bot; the ratio to the limit is taken round by round.
//!
//! Sizes come from the environment: LOAD_LANES (64), LOAD_ROUNDS (3), LOAD_SECONDS (6, of each half of a round),
//! LOAD_ROWS (1000000, for the history's query). Everything is on the loopback interface and ends by itself.

mod limit;
mod measure;
mod script;
mod stage;
mod usage;

use std::time::Duration;

use script::Script;
use stage::Stage;
use usage::{median, percentile};

/// DATABASE_POOL_SIZE of the bot, and as many clients of pgbench.
const CONNECTIONS: usize = 8;
/// The most rows that one INSERT of pgbench's can bind (it takes 255 parameters).
const LARGEST_BATCH: usize = 40;
const DATABASE: &str = "load";
const FIRST_PERSON: i64 = 6_000_000_000;

fn main() {
    // cargo test, too, starts benches when it is told to take all targets
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let (lanes, rounds) = (size("LOAD_LANES", 64), size("LOAD_ROUNDS", 3));
    let (seconds, rows) = (size("LOAD_SECONDS", 6), size("LOAD_ROWS", 1_000_000));
    let stage = Stage::new();
    stage.server.create_database(DATABASE);
    let mut table = Table::default();
    throughput(&stage, lanes, rounds, seconds as u64, &mut table);
    one_lane(&stage, &mut table);
    for workers in [64, 512] {
        let peak = measure::memory(&stage, DATABASE, workers);
        table.row(&format!("peak memory, {workers} answers in the making"), format!("{peak:.0} MB"));
    }
    history(&stage, rows, &mut table);
    table.print();
}

/// Full load against the limit, in turns.
fn throughput(stage: &Stage, lanes: usize, rounds: usize, seconds: u64, table: &mut Table) {
    let settings = [("DATABASE_POOL_SIZE", CONNECTIONS.to_string())];
    let bot = stage.start(DATABASE, &settings);
    let people = Stage::people(FIRST_PERSON, lanes);
    let lanes_each = lanes.div_ceil(CONNECTIONS);
    stage.fill(DATABASE, FIRST_PERSON, lanes);
    stage.fill(DATABASE, limit::FIRST_PERSON, lanes_each * CONNECTIONS);

    progress("a first load, to see how many updates come in one batch");
    let first = measure::load(stage, &bot, &people, Duration::from_secs(seconds));
    let batch = (f64::from(first.answers) / first.polls as f64).round() as usize;
    // Telegram serves one poller
    bot.kill();
    let script = Script::capture(stage, batch.clamp(1, LARGEST_BATCH), lanes_each);

    let bot = stage.start(DATABASE, &settings);
    let (mut limits, mut loads) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let load = measure::load(stage, &bot, &people, Duration::from_secs(seconds));
        let before = usage::cpu_with_children(stage.postmaster());
        let began = std::time::Instant::now();
        let limit = limit::run(stage, DATABASE, &script, CONNECTIONS, seconds, round);
        let used = usage::cpu_with_children(stage.postmaster()) - before;
        let limit_cpu = millis(used) / (limit * began.elapsed().as_secs_f64());
        progress(&format!(
            "round {}: {:.0} answers/s, limit {limit:.0}, ratio {:.2}",
            round + 1,
            load.rate(),
            load.rate() / limit
        ));
        limits.push((limit, limit_cpu));
        loads.push(load);
    }
    bot.kill();

    let of = |figure: &dyn Fn(&measure::Load) -> f64| median(loads.iter().map(figure).collect());
    let ratios = loads.iter().zip(&limits).map(|(load, (limit, _))| load.rate() / limit).collect();
    let limit = |figure: &dyn Fn(&(f64, f64)) -> f64| median(limits.iter().map(figure).collect());
    table.row(
        &format!("answers per second, {lanes} dialogues at once"),
        format!("{:.0}", of(&measure::Load::rate)),
    );
    table.row(
        &format!("the limit: pgbench, the same statements, {CONNECTIONS} connections"),
        format!("{:.0}", limit(&|(rate, _)| *rate)),
    );
    table.row("ratio to the limit", format!("{:.0}%", 100.0 * median(ratios)));
    table.row("processor time for an answer, the bot", format!("{:.2} ms", of(&|load| load.each(load.bot))));
    table.row(
        "beside it, PostgreSQL (under pgbench)",
        format!("{:.2} ms ({:.2} ms)", of(&|load| load.each(load.postgres)), limit(&|(_, cpu)| *cpu)),
    );
    table.row(
        "beside it, the stand-ins and the bench",
        format!("{:.2} ms", of(&|load| load.each(load.neighbours))),
    );
    table.row("processors busy, of all", format!("{:.0}%", 100.0 * of(&measure::Load::busy)));
    table.row(
        "round trips to PostgreSQL for an answer (needed)",
        format!("{:.1} ({}), and 1 for {batch} updates", script.made, script.needed),
    );
    table.row(
        "calls to Telegram for an answer",
        format!("{:.2}", of(&|load| load.calls as f64 / f64::from(load.answers))),
    );
}

/// What a single person notices.
fn one_lane(stage: &Stage, table: &mut Table) {
    let person = &Stage::people(FIRST_PERSON, 1)[0];
    let bot = stage.start(DATABASE, &[]);
    progress("latency at one lane");
    measure::latency(stage, person, 10);
    let mut added = measure::latency(stage, person, 200);
    bot.kill();
    table.row("added latency at one lane, p50", format!("{:.1} ms", millis(percentile(&mut added, 0.5))));
    table.row("added latency at one lane, p99", format!("{:.1} ms", millis(percentile(&mut added, 0.99))));
    progress("kill -9 and recovery");
    let mut took = measure::recovery(stage, DATABASE, person, 9);
    table.row(
        "kill -9 in mid-answer to the answer, median and longest of 9",
        format!("{:.0} ms, {:.0} ms", millis(percentile(&mut took, 0.5)), millis(percentile(&mut took, 1.0))),
    );
}

/// The one query of the past, on a big table.
fn history(stage: &Stage, rows: usize, table: &mut Table) {
    progress(&format!("{rows} messages are made up"));
    stage.server.create_database("history");
    stage.start("history", &[]).kill();
    let rows = i64::try_from(rows).expect("a number of rows");
    let mut took = measure::history_reads(stage, "history", rows, 2000);
    table.row(
        &format!("history read, {rows} messages, p50"),
        format!("{:.2} ms", millis(percentile(&mut took, 0.5))),
    );
    table.row(
        &format!("history read, {rows} messages, p99"),
        format!("{:.2} ms", millis(percentile(&mut took, 0.99))),
    );
}

fn millis(time: Duration) -> f64 {
    1000.0 * time.as_secs_f64()
}

fn progress(what: &str) {
    eprintln!("load: {what}");
}

fn size(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number")),
        Err(_) => default,
    }
}

/// The figures, as the README shows them.
#[derive(Default)]
struct Table(Vec<(String, String)>);

impl Table {
    fn row(&mut self, what: &str, figure: String) {
        self.0.push((what.to_owned(), figure));
    }

    fn print(&self) {
        println!("| | |\n| --- | --- |");
        for (what, figure) in &self.0 {
            println!("| {what} | {figure} |");
        }
    }
}
