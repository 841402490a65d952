//! `usage`: what the calls of models cost, for people as a table with bars, for programs as JSON Lines or CSV.

use std::io::{self, Write};

use bigdecimal::{BigDecimal, ToPrimitive, Zero};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::value::RawValue;

use super::history::command::{NOTHING, open};
use super::history::output;
use super::moment::local_time;
use crate::base::exit::ExitCode;
use crate::config::Database;
use crate::domain::spreadsheet::no_formula;
use crate::domain::usage::dollars;
use crate::store::costs::{self, By, Sum};

/// How `usage` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 done; 1 an error; 2 a wrong command line; 3 there were no calls.

A cost is what the endpoint said, or else by the price, in US dollars. Calls of unknown cost are counted
beside it. The command needs DATABASE_URL only, and the bot may keep running.";

/// How wide the longest bar is, in characters.
const BAR: i32 = 30;

/// What to sum up.
#[derive(Args)]
pub struct Arguments {
    /// What stands in one row
    #[arg(long, value_enum, default_value_t = Column::Day)]
    by: Column,
    /// Only calls from this time on
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only calls from before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Print one JSON object per line, for programs
    #[arg(long)]
    json: bool,
    /// Print CSV, for programs and spreadsheets: what would be a formula begins with an apostrophe
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Column {
    /// The day of the call
    Day,
    /// The person who asked
    Person,
    /// The model that was asked
    Model,
    /// What the call was for
    Purpose,
}

/// A row for programs.
#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    calls: i64,
    failed: i64,
    prompt_tokens: i64,
    cached_tokens: i64,
    completion_tokens: i64,
    cost: Box<RawValue>,
    unknown: i64,
}

impl Arguments {
    /// Prints the sums.
    pub fn run(self, database: &Database) -> anyhow::Result<ExitCode> {
        let conn = &mut open(database)?;
        let mut read =
            |option, text: Option<String>| text.map(|text| local_time(conn, option, &text)).transpose();
        let (since, until) = (read("--since", self.since)?, read("--until", self.until)?);
        let by = match self.by {
            Column::Day => By::Day,
            Column::Person => By::Person,
            Column::Model => By::Model,
            Column::Purpose => By::Purpose,
        };
        let sums = costs::sums(conn, by, since, until)?;
        let out = &mut io::BufWriter::new(io::stdout().lock());
        if self.json {
            for (key, sum) in &sums {
                output::line(out, &row(key, sum)?)?;
            }
        } else if self.csv {
            csv(out, by, &sums)?;
        } else {
            table(out, &sums)?;
        }
        out.flush()?;
        Ok(if sums.is_empty() { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS })
    }
}

fn row<'a>(key: &'a str, sum: &Sum) -> anyhow::Result<Row<'a>> {
    let &Sum { calls, failed, prompt_tokens, cached_tokens, completion_tokens, unknown, .. } = sum;
    // A number of JSON with all its figures: a float would round it.
    let cost = RawValue::from_string(sum.cost.to_plain_string())?;
    Ok(Row { key, calls, failed, prompt_tokens, cached_tokens, completion_tokens, cost, unknown })
}

fn csv(out: &mut impl Write, by: By, sums: &[(String, Sum)]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "key",
        "calls",
        "failed",
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "cost",
        "unknown",
    ])?;
    for (key, sum) in sums {
        let numbers = [sum.calls, sum.failed, sum.prompt_tokens, sum.cached_tokens, sum.completion_tokens];
        // Endpoints name their models as they like. The id of a group or a channel is negative, and a number.
        let key = if by == By::Person { key.into() } else { no_formula(key) };
        let mut record = vec![key.into_owned()];
        record.extend(numbers.map(|number| number.to_string()));
        record.extend([sum.cost.to_plain_string(), sum.unknown.to_string()]);
        writer.write_record(record)?;
    }
    writer.flush()?;
    Ok(())
}

/// A line for each row, its bar as long as its share of the dearest; of the most tokens, where no cost is known.
fn table(out: &mut impl Write, sums: &[(String, Sum)]) -> io::Result<()> {
    if sums.is_empty() {
        return Ok(());
    }
    let total: Sum = sums.iter().map(|(_, sum)| sum.clone()).sum();
    let priced = !total.cost.is_zero();
    let weight = |sum: &Sum| if priced { sum.cost.clone() } else { BigDecimal::from(sum.tokens()) };
    let most = sums.iter().map(|(_, sum)| weight(sum)).max().filter(|most| !most.is_zero());
    let wide = sums.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default().max("total".len());
    let heading = ["calls", "failed", "tokens", "US dollars", "unknown"];
    writeln!(out, "{}", line("", wide, &heading.map(str::to_owned), ""))?;
    for (key, sum) in sums {
        let share = most.as_ref().and_then(|most| (weight(sum) * BAR / most).to_usize());
        writeln!(out, "{}", line(key, wide, &figures(sum), &"█".repeat(share.unwrap_or_default())))?;
    }
    writeln!(out, "{}", line("total", wide, &figures(&total), ""))
}

fn figures(sum: &Sum) -> [String; 5] {
    let number = |number: i64| number.to_string();
    [number(sum.calls), number(sum.failed), number(sum.tokens()), dollars(&sum.cost), number(sum.unknown)]
}

fn line(key: &str, wide: usize, [calls, failed, tokens, cost, unknown]: &[String; 5], bar: &str) -> String {
    let line = format!("{key:wide$} {calls:>7} {failed:>7} {tokens:>11} {cost:>14} {unknown:>8}  {bar}");
    line.trim_end().to_owned()
}
