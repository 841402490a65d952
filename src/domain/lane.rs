//! Whose turn it is: lanes, the dialogues in them, and groups that change their id.

use diesel::Queryable;

/// A dialogue: one user in one chat with one bot. The unit of order: within a lane one thing happens at a
/// time, and no lane waits for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Queryable)]
pub struct Lane {
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Telegram id of the user.
    pub user_id: i64,
}

/// A dialogue as `messages` has it, whichever bot it is with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialogue {
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
}

impl Lane {
    /// The topic of its chat, as the settings of a dialogue name it; 0 outside of topics.
    pub fn topic(self) -> i64 {
        0
    }
}

impl From<Lane> for Dialogue {
    fn from(lane: Lane) -> Self {
        Self { user_id: lane.user_id, chat_id: lane.chat_id }
    }
}

/// A chat that has another id now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Telegram id of the bot that learnt of it.
    pub bot_id: i64,
    /// Its id until now.
    pub from: i64,
    /// Its id from now on.
    pub to: i64,
}

impl Moved {
    /// The lane by its new name, if the chat is its.
    pub fn apply(self, lane: Lane) -> Lane {
        if (lane.bot_id, lane.chat_id) == (self.bot_id, self.from) {
            Lane { chat_id: self.to, ..lane }
        } else {
            lane
        }
    }
}
