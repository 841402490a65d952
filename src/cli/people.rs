//! `systech-aidd people`: who may use the bot, decided without Telegram.

use std::io::{self, Write};

use anyhow::bail;
use bigdecimal::BigDecimal;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::history::command::{NOTHING, open};
use super::history::output::{Json, line};
use crate::base::exit::ExitCode;
use crate::config::Owners;
use crate::domain::admission::State;
use crate::domain::budget::{self, Term};
use crate::domain::button::Verdict;
use crate::store::decide::{self, By, Decided, Forgotten};
use crate::store::people::{self, Person};

/// How `people` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 done; 1 an error; 2 a wrong command line; 3 nothing found, or nothing to change.

The id of a group or channel is negative. The lists of the environment (OWNER, ALLOWED_USERS, ALLOWED_CHATS) win over these
decisions. The commands need DATABASE_URL and TELEGRAM_BOT_TOKEN, and the bot may keep running: it sees a decision within
seconds.";

/// What to do about whom.
#[derive(Subcommand)]
pub enum Command {
    /// Shows who waits for a decision, and what was decided about others
    List {
        /// Only those in this state
        #[arg(long, value_enum)]
        state: Option<Only>,
        /// See [`Json`].
        #[command(flatten)]
        json: Json,
    },
    /// Lets somebody in, or everybody in a group; what was asked meanwhile is answered
    Allow(Whom),
    /// Does not let somebody in, who may ask again a day after the request
    Refuse(Whom),
    /// Does not let somebody in, and does not answer any more
    Block(Whom),
    /// Shows what somebody may spend on models, and sets it
    Budget(Limits),
    /// Deletes what was decided about somebody, and what is kept of a request
    Forget(Whom),
}

/// Whom it is about.
#[derive(clap::Args)]
pub struct Whom {
    /// Telegram id of the person or group
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    id: i64,
    /// See [`Json`].
    #[command(flatten)]
    json: Json,
}

/// What somebody may spend.
#[derive(clap::Args)]
pub struct Limits {
    /// See [`Whom`].
    #[command(flatten)]
    whom: Whom,
    /// US dollars in a day (UTC), or off for what BUDGET_PERSON_DAY says
    #[arg(long, value_name = "DOLLARS", value_parser = limit)]
    day: Option<Limit>,
    /// US dollars in a month (UTC), or off for what BUDGET_PERSON_MONTH says
    #[arg(long, value_name = "DOLLARS", value_parser = limit)]
    month: Option<Limit>,
}

/// `None`: what holds for everybody.
#[derive(Clone)]
struct Limit(Option<BigDecimal>);

fn limit(text: &str) -> Result<Limit, String> {
    if text == "off" {
        return Ok(Limit(None));
    }
    let dollars = budget::parse(text);
    dollars
        .map(|dollars| Limit(Some(dollars)))
        .ok_or_else(|| "US dollars from 0.01 to 1000000, as in 2.50, or off".to_owned())
}

/// `people.state`
#[derive(Clone, Copy, ValueEnum)]
pub enum Only {
    /// Owners of the database's own
    Owner,
    /// Who may use the bot
    Allowed,
    /// Who waits for a decision
    Waiting,
    /// Who was not let in
    Refused,
    /// Who is not answered
    Blocked,
}

impl From<Only> for State {
    fn from(only: Only) -> Self {
        match only {
            Only::Owner => Self::Owner,
            Only::Allowed => Self::Allowed,
            Only::Waiting => Self::Waiting,
            Only::Refused => Self::Refused,
            Only::Blocked => Self::Blocked,
        }
    }
}

/// A person for programs.
#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    state: &'static str,
    since: &'a str,
    decided_by: Option<i64>,
    name: Option<&'a str>,
    username: Option<&'a str>,
    language: Option<&'a str>,
    words: Option<&'a str>,
    budget_day: Option<String>,
    budget_month: Option<String>,
}

impl<'a> Row<'a> {
    fn of(person: &'a Person) -> Self {
        let Person { id, state, since, decided_by, name, username, language, words, .. } = person;
        let dollars = |term| person.budget().of(term).map(BigDecimal::to_plain_string);
        Self {
            id: *id,
            state: state.as_str(),
            since,
            decided_by: *decided_by,
            name: name.as_deref(),
            username: username.as_deref(),
            language: language.as_deref(),
            words: words.as_deref(),
            budget_day: dollars(Term::Day),
            budget_month: dollars(Term::Month),
        }
    }
}

impl Command {
    /// Does it.
    pub fn run(self, owners: &Owners) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { state, json } => list(owners, state, json),
            Self::Allow(whom) => decide(owners, &whom, Verdict::Allow),
            Self::Refuse(whom) => decide(owners, &whom, Verdict::Refuse),
            Self::Block(whom) => decide(owners, &whom, Verdict::Block),
            Self::Budget(limits) => set_budget(owners, &limits),
            Self::Forget(whom) => forget(owners, &whom),
        }
    }
}

fn list(
    Owners { database, telegram, .. }: &Owners,
    state: Option<Only>,
    Json { json }: Json,
) -> anyhow::Result<ExitCode> {
    let people = people::list(&mut open(database)?, telegram.token.bot_id(), state.map(State::from))?;
    let out = &mut io::BufWriter::new(io::stdout().lock());
    for person in &people {
        if json {
            line(out, &Row::of(person))?;
        } else {
            writeln!(out, "{}", shown(person))?;
        }
    }
    out.flush()?;
    Ok(if people.is_empty() { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS })
}

/// On one line: the names hold none of the characters that would break it ([`crate::domain::sender`]).
fn shown(person: &Person) -> String {
    let Row { id, state, since, name, username, language, words, budget_day, budget_month, .. } =
        Row::of(person);
    let username = username.map(|username| format!("@{username}"));
    let words = words.map(|words| format!("“{words}”"));
    let budget =
        |dollars: Option<String>, term: Term| dollars.map(|dollars| format!("${dollars} a {}", term.name()));
    let (day, month) = (budget(budget_day, Term::Day), budget(budget_month, Term::Month));
    let told = [name, username.as_deref(), language, words.as_deref(), day.as_deref(), month.as_deref()];
    let told = told.into_iter().flatten().collect::<Vec<_>>().join("  ");
    format!("{id:<15} {state:<8} {since}  {told}").trim_end().to_owned()
}

fn decide(
    Owners { database, telegram, .. }: &Owners,
    Whom { id, json: Json { json } }: &Whom,
    verdict: Verdict,
) -> anyhow::Result<ExitCode> {
    let conn = &mut open(database)?;
    let person = match decide::about_person(conn, By::CommandLine, telegram.token.bot_id(), *id, verdict)? {
        Decided::Made(person, _) => person,
        Decided::Not(Some(Person { state: State::Owner, .. })) => {
            bail!("{id} is an owner: take that away first with systech-aidd owner --remove {id}")
        }
        Decided::Not(_) => {
            eprintln!("Nothing was changed: {id} is {} already.", verdict.state().as_str());
            return Ok(ExitCode::from(NOTHING));
        }
    };
    print(&person, *json)
}

/// Shows somebody as they are now.
fn print(person: &Person, json: bool) -> anyhow::Result<ExitCode> {
    let out = &mut io::stdout().lock();
    if json {
        line(out, &Row::of(person))?;
    } else {
        writeln!(out, "{}", shown(person))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn set_budget(
    Owners { database, telegram, .. }: &Owners,
    Limits { whom: Whom { id, json: Json { json } }, day, month }: &Limits,
) -> anyhow::Result<ExitCode> {
    if *id < 0 {
        bail!("{id} is a group or channel: budgets are for people");
    }
    let (conn, bot_id) = (&mut open(database)?, telegram.token.bot_id());
    let limits = [(Term::Day, day), (Term::Month, month)].into_iter();
    let wanted: Vec<_> = limits
        .filter_map(|(term, limit)| limit.as_ref().map(|Limit(dollars)| (term, dollars.as_ref())))
        .collect();
    let person = people::set_budgets(conn, bot_id, *id, &wanted)?;
    let Some(person) = person else {
        eprintln!(
            "Nothing was decided about {id}: let the person in first with systech-aidd people allow {id}"
        );
        return Ok(ExitCode::from(NOTHING));
    };
    print(&person, *json)
}

fn forget(
    Owners { database, telegram, .. }: &Owners,
    Whom { id, json: Json { json } }: &Whom,
) -> anyhow::Result<ExitCode> {
    let conn = &mut open(database)?;
    let state = match decide::forget(conn, By::CommandLine, telegram.token.bot_id(), *id)? {
        Forgotten::Was(state) => state,
        Forgotten::NotAnOwner => {
            bail!("{id} is an owner: take that away first with systech-aidd owner --remove {id}")
        }
        Forgotten::Nothing => {
            eprintln!("Nothing was decided about {id}.");
            return Ok(ExitCode::from(NOTHING));
        }
    };
    let out = &mut io::stdout().lock();
    if *json {
        line(out, &serde_json::json!({"id": id, "forgotten": state.as_str()}))?;
    } else {
        writeln!(out, "{id} is forgotten, who was {}", state.as_str())?;
    }
    Ok(ExitCode::SUCCESS)
}
