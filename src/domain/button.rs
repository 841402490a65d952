//! What a button under one of the bot's messages means, as it travels in Telegram's `callback_data` (up to 64 bytes).

use crate::domain::admission::State;
use crate::domain::alert;
use crate::domain::budget::Term;
use crate::domain::catalogue::Effort;
use crate::domain::choice::Kind;
use crate::domain::speech::Spoken;

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
    /// The same, and what is said in its recording is heard anew.
    HearAgain(i64),
    /// Has the answer to that update, which the limit of tokens cut, go on, as long as it is the last one of its dialogue.
    Continue(i64),
    /// Chooses a model or a role for the dialogue, by its name in the catalogue.
    Choose(Kind, String),
    /// Chooses this model, and how much it thinks.
    Think(String, Effort),
    /// Turns the list to this page.
    Page(Kind, usize),
    /// Has the fact of the proposal of this number remembered, or not.
    Proposal(i64, bool),
    /// Says when the answers of the dialogue are spoken; `None`: never.
    Speak(Option<Spoken>),
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
    /// Turns an owner's list of people to this page.
    People(i64),
    /// Does something about somebody of that list, and shows the card.
    Card(Card),
    /// Does something with this announcement, for its owner.
    Announce(i64, Announcing),
    /// Its user wants announcements, or none.
    Announcements(bool),
    /// Owners hear no more of this, or hear of it again.
    Mute(alert::Kind, bool),
}

/// What an owner does with an announcement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announcing {
    /// Sends what was shown.
    Send,
    /// Gives up what was shown, or sends no more of it.
    Stop,
}

/// What a button of an owner's card about somebody means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Card {
    /// Telegram id of whom it is about.
    pub person: i64,
    /// The page of the list that leads back.
    pub page: i64,
    /// What is done.
    pub act: Act,
}

/// What an owner does on a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Looks at it.
    Show,
    /// Lets the person in, or does not any more.
    Decide(Verdict),
    /// Looks at the amounts that a budget can have.
    Budgets,
    /// Sets a budget, in cents; `None`: what holds for everybody.
    Budget(Term, Option<u32>),
}

impl Act {
    fn data(self) -> String {
        match self {
            Self::Show => "show".to_owned(),
            Self::Budgets => "budgets".to_owned(),
            Self::Decide(verdict) => verdict.name().to_owned(),
            Self::Budget(term, cents) => {
                format!("{}={}", term.name(), cents.map_or("off".to_owned(), |cents| cents.to_string()))
            }
        }
    }

    fn of(data: &str) -> Option<Self> {
        if let Some((term, cents)) = data.split_once('=') {
            let cents =
                if cents == "off" { None } else { Some(cents.parse().ok().filter(|cents| *cents > 0)?) };
            return Some(Self::Budget(Term::of(term)?, cents));
        }
        match data {
            "show" => Some(Self::Show),
            "budgets" => Some(Self::Budgets),
            _ => Verdict::of(data).map(Self::Decide),
        }
    }
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

    /// Its word, in a button and in a form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Refuse => "refuse",
            Self::Block => "block",
        }
    }

    /// By its word.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
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
            Action::HearAgain(seq) => format!("hear:{user}:{seq}"),
            Action::Continue(seq) => format!("continue:{user}:{seq}"),
            Action::Choose(Kind::Model, id) => format!("model:{user}:{id}"),
            Action::Choose(Kind::Role, id) => format!("role:{user}:{id}"),
            Action::Think(id, effort) => format!("think:{user}:{id}:{}", effort.as_str()),
            Action::Page(Kind::Model, page) => format!("models:{user}:{page}"),
            Action::Page(Kind::Role, page) => format!("roles:{user}:{page}"),
            Action::Speak(when) => format!("voice:{user}:{}", when.map_or("never", Spoken::as_str)),
            Action::Unremember(id) => format!("unremember:{user}:{id}"),
            Action::DeleteFact(id) => format!("fact:{user}:{id}"),
            Action::Facts(page) => format!("facts:{user}:{page}"),
            Action::Find(search, page) => format!("find:{user}:{search}:{page}"),
            Action::Proposal(id, yes) => format!("propose:{user}:{id}:{}", if *yes { "yes" } else { "no" }),
            Action::Memory(on) => format!("memory:{user}:{}", if *on { "on" } else { "off" }),
            Action::Decide(verdict, seq) => format!("{}:{user}:{seq}", verdict.name()),
            Action::Announce(id, Announcing::Send) => format!("announce:{user}:{id}:send"),
            Action::Announce(id, Announcing::Stop) => format!("announce:{user}:{id}:stop"),
            Action::Announcements(wanted) => format!("news:{user}:{}", if *wanted { "on" } else { "off" }),
            Action::Mute(kind, muted) => {
                format!("{}:{user}:{}", if *muted { "mute" } else { "unmute" }, kind.as_str())
            }
            Action::People(page) => format!("who:{user}:{page}"),
            Action::Card(Card { person, page, act }) => format!("card:{user}:{person}:{page}:{}", act.data()),
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
            "hear" => Action::HearAgain(rest.parse().ok()?),
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
            "voice" if rest == "never" => Action::Speak(None),
            "voice" => Action::Speak(Some(Spoken::ALL.into_iter().find(|when| when.as_str() == rest)?)),
            "announce" => match rest.split_once(':')? {
                (id, "send") => Action::Announce(id.parse().ok()?, Announcing::Send),
                (id, "stop") => Action::Announce(id.parse().ok()?, Announcing::Stop),
                _ => return None,
            },
            "news" if rest == "on" => Action::Announcements(true),
            "news" if rest == "off" => Action::Announcements(false),
            "mute" => Action::Mute(alert::Kind::of(rest)?, true),
            "unmute" => Action::Mute(alert::Kind::of(rest)?, false),
            "who" => Action::People(rest.parse().ok().filter(|page| *page >= 0)?),
            "card" => {
                let (person, rest) = rest.split_once(':')?;
                let (page, act) = rest.split_once(':')?;
                let page = page.parse().ok().filter(|page| *page >= 0)?;
                Action::Card(Card { person: person.parse().ok()?, page, act: Act::of(act)? })
            }
            "unremember" => Action::Unremember(rest.parse().ok()?),
            "fact" => Action::DeleteFact(rest.parse().ok()?),
            "facts" => Action::Facts(rest.parse().ok()?),
            "find" => {
                let (search, page) = rest.split_once(':')?;
                Action::Find(search.parse().ok()?, page.parse().ok()?)
            }
            "propose" => match rest.split_once(':')? {
                (id, "yes") => Action::Proposal(id.parse().ok()?, true),
                (id, "no") => Action::Proposal(id.parse().ok()?, false),
                _ => return None,
            },
            "memory" if rest == "on" => Action::Memory(true),
            "memory" if rest == "off" => Action::Memory(false),
            _ => Action::Decide(Verdict::of(name)?, rest.parse().ok()?),
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
        let numbered = [
            Action::Forget,
            Action::Retry,
            Action::HearAgain,
            Action::Continue,
            Action::Unremember,
            Action::DeleteFact,
        ];
        let numbered = numbered.map(|action| action(i64::MIN));
        let of_memory = [
            Action::Facts(99),
            Action::Memory(true),
            Action::Memory(false),
            Action::Find(i64::MIN, 99),
            Action::Proposal(i64::MIN, true),
            Action::Proposal(i64::MIN, false),
        ];
        let choices = [Kind::Model, Kind::Role]
            .into_iter()
            .flat_map(|kind| [Action::Choose(kind, longest()), Action::Page(kind, 99)]);
        let voices = Spoken::ALL.map(Some).into_iter().chain([None]).map(Action::Speak);
        let thinking = Effort::ALL.map(|effort| Action::Think(longest(), effort));
        let decisions = Verdict::ALL.map(|verdict| Action::Decide(verdict, i64::MIN));
        let acts = [
            Act::Show,
            Act::Budgets,
            Act::Decide(Verdict::Block),
            Act::Budget(Term::Month, Some(9999)),
            Act::Budget(Term::Day, None),
        ];
        let cards = acts.map(|act| Action::Card(Card { person: i64::MIN, page: 99, act }));
        let mutes =
            alert::Kind::ALL.iter().flat_map(|kind| [true, false].map(|muted| Action::Mute(*kind, muted)));
        let announcing = [Announcing::Send, Announcing::Stop].map(|what| Action::Announce(i64::MAX, what));
        let news = [true, false].map(Action::Announcements);
        let owners = decisions
            .into_iter()
            .chain(cards)
            .chain(mutes)
            .chain(announcing)
            .chain(news)
            .chain([Action::People(99)]);
        let choices = choices.chain(voices);
        for action in numbered.into_iter().chain(of_memory).chain(choices).chain(thinking).chain(owners) {
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
            "voice:1:louder",
            "models:1:-1",
            "who:1:-1",
            "mute:1:other",
            "announce:1:2",
            "announce:1:2:other",
            "news:1:maybe",
            "card:1:2:show",
            "card:1:2:0:other",
            "card:1:2:-1:show",
            "card:1:2:0:day=0",
            "card:1:2:0:week=1",
            "memory:1:maybe",
            "propose:1:2",
            "propose:1:2:maybe",
            "propose:1:x:yes",
            "facts:1:-1",
            "find:1:2",
        ] {
            assert_eq!(Button::of(data), None, "{data}");
        }
    }
}
