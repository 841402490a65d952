//! /usage of an owner: what the bot as a whole did and cost, in words and as a chart.

use bigdecimal::{BigDecimal, ToPrimitive, Zero};

use crate::domain::admission::Standing;
use crate::domain::chart::{Chart, Column, SERIES, Series, short};
use crate::domain::phrases::Language;
use crate::domain::phrases::figures::OfPeriod;
use crate::domain::reply::{Content, ReplyPart};
use crate::domain::usage::dollars;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::overview::{self, Day, Period};
use crate::store::{StoreError, costs};

/// So many models are named.
const MODELS: usize = 12;

impl InWork<'_> {
    /// Whether an owner writes, in the chat with the bot.
    pub(in crate::pipeline) fn is_of_owner(&self) -> bool {
        self.standing == Standing::Owner && self.message.private
    }

    /// What the bot as a whole did and cost.
    pub(in crate::pipeline) fn usage_of_bot(&self) -> Result<Answered, StoreError> {
        let language = self.message.language;
        self.services.reply(self.address, |conn, lane| {
            let periods = overview::periods(conn, lane.bot_id)?;
            let by_day = overview::by_day(conn, lane.bot_id)?;
            let (day, month) = costs::of_person(conn, lane.user_id)?;
            let chart = Drawn::of(&by_day);
            let periods: Vec<OfPeriod> = periods.into_iter().map(of_period).collect();
            let named: Vec<_> = chart.named(language).take(MODELS).collect();
            let text = language.usage_of_bot(&periods, &named, (&day.spent(), &month.spent()));
            let mut parts = vec![ReplyPart::plain(text)];
            if !chart.models.is_empty() {
                let caption = language.chart(chart.priced).to_owned();
                parts.push(ReplyPart::of(Content::Chart { caption, chart: chart.chart(language) }));
            }
            Ok(parts)
        })
    }
}

fn of_period(period: Period) -> OfPeriod {
    let Period { days, questions, people, failures, tokens, cost, unknown } = period;
    OfPeriod { days, questions, people, failures, tokens, cost, unknown }
}

/// Days and models, ordered to be drawn.
struct Drawn<'a> {
    /// By what is known of the costs, or by tokens where nothing is.
    priced: bool,
    /// The dearest first.
    models: Vec<(&'a str, BigDecimal)>,
    /// The days in their order: what each model took.
    days: Vec<(&'a str, Vec<(&'a str, BigDecimal)>)>,
}

impl<'a> Drawn<'a> {
    fn of(by_day: &'a [Day]) -> Self {
        let priced = by_day.iter().any(|day| !day.cost.is_zero());
        let mut models: Vec<(&str, BigDecimal)> = Vec::new();
        let mut days: Vec<(&str, Vec<(&str, BigDecimal)>)> = Vec::new();
        for day in by_day {
            let weight = if priced { day.cost.clone() } else { BigDecimal::from(day.tokens) };
            if days.last().is_none_or(|(label, _)| *label != day.label) {
                days.push((&day.label, Vec::new()));
            }
            let Some(model) = day.model.as_deref() else { continue };
            match models.iter_mut().find(|(known, _)| *known == model) {
                Some((_, sum)) => *sum += &weight,
                None => models.push((model, weight.clone())),
            }
            days.last_mut().into_iter().for_each(|(_, parts)| parts.push((model, weight.clone())));
        }
        models.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then(a.cmp(b)));
        Self { priced, models, days }
    }

    /// Each model with what it took.
    fn named(&self, language: Language) -> impl Iterator<Item = (String, String)> {
        self.models.iter().map(move |(name, sum)| ((*name).to_owned(), self.amount(sum, language)))
    }

    fn amount(&self, sum: &BigDecimal, language: Language) -> String {
        let tokens = || language.tokens(&short(sum.to_f32().unwrap_or_default()));
        if self.priced { format!("${}", dollars(sum)) } else { tokens() }
    }

    /// With a colour for each of the dearest models, and one for all others.
    fn chart(&self, language: Language) -> Chart {
        let coloured = if self.models.len() > SERIES { SERIES - 1 } else { self.models.len() };
        let (dearest, others) = self.models.split_at(coloured);
        let name = |name: &str, sum| format!("{name} — {}", self.amount(sum, language));
        let mut series: Vec<Series> =
            dearest.iter().map(|(model, sum)| Series { name: name(model, sum) }).collect();
        if !others.is_empty() {
            let sum = others.iter().map(|(_, sum)| sum).sum();
            series.push(Series { name: name(&language.other_models(others.len()), &sum) });
        }
        let place = |model: &str| dearest.iter().position(|(known, _)| *known == model).unwrap_or(coloured);
        let columns = self.days.iter().map(|(label, parts)| {
            let mut column = Column { label: (*label).to_owned(), parts: vec![0.0; series.len()] };
            for (model, weight) in parts {
                column.parts[place(model)] += weight.to_f32().unwrap_or_default();
            }
            column
        });
        Chart {
            title: language.chart(self.priced).to_owned(),
            columns: columns.collect(),
            series: series.clone(),
            unit: if self.priced { "$".to_owned() } else { String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(label: &str, model: Option<&str>, tokens: i64, cost: &str) -> Day {
        Day { label: label.to_owned(), model: model.map(str::to_owned), tokens, cost: cost.parse().unwrap() }
    }

    #[test]
    fn each_day_is_a_column_and_the_models_beyond_the_colours_share_one() {
        let mut days = vec![day("01.11", None, 0, "0")];
        for (number, model) in ["a", "b", "c", "d", "e", "f", "g"].into_iter().enumerate() {
            days.push(day("02.11", Some(model), 1, &number.to_string()));
        }
        days.push(day("03.11", Some("g"), 1, "2"));
        let drawn = Drawn::of(&days);
        let chart = drawn.chart(Language::English);
        assert_eq!(
            chart.columns.iter().map(|column| &*column.label).collect::<Vec<_>>(),
            ["01.11", "02.11", "03.11"]
        );
        let names: Vec<_> = chart.series.iter().map(|series| &*series.name).collect();
        assert_eq!(
            names,
            ["g — $8.00", "f — $5.00", "e — $4.00", "d — $3.00", "c — $2.00", "other models: 2 — $1.00"]
        );
        assert_eq!(chart.columns[1].parts, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!((chart.columns[0].sum(), chart.columns[2].parts[0], &*chart.unit), (0.0, 2.0, "$"));
    }

    #[test]
    fn where_no_cost_is_known_tokens_are_drawn() {
        let days = [day("01.11", Some("a"), 1500, "0"), day("01.11", Some("b"), 20, "0")];
        let drawn = Drawn::of(&days);
        let chart = drawn.chart(Language::English);
        assert_eq!((chart.columns[0].parts.clone(), &*chart.unit), (vec![1500.0, 20.0], ""));
        assert_eq!(chart.series[0].name, "a — 1.5k tokens");
    }
}
