//! What of a person's memory a model reads behind its instructions.

pub(super) use crate::domain::memory::size;
use crate::domain::memory::{Fact, within};
use crate::pipeline::assistant::Chosen;

/// The facts take up no more than this part of the room, so that a dialogue stays a dialogue.
const SHARE: usize = 4;

/// The facts that this model reads: all, or the newest ones for which it has room.
pub(super) fn read<'a>(facts: &'a [Fact], chosen: &Chosen<'_>) -> &'a [Fact] {
    within(facts, chosen.room().part(SHARE))
}
