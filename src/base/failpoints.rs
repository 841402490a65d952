//! Points on the way of a message at which a test makes the program fail as a bug would, die as in a power cut, or freeze; and
//! waits that a test makes shorter. Compiled in with the cargo feature `failpoints` only, which the tests turn on and no release does.

/// Every point, in the order in which a message passes them; each is named after what has just come true. The subject
/// it is passed with is the text of the message, as far as the program knows it there.
pub const POINTS: [&str; 15] = [
    // The batch is committed, Telegram does not know yet.
    "received",
    // The files of a question are known, and none is fetched.
    "inserted",
    // A file is fetched and stored.
    "fetched",
    // The words of a document are read and stored.
    "extracted",
    // What is said in a recording is stored, along with its cost.
    "heard",
    // All that a model is shown is at hand.
    "prepared",
    // The model is about to be asked.
    "answering",
    // The message in which the answer grows is there and recorded.
    "shown",
    // The answer is complete, and in memory only.
    "generated",
    // All rows of the answer are about to be written at once; those of a command's reply are, and not committed.
    "finishing",
    // Committed, nothing is sent.
    "finished",
    // An answer is spoken, which is in the ledger, and the sound is in memory only.
    "spoken",
    // Telegram is about to be called
    "sending",
    // Telegram took the part, and the database does not know
    "taken",
    // The part is recorded as sent.
    "recorded",
];

/// Every wait that tests make shorter.
pub const WAITS: [&str; 27] = [
    // For the database at the start.
    "database",
    // Of a migration, for a lock that somebody holds.
    "lock",
    // Of the server, between two statements of a migration.
    "frozen",
    // Until a lease ends that is not renewed.
    "lease",
    // Of a statement, until it is looked into.
    "statement",
    // For updates, in one poll.
    "poll",
    // Until the last poll that succeeded is too long ago for a bot that is ready.
    "stale",
    // Of the doctor, for another poller.
    "poller",
    // Of a worker, until its thread ends.
    "idle",
    // Until "typing" is shown again.
    "typing",
    // Until a draft without words is shown.
    "thinking",
    // Until it is told how far an index is.
    "progress",
    // Until a model that fails again and again is tried anew.
    "rest",
    // Until it is looked again for decisions of the command line and requests that waited too long.
    "doorkeeper",
    // Until it is looked again whether owners are to be told anything, and how long a message waits until they are.
    "watch",
    "overdue",
    // Until an announcement goes on, and until its owner is shown how far it is.
    "announcer",
    "shown",
    // Until something is summed up after the last question, and after a failure.
    "quiet",
    "later",
    // Of answers, until it counts as a stall.
    "silence",
    // Of an instance on standby that cannot find out who leads, until it is not ready.
    "look",
    // For the text of a file, and the processor time that reading it may take.
    "extraction",
    "processor",
    // Until figures of the console are added up anew.
    "figures",
    // Of an archive in the console, until nothing more of it is begun.
    "archive",
    // Of a page of the console, for an erasure.
    "erasure",
];

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashMap;
    use std::env;
    use std::process;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Signal, getpid, kill_process};

    static FAIL: LazyLock<Trap> = LazyLock::new(|| Trap::of("FAIL_POINT"));
    static KILL: LazyLock<Trap> = LazyLock::new(|| Trap::of("KILL_POINT"));
    static STOP: LazyLock<Trap> = LazyLock::new(|| Trap::of("STOP_POINT"));

    /// The waits of `SHORT_WAITS`: `<name>=<seconds>`, with blanks between.
    static SHORT: LazyLock<HashMap<String, Duration>> = LazyLock::new(|| {
        let text = env::var("SHORT_WAITS").unwrap_or_default();
        let waits = text.split_whitespace().map(|wait| {
            let (name, seconds) = wait.split_once('=').expect("<name>=<seconds>");
            assert!(super::WAITS.contains(&name), "SHORT_WAITS: there is no wait {name}");
            (name.to_owned(), Duration::from_secs_f64(seconds.parse().expect("a number of seconds")))
        });
        waits.collect()
    });

    /// A point, what the subject has to contain, and how many may pass before.
    struct Trap {
        point: String,
        part: String,
        skip: AtomicU64,
    }

    impl Trap {
        fn of(variable: &str) -> Self {
            let text = env::var(variable).unwrap_or_default();
            let (point, part) = text.split_once(':').unwrap_or((&text, ""));
            assert!(
                point.is_empty() || super::POINTS.contains(&point),
                "{variable}: there is no point {point}"
            );
            let skip = env::var(format!("{variable}_SKIP")).map_or(0, |skip| skip.parse().expect("a number"));
            Self { point: point.to_owned(), part: part.to_owned(), skip: AtomicU64::new(skip) }
        }

        fn catches(&self, point: &str, subject: &str) -> bool {
            let less = |left: u64| left.checked_sub(1);
            self.point == point
                && subject.contains(&self.part)
                && self.skip.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err()
        }
    }

    /// Panics here if `FAIL_POINT` is `<point>` or `<point>:<part>` and `subject` contains the part. If `KILL_POINT` is,
    /// the process dies at once, as by SIGKILL from outside; if `STOP_POINT` is, it freezes until it gets SIGCONT. The first
    /// `FAIL_POINT_SKIP`, `KILL_POINT_SKIP` or `STOP_POINT_SKIP` pass.
    pub fn pass(point: &str, subject: &str) {
        debug_assert!(super::POINTS.contains(&point), "{point} is not among POINTS");
        if KILL.catches(point, subject) {
            let _ = kill_process(getpid(), Signal::KILL);
            process::abort();
        }
        if STOP.catches(point, subject) {
            let began = Instant::now();
            let _ = kill_process(getpid(), Signal::STOP);
            wait_frozen(began);
        }
        assert!(!FAIL.catches(point, subject), "{subject}");
    }

    /// Waits until the process was frozen and goes on. The signal, which was sent after `began`, may reach another thread first, and
    /// nobody is told that it was stopped: a short sleep that took a second tells, or the sending of the signal that did.
    fn wait_frozen(mut began: Instant) {
        while began.elapsed() < Duration::from_secs(1) {
            began = Instant::now();
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// How long to wait: as long as `SHORT_WAITS` says, else as usual.
    pub fn wait(name: &str, usual: Duration) -> Duration {
        debug_assert!(super::WAITS.contains(&name), "{name} is not among WAITS");
        SHORT.get(name).copied().unwrap_or(usual)
    }
}

#[cfg(feature = "failpoints")]
pub use armed::{pass, wait};

/// Nothing: the feature is off.
#[cfg(not(feature = "failpoints"))]
pub fn pass(_: &str, _: &str) {}

/// As long as usual: the feature is off.
#[cfg(not(feature = "failpoints"))]
pub fn wait(_: &str, usual: std::time::Duration) -> std::time::Duration {
    usual
}

/// Passes the point with each of several messages.
pub fn pass_each<'a>(point: &str, subjects: impl IntoIterator<Item = &'a str>) {
    for subject in subjects {
        pass(point, subject);
    }
}
