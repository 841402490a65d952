//! /who and /budget: an owner's list of people, a card for each, and what each may spend.
//!
//! Who sends the command or presses the button has to be an owner, and for what changes anything it is looked up again in the
//! transaction that does it. What the buttons say can be replayed: each says how things shall be, not how they change.

use std::cell::RefCell;

use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use tracing::info;

use crate::domain::address::Address;
use crate::domain::admission::{Standing, State};
use crate::domain::budget::{self, Term};
use crate::domain::button::{Act, Action, Button, Card, Verdict};
use crate::domain::command;
use crate::domain::lane::Lane;
use crate::domain::phrases::owner::Described;
use crate::domain::phrases::people::Figures;
use crate::domain::reply::{Below, ReplyPart};
use crate::domain::sender::Sender;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::decide::{self, By, Decided};
use crate::store::people::Person;
use crate::store::roster::{self, Entry, PAGE};
use crate::store::{StoreError, budget as books, inbox, people, requests};

/// Numbers of the list in a row of buttons.
const IN_ROW: usize = 4;
/// What a budget can be set to with a button, in cents.
const AMOUNTS: [(Term, [u32; 3]); 2] = [(Term::Day, [10, 50, 200]), (Term::Month, [100, 500, 2000])];
/// So many budgets of people's own are listed.
const LISTED: i64 = 30;

impl InWork<'_> {
    /// A page of the list of people.
    pub(super) fn people(&self, conn: &mut PgConnection, page: i64) -> QueryResult<ReplyPart> {
        let (bot_id, language) = (self.address.lane.bot_id, self.message.language);
        let (page, mut shown) = match roster::page(conn, bot_id, page)? {
            // Fewer may be left than there were.
            none if none.is_empty() => (0, roster::page(conn, bot_id, 0)?),
            shown => (page, shown),
        };
        for entry in &mut shown {
            self.name_owner(entry);
        }
        let waiting = requests::waiting(conn, bot_id)?;
        let total = shown.first().map_or(0, |entry| entry.total);
        let pages = (total.max(1) + PAGE - 1) / PAGE;
        let senders: Vec<Sender> = shown.iter().map(Entry::sender).collect();
        let lines: Vec<Figures<'_>> =
            shown.iter().zip(&senders).map(|(entry, sender)| figures(entry, sender)).collect();
        let number = |(number, entry): (usize, &Entry)| {
            let card = Card { person: entry.id, page, act: Act::Show };
            self.below(number.to_string(), Action::Card(card))
        };
        let numbers: Vec<Below> = (1..).zip(&shown).map(number).collect();
        let mut rows: Vec<Vec<Below>> = numbers.chunks(IN_ROW).map(<[Below]>::to_vec).collect();
        let back = (page > 0).then(|| self.below("←", Action::People(page - 1)));
        let forth = (page + 1 < pages).then(|| self.below("→", Action::People(page + 1)));
        rows.push(back.into_iter().chain(forth).collect());
        rows.retain(|row| !row.is_empty());
        Ok(language.people(waiting, total, page, pages, &lines).with_keyboard(rows))
    }

    /// An owner turns the list.
    pub(super) fn turn_people(&self, page: i64) -> Result<Answered, StoreError> {
        self.as_owner(|conn| self.people(conn, page))
    }

    /// An owner looks at somebody, or does something about somebody.
    pub(super) fn card(&self, card: Card) -> Result<Answered, StoreError> {
        let bot_id = self.address.lane.bot_id;
        let lanes = RefCell::new(Vec::new());
        let answered = self.as_owner(|conn| {
            match card.act {
                Act::Show | Act::Budgets => {}
                // Who stands in OWNER decides, whatever the table says.
                Act::Decide(_) if self.services.admission.owners.contains(&card.person) => {}
                Act::Decide(verdict) => {
                    let by = By::Owner(self.message.press.as_ref().map_or(0, |press| press.by));
                    if let Decided::Made(_, woken) =
                        decide::about_person(conn, by, bot_id, card.person, verdict)?
                    {
                        lanes.replace(woken);
                    }
                }
                Act::Budget(term, cents) => {
                    let dollars = cents.map(|cents| BigDecimal::new(cents.into(), 2));
                    people::set_budget(conn, bot_id, card.person, term, dollars.as_ref())?;
                }
            }
            let mut entry = roster::one(conn, bot_id, card.person)?;
            self.name_owner(&mut entry);
            Ok(self.of_entry(&entry, card))
        })?;
        if !matches!(card.act, Act::Show | Act::Budgets) {
            info!(owner = self.address.lane.user_id, person = card.person, act = ?card.act, "an owner pressed a button of a card");
        }
        self.services.wake(lanes.into_inner());
        Ok(answered)
    }

    /// Who stands in OWNER is an owner.
    fn name_owner(&self, entry: &mut Entry) {
        if self.services.admission.owners.contains(&entry.id) {
            entry.state = Some(State::Owner);
        }
    }

    fn of_entry(&self, entry: &Entry, Card { person, page, act }: Card) -> ReplyPart {
        let (language, general) = (self.message.language, &self.services.budgets.person);
        let part = language.card(&figures(entry, &entry.sender()), &entry.budget(), general);
        let button = |label: String, act| self.below(label, Action::Card(Card { person, page, act }));
        let known = entry.state.is_some() && person > 0;
        let amounts = act == Act::Budgets && known;
        let rows = if amounts {
            let row = |(term, cents): (Term, [u32; 3])| {
                let amount = |cents: u32| {
                    let dollars = BigDecimal::new(cents.into(), 2);
                    button(language.budget_amount(term, Some(&dollars)), Act::Budget(term, Some(cents)))
                };
                let off = button(language.budget_amount(term, None), Act::Budget(term, None));
                cents.map(amount).into_iter().chain([off]).collect()
            };
            AMOUNTS
                .map(row)
                .into_iter()
                .chain([vec![button(language.back().to_owned(), Act::Show)]])
                .collect()
        } else {
            let decide = |verdict| button(language.verdict(verdict).to_owned(), Act::Decide(verdict));
            let decisions = match entry.state {
                Some(State::Owner) => vec![],
                Some(State::Allowed) => vec![decide(Verdict::Block)],
                Some(State::Blocked) => vec![decide(Verdict::Allow)],
                Some(State::Waiting) => Verdict::ALL.map(decide).into(),
                Some(State::Refused) | None => vec![decide(Verdict::Allow), decide(Verdict::Block)],
            };
            let budget = known.then(|| button(language.budget_button().to_owned(), Act::Budgets));
            let back = self.below(language.back(), Action::People(page));
            vec![decisions, budget.into_iter().collect(), vec![back]]
        };
        let rows = rows.into_iter().filter(|row| !row.is_empty()).collect();
        let part = if amounts { part.followed_by(language.choose_budget()) } else { part };
        part.with_keyboard(rows)
    }

    fn below(&self, label: impl Into<String>, action: Action) -> Below {
        Below::of(label, &Button { user_id: self.address.lane.user_id, action })
    }

    /// Does what an owner pressed, in the place of the message that was pressed.
    pub(super) fn as_owner(
        &self,
        act: impl Fn(&mut PgConnection) -> QueryResult<ReplyPart>,
    ) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        if self.standing != Standing::Owner || !message.private {
            return services.say(address, message.language.old_button());
        }
        let shown = Address { live_message_id: message.message_id, ..address };
        services.reply(shown, |conn, lane| {
            if !self.still_owns(conn, lane)? {
                return Ok(vec![ReplyPart::plain(message.language.old_button())]);
            }
            Ok(vec![act(conn)?])
        })
    }

    /// Rights are looked up once more in the transaction that needs them, behind the row of the update, which is locked first
    /// as everywhere.
    pub(super) fn still_owns(&self, conn: &mut PgConnection, lane: Lane) -> QueryResult<bool> {
        inbox::lock(conn, self.address.key())?;
        let listed = self.services.admission.owners.contains(&lane.user_id);
        Ok(listed || people::is_owner(conn, lane.bot_id, lane.user_id)?)
    }

    /// /budget: shows what may be spent, and sets what somebody may.
    pub(super) fn budget(&self, text: &str) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let (bot_id, language) = (address.lane.bot_id, message.language);
        let words: Vec<&str> = command::words(text).unwrap_or_default().split_whitespace().collect();
        let general = &services.budgets.person;
        let Some(wish) = Wish::of(&words) else {
            return services.say(address, language.how_to_budget());
        };
        services.reply(address, |conn, lane| {
            let person = match &wish {
                Wish::All => {
                    let own = people::with_budgets(conn, bot_id, LISTED)?;
                    let spent = books::spent(conn, bot_id)?;
                    let senders: Vec<Sender> = own.iter().map(Person::sender).collect();
                    let lines: Vec<_> = own
                        .iter()
                        .zip(&senders)
                        .map(|(person, sender)| (Described { id: person.id, sender }, person.budget()))
                        .collect();
                    return Ok(vec![language.budgets(&services.budgets, [&spent.0, &spent.1], &lines)]);
                }
                Wish::Look(id) => people::look_up(conn, bot_id, *id)?,
                Wish::Set(id, term, dollars) => {
                    if !self.still_owns(conn, lane)? {
                        return Ok(vec![ReplyPart::plain(language.unknown_command())]);
                    }
                    people::set_budget(conn, bot_id, *id, *term, dollars.as_ref())?
                }
            };
            Ok(vec![match person.filter(|person| person.id > 0) {
                Some(person) => ReplyPart::plain(language.budget_of_person(&person.budget(), general)),
                None => ReplyPart::plain(language.nobody_to_budget()),
            }])
        })
    }
}

/// What is behind /budget.
enum Wish {
    All,
    Look(i64),
    /// `None`: what holds for everybody.
    Set(i64, Term, Option<BigDecimal>),
}

impl Wish {
    /// `None`: it is nothing that /budget knows.
    fn of(words: &[&str]) -> Option<Self> {
        match *words {
            [] => Some(Self::All),
            [id] => Some(Self::Look(id.parse().ok()?)),
            [id, term, dollars] => {
                let off = dollars.eq_ignore_ascii_case("off");
                let dollars = if off { None } else { Some(budget::parse(dollars)?) };
                Some(Self::Set(id.parse().ok().filter(|id| *id > 0)?, Term::of(term)?, dollars))
            }
            _ => None,
        }
    }
}

fn figures<'a>(entry: &'a Entry, sender: &'a Sender) -> Figures<'a> {
    Figures {
        of: Described { id: entry.id, sender },
        state: entry.state,
        asked: entry.asked.as_deref(),
        questions: entry.questions,
        day: &entry.day,
        month: &entry.month,
    }
}
