//! Who may use the bot: ALLOWED_USERS and ALLOWED_CHATS.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::lane::Lane;

/// The people and the chats that may use the bot. Both empty: everybody may.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Access {
    /// ALLOWED_USERS: Telegram ids of people, welcome in every chat.
    pub users: BTreeSet<i64>,
    /// ALLOWED_CHATS: Telegram ids of chats in which everybody is welcome.
    pub chats: BTreeSet<i64>,
}

impl Access {
    /// Whether the user may use the bot in this chat.
    pub fn admits(&self, lane: Lane) -> bool {
        self.is_open() || self.users.contains(&lane.user_id) || self.chats.contains(&lane.chat_id)
    }

    /// Whether there is no list.
    pub fn is_open(&self) -> bool {
        self.users.is_empty() && self.chats.is_empty()
    }
}

/// Says who may use the bot, as `doctor` tells it.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_open() {
            return f.write_str("everybody");
        }
        let people = match self.users.len() {
            0 => None,
            1 => Some("1 user (ALLOWED_USERS)".to_owned()),
            n => Some(format!("{n} users (ALLOWED_USERS)")),
        };
        let chats = match self.chats.len() {
            0 => None,
            1 => Some("everybody in 1 chat (ALLOWED_CHATS)".to_owned()),
            n => Some(format!("everybody in {n} chats (ALLOWED_CHATS)")),
        };
        f.write_str(&[people, chats].into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_welcome_for_its_person_or_for_its_chat() {
        let lane = |user_id, chat_id| Lane { bot_id: 7, chat_id, user_id, thread_id: None };
        let everybody = Access::default();
        assert!(everybody.admits(lane(1, 1)) && everybody.admits(lane(2, -5)));
        let people = Access { users: [1].into(), ..Access::default() };
        assert!(people.admits(lane(1, 1)) && people.admits(lane(1, -5)));
        assert!(!people.admits(lane(2, 2)) && !people.admits(lane(2, 1)));
        let chats = Access { chats: [-5].into(), ..Access::default() };
        assert!(chats.admits(lane(1, -5)) && chats.admits(lane(2, -5)));
        assert!(!chats.admits(lane(1, 1)) && !chats.admits(lane(1, -6)));
        let both = Access { users: [1].into(), chats: [-5].into() };
        assert!(both.admits(lane(1, -6)) && both.admits(lane(2, -5)) && !both.admits(lane(2, -6)));
        let said = "1 user (ALLOWED_USERS) and everybody in 1 chat (ALLOWED_CHATS)";
        assert_eq!((everybody.to_string(), both.to_string()), ("everybody".to_owned(), said.to_owned()));
    }
}
