//! Work for when nobody asks: what is to be done then, and who makes it give way.
//!
//! Fed by `crate::pipeline::ending`, which knows after which answers something is to be summed up; emptied by one thread
//! ([`crate::pipeline::summarist`]). It begins when no question has been with a model for a moment, and it is interrupted as soon
//! as a question comes: of its own dialogue always, of another one three times. After that it goes on beside the others',
//! for where questions never end the endpoint answers many at a time.
//!
//! In memory only: what is lost with the process is wanted again after the next answer of its dialogue.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::cancel::CancelToken;
use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::choice::Choice;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;

/// For how long nobody has to have asked.
const QUIET: Duration = Duration::from_secs(2);
/// After a failure: for how long it is left alone.
const REST: Duration = Duration::from_secs(60);
/// So often it gives way to questions of other dialogues, and so often it is tried anew after a failure.
const MOST_TRIES: u32 = 3;
/// So many dialogues wait at most; of more, the oldest wait for their next answer.
const MOST_WAITING: usize = 1000;

/// A dialogue of which something is perhaps to be summed up, or whose topic has perhaps no title.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The answer after which.
    pub(super) address: Address,
    /// With what it is answered.
    pub(super) choice: Choice,
    /// In which language its person is spoken to.
    pub(super) language: Language,
}

/// What is to be done, and what is being done.
#[derive(Default)]
pub struct Lull(Mutex<State>, Condvar);

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    /// What is being done, and by what it is interrupted.
    doing: Option<(Entry, CancelToken)>,
    /// Questions that are with a model.
    asking: usize,
    /// When the last of them was answered.
    quiet_since: Option<Instant>,
    /// The program ends.
    over: bool,
}

struct Entry {
    wanted: Wanted,
    /// How often it gave way to questions of other dialogues.
    gave_way: u32,
    failures: u32,
    not_before: Option<Instant>,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Done {
    /// There is nothing to do any more.
    Settled,
    /// It was interrupted, or failed in a way that may pass.
    Again,
}

impl Done {
    /// What became of two things together.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Again { self } else { other }
    }
}

/// A question that is with a model, until it is dropped.
pub(super) struct Asking<'a>(&'a Lull);

impl Lull {
    /// Takes the wish in; an earlier one of the dialogue is forgotten.
    pub(super) fn want(&self, wanted: Wanted) {
        let mut state = self.state();
        state.waiting.retain(|entry| entry.wanted.address.lane != wanted.address.lane);
        if state.waiting.len() == MOST_WAITING {
            state.waiting.pop_front();
        }
        state.waiting.push_back(Entry { wanted, gave_way: 0, failures: 0, not_before: None });
        self.1.notify_all();
    }

    /// Something came in of this user: work for the user's dialogues gives way.
    pub(super) fn give_way_to(&self, lane: Lane) {
        let state = self.state();
        if let Some((entry, stop)) = &state.doing
            && entry.wanted.address.lane.user_id == lane.user_id
        {
            stop.request();
        }
    }

    /// A question goes to a model.
    pub(super) fn ask(&self) -> Asking<'_> {
        let mut state = self.state();
        state.asking += 1;
        if let Some((entry, stop)) = &mut state.doing
            && entry.gave_way < MOST_TRIES
            && !stop.is_requested()
        {
            entry.gave_way += 1;
            stop.request();
        }
        Asking(self)
    }

    /// The next thing to do, as soon as it is quiet, and by what it will be interrupted. `None`: the program ends.
    pub(super) fn next(&self) -> Option<(Wanted, CancelToken)> {
        let quiet = failpoints::wait("quiet", QUIET);
        let mut state = self.state();
        loop {
            if state.over {
                return None;
            }
            let now = Instant::now();
            let wait = match state.ready(now, quiet) {
                Ready::Now(place) => {
                    let entry = state.waiting.remove(place)?;
                    let (wanted, stop) = (entry.wanted.clone(), CancelToken::new());
                    state.doing = Some((entry, stop.clone()));
                    return Some((wanted, stop));
                }
                Ready::In(wait) => wait,
            };
            state = match wait {
                Some(wait) => self.1.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
                None => self.1.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// What [`Lull::next`] gave was done, or tried.
    pub(super) fn done(&self, done: Done) {
        let mut state = self.state();
        let Some((mut entry, stop)) = state.doing.take() else { return };
        let lane = entry.wanted.address.lane;
        // A newer wish counts.
        if done == Done::Settled || state.waiting.iter().any(|other| other.wanted.address.lane == lane) {
            return;
        }
        if !stop.is_requested() {
            entry.failures += 1;
            entry.not_before = Some(Instant::now() + failpoints::wait("later", REST));
        }
        if entry.failures < MOST_TRIES {
            state.waiting.push_back(entry);
        }
    }

    /// Ends what is being done; nothing more is begun.
    pub fn end(&self) {
        let mut state = self.state();
        state.over = true;
        if let Some((_, stop)) = &state.doing {
            stop.request();
        }
        self.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Ready {
    /// The one at this place.
    Now(usize),
    /// Not before this has passed, or something changes.
    In(Option<Duration>),
}

impl State {
    fn ready(&self, now: Instant, quiet: Duration) -> Ready {
        let left = |until: Option<Instant>| {
            until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
        };
        let of_quiet = left(self.quiet_since.map(|since| since + quiet));
        let wait = |entry: &Entry| {
            // What has given way often enough waits for its time only.
            let patient = entry.gave_way < MOST_TRIES;
            if patient && self.asking > 0 {
                return None;
            }
            Some(left(entry.not_before).max(if patient { of_quiet } else { Duration::ZERO }))
        };
        let waits = self.waiting.iter().enumerate().filter_map(|(place, entry)| Some((wait(entry)?, place)));
        match waits.min() {
            Some((wait, place)) if wait.is_zero() => Ready::Now(place),
            next => Ready::In(next.map(|(wait, _)| wait)),
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.asking -= 1;
        state.quiet_since = Some(Instant::now());
        self.0.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(user_id: i64) -> Wanted {
        let lane = Lane { bot_id: 1, chat_id: user_id, user_id, thread_id: None };
        let address = Address {
            lane,
            update_seq: 1,
            update_id: 1,
            thread_id: None,
            reply_to: None,
            live_message_id: None,
        };
        Wanted { address, choice: Choice::NONE, language: Language::English }
    }

    /// Whom it is about that can be begun at this time.
    fn ready(lull: &Lull, now: Instant) -> Option<i64> {
        let state = lull.state();
        match state.ready(now, QUIET) {
            Ready::Now(place) => Some(state.waiting[place].wanted.address.lane.user_id),
            Ready::In(_) => None,
        }
    }

    #[test]
    fn it_begins_when_nobody_has_asked_for_a_moment_and_gives_way_to_whoever_asks() {
        let lull = Lull::default();
        lull.want(wanted(1));
        let now = Instant::now();
        assert_eq!(ready(&lull, now), Some(1), "nobody has asked yet");
        let asking = lull.ask();
        assert_eq!(ready(&lull, now + 9 * QUIET), None, "somebody asks");
        drop(asking);
        assert_eq!(ready(&lull, Instant::now()), None, "a moment ago somebody asked");
        lull.state().quiet_since = None;
        for _ in 0..MOST_TRIES {
            let (_, stop) = lull.next().unwrap();
            assert!(!stop.is_requested());
            drop(lull.ask());
            assert!(stop.is_requested());
            lull.done(Done::Again);
            lull.state().quiet_since = None;
        }
        // It has given way often enough: others ask, and it goes on beside them.
        let _asking = lull.ask();
        let (_, stop) = lull.next().unwrap();
        drop(lull.ask());
        assert!(!stop.is_requested());
        lull.give_way_to(wanted(2).address.lane);
        assert!(!stop.is_requested());
        lull.give_way_to(wanted(1).address.lane);
        assert!(stop.is_requested(), "to its own user it always gives way");
        lull.done(Done::Settled);
        assert_eq!(ready(&lull, Instant::now() + 9 * REST), None);
    }

    #[test]
    fn after_a_failure_it_rests_and_is_given_up_at_last_and_a_newer_wish_counts() {
        let lull = Lull::default();
        lull.want(wanted(1));
        lull.want(wanted(1));
        assert_eq!(lull.state().waiting.len(), 1);
        for tries in 1..=MOST_TRIES {
            let (_, _stop) = lull.next().unwrap();
            lull.done(Done::Again);
            assert_eq!(ready(&lull, Instant::now()), None);
            let later = (tries < MOST_TRIES).then_some(1);
            assert_eq!(ready(&lull, Instant::now() + REST), later, "{tries}");
            lull.state().waiting.iter_mut().for_each(|entry| entry.not_before = None);
        }
        lull.want(wanted(1));
        let (_, _stop) = lull.next().unwrap();
        lull.want(wanted(1));
        lull.done(Done::Again);
        assert_eq!(ready(&lull, Instant::now()), Some(1), "at once");
        lull.end();
        assert!(lull.next().is_none());
    }
}
