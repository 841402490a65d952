//! How soon the first words of an answer are seen, how patient the bot is in a flood, and how soon answers come beside an
//! announcement: `make bench-live`, three minutes.
//!
//! The real binary between the stand-ins. From the moment at which the model says its first words, 0.3 s after it was asked,
//! to the arrival of the call that shows them; then forty chats at once through thirty calls a second; then answers without
//! an announcement and beside one, in turns; then a long answer that goes on with nothing to see. LIVE_OTHER, the path of another build of the bot, measures that one instead.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use sandbox::env::Bot;
use sandbox::model::{Behaviour, Gate};
use sandbox::telegram::{Limits, Person};
use sandbox::{PATIENCE, TestEnv};
use serde_json::json;

#[expect(dead_code, reason = "the bench of the load uses the rest")]
#[path = "load/usage.rs"]
mod usage;

const PROGRAM: &str = env!("CARGO_BIN_EXE_systech-aidd");
const ANSWER: &str = "Take two carrots, salt and a pot. Then wait for a while, stir, and wait again.";
/// The model thinks for so long.
const THOUGHT: Duration = Duration::from_millis(300);
const ANSWERS: i64 = 30;
const CHATS: i64 = 40;
const ROUNDS: i64 = 3;
/// So many bytes of an answer, and behind them so many pieces in which there is nothing to see.
const LONG: usize = 76_000;
const BLANKS: usize = 3_000;

/// Who announces, and the first of those who are told and ask nothing.
const OWNER: i64 = 900;
const FIRST: i64 = 1001;
/// More people than are told in the time of a turn.
const AUDIENCE: i64 = 1000;
/// Turns without an announcement, and as many beside one.
const TURNS: usize = 4;
/// Questions in a turn, one after the other by so many people, and the time from one to the next.
const QUESTIONS: i64 = 100;
const ASKERS: i64 = 20;
const EVERY: Duration = Duration::from_millis(100);

fn main() {
    // cargo test, too, starts benches when it is told to take all targets.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("| | median | longest |\n| --- | --- | --- |");
    for (what, form, chat) in [
        ("first words, a draft in a private chat", "draft", 1),
        ("first words, a message in a private chat", "edit", 1),
        ("first words, a message in a group", "edit", -1),
    ] {
        let mut took = first_words(form, chat);
        took.sort_unstable();
        let millis = |time: Duration| format!("{:.0} ms", 1000.0 * time.as_secs_f64());
        let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
        println!("| {what} | {} | {} |", millis(median), millis(longest));
    }
    flood();
    answers_beside_an_announcement();
    let (alone, with_blanks) = (long_answer(0), long_answer(BLANKS));
    let took = with_blanks.saturating_sub(alone).as_secs_f64();
    println!(
        "\n| processor time of {BLANKS} pieces with nothing to see, behind {LONG} bytes | {took:.2} s |"
    );
}

fn environment(form: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("RUST_LOG");
    env.set("LIVE_ANSWERS", form);
    env.set("TELEGRAM_RATE", "30");
    env.set("WORKERS", "128");
    env
}

/// Starts the bot and waits until it polls.
fn start(env: &TestEnv) -> Bot {
    let mut command = Command::new(std::env::var("LIVE_OTHER").unwrap_or_else(|_| PROGRAM.to_owned()));
    env.prepare(&mut command);
    let bot = Bot::start(&command, &env.folder().join("bot.log"));
    env.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > 0).then_some(()));
    bot
}

/// One answer after the other, each in a chat of its own.
fn first_words(form: &str, sign: i64) -> Vec<Duration> {
    let env = environment(form);
    env.telegram.limit(Some(Limits::default()));
    let bot = start(&env);
    let mut took = Vec::new();
    for number in 1..=ANSWERS {
        let person = if sign < 0 { Person::in_group(number, -number) } else { Person::private(number) };
        let (thought, rest) = (Gate::default(), Gate::default());
        env.model.usually(Behaviour::text(ANSWER).hold_after(0, &thought).hold_after(3, &rest));
        env.telegram.address(&person, "soup");
        thought.wait_arrived();
        thread::sleep(THOUGHT);
        let said = Instant::now();
        thought.release();
        let seen = env.telegram.wait_until(PATIENCE, |state| {
            let has_words = |text: &str| !text.is_empty();
            let shown = state.calls().iter().find(|call| {
                call.chat_id == Some(person.chat_id) && call.params["text"].as_str().is_some_and(has_words)
            });
            shown.map(|call| call.at)
        });
        took.push(seen.saturating_duration_since(said));
        rest.release();
        env.telegram.wait_for_count(person.chat_id, 1);
    }
    bot.kill();
    took
}

/// Everybody asks at the same time, and reads the answer word by word.
fn flood() {
    let env = environment("draft");
    env.telegram.limit(Some(Limits::overall(30)));
    let bot = start(&env);
    let words = ANSWER.repeat(6);
    env.model.usually(Behaviour::text(&words).token_characters(10).token_every(Duration::from_millis(80)));
    for round in 1..=ROUNDS {
        for number in 1..=CHATS {
            env.telegram.say(&Person::private(number), "soup");
        }
        for number in 1..=CHATS {
            env.telegram.wait_for_count(number, usize::try_from(round).expect("a small number"));
        }
    }
    env.wait_settled();
    let (inside, refused, shown, sent) = env.telegram.look(|state| {
        let refused = state.calls().iter().filter(|call| call.status == Some(429)).count();
        (state.calls_inside_waits(), refused, state.count("sendMessageDraft"), state.sent().len())
    });
    bot.kill();
    let asked = u32::try_from(CHATS * ROUNDS).expect("a small number");
    let shown = f64::from(u32::try_from(shown).unwrap_or(u32::MAX)) / f64::from(asked);
    println!("\n| {CHATS} chats at once, 30 calls a second | |\n| --- | --- |");
    println!("| questions, answers | {asked}, {sent} |");
    println!("| calls refused, of them inside a wait | {refused}, {inside} |");
    println!("| drafts shown of each answer | {shown:.1} |");
}

/// How long answers take while nobody announces anything, and while an owner does.
fn answers_beside_an_announcement() {
    let mut env = environment("draft");
    env.set("OWNER", OWNER.to_string());
    env.telegram.limit(Some(Limits::overall(30)));
    let bot = start(&env);
    let owner = Person::private(OWNER).speaking("en");
    env.telegram.say(&owner, "/start");
    env.telegram.wait_for_count(OWNER, 1);
    have_an_audience(&env);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        alone.extend(answers(&env));
        env.telegram.say(&owner, &format!("/announce news {turn}"));
        env.telegram.press_newest(&owner, ":send");
        env.wait_for_rows("SELECT count(*) FROM announcements WHERE state = 'running'", |rows| rows == "1");
        beside.extend(answers(&env));
        let running = env.psql("SELECT count(*) FROM announcements WHERE state = 'running'");
        assert_eq!(running, "1", "the announcement lasts longer than the questions");
        env.telegram.say(&owner, "/announce stop");
        env.wait_for_rows("SELECT count(*) FROM announcements WHERE ended_at IS NULL", |rows| rows == "0");
        env.wait_settled();
    }
    let told = env.psql("SELECT count(*) FROM announcement_recipients WHERE state = 'sent'");
    bot.kill();
    println!("\n| answers, {} each | p50 | p99 |\n| --- | --- | --- |", alone.len());
    for (what, times) in [("without an announcement", &mut alone), ("beside one", &mut beside)] {
        times.sort_unstable();
        let millis =
            |percent: usize| format!("{:.1} ms", 1000.0 * times[times.len() * percent / 100].as_secs_f64());
        println!("| {what} | {} | {} |", millis(50), millis(99));
    }
    println!("\n| people told beside them | {told} |");
}

/// Many people asked something lately.
fn have_an_audience(env: &TestEnv) {
    let (bot, last) = (env.telegram.bot_id(), FIRST + AUDIENCE - 1);
    env.psql(&format!(
        "INSERT INTO people (bot_id, id, state, language)
         SELECT {bot}, id, 'allowed', 'en' FROM (SELECT generate_series(1, {ASKERS}) UNION SELECT generate_series({FIRST}, {last})) AS all_of (id);
         WITH asked AS (INSERT INTO messages (user_id, chat_id, role, content, message_length)
                        SELECT id, id, 'user', 'soup', 4 FROM generate_series({FIRST}, {last}) AS id RETURNING id, user_id)
         INSERT INTO turns (bot_id, update_seq, user_id, chat_id, question_id, state)
         SELECT {bot}, 0, user_id, user_id, id, 'answered' FROM asked"
    ));
    for user in FIRST..=last {
        env.telegram.meet(&Person::private(user));
    }
}

/// How long each of the questions of a turn waits for its answer.
fn answers(env: &TestEnv) -> Vec<Duration> {
    env.model.usually(Behaviour::text(ANSWER));
    let took = (0..QUESTIONS).map(|number| {
        let asker = Person::private(1 + number % ASKERS);
        let is_answer = |text: &str| text.starts_with(ANSWER);
        let before = env
            .telegram
            .look(|state| state.in_chat(asker.chat_id).filter(|sent| is_answer(sent.text())).count());
        let began = Instant::now();
        env.telegram.say(&asker, "soup");
        let answered = env.telegram.wait_until(PATIENCE, |state| {
            state.in_chat(asker.chat_id).filter(|sent| is_answer(sent.text())).nth(before).map(|sent| sent.at)
        });
        thread::sleep(EVERY.saturating_sub(began.elapsed()));
        answered.saturating_duration_since(began)
    });
    took.collect()
}

/// Processor time of the bot for a long answer, and so many blanks behind it.
fn long_answer(blanks: usize) -> Duration {
    let env = environment("draft");
    let bot = start(&env);
    let paragraph = format!("**{ANSWER}** See `a*b` and [this](https://example.com).\n\n");
    let mut text = paragraph.repeat(LONG / paragraph.len() + 1);
    text.truncate(LONG);
    let piece =
        |text: &str| format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]}));
    let mut pieces = vec![piece(&text)];
    pieces.extend((0..blanks).map(|_| piece(" ")));
    pieces.push("data: [DONE]\n\n".to_owned());
    env.model.usually(Behaviour::script(pieces).every(Duration::from_millis(1)));
    let before = usage::cpu(bot.pid(), false);
    env.telegram.say(&Person::private(1), "soup");
    env.telegram.wait_for_count(1, LONG / 4096);
    env.wait_settled();
    let took = usage::cpu(bot.pid(), false).saturating_sub(before);
    bot.kill();
    took
}
