//! What else is measured of the bot: latency, memory, recovery, the query of the history.

use std::time::{Duration, Instant};

use sandbox::PATIENCE;
use sandbox::Person;
use sandbox::model::When;
use systech_aidd::base::secret::Secret;
use systech_aidd::domain::lane::Lane;
use systech_aidd::store::{self, history};

use crate::env::{LoadEnv, PROGRAM, QUESTION};

/// Pause between two messages of one person, so that none waits for what follows the one before.
const PAUSE: Duration = Duration::from_millis(20);

/// From the moment a person writes to the arrival of the answer's send, without the model's time; one message at a time.
pub(crate) fn latency(env: &LoadEnv, person: &Person, messages: usize) -> Vec<Duration> {
    let one = |_| {
        std::thread::sleep(PAUSE);
        let sent = env.sent();
        let said = Instant::now();
        env.telegram.say(person, QUESTION);
        let arrived = env.telegram.wait_until(PATIENCE, |state| {
            let call = || state.calls().iter().rev().find(|call| call.method == "sendmessage");
            (state.sent().len() > sent).then(call).flatten().map(|call| call.at)
        });
        env.model.wait_idle();
        let model = env.model.look(|state| {
            let asked = state.requests().last()?;
            Some(asked.ended_at?.saturating_duration_since(asked.at))
        });
        (arrived - said).saturating_sub(model.unwrap_or_default())
    };
    (0..messages).map(one).collect()
}

/// Memory in MB of a bot that has come up and waits, and what of it is its own.
pub(crate) fn idle(env: &LoadEnv, database: &str) -> (u64, u64) {
    let bot = env.start(database, &[]);
    bot.wait_ready();
    let memory = (bot.memory(), bot.memory_of_its_own());
    bot.kill();
    memory
}

/// Peak memory in MB when every worker of so many is with the model at the same time.
pub(crate) fn memory(env: &LoadEnv, database: &str, workers: usize) -> u64 {
    let bot = env.start(database, &[("WORKERS", workers.to_string())]);
    let gate = env.model.hold(When::any());
    let sent = env.sent();
    for person in LoadEnv::people(9_000_000_000, workers) {
        env.telegram.say(&person, QUESTION);
    }
    gate.wait_arrivals(workers);
    gate.release();
    env.telegram.wait_until(PATIENCE, |state| (state.sent().len() >= sent + workers).then_some(()));
    env.model.clear();
    let peak = bot.peak_memory();
    bot.kill();
    peak
}

/// From kill -9 while the model answers to the arrival of that answer, the bot started again at once.
pub(crate) fn recovery(env: &LoadEnv, database: &str, person: &Person, times: usize) -> Vec<Duration> {
    let mut bot = env.start(database, &[]);
    let mut took = Vec::new();
    for _ in 0..times {
        let gate = env.model.hold(When::any());
        let sent = env.sent();
        env.telegram.say(person, QUESTION);
        gate.wait_arrived();
        env.model.clear();
        let killed = Instant::now();
        bot.kill();
        bot = env.launch(PROGRAM, database, &[]);
        took.push(env.telegram.wait_until(PATIENCE, |state| {
            let call = || state.calls().iter().rev().find(|call| call.method == "sendmessage");
            (state.sent().len() > sent).then(call).flatten().map(|call| call.at - killed)
        }));
        // What was just sent is to be recorded before the next blow.
        std::thread::sleep(10 * PAUSE);
    }
    bot.kill();
    took
}

/// The history of `reads` dialogues, read by the program's own query on a table of `rows` messages.
pub(crate) fn history_reads(env: &LoadEnv, database: &str, rows: i64, reads: usize) -> Vec<Duration> {
    const DIALOGUE: i64 = 200;
    let dialogues = (rows / DIALOGUE).max(1);
    env.server().psql(database, &grow(rows, dialogues));
    let mut conn =
        store::connect(&Secret::new(env.server().url(database))).expect("the server takes connections");
    let mut random = fastrand::Rng::with_seed(1);
    let mut read = || {
        let user_id = random.i64(1..=dialogues);
        let lane = Lane { bot_id: 1, chat_id: user_id, user_id, thread_id: None };
        let began = Instant::now();
        let said = history::recent(&mut conn, lane, 20, None).expect("the history can be read");
        assert!((5..=20).contains(&said.len()), "{}", said.len());
        began.elapsed()
    };
    // The first ones prepare the statement and read the catalogue.
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
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state)
             SELECT 1, id, user_id, chat_id, id, id + 1, 'answered' FROM messages WHERE role = 'user';
         SELECT indexdef FROM built \\gexec
         ANALYZE messages, turns;"
    )
}
