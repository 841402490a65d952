//! One row of the table, and how it is played.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::env::FaultEnv;
use crate::fault::Fault;
use crate::judge::{self, RECORDER, Verdict};

/// A text in English and in Russian.
pub(crate) type Words = (&'static str, &'static str);

/// One row.
pub(crate) struct Row {
    pub(crate) promise: Words,
    /// In English and in Russian.
    pub(crate) name: (String, String),
    pub(crate) fault: Fault,
    /// How often, in the short form and in the long one.
    pub(crate) times: [usize; 2],
    /// How long each time, in milliseconds.
    pub(crate) lasts: Range<u64>,
    /// How long until the next time, in milliseconds.
    pub(crate) pause: Range<u64>,
}

/// Pauses between two messages of people, in milliseconds.
const WRITING: Range<u64> = 10..110;

impl Row {
    pub(crate) fn new(promise: Words, name: Words, fault: Fault) -> Self {
        let name = (name.0.to_owned(), name.1.to_owned());
        Self { promise, name, fault, times: [1, 5], lasts: 1000..4000, pause: 1000..3000 }
    }

    /// Plays the row between people who write all the time, waits until nothing waits any more, and judges. An error is
    /// what is wrong, line by line.
    pub(crate) fn play(&self, long: bool, seed: u64) -> Result<Verdict, String> {
        let env = Arc::new(FaultEnv::new(&self.fault, seed));
        env.start_ready();
        env.psql(RECORDER);
        env.have_no_memory();
        if self.fault.needs_voices() {
            env.have_answers_spoken();
        }
        if self.fault.announces() {
            env.have_an_audience(long);
        }
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut people = rng.fork();
        let mut begun = self.fault.needs_empty_tables().then(|| self.fault.begin(&env, &mut rng));
        // The full disk needs an empty table, and what is refused is stored at once.
        if begun.is_none() {
            env.refuse();
        }
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let _over = Over(&over);
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    env.act(&mut people);
                    thread::sleep(Duration::from_millis(people.u64(WRITING)));
                }
            });
            for _ in 0..self.times[usize::from(long)] {
                thread::sleep(Duration::from_millis(rng.u64(self.pause.clone())));
                let end = begun.take().unwrap_or_else(|| self.fault.begin(&env, &mut rng));
                thread::sleep(Duration::from_millis(rng.u64(self.lasts.clone())));
                end();
                env.fault_ended();
            }
        });
        let settled = env.is_settled_in_time();
        let mut verdict = judge::judge(&env, &self.fault);
        if env.has_written_to_former() {
            verdict.untold.push("the bot has written to the former primary".to_owned());
        }
        if settled && verdict.is_clean(&self.fault) {
            return Ok(verdict);
        }
        let waiting = if settled { "" } else { "something waits for ever\n" };
        Err(format!("{waiting}{verdict}\n--- the log of the bot ---\n{}", env.end_of_log()))
    }
}

/// Ends the writing, whatever happens.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
