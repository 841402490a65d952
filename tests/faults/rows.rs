//! The rows of the table: what is promised, and what is done to the promise.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use sandbox::model::Behaviour;
use sandbox::telegram::{Action, Reply};
use systech_aidd::point::POINTS;

use crate::fault::{ALWAYS, Fault, METHODS, SENDS};
use crate::judge::{self, RECORDER, Verdict};
use crate::scene::Scene;

/// One row.
pub(crate) struct Row {
    pub(crate) promise: &'static str,
    pub(crate) name: String,
    fault: Fault,
    /// How often, in the short form and in the long one.
    times: [usize; 2],
    /// How long each time, in milliseconds.
    lasts: Range<u64>,
    /// How long until the next time, in milliseconds.
    pause: Range<u64>,
}

/// Pauses between two messages of people, in milliseconds.
const WRITING: Range<u64> = 10..110;

impl Row {
    fn new(promise: &'static str, name: &str, fault: Fault) -> Self {
        Self { promise, name: name.to_owned(), fault, times: [1, 5], lasts: 1000..4000, pause: 1000..3000 }
    }

    /// Plays the row between people who write all the time, waits until nothing waits any more, and judges. An error is
    /// what is wrong, line by line.
    pub(crate) fn play(&self, long: bool, seed: u64) -> Result<Verdict, String> {
        let scene = Arc::new(Scene::new(self.fault.needs_own_server(), seed, self.fault.settings()));
        scene.start_ready();
        scene.psql(RECORDER);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut people = rng.fork();
        let mut begun = self.fault.needs_empty_tables().then(|| self.fault.begin(&scene, &mut rng));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let _over = Over(&over);
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    scene.say(&mut people);
                    thread::sleep(Duration::from_millis(people.u64(WRITING)));
                }
            });
            for _ in 0..self.times[usize::from(long)] {
                thread::sleep(Duration::from_millis(rng.u64(self.pause.clone())));
                let end = begun.take().unwrap_or_else(|| self.fault.begin(&scene, &mut rng));
                thread::sleep(Duration::from_millis(rng.u64(self.lasts.clone())));
                end();
                scene.fault_ended();
            }
        });
        let settled = scene.wait_settled();
        let verdict = judge::judge(&scene, &self.fault);
        if settled && verdict.is_clean() {
            return Ok(verdict);
        }
        let waiting = if settled { "" } else { "something waits for ever\n" };
        Err(format!("{waiting}{verdict}\n--- the log of the bot ---\n{}", scene.log()))
    }
}

/// Ends the writing, whatever happens.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All rows, in the order of the table.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = POINTS.iter().map(|point| at_point(point)).collect();
    rows.push(Row {
        times: [15, 200],
        lasts: 0..1,
        pause: 100..1900,
        ..Row::new("kill the process at any moment", "kill -9 at random moments", Fault::Kill)
    });
    let window = "one repetition for each send under way, no more";
    for (name, action) in [
        ("the answer to a send is reset", Action::TakeThenReset),
        ("the answer to a send is cut off", Action::TakeThenClose),
        ("the answer to a send never comes", Action::TakeThenHang),
    ] {
        rows.push(Row::new(window, name, Fault::Calls(SENDS, action, 20)));
    }
    let database = "an outage costs time, not messages";
    // a caller waits four seconds for a connection before the database counts as unreachable
    let outage = 5000..8000;
    rows.extend([
        Row { lasts: outage.clone(), ..Row::new(database, "PostgreSQL stops", Fault::PostgresStopped) },
        Row { lasts: outage, ..Row::new(database, "PostgreSQL freezes", Fault::PostgresFrozen) },
        Row::new(database, "connections are terminated all the time", Fault::ConnectionsTerminated),
        Row { times: [1, 1], ..Row::new(database, "the disk is full", Fault::DiskFull) },
    ]);
    let telegram = "Telegram's bad day costs time, not messages";
    let pauses = Action::RetryAfterBetween { least: 1, most: 3, seed: 0 };
    for (name, action, percent) in [
        ("429 with a random pause, every method", pauses, 20),
        ("the page of a 502, every method", Action::Refuse(Reply::html(502)), 30),
        ("connections are reset, every method", Action::Reset, 30),
        ("silence, every method", Action::Hang, 10),
    ] {
        rows.push(Row::new(telegram, name, Fault::Calls(METHODS, action, percent)));
    }
    rows.extend([
        Row::new(telegram, "409: another program polls", Fault::SecondPoller),
        Row::new(telegram, "Telegram is out", Fault::TelegramOut),
    ]);
    let model = "everybody gets an answer or one honest sentence";
    for (name, behaviour) in [
        ("the model stalls", Behaviour::stall()),
        ("the model stalls in mid-answer", Behaviour::answer().stall_after(3)),
        ("the answer is cut off", Behaviour::answer().cut_after(3)),
        ("the model errs in mid-answer", Behaviour::answer().error_after(3, 502, "overloaded")),
        ("the answer is empty", Behaviour::text("")),
        ("the answer is garbage", Behaviour::http(200, "text/event-stream", b"data: {\xff\xfe\0\n\n")),
    ] {
        rows.push(Row::new(model, name, Fault::Answers(behaviour, 30)));
    }
    rows.push(Row::new(model, "the model is out", Fault::ModelOut));
    rows.push(Row {
        times: [4, 40],
        lasts: 500..3000,
        pause: 500..2000,
        ..Row::new("all of it", "a random mixture, several at once", mixture())
    });
    rows
}

fn at_point(point: &'static str) -> Row {
    let promise = match point {
        "received" => "a message is stored before Telegram is told",
        "answering" | "generated" => "what is not answered is answered after the next start",
        "finishing" => "an answer is stored as a whole or not at all",
        "finished" | "sending" => "what is answered is not paid for twice",
        "taken" => "one repetition for each send under way, no more",
        "recorded" => "what is recorded as sent is not sent again",
        _ => "kill the process at any moment",
    };
    let name = format!("kill -9 at the point {point}");
    Row { times: [3, 20], lasts: 0..1, pause: 500..1500, ..Row::new(promise, &name, Fault::KillAt(point)) }
}

/// Lists of which at least two are at work at once; they end in this order.
fn mixture() -> Fault {
    Fault::Mixture(vec![
        vec![Fault::PostgresStopped, Fault::PostgresFrozen, Fault::ConnectionsTerminated],
        vec![Fault::Kill],
        vec![
            Fault::Answers(Behaviour::stall(), 20),
            Fault::Answers(Behaviour::answer().cut_after(3), 30),
            Fault::ModelOut,
        ],
        vec![
            Fault::TelegramOut,
            Fault::SecondPoller,
            Fault::Calls(SENDS, Action::TakeThenReset, 20),
            Fault::Calls(SENDS, Action::TakeThenHang, 20),
            Fault::Calls(ALWAYS, Action::Reset, 30),
            Fault::Calls(ALWAYS, Action::RetryAfterBetween { least: 1, most: 2, seed: 0 }, 20),
            Fault::Calls(ALWAYS, Action::Refuse(Reply::html(502)), 30),
        ],
    ])
}
