//! The dispatcher: which lane is worked on when. One thread, one loop, one place for every decision.
//!
//! Fed by poll (lanes with something new), by the workers (finished steps) and by its own timers. It guarantees that
//! a lane is with at most one worker, that lanes take turns, and that none waits for another. It holds a schedule
//! only: what there is to do stands in the database.
//!
//! The channels of jobs and results have room for one entry per worker and never hold more, so neither side ever
//! blocks the other.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select};
use tracing::{debug, info, warn};

use crate::domain::lane::Lane;
use crate::pipeline::schedule::{Finished, Job, News, Schedule};

/// After the grace period: the time for what cannot be interrupted, such as recording a part that was just sent.
const LAST_WORDS: Duration = Duration::from_secs(5);

enum Event {
    News(News),
    Woken(Lane),
    Finished(Finished),
    Timer,
    /// How long running answers may go on.
    Shutdown(Duration),
}

/// The schedule, and the channels that change it.
pub struct Dispatcher {
    /// From poll. Closed when poll has ended: then the program ends.
    pub news: Receiver<News>,
    /// Lanes that the step of another one gave something to do. As long as somebody may send one, this is open.
    pub woken: Receiver<Lane>,
    /// Steps done.
    pub finished: Receiver<Finished>,
    /// Steps to do; room for `workers`.
    pub jobs: Sender<Job>,
    /// Closed, or told how long running answers may go on: the work is to end.
    pub shutdown: Receiver<Duration>,
    /// How many steps can be done at once.
    pub workers: usize,
    /// How long they may go on where nobody says so.
    pub grace: Duration,
}

impl Dispatcher {
    /// Runs until the shutdown is complete. `lanes` is what the database says there is to do. False: some steps did
    /// not end in time and are still running.
    pub fn run(self, lanes: Vec<Lane>) -> bool {
        let mut schedule = Schedule::default();
        schedule.take(News { lanes, ..News::default() });
        loop {
            while schedule.running < self.workers
                && let Some(job) = schedule.next()
            {
                if self.jobs.send(job).is_err() {
                    return true;
                }
            }
            schedule.tell();
            match self.next_event(schedule.next_timer()) {
                Event::News(news) => schedule.take(news),
                Event::Woken(lane) => schedule.take(News { lanes: vec![lane], ..News::default() }),
                Event::Finished(finished) => schedule.finish(finished.lane, finished.outcome, Instant::now()),
                Event::Timer => schedule.ring(Instant::now()),
                Event::Shutdown(grace) => return self.drain(schedule, grace),
            }
        }
    }

    fn next_event(&self, timer: Option<Instant>) -> Event {
        let timer = timer.map_or_else(crossbeam_channel::never, crossbeam_channel::at);
        select! {
            recv(self.finished) -> finished => finished.map_or(Event::Shutdown(self.grace), Event::Finished),
            recv(self.news) -> news => news.map_or(Event::Shutdown(self.grace), Event::News),
            recv(self.woken) -> woken => woken.map_or(Event::Shutdown(self.grace), Event::Woken),
            recv(timer) -> _ => Event::Timer,
            recv(self.shutdown) -> grace => Event::Shutdown(grace.unwrap_or(self.grace)),
        }
    }

    /// Begins nothing new and waits for what runs: for `grace`, then interrupts it.
    fn drain(self, mut schedule: Schedule, grace: Duration) -> bool {
        // The poller must not wait for room in a channel that nobody empties any more.
        drop(self.news);
        drop(self.woken);
        info!(running = schedule.running, "shutting down; questions without an answer stay in the queue");
        let mut deadline = Instant::now() + grace;
        let mut interrupted = false;
        while schedule.running > 0 {
            match self.finished.recv_deadline(deadline) {
                Ok(finished) => {
                    schedule.finish(finished.lane, finished.outcome, Instant::now());
                    schedule.tell();
                }
                Err(_) if interrupted => {
                    warn!(
                        running = schedule.running,
                        "some workers do not end; the program ends without them"
                    );
                    return false;
                }
                Err(_) => {
                    debug!(running = schedule.running, "the grace period is over");
                    interrupted = true;
                    deadline = Instant::now() + LAST_WORDS;
                    schedule.interrupt_all();
                }
            }
        }
        true
    }
}
