//! Full load: every person writes again as soon as the answer has come.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sandbox::PATIENCE;
use sandbox::Person;
use sandbox::env::Bot;

use crate::env::{LoadEnv, QUESTION};
use crate::usage::{cpu, cpu_with_children};

/// How often the bench looks for new answers: often enough for many lanes, and cheaper than to be woken by each call.
const LOOK: Duration = Duration::from_millis(2);
/// So many answers of each lane are not counted: connections come about, statements are prepared.
const WARM_UP: usize = 4;

/// What stood on every meter at one moment, or between two.
struct Meters {
    at: Instant,
    bot: Duration,
    postgres: Duration,
    neighbours: Duration,
    calls: usize,
    polls: u64,
}

impl Meters {
    fn read(env: &LoadEnv, bot: &Bot) -> Self {
        Self {
            at: Instant::now(),
            bot: cpu(bot.pid(), false),
            postgres: cpu_with_children(env.postmaster()),
            neighbours: cpu(std::process::id(), false),
            calls: env.telegram.look(|state| state.calls().len()),
            polls: env.polls(),
        }
    }
}

/// A stretch of full load.
pub(crate) struct Pressure {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Milliseconds of processor time for each answer: the bot's, PostgreSQL's, and that of the stand-ins and the bench.
    pub(crate) processor: [f64; 3],
    /// Calls of Telegram's methods for each answer, polling aside.
    pub(crate) calls: f64,
    /// Updates in a batch.
    pub(crate) batch: f64,
    /// From each question to its answer, as often as the bench looks.
    pub(crate) waits: Vec<Duration>,
}

impl Pressure {
    /// Between two readings.
    fn between(then: &Meters, now: &Meters, waits: Vec<Duration>) -> Self {
        let answers = count(waits.len());
        let seconds = (now.at - then.at).as_secs_f64();
        let used = [(now.bot, then.bot), (now.postgres, then.postgres), (now.neighbours, then.neighbours)]
            .map(|(now, then)| now.saturating_sub(then).as_secs_f64());
        let polls = usize::try_from(now.polls - then.polls).unwrap_or(usize::MAX);
        Self {
            rate: answers / seconds,
            processor: used.map(|seconds| 1000.0 * seconds / answers),
            calls: count(now.calls - then.calls - polls) / answers,
            batch: answers / count(polls),
            waits,
        }
    }

    /// Lets people write for `time`, and waits for the last answers.
    pub(crate) fn put(env: &LoadEnv, bot: &Bot, people: &[Person], time: Duration) -> Self {
        let mut seen = env.sent();
        let warm = seen + WARM_UP * people.len();
        let people: HashMap<i64, &Person> = people.iter().map(|person| (person.chat_id, person)).collect();
        let mut asked = HashMap::new();
        let mut waits = Vec::new();
        let mut began: Option<Meters> = None;
        let mut chats: Vec<i64> = people.keys().copied().collect();
        loop {
            for chat in chats {
                asked.insert(chat, Instant::now());
                env.telegram.say(people[&chat], QUESTION);
            }
            std::thread::sleep(LOOK);
            chats = env.telegram.look(|state| state.sent()[seen..].iter().map(|sent| sent.chat_id).collect());
            seen += chats.len();
            // What a bot that was killed had sent and not noted is sent once more, whoever's it is.
            chats.retain(|chat| people.contains_key(chat));
            match &began {
                None if seen >= warm => began = Some(Meters::read(env, bot)),
                Some(then) => {
                    waits.extend(chats.iter().map(|chat| asked[chat].elapsed()));
                    if then.at.elapsed() >= time {
                        let pressure = Self::between(then, &Meters::read(env, bot), waits);
                        // Everybody waits for one answer, but for those who just got theirs.
                        let last = seen + people.len() - chats.len();
                        env.telegram.wait_until(PATIENCE, |state| (state.sent().len() >= last).then_some(()));
                        return pressure;
                    }
                }
                None => {}
            }
        }
    }
}

/// A number of things, to reckon with.
pub(crate) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}
