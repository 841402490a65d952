//! What owners read about the bot as a whole: what it did and cost.

use bigdecimal::BigDecimal;

use super::Language::{self, English, Russian};
use crate::domain::usage::{Spent, dollars};

/// A period in figures.
#[derive(Clone, Debug)]
pub struct OfPeriod {
    /// Today alone is 1.
    pub days: i32,
    /// Questions for which a model was called.
    pub questions: i64,
    /// People who asked them.
    pub people: i64,
    /// Calls that failed or were refused.
    pub failures: i64,
    /// Tokens read and written.
    pub tokens: i64,
    /// US dollars, as far as they are known.
    pub cost: BigDecimal,
    /// Calls whose cost is not known.
    pub unknown: i64,
}

impl Language {
    /// The answer to an owner's /usage: each period on a line, the models of the longest one, and what the owner spent.
    pub fn usage_of_bot(
        self,
        periods: &[OfPeriod],
        models: &[(String, String)],
        own: (&Spent, &Spent),
    ) -> String {
        let lines = periods.iter().map(|period| self.of_period(period)).collect::<Vec<_>>().join("\n\n");
        let models: Vec<_> = models.iter().map(|(name, amount)| format!("\n{name} — {amount}")).collect();
        let models = models.concat();
        let head = if models.is_empty() {
            ""
        } else {
            self.pick("\n\nМодели за 30 дней:", "\n\nModels in 30 days:")
        };
        let mine = self.pick("Вы сами", "You yourself");
        format!("{lines}{head}{models}\n\n{mine}:\n{}", self.usage(own.0, own.1))
    }

    fn of_period(self, of: &OfPeriod) -> String {
        let &OfPeriod { days, questions, people, failures, tokens, unknown, .. } = of;
        let period = match (self, days) {
            (Russian, 1) => "Сегодня (UTC)".to_owned(),
            (English, 1) => "Today (UTC)".to_owned(),
            (Russian, days) => format!("За {days} дней"),
            (English, days) => format!("In {days} days"),
        };
        let cost = dollars(&of.cost);
        let unknown = match (self, unknown) {
            (_, 0) => String::new(),
            (Russian, n) => format!(" (и ещё обращений с неизвестной ценой: {n})"),
            (English, n) => format!(" (and {n} calls of unknown cost)"),
        };
        match self {
            Russian => format!(
                "{period}: вопросов — {questions}, людей — {people}, неудачных обращений — {failures}, токенов — {tokens}, \
                 {cost} ${unknown}"
            ),
            English => format!(
                "{period}: {questions} questions, {people} people, {failures} failed calls, {tokens} tokens, \
                 ${cost}{unknown}"
            ),
        }
    }

    /// What stands above the chart, and below it.
    pub fn chart(self, priced: bool) -> &'static str {
        if priced {
            self.pick("Расходы за 30 дней, доллары США", "Costs of 30 days, US dollars")
        } else {
            self.pick("Токены за 30 дней", "Tokens of 30 days")
        }
    }

    /// What stands for the models beyond those that have a colour.
    pub fn other_models(self, number: usize) -> String {
        match self {
            Russian => format!("другие модели: {number}"),
            English => format!("other models: {number}"),
        }
    }

    /// So many tokens.
    pub fn tokens(self, number: &str) -> String {
        match self {
            Russian => format!("токенов — {number}"),
            English => format!("{number} tokens"),
        }
    }
}
