//! How a step of a lane ends.

use std::time::Duration;

use crate::store::outbox::Unsent;

/// The attempt that is made among few others: the three before it ended with the process ([`crate::pipeline::suspects`]).
pub const TRIAL: i32 = 3;
/// At this one the update gets an honest failure.
pub const LAST_ATTEMPT: i32 = TRIAL + 1;

/// How many attempts count when this one was seen to crash, or was refused by the database: nothing else can have been why, so
/// there is no need for a trial.
pub fn failed_by_itself(attempt: i32) -> i32 {
    if attempt + 1 == TRIAL { TRIAL } else { attempt }
}

/// What became of an update.
pub enum Answered {
    /// It is done; this is to be sent.
    Done(Vec<Unsent>),
    /// It is to be looked at again after this.
    PutOff(Duration),
    /// It may not be complete: to be looked at again after this, or when something new has come.
    MoreMayCome(Duration),
    /// It is not any more what it was when it was looked at.
    Changed,
    /// The end was asked for; the update waits for the next boot.
    Interrupted,
}
