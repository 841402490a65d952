//! How much may be spent, and whether a question may be asked now.

use bigdecimal::{BigDecimal, Zero};

use crate::domain::catalogue::Price;

/// US dollars for a million tokens of a model whose price nobody knows: read, and written. Rather too much than too little.
pub const UNKNOWN_PRICE: (u32, u32) = (3, 15);
/// What a call counts whose model has written, and of which no more is known, in cents of a US dollar.
pub const UNKNOWN_CALL: u32 = 1;

/// US dollars that may be spent: BUDGET_DAY, BUDGET_MONTH, BUDGET_PERSON_DAY, BUDGET_PERSON_MONTH. `None`: no limit.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    /// By all together.
    pub all: Budget,
    /// By each person.
    pub person: Budget,
}

/// US dollars that may be spent. `None`: no limit.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// In a day.
    pub day: Option<BigDecimal>,
    /// In a month.
    pub month: Option<BigDecimal>,
}

/// What was spent, and what may be soon.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// In this day.
    pub day: BigDecimal,
    /// In this month.
    pub month: BigDecimal,
    /// What answers in the making are expected to cost.
    pub reserved: BigDecimal,
}

/// The state of the books.
#[derive(Clone, Debug)]
pub struct Books {
    /// What all spent.
    pub all: Spent,
    /// What the person spent who asks.
    pub person: Spent,
    /// When the next day begins.
    pub next_day: Date,
    /// When the next month begins.
    pub next_month: Date,
}

/// A day; it begins at 00:00 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A budget that is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsedUp {
    /// It is the person's own, not that of all.
    pub is_own: bool,
    /// It is for a month, not for a day.
    pub is_month: bool,
    /// When it begins anew.
    pub anew: Date,
}

/// Whether a question may be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may.
    Go,
    /// What is left may be needed for answers in the making: it has to wait for them.
    Wait,
    /// A budget is used up; of several, the one that begins anew last.
    No(UsedUp),
}

/// US dollars, as people write them: from 0.01 to 1000000.
pub fn parse(text: &str) -> Option<BigDecimal> {
    // Without an exponent, which would make a short text a long number.
    let is_plain = text.len() <= 16 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let dollars: BigDecimal = is_plain.then(|| text.parse().ok())??;
    let range = BigDecimal::new(1.into(), 2)..=BigDecimal::from(1_000_000);
    range.contains(&dollars).then_some(dollars)
}

/// How long a budget is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// A day, which begins at 00:00 UTC.
    Day,
    /// A month, likewise.
    Month,
}

impl Term {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// As it is written in commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The one that is written so.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|term| term.name().eq_ignore_ascii_case(name))
    }
}

impl Budgets {
    /// With what was set for the person who asks in the place of what holds for each.
    #[must_use]
    pub fn with_own(&self, own: Budget) -> Self {
        let general = self.person.clone();
        let person = Budget { day: own.day.or(general.day), month: own.month.or(general.month) };
        Self { all: self.all.clone(), person }
    }

    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        self.all.is_any() || self.person.is_any()
    }

    /// Whether a question may be asked, by the books.
    pub fn judge(&self, books: &Books) -> Verdict {
        let Self { all, person } = self;
        let (day, month) = (books.next_day, books.next_month);
        let limits = [
            (&person.month, &books.person.month, &books.person.reserved, true, true, month),
            (&all.month, &books.all.month, &books.all.reserved, false, true, month),
            (&person.day, &books.person.day, &books.person.reserved, true, false, day),
            (&all.day, &books.all.day, &books.all.reserved, false, false, day),
        ];
        let mut verdict = Verdict::Go;
        for (limit, spent, reserved, is_own, is_month, anew) in limits {
            let Some(limit) = limit else { continue };
            if spent >= limit {
                return Verdict::No(UsedUp { is_own, is_month, anew });
            }
            if spent + reserved >= *limit {
                verdict = Verdict::Wait;
            }
        }
        verdict
    }
}

impl Budget {
    /// The one for this time.
    pub fn of(&self, term: Term) -> Option<&BigDecimal> {
        match term {
            Term::Day => self.day.as_ref(),
            Term::Month => self.month.as_ref(),
        }
    }

    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        self.day.is_some() || self.month.is_some()
    }
}

/// What an answer may cost: with a prompt of so many tokens, and as long as it may be.
pub fn estimate(price: Option<&Price>, prompt: usize, max_tokens: u32) -> BigDecimal {
    let (input, output) = UNKNOWN_PRICE;
    let unknown = || Price { input: input.into(), cached: BigDecimal::zero(), output: output.into() };
    let tokens = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let written = i32::try_from(max_tokens).unwrap_or(i32::MAX);
    price.cloned().unwrap_or_else(unknown).of(tokens(prompt), 0, written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    fn spent(day: &str, month: &str, reserved: &str) -> Spent {
        Spent { day: dollars(day), month: dollars(month), reserved: dollars(reserved) }
    }

    #[test]
    fn a_question_goes_waits_or_is_refused_by_the_budget_that_begins_anew_last() {
        let (next_day, next_month) = (Date { month: 11, day: 28 }, Date { month: 12, day: 1 });
        let judge = |limits: [&str; 4], all, person| {
            let limit = |text: &str| (!text.is_empty()).then(|| dollars(text));
            let [day, month, own_day, own_month] = limits.map(limit);
            let budgets =
                Budgets { all: Budget { day, month }, person: Budget { day: own_day, month: own_month } };
            budgets.judge(&Books { all, person, next_day, next_month })
        };
        let no = |is_own, is_month, anew| Verdict::No(UsedUp { is_own, is_month, anew });
        let (none, all, own) = (["", "", "", ""], ["1", "10", "", ""], ["1", "10", "0.1", "0.5"]);
        let little = || spent("0.05", "0.05", "0");
        for (limits, of_all, of_person, expected) in [
            (none, spent("99", "99", "99"), spent("99", "99", "99"), Verdict::Go),
            (all, spent("0.99", "9.99", "0"), spent("9", "9", "9"), Verdict::Go),
            (all, spent("0.9", "5", "0.1"), little(), Verdict::Wait),
            (all, spent("0.5", "9.9", "0.1"), little(), Verdict::Wait),
            (all, spent("1", "5", "0"), little(), no(false, false, next_day)),
            (all, spent("1.5", "10", "0"), little(), no(false, true, next_month)),
            (own, spent("0.5", "5", "0"), little(), Verdict::Go),
            (own, spent("0.5", "5", "0"), spent("0.05", "0.05", "0.05"), Verdict::Wait),
            (own, spent("0.5", "5", "0"), spent("0.1", "0.1", "0"), no(true, false, next_day)),
            (own, spent("0.5", "5", "0"), spent("0.2", "0.6", "0"), no(true, true, next_month)),
            (own, spent("0.5", "10", "0"), spent("0.2", "0.2", "0"), no(false, true, next_month)),
        ] {
            assert_eq!(judge(limits, of_all.clone(), of_person), expected, "{limits:?} {of_all:?}");
        }
    }

    #[test]
    fn what_was_set_for_a_person_takes_the_place_of_what_holds_for_each_and_not_of_what_holds_for_all() {
        let limit = |text: &str| Some(dollars(text));
        let all = Budget { day: limit("1"), month: None };
        let budgets = Budgets { all, person: Budget { day: limit("0.1"), month: limit("0.5") } };
        let with = budgets.with_own(Budget { day: limit("2"), month: None });
        assert_eq!((with.person.day, with.person.month), (limit("2"), limit("0.5")));
        assert_eq!((with.all.day, with.all.month), (limit("1"), None));
    }

    #[test]
    fn an_estimate_is_by_the_price_or_by_a_high_one() {
        let price = Price { input: dollars("1"), cached: dollars("0"), output: dollars("2") };
        assert_eq!(estimate(Some(&price), 1000, 1000), dollars("0.003"));
        assert_eq!(estimate(None, 1000, 4000), dollars("0.063"));
    }
}
