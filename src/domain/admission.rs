//! Who is let in: by the lists of the environment, and by the table `people`, in which owners decide.

use std::collections::BTreeSet;
use std::fmt;

use diesel::Queryable;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;

use crate::domain::access::Access;
use crate::domain::lane::Lane;

/// What the environment says about who is let in.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Admission {
    /// OWNER: Telegram ids of those who decide about everybody else.
    pub owners: BTreeSet<i64>,
    /// ALLOWED_USERS, ALLOWED_CHATS
    pub lists: Access,
}

/// `people.state`
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum State {
    /// Decides about everybody else.
    Owner,
    /// May use the bot; of a group: everybody in it may.
    Allowed,
    /// Asked to be let in.
    Waiting,
    /// Was not let in, and may ask again a day after it asked.
    Refused,
    /// May not use the bot, and is not answered.
    Blocked,
}

impl State {
    /// All.
    pub const ALL: &[Self] = &[Self::Owner, Self::Allowed, Self::Waiting, Self::Refused, Self::Blocked];

    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Allowed => "allowed",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Blocked => "blocked",
        }
    }
}

/// What the table says about whoever writes, and where.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Queryable)]
pub struct Known {
    /// About who writes.
    pub person: Option<State>,
    /// About the chat. (A private chat has its person's id.)
    pub chat: Option<State>,
    /// Whether the table has an owner.
    pub owned: bool,
    /// Whether the person has a budget of the own.
    pub budget: bool,
}

/// How the bot stands to whoever writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Decides about everybody else.
    Owner,
    /// May use the bot.
    Welcome,
    /// May not, and there is nobody to ask.
    Stranger,
    /// May not, and an owner may be asked.
    Applicant,
    /// May not, and is not answered.
    Ignored,
}

impl Admission {
    /// How the bot stands to who writes in this lane. The lists win over the table.
    pub fn judge(&self, lane: Lane, known: Known) -> Standing {
        if self.is_owner(lane.user_id, known.person) {
            return Standing::Owner;
        }
        if !self.lists.is_open() && self.lists.admits(lane) {
            return Standing::Welcome;
        }
        match (known.person, known.chat) {
            (Some(State::Blocked), _) | (_, Some(State::Blocked)) => Standing::Ignored,
            (Some(State::Allowed), _) | (_, Some(State::Allowed)) => Standing::Welcome,
            _ if self.is_owned(known) => Standing::Applicant,
            _ if !self.lists.is_open() => Standing::Stranger,
            _ => Standing::Welcome,
        }
    }

    /// Whether the person with this state is an owner.
    pub fn is_owner(&self, user_id: i64, state: Option<State>) -> bool {
        self.owners.contains(&user_id) || state == Some(State::Owner)
    }

    /// Whether anybody may use the bot who finds it.
    pub fn is_open(&self, known: Known) -> bool {
        !self.is_owned(known) && self.lists.is_open()
    }

    /// Whether an owner is to be asked about this chat, which is a group, if that was not done yet.
    pub fn asks_about(&self, chat_id: i64, known: Known) -> bool {
        let open = matches!(known.chat, None | Some(State::Refused));
        self.is_owned(known) && open && !self.lists.chats.contains(&chat_id)
    }

    /// Whether there is somebody to ask.
    fn is_owned(&self, known: Known) -> bool {
        known.owned || !self.owners.is_empty()
    }
}

/// Says who is let in, as `doctor` tells it.
impl fmt::Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owners.len() {
            0 => return self.lists.fmt(f),
            1 => f.write_str("1 owner (OWNER) and whom the owner lets in")?,
            n => write!(f, "{n} owners (OWNER) and whom they let in")?,
        }
        if self.lists.is_open() { Ok(()) } else { write!(f, " and {}", self.lists) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(user_id: i64, chat_id: i64) -> Lane {
        Lane { bot_id: 7, chat_id, user_id, thread_id: None }
    }

    #[test]
    fn the_lists_win_over_the_table_and_the_table_over_what_holds_for_everybody() {
        use State::{Allowed, Blocked, Owner, Refused, Waiting};
        let open = Admission::default();
        let lists = Access { users: [1].into(), chats: [-5].into() };
        let listed = Admission { lists, ..Admission::default() };
        let owned = Admission { owners: [9].into(), ..Admission::default() };
        let unowned = |person, chat| Known { person, chat, ..Known::default() };
        let of_table = |person, chat| Known { person, chat, owned: true, budget: false };
        for (access, known, expected) in [
            (&listed, unowned(Some(Blocked), Some(Blocked)), Standing::Welcome),
            (&open, unowned(Some(Blocked), None), Standing::Ignored),
            (&open, unowned(None, Some(Blocked)), Standing::Ignored),
            (&open, unowned(Some(Waiting), None), Standing::Welcome),
            (&open, of_table(None, None), Standing::Applicant),
            (&open, of_table(Some(Waiting), None), Standing::Applicant),
            (&open, of_table(Some(Refused), None), Standing::Applicant),
            (&open, of_table(Some(Owner), None), Standing::Owner),
            (&owned, unowned(None, None), Standing::Applicant),
            (&owned, unowned(Some(Allowed), None), Standing::Welcome),
            (&owned, unowned(None, Some(Allowed)), Standing::Welcome),
            (&owned, unowned(Some(Blocked), Some(Allowed)), Standing::Ignored),
            (&owned, unowned(Some(Allowed), Some(Blocked)), Standing::Ignored),
        ] {
            assert_eq!(access.judge(lane(1, -6), known), expected, "{access} {known:?}");
        }
        let (nothing, blocked) = (Known::default(), of_table(Some(Blocked), None));
        assert_eq!(listed.judge(lane(1, -6), blocked), Standing::Welcome);
        assert_eq!(listed.judge(lane(2, -6), nothing), Standing::Stranger);
        assert_eq!(listed.judge(lane(2, -5), of_table(Some(Blocked), None)), Standing::Welcome);
        assert_eq!(owned.judge(lane(9, -6), blocked), Standing::Owner);
        assert!(open.is_open(nothing) && !open.is_open(of_table(None, None)));
        assert!(!owned.is_open(nothing) && !listed.is_open(nothing));
        assert_eq!(open.to_string(), "everybody");
        let both = Admission { owners: [8, 9].into(), ..listed };
        let said = "2 owners (OWNER) and whom they let in and 1 user (ALLOWED_USERS) and everybody in 1 chat";
        assert!(both.to_string().starts_with(said), "{both}");
    }
}
