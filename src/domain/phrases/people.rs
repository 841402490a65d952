//! What owners read about the people who use the bot, and about what each may spend.

use bigdecimal::BigDecimal;
use frankenstein::types::MessageEntityType;

use super::Language::{self, English, Russian};
use super::owner::Described;
use crate::domain::admission::State;
use crate::domain::budget::{Budget, Budgets, Term};
use crate::domain::marked_text::MarkedText;
use crate::domain::reply::ReplyPart;
use crate::domain::usage::dollars;

/// Somebody in figures.
#[derive(Clone, Copy)]
pub struct Figures<'a> {
    /// Who it is.
    pub of: Described<'a>,
    /// What was decided. `None`: nothing.
    pub state: Option<State>,
    /// When the last question was asked, in UTC.
    pub asked: Option<&'a str>,
    /// Questions of this day.
    pub questions: i64,
    /// US dollars of this day.
    pub day: &'a BigDecimal,
    /// US dollars of this month.
    pub month: &'a BigDecimal,
}

impl Language {
    /// A page of the list of people; `waiting` ask to be let in. Its lines are numbered from 1.
    pub fn people(self, waiting: i64, total: i64, page: i64, pages: i64, shown: &[Figures<'_>]) -> ReplyPart {
        let mut telling = MarkedText::default();
        if waiting == 0 {
            telling.say(&self.who_waits(0, 0)).say("\n\n");
        }
        telling.say(&match self {
            Russian => format!("Люди и группы: {total}."),
            English => format!("People and groups: {total}."),
        });
        if pages > 1 {
            telling.say(" ").say(&self.page_of(page + 1, pages));
        }
        for (number, of) in (1..).zip(shown) {
            telling.say(&format!("\n\n{number}. "));
            self.line(&mut telling, of);
        }
        telling.part()
    }

    fn page_of(self, page: i64, pages: i64) -> String {
        match self {
            Russian => format!("Страница {page} из {pages}."),
            English => format!("Page {page} of {pages}."),
        }
    }

    fn line(self, telling: &mut MarkedText, of: &Figures<'_>) {
        let Described { id, sender } = of.of;
        let name = sender.name.clone().unwrap_or_else(|| id.to_string());
        telling.mark(&name, MessageEntityType::Code);
        if let Some(username) = &sender.username {
            telling.say(" ").mark(username, MessageEntityType::Code);
        }
        if let Some(unusual) = of.state.filter(|state| *state != State::Allowed) {
            telling.say(" — ").say(self.state(Some(unusual)));
        }
        telling.say("\n").say(&self.today(of));
    }

    /// What was decided about somebody, in a word or two.
    pub fn state(self, state: Option<State>) -> &'static str {
        match state {
            None => self.pick("решения не было", "nothing was decided"),
            Some(State::Owner) => self.pick("владелец", "owner"),
            Some(State::Allowed) => self.pick("может пользоваться ботом", "may use the bot"),
            Some(State::Waiting) => self.pick("ждёт решения", "waits for a decision"),
            Some(State::Refused) => self.pick("отказано", "refused"),
            Some(State::Blocked) => self.pick("заблокирован", "blocked"),
        }
    }

    fn today(self, of: &Figures<'_>) -> String {
        let Some(asked) = of.asked else {
            return self.pick("ещё ничего не спрашивал", "has not asked anything yet").to_owned();
        };
        let (questions, cost) = (of.questions, dollars(of.day));
        match self {
            Russian => format!("последний вопрос {asked} UTC; сегодня вопросов — {questions}, {cost} $"),
            English => format!("last question {asked} UTC; today {questions} questions, ${cost}"),
        }
    }

    /// The card about somebody. `general`: what each may spend.
    pub fn card(self, of: &Figures<'_>, own: &Budget, general: &Budget) -> ReplyPart {
        let mut telling = MarkedText::default();
        telling
            .say(self.pick("О человеке или группе: ", "About a person or group: "))
            .say(self.state(of.state));
        telling.say("\n");
        self.describe(&mut telling, of.of);
        telling.say("\n\n").say(&self.today(of));
        if of.of.id > 0 {
            let month = dollars(of.month);
            telling.say(&match self {
                Russian => format!("; в этом месяце {month} $\n\n"),
                English => format!("; this month ${month}\n\n"),
            });
            telling.say(&self.budget_of_person(own, general));
        }
        telling.part()
    }

    /// What somebody may spend: what was set, or what holds for each.
    pub fn budget_of_person(self, own: &Budget, general: &Budget) -> String {
        let limit = |term| match (own.of(term), general.of(term)) {
            (Some(own), _) => {
                let of_own = self.pick("свой", "of their own");
                match self {
                    Russian => format!("{} $ ({of_own})", dollars(own)),
                    English => format!("${} ({of_own})", dollars(own)),
                }
            }
            (None, Some(general)) => self.amount(general),
            (None, None) => self.pick("без ограничения", "no limit").to_owned(),
        };
        match self {
            Russian => format!("Бюджет: на день — {}, на месяц — {}", limit(Term::Day), limit(Term::Month)),
            English => format!("Budget: a day {}, a month {}", limit(Term::Day), limit(Term::Month)),
        }
    }

    fn amount(self, amount: &BigDecimal) -> String {
        match self {
            Russian => format!("{} $", dollars(amount)),
            English => format!("${}", dollars(amount)),
        }
    }

    fn limit(self, limit: Option<&BigDecimal>) -> String {
        limit.map_or_else(|| self.pick("без ограничения", "no limit").to_owned(), |limit| self.amount(limit))
    }

    /// The answer to /budget: what may be spent, what was, and who has a budget of the own.
    pub fn budgets(
        self,
        budgets: &Budgets,
        [day, month]: [&BigDecimal; 2],
        own: &[(Described<'_>, Budget)],
    ) -> ReplyPart {
        let Budgets { all, person } = budgets;
        let limit = |limit: &Option<BigDecimal>| self.limit(limit.as_ref());
        let (of_day, of_month) = (self.amount(day), self.amount(month));
        let mut telling = MarkedText::default();
        telling.say(&match self {
            Russian => format!(
                "Потрачено сегодня: {of_day} (бюджет бота: {})\nВ этом месяце: {of_month} (бюджет бота: {})\n\
                 Каждому на день: {}, на месяц: {}",
                limit(&all.day),
                limit(&all.month),
                limit(&person.day),
                limit(&person.month)
            ),
            English => format!(
                "Spent today: {of_day} (the bot's budget: {})\nThis month: {of_month} (the bot's budget: {})\n\
                 For each person a day: {}, a month: {}",
                limit(&all.day),
                limit(&all.month),
                limit(&person.day),
                limit(&person.month)
            ),
        });
        if !own.is_empty() {
            telling.say(self.pick("\n\nСвои бюджеты:", "\n\nBudgets of their own:"));
        }
        for (Described { id, sender }, budget) in own {
            telling.say("\n").mark(&id.to_string(), MessageEntityType::Code).say(" ");
            telling.mark(sender.name.as_deref().unwrap_or_default(), MessageEntityType::Code);
            for (term, amount) in Term::ALL.into_iter().filter_map(|term| Some((term, budget.of(term)?))) {
                telling.say(&format!(" {} {}", self.term(term), self.amount(amount)));
            }
        }
        telling.say("\n\n").say(self.how_to_budget());
        telling.part()
    }

    fn term(self, term: Term) -> &'static str {
        match term {
            Term::Day => self.pick("на день", "a day"),
            Term::Month => self.pick("на месяц", "a month"),
        }
    }

    /// How a budget is set.
    pub fn how_to_budget(self) -> &'static str {
        self.pick(
            "Свой бюджет человека: «/budget 42 day 0.50», «/budget 42 month 5», отменить: «/budget 42 day off» \
             (42 — номер человека из /who). Общие бюджеты стоят в настройках BUDGET_….",
            "A person's own budget: “/budget 42 day 0.50”, “/budget 42 month 5”, to take it back: “/budget 42 day off” \
             (42 is the person's id, see /who). What holds for all stands in the settings BUDGET_….",
        )
    }

    /// The answer to a budget for somebody about whom nothing was decided.
    pub fn nobody_to_budget(self) -> &'static str {
        self.pick(
            "Об этом человеке решения не было, и бюджета у него нет. Сначала разрешите ему пользоваться ботом: /who",
            "Nothing was decided about this person, who has no budget therefore. Let the person in first: /who",
        )
    }

    /// What stands on a button that leads to the amounts.
    pub fn budget_button(self) -> &'static str {
        self.pick("Бюджет", "Budget")
    }

    /// What stands on a button that leads back.
    pub fn back(self) -> &'static str {
        self.pick("← Назад", "← Back")
    }

    /// What stands on the button of an amount. `None`: what holds for everybody.
    pub fn budget_amount(self, term: Term, amount: Option<&BigDecimal>) -> String {
        match (self, amount) {
            (_, None) => match term {
                Term::Day => self.pick("На день: общий", "A day: as all").to_owned(),
                Term::Month => self.pick("На месяц: общий", "A month: as all").to_owned(),
            },
            (_, Some(amount)) => self.amount(amount),
        }
    }

    /// What stands above the amounts.
    pub fn choose_budget(self) -> &'static str {
        self.pick(
            "Первый ряд кнопок — на день, второй — на месяц. Другую сумму задаёт /budget.",
            "The first row of buttons is for a day, the second one for a month. /budget sets any other amount.",
        )
    }
}
