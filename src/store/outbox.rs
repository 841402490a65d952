//! The outbox: the parts of replies from the moment they are stored until Telegram took or refused them.
//!
//! [`super::finish`] has them written (`write`), the sender reads them (`read`) and settles them (`settle`).

mod read;
mod settle;
mod write;

pub(super) use read::{LANE, columns, is_unsent, row, waiting};
pub use read::{Unsent, replaces, unsent};
pub use settle::{PutOff, abandon, abandon_chat, leave_topic, put_off, put_off_still, sent};
pub(super) use settle::{abandon_answers, abandon_bot, abandon_deletions};
pub(super) use write::{Envelope, NewPart, OfTurn, insert, insert_from, insert_ops, insertion, reply};
