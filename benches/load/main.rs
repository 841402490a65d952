//! The bot under load: `make bench`.
//!
//! The real binary between the stand-ins and a private PostgreSQL, and in the same run, in turns, pgbench with the same
//! statements on the same server, and with the fewest statements that do the same work: an ideal that nobody could write shorter.
//! The ratios to both are taken round by round.
//!
//! The limit is what the database can do. So it has half of the processors for itself, and who asks it, the bot and its
//! stand-ins or pgbench, has the other half. Then the rounds are run again with all on all processors: there pgbench
//! leaves to the database what bot and stand-ins use.
//!
//! LOAD_OTHER, the path of another build of the bot, puts that one into each round as well: before and after in one run.
//!
//! Sizes come from the environment: LOAD_LANES (64), LOAD_ROUNDS (3), LOAD_SECONDS (6, of each half of a round),
//! LOAD_ROWS (1000000, for the history's query). Everything is on the loopback interface and ends by itself.

mod env;
mod limit;
mod measure;
mod pressure;
mod processors;
mod script;
mod usage;

use std::time::Duration;

use env::{LoadEnv, PROGRAM};
use limit::Limit;
use pressure::{Pressure, count};
use script::Script;
use usage::{median, percentile};

/// DATABASE_POOL_SIZE of the bot, and as many clients of pgbench.
const CONNECTIONS: usize = 8;
/// The most rows that one INSERT of pgbench's can bind (it takes 255 parameters).
const LARGEST_BATCH: usize = 40;
const DATABASE: &str = "load";
/// That of the build of LOAD_OTHER.
const DATABASE_OF_OTHER: &str = "other";
const FIRST_PERSON: i64 = 6_000_000_000;

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let (lanes, rounds) = (size("LOAD_LANES", 64), size("LOAD_ROUNDS", 3));
    let (seconds, rows) = (size("LOAD_SECONDS", 6), size("LOAD_ROWS", 1_000_000));
    let env = LoadEnv::new();
    env.server().create_database(DATABASE);
    let mut table = Table::default();
    throughput(&env, lanes, rounds, seconds as u64, &mut table);
    slow_model(&env, size("LOAD_CHATS", 500), &mut table);
    one_lane(&env, &mut table);
    let (idle, own) = measure::idle(&env, DATABASE);
    table.row("memory of a bot that has nothing to do, of it its own", format!("{idle} MB, {own} MB"));
    for workers in [64, 512] {
        let peak = measure::memory(&env, DATABASE, workers);
        table.row(&format!("peak memory, {workers} answers in the making"), format!("{peak} MB"));
    }
    history(&env, rows, &mut table);
    table.print();
}

/// The build of LOAD_OTHER, with a database of its own: an older one refuses a database that a newer one has migrated.
fn other_build(env: &LoadEnv, lanes: usize) -> Option<String> {
    let other = std::env::var("LOAD_OTHER").ok()?;
    env.server().create_database(DATABASE_OF_OTHER);
    env.start_program(&other, DATABASE_OF_OTHER, &[]).kill();
    env.fill(DATABASE_OF_OTHER, FIRST_PERSON, lanes);
    Some(other)
}

/// Full load against the limit, in turns; if LOAD_OTHER names another build of the bot, this one as well.
fn throughput(env: &LoadEnv, lanes: usize, number: usize, seconds: u64, table: &mut Table) {
    let people = LoadEnv::people(FIRST_PERSON, lanes);
    let lanes_each = lanes.div_ceil(CONNECTIONS);
    let load = |program: &str, database: &str| {
        let settings = [("DATABASE_POOL_SIZE", CONNECTIONS.to_string())];
        let bot = env.start_program(program, database, &settings);
        let load = Pressure::put(env, &bot, &people, Duration::from_secs(seconds));
        // Telegram serves one poller
        bot.kill();
        load
    };

    progress("a first load, to see how many updates come in one batch");
    env.start(DATABASE, &[]).kill();
    env.fill(DATABASE, FIRST_PERSON, lanes);
    env.fill(DATABASE, limit::FIRST_PERSON, lanes_each * CONNECTIONS);
    let seen = load(PROGRAM, DATABASE).batch;
    let batch = (1..LARGEST_BATCH).find(|batch| pressure::count(*batch) >= seen).unwrap_or(LARGEST_BATCH);
    let script = Script::capture(env, batch, lanes_each);

    let other = other_build(env, lanes);
    let mut round = 0;
    let mut in_turns = |what: &str| {
        progress(what);
        let mut rounds = Rounds::default();
        for _ in 0..number {
            round += 1;
            // Update ids of the two are kept apart, too.
            let limit = |text: &str, run: usize| {
                limit::run(env, DATABASE, (text, &script.constants), CONNECTIONS, seconds, run)
            };
            let (ideal, limit) = (limit(&script.ideal, 2 * round), limit(&script.text, 2 * round + 1));
            rounds.others.extend(other.as_deref().map(|other| load(other, DATABASE_OF_OTHER)));
            let load = load(PROGRAM, DATABASE);
            progress(&format!(
                "round {round}: {:.0} answers/s, the limit {:.0}, the ideal {:.0}",
                load.rate, limit.rate, ideal.rate
            ));
            rounds.limits.push(limit);
            rounds.ideals.push(ideal);
            rounds.loads.push(load);
        }
        rounds
    };
    let (for_database, for_others) = env.divide_processors();
    let apart = in_turns("the database on processors of its own");
    env.share_processors();
    let shared = in_turns("all on all processors");

    let [bot, postgres, neighbours] = [0, 1, 2].map(|who| apart.load(|load| load.processor[who]));
    let busy = |who: &[usize], processors: usize| {
        let millis = |load: &Pressure| who.iter().map(|who| load.processor[*who]).sum::<f64>();
        apart.load(|load| load.rate * millis(load) / 10.0 / count(processors))
    };
    let for_postgres = format!("{postgres:.2} ms ({:.2} ms)", apart.limit(|limit| limit.processor));
    table.row(
        &format!("answers per second, {lanes} dialogues at once"),
        format!("{:.0}", apart.load(|load| load.rate)),
    );
    table.row(
        &format!("the limit: pgbench, the same statements, {CONNECTIONS} connections"),
        format!("{:.0}", apart.limit(|limit| limit.rate)),
    );
    table.row("ratio to the limit", format!("{:.0}%", apart.ratio()));
    table.row(
        "the ideal: pgbench, the same work in three statements; PostgreSQL's time in it",
        format!("{:.0}; {:.2} ms", apart.ideal(|ideal| ideal.rate), apart.ideal(|ideal| ideal.processor)),
    );
    table.row("ratio to the ideal", format!("{:.0}%", apart.ratio_to_ideal()));
    table.row("processor time for an answer, the bot", format!("{bot:.2} ms"));
    table.row("beside it, PostgreSQL (in the limit)", for_postgres);
    table.row("beside it, the stand-ins and the bench", format!("{neighbours:.2} ms"));
    table.row(
        "how busy are the processors of PostgreSQL, of all others",
        format!("{:.0}%, {:.0}%", busy(&[1], for_database), busy(&[0, 2], for_others)),
    );
    table.row(
        "all on all processors: answers per second, the limit, the ideal, the ratios to them",
        format!(
            "{:.0}, {:.0}, {:.0}, {:.0}%, {:.0}%",
            shared.load(|load| load.rate),
            shared.limit(|limit| limit.rate),
            shared.ideal(|ideal| ideal.rate),
            shared.ratio(),
            shared.ratio_to_ideal()
        ),
    );
    table.row(
        "statements for an answer (in the limit)",
        format!("{:.1} ({}), and one for {batch} updates", script.made, script.needed),
    );
    table.row("calls to Telegram for an answer", format!("{:.1}", apart.load(|load| load.calls)));
    if other.is_some() {
        for (rounds, where_) in [(&apart, ""), (&shared, ", all on all processors")] {
            let other = |who: usize| rounds.other(|other| other.processor[who]);
            let figures = [rounds.to_other(), other(0), other(1)].map(|figure| format!("{figure:.2}"));
            table.row(
                &format!("answers per second to the other build's, its milliseconds, PostgreSQL's{where_}"),
                figures.join(", "),
            );
        }
    }
}

/// Some rounds under the same conditions.
#[derive(Default)]
struct Rounds {
    loads: Vec<Pressure>,
    limits: Vec<Limit>,
    ideals: Vec<Limit>,
    others: Vec<Pressure>,
}

impl Rounds {
    fn load(&self, figure: impl Fn(&Pressure) -> f64) -> f64 {
        median(self.loads.iter().map(figure).collect())
    }

    fn limit(&self, figure: impl Fn(&Limit) -> f64) -> f64 {
        median(self.limits.iter().map(figure).collect())
    }

    fn ideal(&self, figure: impl Fn(&Limit) -> f64) -> f64 {
        median(self.ideals.iter().map(figure).collect())
    }

    fn other(&self, figure: impl Fn(&Pressure) -> f64) -> f64 {
        median(self.others.iter().map(figure).collect())
    }

    /// The median of the rounds' own ratios to the limit, in percent.
    fn ratio(&self) -> f64 {
        self.ratio_to(&self.limits)
    }

    /// The same to the ideal.
    fn ratio_to_ideal(&self) -> f64 {
        self.ratio_to(&self.ideals)
    }

    fn ratio_to(&self, limits: &[Limit]) -> f64 {
        median(self.loads.iter().zip(limits).map(|(load, limit)| 100.0 * load.rate / limit.rate).collect())
    }

    /// The same to the other build.
    fn to_other(&self) -> f64 {
        median(self.loads.iter().zip(&self.others).map(|(load, other)| load.rate / other.rate).collect())
    }
}

/// Many people at once whose model needs a second, with the settings as they are.
fn slow_model(env: &LoadEnv, chats: usize, table: &mut Table) {
    progress(&format!("{chats} chats, a model that takes a second"));
    env.fill(DATABASE, FIRST_PERSON, chats);
    env.model.usually(env::instant().headers_after(Duration::from_secs(1)));
    let bot = env.start(DATABASE, &[]);
    let mut load = Pressure::put(env, &bot, &LoadEnv::people(FIRST_PERSON, chats), Duration::from_secs(20));
    bot.kill();
    env.model.usually(env::instant());
    let [median, longest] = [0.5, 0.99].map(|share| millis(percentile(&mut load.waits, share)));
    table.row(
        &format!("{chats} chats, a model that takes a second: answers per second; p50, p99 of an answer"),
        format!("{:.0}; {median:.0} ms, {longest:.0} ms", load.rate),
    );
}

/// What a single person notices.
fn one_lane(env: &LoadEnv, table: &mut Table) {
    let person = &LoadEnv::people(FIRST_PERSON, 1)[0];
    let bot = env.start(DATABASE, &[]);
    progress("latency at one lane");
    measure::latency(env, person, 10);
    let mut added = measure::latency(env, person, 200);
    bot.kill();
    table.row("added latency at one lane, p50", format!("{:.1} ms", millis(percentile(&mut added, 0.5))));
    table.row("added latency at one lane, p99", format!("{:.1} ms", millis(percentile(&mut added, 0.99))));
    progress("kill -9 and recovery");
    let mut took = measure::recovery(env, DATABASE, person, 9);
    table.row(
        "kill -9 in mid-answer to the answer, median and longest of 9",
        format!("{:.0} ms, {:.0} ms", millis(percentile(&mut took, 0.5)), millis(percentile(&mut took, 1.0))),
    );
}

/// The one query of the past, on a big table.
fn history(env: &LoadEnv, rows: usize, table: &mut Table) {
    progress(&format!("{rows} messages are made up"));
    env.server().create_database("history");
    env.start("history", &[]).kill();
    let rows = i64::try_from(rows).expect("a number of rows");
    let mut took = measure::history_reads(env, "history", rows, 2000);
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
