//! Where replies go.

use crate::domain::lane::Lane;
use crate::domain::update::Key;

/// Where a reply goes and what it answers.
#[derive(Clone, Copy)]
pub struct Address {
    /// The dialogue.
    pub lane: Lane,
    /// The update it answers.
    pub update_seq: i64,
    /// Telegram's number of that update.
    pub update_id: i64,
    /// Telegram id of the topic that the reply goes to: the lane's own, but for what waited before there were lanes of topics.
    pub thread_id: Option<i64>,
    /// Message to reply to.
    pub reply_to: Option<i64>,
    /// The message that has shown the reply while it grew, to be replaced by it.
    pub live_message_id: Option<i64>,
}

impl Address {
    /// What names the update it answers.
    pub fn key(&self) -> Key {
        Key::of(self.lane, self.update_seq, self.update_id)
    }

    /// The chat and the topic of it.
    pub fn place(&self) -> (i64, Option<i64>) {
        (self.lane.chat_id, self.thread_id)
    }

    /// Where in Telegram the reply goes.
    pub fn destination(&self) -> Destination {
        Destination { chat_id: self.lane.chat_id, thread_id: self.thread_id, reply_to: self.reply_to }
    }
}

/// A place in Telegram for one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The chat.
    pub chat_id: i64,
    /// Topic of the chat.
    pub thread_id: Option<i64>,
    /// Message to reply to.
    pub reply_to: Option<i64>,
}
