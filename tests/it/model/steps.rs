//! What can happen to messages, and a way to draw lots for it.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::reference::Place;

pub(super) const BOT: i64 = 7;
pub(super) const GROUP: i64 = -5;
pub(super) const SUPERGROUP: i64 = -1_000_000_000_005;
const TOPIC: Option<i64> = Some(9);
/// The lanes: two people in private, and both in a group, by its old name and its new one; one of them in a topic of each
/// chat, too.
pub(super) const PLACES: [Place; 9] = [
    Place { chat: 1, user: 1, thread: None },
    Place { chat: 1, user: 1, thread: TOPIC },
    Place { chat: 2, user: 2, thread: None },
    Place { chat: GROUP, user: 1, thread: None },
    Place { chat: GROUP, user: 1, thread: TOPIC },
    Place { chat: GROUP, user: 2, thread: None },
    Place { chat: SUPERGROUP, user: 1, thread: None },
    Place { chat: SUPERGROUP, user: 1, thread: TOPIC },
    Place { chat: SUPERGROUP, user: 2, thread: None },
];
/// Longer than a test lasts.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// One thing that happens. Where it is not possible, nothing does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Poll takes in a batch, and perhaps with it that the group has become a supergroup.
    Poll(Vec<Arrival>, bool),
    /// A worker takes the oldest update of a lane, and keeps it in memory.
    Take(usize),
    /// It comes to an end with what it has in memory; perhaps as the repetition of the lane's last question, perhaps as one
    /// question with the update behind it. Perhaps somebody else does the same work once more.
    Finish(usize, Outcome, Again, bool),
    PutOff(usize),
    Attempt(usize),
    Send(usize, Fate),
    /// All goes well until nothing is to be sent.
    SendAll(usize),
    Clear(usize),
    Restore(usize),
    Erase(i64),
    TimePasses,
    DaysPass,
    Sweep,
    /// The program dies: what workers had in memory is gone.
    Die,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// So many parts, each with so many simpler ones.
    Answered(usize, usize),
    /// The same, stopped by its person.
    Stopped(usize, usize),
    Failed,
    Refused,
    /// Nothing is to be said.
    Silence,
    /// /clear and /forget, as a part of the same transaction.
    Clear,
    Forget,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Again {
    No,
    /// The last question of the lane is answered again, where there is one.
    Last,
    /// No, but the next update of the lane belongs to the question.
    Joined,
}

/// What comes from Telegram.
#[derive(Clone, Debug)]
pub(super) enum Arrival {
    Message(usize),
    /// An update of the past once more.
    Again(Index),
    /// A person says stop, or presses the button of the answer that is being written.
    Stop(usize, bool),
    /// A person changes one of the last messages.
    Edit(Index),
}

/// What becomes of the call that sends a part.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Recorded,
    /// Telegram takes the part, and nobody learns of it.
    Taken,
    /// The process dies before the call.
    Never,
    Refused,
    /// The message that it was to change is not there.
    NotThere,
    /// The topic is not there.
    NoTopic,
    Forbidden,
    Paused,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    // Most of it in one lane: what needs a long past is met there.
    let place = prop_oneof![3 => Just(0), 2 => Just(1), 2 => 0..PLACES.len()];
    let outcome = prop_oneof![
        6 => (1..4usize, 0..3usize).prop_map(|(parts, simpler)| Outcome::Answered(parts, simpler)),
        2 => (0..3usize, 0..3usize).prop_map(|(parts, simpler)| Outcome::Stopped(parts, simpler)),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Refused),
        1 => Just(Outcome::Silence),
        1 => Just(Outcome::Clear),
        1 => Just(Outcome::Forget),
    ];
    let again = prop_oneof![3 => Just(Again::No), 3 => Just(Again::Last), 1 => Just(Again::Joined)];
    let arrival = prop_oneof![
        10 => place.clone().prop_map(Arrival::Message),
        3 => any::<Index>().prop_map(Arrival::Again),
        1 => (place.clone(), any::<bool>()).prop_map(|(place, button)| Arrival::Stop(place, button)),
        3 => any::<Index>().prop_map(Arrival::Edit),
    ];
    let batch = (prop::collection::vec(arrival, 1..=3), prop::bool::weighted(0.05));
    let fate = prop_oneof![
        6 => Just(Fate::Recorded),
        2 => Just(Fate::Taken),
        1 => Just(Fate::Never),
        2 => Just(Fate::Refused),
        3 => Just(Fate::NotThere),
        4 => Just(Fate::NoTopic),
        1 => Just(Fate::Forbidden),
        1 => Just(Fate::Paused),
    ];
    prop_oneof![
        10 => batch.prop_map(|(batch, moves)| Step::Poll(batch, moves)),
        4 => place.clone().prop_map(Step::Take),
        12 => (place.clone(), outcome, again, prop::bool::weighted(0.1))
            .prop_map(|(place, outcome, again, twice)| Step::Finish(place, outcome, again, twice)),
        1 => place.clone().prop_map(Step::PutOff),
        1 => place.clone().prop_map(Step::Attempt),
        12 => (place.clone(), fate).prop_map(|(place, fate)| Step::Send(place, fate)),
        6 => place.clone().prop_map(Step::SendAll),
        1 => place.clone().prop_map(Step::Clear),
        2 => place.prop_map(Step::Restore),
        1 => (1..3i64).prop_map(Step::Erase),
        1 => Just(Step::TimePasses),
        1 => Just(Step::DaysPass),
        1 => Just(Step::Sweep),
        1 => Just(Step::Die),
    ]
}
