//! What Telegram tells the bot about, and how one update is told from another.

use crate::domain::lane::Lane;

/// The kinds asked for; Telegram delivers no other (Bot API, getUpdates).
pub const UPDATE_KINDS: &[&str] =
    &[MESSAGE, EDITED_MESSAGE, CALLBACK_QUERY, STOPPED_MESSAGE_GENERATION, MY_CHAT_MEMBER];

/// Somebody wrote a message.
pub const MESSAGE: &str = "message";
/// Somebody changed one.
pub const EDITED_MESSAGE: &str = "edited_message";
/// Somebody pressed a button of ours.
pub const CALLBACK_QUERY: &str = "callback_query";
/// Somebody pressed Telegram's own stop button on a draft.
pub const STOPPED_MESSAGE_GENERATION: &str = "stopped_message_generation";
/// Somebody changed what the bot is in a chat.
pub const MY_CHAT_MEMBER: &str = "my_chat_member";

/// An update by everything that names it. Its `seq` alone is not enough: after a failover to a standby that was behind,
/// the server may give the same number to somebody else's update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its place in the order.
    pub seq: i64,
    /// Telegram id of the bot that received it.
    pub bot_id: i64,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// Telegram id of the user. (The chat is left out: a group gets another id when it becomes a supergroup.)
    pub user_id: i64,
}

impl Key {
    /// The update of this lane with these numbers.
    pub fn of(lane: Lane, seq: i64, update_id: i64) -> Self {
        Self { seq, bot_id: lane.bot_id, update_id, user_id: lane.user_id }
    }
}

/// The id of an answer's draft: that of its update, as a number which is never 0 and fits 31 bits.
pub fn draft_id(update_seq: i64) -> i32 {
    i32::try_from(update_seq.rem_euclid(i64::from(i32::MAX))).map_or(1, |id| id + 1)
}
