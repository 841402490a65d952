//! How much of its prompts an endpoint that caches them need not read anew: `make bench-cache`, a minute.
//!
//! The real binary with its own prompt and settings, in a dialogue of 200 turns. The stand-in for the model compares each
//! prompt with the one before and counts the bytes that are the same from the beginning. The last row is of a person who leaves time
//! between questions, in which what leaves the window is summed up. CACHE_OTHER, the path of another
//! build of the bot, measures that one instead.

use std::process::Command;
use std::thread;
use std::time::Duration;

use sandbox::TestEnv;
use sandbox::env::Bot;
use sandbox::model::{Behaviour, Message, When};
use sandbox::telegram::Person;

const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");
const PROMPT: &str = include_str!("../prompts/nutritionist.txt");
const TURNS: usize = 200;
/// Between two questions of somebody who leaves time.
const PAUSE: Duration = Duration::from_millis(50);
const SEED: u64 = 20_261_127;

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "| {TURNS} turns, questions of about 80 bytes, answers of about 600 | bytes that could come from a cache |"
    );
    println!("| --- | --: |");
    for (what, others, settings) in [
        ("as it is set by default", 0, &[][..]),
        ("the same, while five others write too", 5, &[]),
        ("MAX_HISTORY_MESSAGES=40", 0, &[("MAX_HISTORY_MESSAGES", "40")]),
        (
            "MAX_HISTORY_MESSAGES=1000, LLM_CONTEXT_TOKENS=16000",
            0,
            &[("MAX_HISTORY_MESSAGES", "1000"), ("LLM_CONTEXT_TOKENS", "16000")],
        ),
        ("as it is set by default, with summaries", 0, &[("SHORT_WAITS", "quiet=0")]),
    ] {
        println!("| {what} | {:.1}% |", 100.0 * share(others, settings));
    }
}

/// The share of all prompts that was the same as in the prompt before.
fn share(others: i64, settings: &[(&str, &str)]) -> f64 {
    let mut env = TestEnv::new();
    std::fs::write(env.folder().join("prompts/nutritionist.txt"), PROMPT).expect("a file can be written");
    env.set("LIVE_ANSWERS", "off");
    env.unset("RUST_LOG");
    for (name, value) in settings {
        env.set(name, *value);
    }
    let mut command = Command::new(std::env::var("CACHE_OTHER").unwrap_or_else(|_| PROGRAM.to_owned()));
    env.prepare(&mut command);
    let bot = Bot::start(&command, &env.folder().join("bot.log"));
    let calm = settings.iter().any(|(name, _)| *name == "SHORT_WAITS");
    env.model
        .on(When::asked("[The person]"), Behaviour::text("They cook, and ask for words. ".repeat(20).trim()));
    let mut random = fastrand::Rng::with_seed(SEED);
    let person = Person::private(1);
    for turn in 1..=TURNS {
        let mut text = |bytes: usize| "word ".repeat(random.usize(bytes / 10..bytes * 3 / 10));
        let (question, answer) = (format!("ask {turn} {}", text(80)), format!("{turn} {}", text(600)));
        env.model.on(When::asked(&format!("ask {turn} ")).once(), Behaviour::text(answer.trim()));
        env.telegram.say(&person, question.trim());
        for other in (2..2 + others).filter(|_| random.bool()) {
            env.telegram.say(&Person::private(other), "other");
        }
        env.telegram.wait_for_count(1, turn);
        if calm {
            thread::sleep(PAUSE);
            env.model.wait_idle();
        }
    }
    let asked = env.asked("ask ").into_iter().filter(|asked| !asked.sums_up());
    let prompts: Vec<Vec<Message>> = asked.map(|asked| asked.messages).collect();
    let noted = prompts
        .iter()
        .filter(|prompt| prompt.iter().any(|message| message.content.starts_with("[Your notes")));
    assert_eq!(calm, noted.count() > TURNS / 2, "summaries are read where there is time to make them");
    bot.kill();
    assert_eq!(prompts.len(), TURNS);
    let bytes = |messages: &[Message]| messages.iter().map(|message| message.content.len()).sum::<usize>();
    let shared = |pair: &[Vec<Message>]| {
        let same = pair[0].iter().zip(&pair[1]).take_while(|(before, now)| before == now).count();
        bytes(&pair[1][..same])
    };
    let cached: usize = prompts.windows(2).map(shared).sum();
    let all: usize = prompts.iter().map(|prompt| bytes(prompt)).sum();
    let float = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    float(cached) / float(all)
}
