//! The schedule: which lane is worked on when. Plain data without threads and channels; [`crate::pipeline::dispatcher`]
//! feeds it.
//!
//! It guarantees that a lane is with at most one worker, that lanes take turns, and that none waits for another. What
//! there is to do stands in the database.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::base::cancel::CancelToken;
use crate::domain::lane::{Lane, Moved};
use crate::metrics;

/// What poll has stored, or found.
#[derive(Default)]
pub struct News {
    /// The database is on another server now: whatever is in work was read from the former one.
    pub server_changed: bool,
    /// Chats whose rows go on under another id.
    pub moved: Vec<Moved>,
    /// Lanes with something new, by the ids they have after that.
    pub lanes: Vec<Lane>,
    /// Lanes in which work on these updates is to be looked at anew: their users stopped or changed them.
    pub interrupted: Vec<(Lane, RangeInclusive<i64>)>,
}

/// A step to do.
pub struct Job {
    /// Whose.
    pub lane: Lane,
    /// Ends it early.
    pub stop: CancelToken,
}

/// A step done.
pub struct Finished {
    /// Whose.
    pub lane: Lane,
    /// How it ended.
    pub outcome: Outcome,
}

/// What a lane needs next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Another step: there may be more to do.
    More,
    /// Nothing, until something new comes in.
    Idle,
    /// Another step, but not before this has passed.
    RetryIn(Duration),
    /// Another step when this has passed or something new comes in.
    ListenFor(Duration),
    /// The rows of the lane's chat go on under another id.
    Moved(Moved),
}

/// Where a lane stands.
enum State {
    Ready,
    /// With a worker. `follower`: its new name, should its chat have moved meanwhile.
    Running {
        stop: CancelToken,
        woken: bool,
        interrupted: bool,
        follower: Option<Lane>,
    },
    /// For its time; `listening`: or for something new.
    Waiting {
        until: Instant,
        listening: bool,
    },
    /// Under its former name it is still with a worker.
    Following,
}

/// Who is running, who is ready, who waits for a time. A lane that is in none of these is idle and costs nothing.
#[derive(Default)]
pub(super) struct Schedule {
    lanes: HashMap<Lane, State>,
    ready: VecDeque<Lane>,
    timers: BTreeSet<(Instant, Lane)>,
    pub(super) running: usize,
}

impl Schedule {
    pub(super) fn take(&mut self, news: News) {
        if news.server_changed {
            self.start_over();
        }
        for moved in news.moved {
            self.follow(moved);
        }
        for (lane, seqs) in news.interrupted {
            self.interrupt(lane, seqs);
        }
        for lane in news.lanes {
            self.wake(lane);
        }
    }

    /// Nothing that was read counts any more: what is in work ends, what waits for its time is looked at now.
    fn start_over(&mut self) {
        for state in self.lanes.values_mut() {
            if let State::Running { stop, interrupted, .. } = state {
                *interrupted = true;
                stop.interrupt(i64::MIN..=i64::MAX);
            }
        }
        let waiting: Vec<Lane> = self.timers.iter().map(|(_, lane)| *lane).collect();
        for lane in waiting {
            self.make_ready(lane);
        }
    }

    /// Tells the metrics how it stands.
    pub(super) fn tell(&self) {
        metrics::lanes(self.running, self.ready.len(), self.timers.len());
    }

    /// Something new came in for the lane.
    fn wake(&mut self, lane: Lane) {
        match self.lanes.get_mut(&lane) {
            None | Some(State::Waiting { listening: true, .. }) => self.make_ready(lane),
            Some(State::Running { woken, .. }) => *woken = true,
            // The lane keeps its time: new updates come after the one it waits for.
            Some(_) => {}
        }
    }

    fn make_ready(&mut self, lane: Lane) {
        self.put(lane, State::Ready);
        self.ready.push_back(lane);
    }

    /// The one way for a lane from one place to another, but for its turn ([`Schedule::next`]): the timer or the queue that it was
    /// in forgets it. So there is a timer for each lane that waits, and for no other.
    fn put(&mut self, lane: Lane, state: State) {
        if let State::Waiting { until, .. } = state {
            self.timers.insert((until, lane));
        }
        match self.lanes.insert(lane, state) {
            Some(State::Waiting { until, .. }) => {
                self.timers.remove(&(until, lane));
            }
            Some(State::Ready) => self.ready.retain(|ready| *ready != lane),
            Some(State::Running { .. } | State::Following) | None => {}
        }
    }

    /// What the database says about these updates has changed. Who works on one of them ends, under whatever name; a lane
    /// that waits for its time waits no longer, for it may be another one now.
    fn interrupt(&mut self, lane: Lane, seqs: RangeInclusive<i64>) {
        match self.lanes.get_mut(&lane) {
            Some(State::Running { stop, interrupted, .. }) => {
                *interrupted = true;
                stop.interrupt(seqs);
            }
            Some(State::Waiting { .. }) => self.make_ready(lane),
            Some(State::Following) => {
                let followed = self.lanes.values().find_map(|state| match state {
                    State::Running { stop, follower, .. } if *follower == Some(lane) => Some(stop),
                    _ => None,
                });
                if let Some(stop) = followed {
                    stop.interrupt(seqs);
                }
            }
            Some(State::Ready) | None => {}
        }
    }

    /// The lane that has been ready longest, now running.
    pub(super) fn next(&mut self) -> Option<Job> {
        let lane = self.ready.pop_front()?;
        let stop = CancelToken::new();
        let running = State::Running { stop: stop.clone(), woken: false, interrupted: false, follower: None };
        self.lanes.insert(lane, running);
        self.running += 1;
        Some(Job { lane, stop })
    }

    /// The step of the lane is done.
    pub(super) fn finish(&mut self, lane: Lane, outcome: Outcome, now: Instant) {
        self.running -= 1;
        let (woken, interrupted, follower) = match self.lanes.remove(&lane) {
            Some(State::Running { woken, interrupted, follower, .. }) => (woken, interrupted, follower),
            _ => (false, false, None),
        };
        if let Some(follower) = follower {
            self.lanes.remove(&follower);
            self.wake(follower);
        }
        match outcome {
            Outcome::Idle if !woken => {}
            Outcome::Idle | Outcome::More => self.wake(lane),
            // The wait was found before the interruption, and may be over with it.
            Outcome::RetryIn(_) if interrupted => self.wake(lane),
            Outcome::ListenFor(_) if interrupted || woken => self.wake(lane),
            Outcome::RetryIn(wait) | Outcome::ListenFor(wait) => {
                let until = now + wait;
                let listening = matches!(outcome, Outcome::ListenFor(_));
                self.put(lane, State::Waiting { until, listening });
            }
            Outcome::Moved(moved) => {
                if woken {
                    self.wake(lane);
                }
                self.follow(moved);
                self.wake(moved.apply(lane));
            }
        }
    }

    /// What the lanes of a chat had to do has moved: their new names are woken, but not before a worker is done with
    /// the old one.
    fn follow(&mut self, moved: Moved) {
        let of_chat: Vec<_> =
            self.lanes.keys().filter(|lane| moved.apply(**lane) != **lane).copied().collect();
        for old in of_chat {
            let new = moved.apply(old);
            let new_runs = matches!(self.lanes.get(&new), Some(State::Running { .. }));
            match self.lanes.get_mut(&old) {
                Some(State::Running { follower, .. }) if !new_runs => {
                    *follower = Some(new);
                    self.put(new, State::Following);
                }
                _ => self.wake(new),
            }
        }
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(until, _)| *until)
    }

    /// Lanes whose time has come are ready.
    pub(super) fn ring(&mut self, now: Instant) {
        while let Some((until, lane)) = self.timers.first().copied()
            && until <= now
        {
            self.timers.pop_first();
            self.make_ready(lane);
        }
    }

    /// Asks every running step to end.
    pub(super) fn interrupt_all(&self) {
        for state in self.lanes.values() {
            if let State::Running { stop, .. } = state {
                stop.request();
            }
        }
    }
}

#[cfg(test)]
mod tests;
