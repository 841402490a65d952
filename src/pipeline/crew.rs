//! The workers at rest. Fed by the workers, asked by the dispatcher.
//!
//! It guarantees that a step goes to a worker that takes it at once, or to none, and that the worker that rested last is the first
//! to work again: those below it come to their end when there is less to do.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::base::failpoints;
use crate::pipeline::schedule::Job;

/// How long a worker rests until its thread ends.
const IDLE: Duration = Duration::from_secs(10);

/// Where each worker at rest takes its next step from; nothing any more once the work is over.
pub struct Crew(Mutex<Option<Resting>>);

type Resting = Vec<(ThreadId, Sender<Job>)>;

impl Default for Crew {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

impl Crew {
    /// Gives the step to a worker at rest; back if there is none.
    pub fn hand(&self, mut job: Job) -> Result<(), Job> {
        let mut resting = self.resting();
        while let Some((_, worker)) = resting.as_mut().and_then(Vec::pop) {
            match worker.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => job = back,
            }
        }
        Err(job)
    }

    /// The calling worker rests: where its next step comes from. Nothing once the work is over.
    pub(super) fn rest(&self) -> Option<Receiver<Job>> {
        let (worker, steps) = bounded(1);
        self.resting().as_mut()?.push((thread::current().id(), worker));
        Some(steps)
    }

    /// The next step of the calling worker; nothing if its thread is to end.
    pub(super) fn next(&self, steps: &Receiver<Job>) -> Option<Job> {
        match steps.recv_timeout(failpoints::wait("idle", IDLE)) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(resting) = self.resting().as_mut() {
                    // If it is not there any more, it was given a step in this moment.
                    let own = thread::current().id();
                    resting.retain(|(worker, _)| *worker != own);
                }
                steps.recv().ok()
            }
        }
    }

    /// The work is over: who rests ends, and so does who comes to rest.
    pub fn dismiss(&self) {
        self.resting().take();
    }

    fn resting(&self) -> MutexGuard<'_, Option<Resting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
