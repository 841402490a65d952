//! Who may act in the name of a chat: an anonymous administrator writes in the group's name, an owner perhaps in a
//! channel's, and Telegram tells of both only the chat. The press of a button tells the user.

/// What a user is in a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// What the user may do there.
    pub rank: Rank,
    /// The user writes there in the chat's name.
    pub anonymous: bool,
}

/// What a user may do in a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rank {
    /// Everything.
    Owner,
    /// An administrator; `posts`: who may write in a channel's name.
    Administrator {
        /// `can_post_messages`, which channels have.
        posts: bool,
    },
    /// What everybody may, or nothing.
    Other,
}

impl Member {
    /// Whether what this member of `owner` writes in `chat_id` may have been written in the name of `owner`: of the group
    /// itself, or of a channel.
    pub fn speaks_for(self, owner: i64, chat_id: i64) -> bool {
        match self.rank {
            Rank::Owner | Rank::Administrator { .. } if owner == chat_id => self.anonymous,
            Rank::Owner => true,
            Rank::Administrator { posts } => posts,
            Rank::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_spoken_for_by_anonymous_administrators_and_a_channel_by_who_posts_there() {
        const GROUP: i64 = -1_000_000_000_005;
        const CHANNEL: i64 = -1_000_000_000_009;
        let administrator = |posts| Rank::Administrator { posts };
        for (rank, anonymous, group, channel) in [
            (Rank::Owner, true, true, true),
            (Rank::Owner, false, false, true),
            (administrator(false), true, true, false),
            (administrator(true), false, false, true),
            (administrator(false), false, false, false),
            (Rank::Other, true, false, false),
            (Rank::Other, false, false, false),
        ] {
            let member = Member { rank, anonymous };
            assert_eq!(member.speaks_for(GROUP, GROUP), group, "{member:?}");
            assert_eq!(member.speaks_for(CHANNEL, GROUP), channel, "{member:?}");
        }
    }
}
