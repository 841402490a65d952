//! How a step of a lane ends.

use std::time::Duration;

use crate::store::outbox::Unsent;

/// An update whose attempts crashed, or were refused by the database, twice gets an honest failure at the third.
pub const LAST_ATTEMPT: i32 = 3;
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
