//! What a button under one of the bot's messages means, as it travels in Telegram's `callback_data` (up to 64 bytes).

use crate::domain::admission::State;
use crate::domain::catalogue::Effort;
use crate::domain::choice::Kind;

/// A button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Button {
    /// Whose it is: nobody else may press it.
    pub user_id: i64,
    /// What it does.
    pub action: Action,
}

/// What a button does. A number is that of the update that it belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Deletes everything of the user. While the update that asked for it is remembered and young, it works.
    Forget(i64),
    /// Answers the question of that update again, as long as it is the last one of its dialogue.
    Retry(i64),
    /// Has the answer to that update, which the limit of tokens cut, go on, as long as it is the last one of its dialogue.
    Continue(i64),
    /// Chooses a model or a role for the dialogue, by its name in the catalogue.
    Choose(Kind, String),
    /// Chooses this model, and how much it thinks.
    Think(String, Effort),
    /// Turns the list to this page.
    Page(Kind, usize),
    /// Takes back what the bot was just asked to remember: the fact of this number.
    Unremember(i64),
    /// Deletes the fact of this number from the list of what is remembered.
    DeleteFact(i64),
    /// Turns that list to this page.
    Facts(usize),
    /// Turns the memory on or off.
    Memory(bool),
    /// Turns what the search of this number found to this page.
    Find(i64, usize),
    /// Decides about the request of that update, for an owner.
    Decide(Verdict, i64),
}

/// What an owner decides about a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Lets the person in.
    Allow,
    /// Does not; the person may ask again another day.
    Refuse,
    /// Does not, and wants to hear no more of the person.
    Block,
}

impl Verdict {
    /// All, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Refuse, Self::Block];

    fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Refuse => "refuse",
            Self::Block => "block",
        }
    }

    /// What its person is from then on.
    pub fn state(self) -> State {
        match self {
            Self::Allow => State::Allowed,
            Self::Refuse => State::Refused,
            Self::Block => State::Blocked,
        }
    }
}

impl Button {
    /// As Telegram carries it. Names in the catalogue have up to 24 letters, so that it fits.
    pub fn data(&self) -> String {
        let user = self.user_id;
        match &self.action {
            Action::Forget(seq) => format!("forget:{user}:{seq}"),
            Action::Retry(seq) => format!("retry:{user}:{seq}"),
            Action::Continue(seq) => format!("continue:{user}:{seq}"),
            Action::Choose(Kind::Model, id) => format!("model:{user}:{id}"),
            Action::Choose(Kind::Role, id) => format!("role:{user}:{id}"),
            Action::Think(id, effort) => format!("think:{user}:{id}:{}", effort.as_str()),
            Action::Page(Kind::Model, page) => format!("models:{user}:{page}"),
            Action::Page(Kind::Role, page) => format!("roles:{user}:{page}"),
            Action::Unremember(id) => format!("unremember:{user}:{id}"),
            Action::DeleteFact(id) => format!("fact:{user}:{id}"),
            Action::Facts(page) => format!("facts:{user}:{page}"),
            Action::Find(search, page) => format!("find:{user}:{search}:{page}"),
            Action::Memory(on) => format!("memory:{user}:{}", if *on { "on" } else { "off" }),
            Action::Decide(verdict, seq) => format!("{}:{user}:{seq}", verdict.name()),
        }
    }

    /// Reads what came back. `None`: no button of this version's.
    pub fn of(data: &str) -> Option<Self> {
        let (name, rest) = data.split_once(':')?;
        let (user_id, rest) = rest.split_once(':')?;
        let id = || Some(rest.to_owned()).filter(|id| !id.is_empty() && !id.contains(':'));
        let action = match name {
            "forget" => Action::Forget(rest.parse().ok()?),
            "retry" => Action::Retry(rest.parse().ok()?),
            "continue" => Action::Continue(rest.parse().ok()?),
            "model" => Action::Choose(Kind::Model, id()?),
            "role" => Action::Choose(Kind::Role, id()?),
            "think" => {
                let (id, effort) = rest.split_once(':')?;
                let effort = Effort::ALL.into_iter().find(|known| known.as_str() == effort)?;
                Action::Think(Some(id).filter(|id| !id.is_empty())?.to_owned(), effort)
            }
            "models" => Action::Page(Kind::Model, rest.parse().ok()?),
            "roles" => Action::Page(Kind::Role, rest.parse().ok()?),
            "unremember" => Action::Unremember(rest.parse().ok()?),
            "fact" => Action::DeleteFact(rest.parse().ok()?),
            "facts" => Action::Facts(rest.parse().ok()?),
            "find" => {
                let (search, page) = rest.split_once(':')?;
                Action::Find(search.parse().ok()?, page.parse().ok()?)
            }
            "memory" if rest == "on" => Action::Memory(true),
            "memory" if rest == "off" => Action::Memory(false),
            _ => {
                let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)?;
                Action::Decide(verdict, rest.parse().ok()?)
            }
        };
        Some(Self { user_id: user_id.parse().ok()?, action })
    }

    /// Whether this user may press it.
    pub fn is_for(&self, user_id: i64) -> bool {
        self.user_id == user_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_comes_back_as_it_went_and_nothing_else_is_one() {
        let longest = || "x".repeat(24);
        let numbered =
            [Action::Forget, Action::Retry, Action::Continue, Action::Unremember, Action::DeleteFact]
                .map(|action| action(i64::MIN));
        let of_memory =
            [Action::Facts(99), Action::Memory(true), Action::Memory(false), Action::Find(i64::MIN, 99)];
        let choices = [Kind::Model, Kind::Role]
            .into_iter()
            .flat_map(|kind| [Action::Choose(kind, longest()), Action::Page(kind, 99)]);
        let thinking = Effort::ALL.map(|effort| Action::Think(longest(), effort));
        let decisions = Verdict::ALL.map(|verdict| Action::Decide(verdict, i64::MIN));
        for action in numbered.into_iter().chain(of_memory).chain(choices).chain(thinking).chain(decisions) {
            let button = Button { action, user_id: i64::MIN };
            assert!(button.data().len() <= 64, "{button:?}");
            assert_eq!(Button::of(&button.data()).as_ref(), Some(&button));
            assert!(button.is_for(i64::MIN) && !button.is_for(1));
        }
        for data in [
            "",
            "forget",
            "forget:1",
            "forget:1:x",
            "forget:1:2:3",
            "other:1:2",
            "retry",
            "model:1:",
            "model:x:y",
            "model:1:a:b",
            "think:1:quick",
            "think:1:quick:hard",
            "think:1::low",
            "models:1:-1",
            "memory:1:maybe",
            "facts:1:-1",
            "find:1:2",
        ] {
            assert_eq!(Button::of(data), None, "{data}");
        }
    }
}
