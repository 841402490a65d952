//! What is measured of the bot: throughput, latency, memory, the history's query, recovery.

use std::time::{Duration, Instant};

use sandbox::Person;
use sandbox::model::When;
use systech_aidd::secret::Secret;
use systech_aidd::store::{self, Lane, history};

use crate::stage::{Bot, PATIENCE, QUESTION, Stage};
use crate::usage::{cpu, cpu_with_children, peak_memory};

/// Pause between two messages of one person, so that none waits for what follows the one before.
const PAUSE: Duration = Duration::from_millis(20);

/// A stretch of full load.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) answers: u32,
    pub(crate) time: Duration,
    pub(crate) bot: Duration,
    pub(crate) postgres: Duration,
    /// The stand-ins and this bench.
    pub(crate) neighbours: Duration,
    /// Calls of Telegram's, polling aside, and the polls.
    pub(crate) calls: u64,
    pub(crate) polls: u64,
}

impl Load {
    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.answers) / self.time.as_secs_f64()
    }

    /// Milliseconds of a time for each answer.
    pub(crate) fn each(&self, time: Duration) -> f64 {
        1000.0 * time.as_secs_f64() / f64::from(self.answers)
    }

    /// The share of all processors that bot, server and neighbours kept busy.
    pub(crate) fn busy(&self) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        (self.bot + self.postgres + self.neighbours).as_secs_f64()
            / self.time.as_secs_f64()
            / processors as f64
    }
}

/// Every person writes as soon as the last answer has come, for `time`.
pub(crate) fn load(stage: &Stage, bot: &Bot, people: &[Person], time: Duration) -> Load {
    let mut seen = stage.sent();
    let mut said = seen + people.len();
    for person in people {
        stage.telegram.say(person, QUESTION);
    }
    let reading = || {
        let calls = stage.telegram.look(|state| state.calls().len() as u64);
        let postgres = cpu_with_children(stage.postmaster());
        (
            Instant::now(),
            cpu(bot.pid(), false),
            postgres,
            cpu(std::process::id(), false),
            calls,
            stage.polls(),
        )
    };
    // the first answers of each lane are not counted: connections come about, statements are prepared
    let warm = seen + 4 * people.len();
    let mut began = None;
    loop {
        // often enough for so many lanes, and cheaper than to be woken by each call
        std::thread::sleep(Duration::from_millis(2));
        let chats = stage
            .telegram
            .look(|state| state.sent()[seen..].iter().map(|sent| sent.chat_id).collect::<Vec<_>>());
        seen += chats.len();
        if began.is_none() && seen >= warm {
            began = Some((seen, reading()));
        }
        if let Some((first, (at, bot_then, postgres, neighbours, calls, polls))) = began
            && at.elapsed() >= time
        {
            let now = reading();
            stage.telegram.wait_until(PATIENCE, |state| (state.sent().len() >= said).then_some(()));
            return Load {
                answers: u32::try_from(seen - first).unwrap_or(u32::MAX),
                time: now.0 - at,
                bot: now.1 - bot_then,
                postgres: now.2 - postgres,
                neighbours: now.3 - neighbours,
                calls: (now.4 - calls) - (now.5 - polls),
                polls: now.5 - polls,
            };
        }
        for chat in &chats {
            if let Ok(index) = usize::try_from(chat - people[0].chat_id) {
                stage.telegram.say(&people[index], QUESTION);
            }
        }
        said += chats.len();
    }
}

/// From the moment a person writes to the arrival of the answer's send, without the model's time; one message at a time.
pub(crate) fn latency(stage: &Stage, person: &Person, messages: usize) -> Vec<Duration> {
    let one = |_| {
        std::thread::sleep(PAUSE);
        let sent = stage.sent();
        let said = Instant::now();
        stage.telegram.say(person, QUESTION);
        let arrived = stage.telegram.wait_until(PATIENCE, |state| {
            let call = || state.calls().iter().rev().find(|call| call.method == "sendmessage");
            (state.sent().len() > sent).then(call).flatten().map(|call| call.at)
        });
        stage.model.wait_idle();
        let model = stage.model.look(|state| {
            let asked = state.requests().last()?;
            Some(asked.ended_at?.saturating_duration_since(asked.at))
        });
        (arrived - said).saturating_sub(model.unwrap_or_default())
    };
    (0..messages).map(one).collect()
}

/// Peak memory in MB when every worker of so many is with the model at the same time.
pub(crate) fn memory(stage: &Stage, database: &str, workers: usize) -> f64 {
    let bot = stage.start(database, &[("WORKERS", workers.to_string())]);
    let gate = stage.model.hold(When::any());
    let sent = stage.sent();
    for person in Stage::people(9_000_000_000, workers) {
        stage.telegram.say(&person, QUESTION);
    }
    gate.wait_arrivals(workers);
    gate.release();
    stage.telegram.wait_until(PATIENCE, |state| (state.sent().len() >= sent + workers).then_some(()));
    stage.model.clear();
    let peak = peak_memory(bot.pid());
    bot.kill();
    peak
}

/// From kill -9 while the model answers to the arrival of that answer, the bot started again at once.
pub(crate) fn recovery(stage: &Stage, database: &str, person: &Person, times: usize) -> Vec<Duration> {
    let mut bot = stage.start(database, &[]);
    let mut took = Vec::new();
    for _ in 0..times {
        let gate = stage.model.hold(When::any());
        let sent = stage.sent();
        stage.telegram.say(person, QUESTION);
        gate.wait_arrived();
        stage.model.clear();
        let killed = Instant::now();
        bot.kill();
        bot = stage.start_at_once(database, &[]);
        took.push(stage.telegram.wait_until(PATIENCE, |state| {
            let call = || state.calls().iter().rev().find(|call| call.method == "sendmessage");
            (state.sent().len() > sent).then(call).flatten().map(|call| call.at - killed)
        }));
        // what was just sent is to be recorded before the next blow
        std::thread::sleep(10 * PAUSE);
    }
    bot.kill();
    took
}

/// The history of `reads` dialogues, read by the program's own query on a table of `rows` messages.
pub(crate) fn history_reads(stage: &Stage, database: &str, rows: i64, reads: usize) -> Vec<Duration> {
    const DIALOGUE: i64 = 200;
    let dialogues = (rows / DIALOGUE).max(1);
    stage.server.psql(database, &format!("{}", grow(rows, dialogues)));
    let mut conn =
        store::connect(&Secret::new(stage.server.url(database))).expect("the server takes connections");
    let mut random = fastrand::Rng::with_seed(1);
    let mut read = || {
        let user_id = random.i64(1..=dialogues);
        let lane = Lane { bot_id: 1, chat_id: user_id, user_id };
        let began = Instant::now();
        let said = history::recent(&mut conn, lane, 20).expect("the history can be read");
        assert_eq!(said.len(), 20);
        began.elapsed()
    };
    // the first ones prepare the statement and read the catalogue
    (0..10).for_each(|_| _ = read());
    (0..reads).map(|_| read()).collect()
}

/// Fills `messages` and `turns` with dialogues that are spread over the whole table, as they are in life. The indexes
/// are built afterwards: the same ones, faster.
fn grow(rows: i64, dialogues: i64) -> String {
    format!(
        "SET session_replication_role = replica; -- the references hold by construction
         CREATE TEMP TABLE built AS SELECT indexname, indexdef FROM pg_indexes
             WHERE tablename IN ('messages', 'turns') AND indexname NOT LIKE '%_pkey';
         SELECT format('DROP INDEX %I', indexname) FROM built \\gexec
         SET max_parallel_maintenance_workers = 1;
         SET maintenance_work_mem = '512MB';
         INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
             SELECT 1 + n / 2 % {dialogues}, 1 + n / 2 % {dialogues}, CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END,
                    repeat('Lentils and eggs. ', 5), 90, now()::timestamp - ({rows} - n) * interval '1 second'
             FROM generate_series(0, {rows} - 1) n;
         INSERT INTO turns (update_seq, user_id, chat_id, question_id, answer_id, state)
             SELECT id, user_id, chat_id, id, id + 1, 'answered' FROM messages WHERE role = 'user';
         SELECT indexdef FROM built \\gexec
         ANALYZE messages, turns;"
    )
}
