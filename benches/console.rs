//! The pages of the console on a large database: `make bench-console`.
//!
//! CONSOLE_ROWS (1000000) messages of a year, with their turns and calls of models, in a private PostgreSQL. Each figure is of the
//! real program (built as `cargo bench` builds it), from the request to the last byte of the page.
//!
//! Then how long answers take while four operators look at one page after the other, and while nobody does, in turns: from the moment a
//! message is there to be fetched to the moment its answer is sent. The model takes half a second. CONSOLE_ANSWERS (2000) of each kind,
//! so that twenty of them are longer than the p99.
//!
//! The bench fails where 95 of 100 looks at a page do not end within 50 ms, or the p99 of answers beside operators is more than 1.2
//! times that without.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on is to fail loudly")]

#[path = "../tests/it/support/console.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod console;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use console::{Visitor, with_console};
use sandbox::TestEnv;
use sandbox::env::Bot;
use sandbox::model::Behaviour;
use sandbox::telegram::Person;

/// The longest that 95 of 100 looks at a page may take.
const MOST: Duration = Duration::from_millis(50);
/// So many times the p99 of answers alone may that beside operators be.
const MOST_BESIDE: f64 = 1.2;

/// In so many turns, by so many people at once.
const TURNS: usize = 10;
const PEOPLE: usize = 8;
const OPERATORS: usize = 4;
/// How long the model takes.
const MODEL: Duration = Duration::from_millis(500);

/// How often each page is looked at.
const LOOKS: usize = 200;

const PAGES: &[&str] = &[
    "/?by=hour",
    "/?by=day",
    "/?by=month",
    "/now",
    "/costs",
    "/costs?by=person&days=7",
    "/costs?by=model",
    "/costs?by=purpose",
    "/costs?by=person&days=90",
    "/health",
    "/sessions",
];

/// Two messages for each question; 5,000 people over a year up to now, the last of them today.
const FILL: &str = "
    INSERT INTO people (bot_id, id, state, since, name)
    SELECT bot_id, n, 'allowed', now(), 'Person ' || n FROM leases, generate_series(1, 5000) AS n;
    INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
    SELECT 1 + (n / 2) % 5000, 1 + (n / 2) % 5000, CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, text, length(text),
           localtimestamp - (:rows - n) * interval '365 days' / :rows
    FROM generate_series(0, :rows - 1) AS n, LATERAL (SELECT 'words of message ' || n || repeat(' and more', n % 30) AS text) AS texts;
    INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, answer_id, state, model, created_at, message_ids)
    SELECT (SELECT bot_id FROM leases), id, user_id, chat_id, id, id + 1, 'answered', 'small', created_at, ARRAY[id]
    FROM messages WHERE role = 'user';
    INSERT INTO model_calls (bot_id, update_seq, user_id, chat_id, purpose, endpoint, model, outcome, failure, prompt_tokens,
                             cached_tokens, completion_tokens, cost, cost_source, first_token_ms, duration_ms, called_at)
    SELECT bot_id, update_seq, user_id, chat_id, 'answer', 'llm.example', (ARRAY['small', 'large', 'careful'])[1 + id % 3],
           CASE WHEN id % 50 = 0 THEN 'failed' ELSE 'answered' END, CASE WHEN id % 50 = 0 THEN 'overloaded' END,
           900, 300, 250, 0.0021, 'endpoint', 300 + id % 900, 2000 + id % 6000, created_at
    FROM turns";

fn main() -> ExitCode {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let number = |name: &str, usual: usize| {
        std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
    };
    let (rows, wanted) = (number("CONSOLE_ROWS", 1_000_000), number("CONSOLE_ANSWERS", 2000));
    let mut env = with_console(TestEnv::with_own_server());
    env.unset("SHORT_WAITS");
    let bot = env.start_ready();
    let began = Instant::now();
    env.psql(&FILL.replace(":rows", &rows.to_string()));
    env.psql("VACUUM ANALYZE");
    println!("{rows} messages and what belongs to them in {:.0?}", began.elapsed());
    let mut operator = Visitor::logged_in(&env, &bot);
    println!("{:<28} {:>10} {:>10} {:>10} {:>10}", "page", "first", "p50", "p95", "longest");
    let mut slow = Vec::new();
    for path in PAGES {
        let first = look(&mut operator, path);
        let mut times: Vec<Duration> = (0..LOOKS).map(|_| look(&mut operator, path)).collect();
        times.sort();
        let [p50, p95, longest] = [LOOKS / 2, LOOKS * 95 / 100, LOOKS - 1].map(|nth| times[nth]);
        if p95 > MOST {
            slow.push(path);
        }
        let [p50, p95, longest] = [p50, p95, longest].map(millis);
        println!("{path:<28} {:>10} {p50:>10} {p95:>10} {longest:>10}", millis(first));
    }
    let times = beside_answers(&env, &bot, wanted);
    if !slow.is_empty() {
        println!("\nlonger than {}: {slow:?}", millis(MOST));
    }
    if times > MOST_BESIDE {
        println!("\nanswers beside operators take more than {MOST_BESIDE} times as long");
    }
    if slow.is_empty() && times <= MOST_BESIDE { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints how long answers take, with pages and without. Returns how many times as long with them, by the p99.
fn beside_answers(env: &TestEnv, bot: &Bot, wanted: usize) -> f64 {
    let each = wanted.div_ceil(TURNS * PEOPLE);
    env.model.usually(Behaviour::answer().headers_after(MODEL));
    let [mut alone, mut beside] = [const { Vec::new() }; 2];
    answers(env, each);
    for _ in 0..TURNS {
        alone.extend(answers(env, each));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..OPERATORS {
                let mut operator = Visitor::logged_in(env, bot);
                let over = &over;
                scope.spawn(move || {
                    for path in PAGES.iter().cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
                        look(&mut operator, path);
                    }
                });
            }
            beside.extend(answers(env, each));
            over.store(true, Ordering::Relaxed);
        });
    }
    let [[p50, p99], [p50_beside, p99_beside]] = [alone, beside].map(|mut times| {
        times.sort();
        [times.len() / 2, times.len() * 99 / 100].map(|nth| times[nth])
    });
    let times = p99_beside.as_secs_f64() / p99.as_secs_f64();
    println!(
        "\n{} answers of {PEOPLE} people at once: p50 {}, p99 {}",
        TURNS * PEOPLE * each,
        millis(p50),
        millis(p99)
    );
    println!(
        "as many while {OPERATORS} operators look: p50 {}, p99 {}, {times:.2} times that",
        millis(p50_beside),
        millis(p99_beside),
    );
    times
}

/// How long each answer takes, of so many to each person.
fn answers(env: &TestEnv, each: usize) -> Vec<Duration> {
    let asks = |number: usize| {
        let person = Person::private(1_000_000 + i64::try_from(number).unwrap());
        let sent = || env.telegram.look(|state| state.in_chat(person.chat_id).count());
        let before = sent();
        (1..=each)
            .map(|nth| {
                let began = Instant::now();
                env.telegram.say(&person, "How long does rice cook?");
                env.telegram.wait_for_count(person.chat_id, before + nth);
                began.elapsed()
            })
            .collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE).map(|number| scope.spawn(move || asks(number))).collect();
        people.into_iter().flat_map(|person| person.join().unwrap()).collect()
    })
}

fn look(operator: &mut Visitor, path: &str) -> Duration {
    let began = Instant::now();
    let answer = operator.get(path);
    let took = began.elapsed();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    took
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
