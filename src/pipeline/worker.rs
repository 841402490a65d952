//! A worker: a plain blocking thread that does the next step of one lane after the other.
//!
//! What the step is, the database says: send what is unsent, else answer the oldest update. A panic ends the step,
//! not the worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use tracing::error;

use crate::base::failpoints;
use crate::domain::update::Key;
use crate::pipeline::crew::Crew;
use crate::pipeline::outcome::{Answered, failed_by_itself};
use crate::pipeline::schedule::{Finished, Job, Outcome};
use crate::pipeline::services::Services;
use crate::store::outbox::Unsent;
use crate::store::{StoreError, inbox, outbox};

/// How long a lane waits after a step that the database or a panic cut short.
const PAUSE: Duration = Duration::from_millis(500);

/// Works, from the first of `steps` on, until it has rested for long or the work is over.
pub fn run(bot: &Services, crew: &Crew, mut steps: Receiver<Job>, finished: &Sender<Finished>) {
    while let Some(job) = crew.next(&steps) {
        let mut answering = None;
        let outcome = match catch_unwind(AssertUnwindSafe(|| {
            bot.store.on_one_server(|| step(bot, &job, &mut answering))
        })) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(StoreError::Unreachable(_) | StoreError::ReadOnly)) => Outcome::RetryIn(PAUSE),
            Ok(Err(StoreError::ServerChanged)) => Outcome::More,
            // The work of all lanes is about to end.
            Ok(Err(StoreError::LeaseLost)) => Outcome::Idle,
            Ok(Err(refused)) => {
                error!(chat = job.lane.chat_id, user = job.lane.user_id, "{refused}");
                count_attempt(bot, answering);
                Outcome::RetryIn(10 * PAUSE)
            }
            Err(_) => {
                count_attempt(bot, answering);
                Outcome::RetryIn(PAUSE)
            }
        };
        // It rests before it says so: who hears of the step finds a worker for the next one.
        let rest = crew.rest();
        if finished.send(Finished { lane: job.lane, outcome }).is_err() {
            break;
        }
        let Some(rest) = rest else { break };
        steps = rest;
    }
}

/// An update in work, and how many attempts at it count should this one fail.
type Attempt = (Key, i32);

/// The next step of the lane. `answering` tells what was being attempted, should this panic.
fn step(bot: &Services, job: &Job, answering: &mut Option<Attempt>) -> Result<Outcome, StoreError> {
    let lane = job.lane;
    let (mut unsent, waiting) = bot.store.run(|conn| {
        let waiting = inbox::oldest(conn, lane)?;
        // One look is enough where something waits and nothing is unsent, as nearly always.
        let sent = waiting.as_ref().is_some_and(|waiting| !waiting.behind_unsent);
        Ok((if sent { Vec::new() } else { outbox::unsent(conn, lane)? }, waiting))
    })?;
    let mut then = Outcome::More;
    if unsent.is_empty() {
        let Some(waiting) = waiting else { return Ok(Outcome::Idle) };
        // A user who does not wait any more does not wait for the model's pause either.
        if let Some(wait) = waiting.wait
            && !waiting.stopped
        {
            return Ok(Outcome::RetryIn(wait));
        }
        *answering = Some((waiting.key(lane), failed_by_itself(waiting.attempts + 1)));
        unsent = match bot.answer(lane, &waiting, &job.stop)? {
            Answered::Done(unsent) => unsent,
            Answered::PutOff(wait) => return Ok(Outcome::RetryIn(wait)),
            Answered::MoreMayCome(wait) => return Ok(Outcome::ListenFor(wait)),
            Answered::Changed => return Ok(Outcome::More),
            // The program ends: the question is asked in the next run.
            Answered::Interrupted => return Ok(Outcome::Idle),
        };
        *answering = None;
        failpoints::pass_each("finished", unsent.iter().map(Unsent::payload));
        // What comes in from now on wakes the lane. Only a reply that is not at hand has to be looked for: it was
        // stored by an earlier try whose end was not learnt.
        if waiting.next.is_none() && !unsent.is_empty() {
            then = Outcome::Idle;
        }
    }
    bot.sender.deliver(&bot.store, &bot.telegram, job, unsent, then)
}

/// Counts an attempt that was cut short, so that an update which fails like this each time is given up at last.
fn count_attempt(bot: &Services, answering: Option<Attempt>) {
    if let Some((key, attempt)) = answering
        && let Err(problem) = bot.store.run(|conn| inbox::set_attempts(conn, key, attempt))
    {
        error!(seq = key.seq, "an attempt could not be counted: {problem}");
    }
}
