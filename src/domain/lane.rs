//! Whose turn it is: lanes, the dialogues in them, and groups that change their id.

use diesel::Queryable;

/// A dialogue: one user in one topic of one chat with one bot. The unit of order: within a lane one thing happens at a
/// time, and no lane waits for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Queryable)]
pub struct Lane {
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the topic. `None`: the root, which is everything in the chat that is said outside topics.
    pub thread_id: Option<i64>,
}

/// A dialogue as `messages` has it, whichever bot it is with; or all dialogues of a user in a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialogue {
    /// Telegram id of the user.
    pub user_id: i64,
    /// Telegram id of the chat.
    pub chat_id: i64,
    /// Where in the chat.
    pub topics: Topics,
}

/// The root among topics where a key needs a number: the id of no topic.
pub const ROOT: i64 = 0;

impl Lane {
    /// The topic of its chat as a number; [`ROOT`] outside topics.
    pub fn topic(self) -> i64 {
        self.thread_id.unwrap_or(ROOT)
    }
}

impl From<Lane> for Dialogue {
    fn from(Lane { user_id, chat_id, thread_id, .. }: Lane) -> Self {
        Self { user_id, chat_id, topics: Topics::Only(thread_id) }
    }
}

/// Which topics of a chat are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Topics {
    /// All of them, and the root.
    #[default]
    All,
    /// This one; `None`: the root.
    Only(Option<i64>),
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
