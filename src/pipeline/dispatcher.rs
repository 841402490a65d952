//! The dispatcher: which lane is worked on when. One thread, one loop, one place for every decision.
//!
//! Fed by poll (lanes with something new), by the workers (finished steps) and by its own timers. It guarantees that
//! a lane is with at most one worker, that lanes take turns, and that none waits for another. It holds a schedule
//! only: what there is to do stands in the database.
//!
//! A step goes to a worker at rest, else to a new one, up to the bound: no lane waits as long as it is not reached. The channel
//! of results has room for one entry per worker and never holds more, so no worker ever waits for the dispatcher.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, at, never, select};
use tracing::{debug, info, warn};

use crate::domain::lane::Lane;
use crate::pipeline::crew::Crew;
use crate::pipeline::schedule::{Finished, Job, News, Outcome, Schedule};
use crate::status::Lanes;

/// After the grace period: the time for what cannot be interrupted, such as recording a part that was just sent.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long a lane waits for which the system had no thread.
const NO_THREAD: Duration = Duration::from_millis(500);

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
    /// Workers at rest.
    pub crew: Arc<Crew>,
    /// Starts another worker; what is sent is its first step.
    pub hire: Box<dyn Fn() -> io::Result<Sender<Job>>>,
    /// Those that are with a worker, for whoever looks.
    pub lanes: Arc<Lanes>,
    /// Closed, or told how long running answers may go on: the work is to end.
    pub shutdown: Receiver<Duration>,
    /// How many steps may be done at once.
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
                if let Err(job) = self.begin(job) {
                    schedule.finish(job.lane, Outcome::RetryIn(NO_THREAD), Instant::now());
                }
            }
            schedule.tell();
            match self.next_event(schedule.next_timer()) {
                Event::News(news) => schedule.take(news),
                Event::Woken(lane) => schedule.take(News { lanes: vec![lane], ..News::default() }),
                Event::Finished(finished) => self.end(&mut schedule, finished),
                Event::Timer => schedule.ring(Instant::now()),
                Event::Shutdown(grace) => return self.drain(schedule, grace),
            }
        }
    }

    fn end(&self, schedule: &mut Schedule, Finished { lane, outcome }: Finished) {
        self.lanes.end(lane);
        schedule.finish(lane, outcome, Instant::now());
    }

    /// Back if neither a worker rests nor another one can be started.
    fn begin(&self, job: Job) -> Result<(), Job> {
        let lane = job.lane;
        self.lanes.begin(lane);
        self.hand_over(job).inspect_err(|_| self.lanes.end(lane))
    }

    fn hand_over(&self, job: Job) -> Result<(), Job> {
        self.crew.hand(job).or_else(|job| match (self.hire)() {
            Ok(worker) => worker.send(job).map_err(|unsent| unsent.0),
            Err(problem) => {
                warn!(%problem, "no thread can be started for a lane; it waits for a worker: is WORKERS above what the system allows?");
                Err(job)
            }
        })
    }

    fn next_event(&self, timer: Option<Instant>) -> Event {
        let timer = timer.map_or_else(never, at);
        select! {
            recv(self.finished) -> finished => finished.map_or(Event::Shutdown(self.grace), Event::Finished),
            recv(self.news) -> news => news.map_or(Event::Shutdown(self.grace), Event::News),
            recv(self.woken) -> woken => woken.map_or(Event::Shutdown(self.grace), Event::Woken),
            recv(timer) -> _ => Event::Timer,
            recv(self.shutdown) -> grace => Event::Shutdown(grace.unwrap_or(self.grace)),
        }
    }

    /// Begins nothing new and waits for what runs: for `grace`, or for less if that is told meanwhile; then interrupts it.
    fn drain(self, mut schedule: Schedule, grace: Duration) -> bool {
        // The poller must not wait for room in a channel that nobody empties any more.
        drop(self.news);
        drop(self.woken);
        info!(running = schedule.running, "shutting down; questions without an answer stay in the queue");
        let (mut deadline, mut shutdown) = (Instant::now() + grace, self.shutdown);
        let mut interrupted = false;
        while schedule.running > 0 {
            let finished = select! {
                recv(self.finished) -> finished => finished.ok(),
                recv(shutdown) -> grace => {
                    match grace {
                        // Another instance leads by now: what runs on is done by that one, too.
                        Ok(grace) if !interrupted => deadline = deadline.min(Instant::now() + grace),
                        Ok(_) => {}
                        Err(_) => shutdown = never(),
                    }
                    continue;
                }
                recv(at(deadline)) -> _ => None,
            };
            match finished {
                Some(finished) => {
                    self.lanes.end(finished.lane);
                    schedule.finish(finished.lane, finished.outcome, Instant::now());
                    schedule.tell();
                }
                None if interrupted => {
                    warn!(
                        running = schedule.running,
                        "some workers do not end; the program ends without them"
                    );
                    return false;
                }
                None => {
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

#[cfg(test)]
mod tests;
