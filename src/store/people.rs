//! Who may use the bot: the table `people`, and every decision in `decisions`.
//!
//! What it says about whoever writes is read along with the oldest update of a lane ([`super::inbox`]): it costs an answer no
//! statement, and a decision holds from the next update on, whichever process it was made by.

use bigdecimal::BigDecimal;
use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::Text;

use super::lease::led;
use super::schema::{decisions, people};
use super::time::clock_timestamp;
use super::words::Means;
use crate::domain::admission::State;
use crate::domain::budget::{Budget, Term};
use crate::domain::lane::{Lane, Moved};
use crate::domain::sender::Sender;

/// The row of a person or chat.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn row(bot_id: i64, id: i64) -> _ {
    people::table.filter(people::bot_id.eq(bot_id)).filter(people::id.eq(id))
}

/// The row of a person who has a budget of the own.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn with_budget(bot_id: i64, id: i64) -> _ {
    people::table
        .filter(people::bot_id.eq(bot_id))
        .filter(people::id.eq(id))
        .filter(people::budget_day.is_not_null().or(people::budget_month.is_not_null()))
}

/// Those in this state.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn of_state(bot_id: i64, state: State) -> _ {
    people::table.filter(people::bot_id.eq(bot_id)).filter(people::state.eq(state))
}

/// The owners that the table has.
pub fn owners(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<i64>> {
    of_state(bot_id, State::Owner).order(people::since).select(people::id).load(conn)
}

/// Whether the table has an owner.
pub fn is_owned(conn: &mut PgConnection, bot_id: i64) -> QueryResult<bool> {
    diesel::select(exists(of_state(bot_id, State::Owner))).get_result(conn)
}

/// Whether the table has this person as an owner; it stays one as long as this transaction lasts.
pub fn is_owner(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<bool> {
    let row = row(bot_id, id).select(people::state).for_share().first(conn).optional()?;
    Ok(row == Some(State::Owner))
}

/// What the table says about a person or chat.
pub fn state(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Option<State>> {
    row(bot_id, id).select(people::state).first(conn).optional()
}

/// From now on the person or chat has this state.
pub(super) fn put(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    state: State,
    decided_by: Option<i64>,
) -> QueryResult<()> {
    let now =
        (people::state.eq(state), people::since.eq(clock_timestamp()), people::decided_by.eq(decided_by));
    let upsert = diesel::insert_into(people::table)
        .values((people::bot_id.eq(bot_id), people::id.eq(id), now))
        .on_conflict((people::bot_id, people::id))
        .do_update();
    // Nothing of the request is kept but that of one that was refused.
    if state == State::Refused {
        return upsert.set(now).execute(conn).map(drop);
    }
    upsert.set((now, people::words.eq(None::<String>))).execute(conn).map(drop)
}

/// Keeps how the person was last seen.
pub(super) fn see(conn: &mut PgConnection, bot_id: i64, id: i64, sender: &Sender) -> QueryResult<usize> {
    diesel::update(row(bot_id, id))
        .set((
            people::name.eq(&sender.name),
            people::username.eq(&sender.username),
            people::language.eq(&sender.language),
        ))
        .execute(conn)
}

/// The same for somebody who may be known under these names already, as a part of another statement.
pub(super) fn seen_anew(bot_id: i64, id: i64, sender: &Sender) -> impl QueryFragment<Pg> {
    let is_new = people::name
        .is_distinct_from(&sender.name)
        .or(people::username.is_distinct_from(&sender.username))
        .or(people::language.is_distinct_from(&sender.language));
    diesel::update(row(bot_id, id).filter(is_new)).set((
        people::name.eq(&sender.name),
        people::username.eq(&sender.username),
        people::language.eq(&sender.language),
    ))
}

/// Writes a decision down.
pub(super) fn record(
    conn: &mut PgConnection,
    bot_id: i64,
    person: i64,
    state: &str,
    decided_by: Option<i64>,
    means: Means,
) -> QueryResult<()> {
    diesel::insert_into(decisions::table)
        .values((
            decisions::bot_id.eq(bot_id),
            decisions::person.eq(person),
            decisions::state.eq(state),
            decisions::decided_by.eq(decided_by),
            decisions::means.eq(means),
        ))
        .execute(conn)
        .map(drop)
}

/// A decision about somebody.
#[derive(Queryable, Clone, Debug)]
pub struct Decision {
    /// What was decided.
    pub state: String,
    /// The owner who did, if it was one.
    pub decided_by: Option<i64>,
    /// By what.
    pub means: Means,
    /// When, in UTC.
    pub at: String,
}

/// The latest decisions about a person or chat, the latest first.
pub fn decisions_about(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    limit: i64,
) -> QueryResult<Vec<Decision>> {
    decisions::table
        .filter(decisions::bot_id.eq(bot_id))
        .filter(decisions::person.eq(id))
        .order(decisions::id.desc())
        .limit(limit)
        .select((
            decisions::state,
            decisions::decided_by,
            decisions::means,
            sql::<Text>("to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"),
        ))
        .load(conn)
}

/// What became of the wish to remove an owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removed {
    /// It is one no more, and may use the bot still.
    Yes,
    /// It is none of the table.
    NoOwner,
    /// There would be none left.
    Last,
}

/// Takes the rights of an owner from somebody; `others`: there are owners beside the table.
pub fn remove_owner(conn: &mut PgConnection, bot_id: i64, id: i64, others: bool) -> QueryResult<Removed> {
    conn.transaction(|conn| {
        // Two who remove each other do it one after the other.
        let owners: Vec<i64> =
            of_state(bot_id, State::Owner).order(people::id).select(people::id).for_update().load(conn)?;
        if !owners.contains(&id) {
            return Ok(Removed::NoOwner);
        }
        if owners.len() == 1 && !others {
            return Ok(Removed::Last);
        }
        put(conn, bot_id, id, State::Allowed, None)?;
        record(conn, bot_id, id, State::Allowed.as_str(), None, Means::CommandLine)?;
        Ok(Removed::Yes)
    })
}

/// The columns of [`Person`].
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn columns() -> _ {
    let since: SqlLiteral<Text> =
        sql("to_char(people.since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
    (
        people::id,
        people::state,
        since,
        people::decided_by,
        people::name,
        people::username,
        people::language,
        people::words,
        people::budget_day,
        people::budget_month,
    )
}

/// What the table has about a person or chat.
pub(super) fn find(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Person> {
    row(bot_id, id).select(columns()).first(conn)
}

/// Sets a budget of the person's own; `None`: what holds for everybody holds again. Returns the row. `None`: nothing was decided
/// about the person, who then has none.
pub fn set_budget(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    term: Term,
    dollars: Option<&BigDecimal>,
) -> QueryResult<Option<Person>> {
    let update = diesel::update(row(bot_id, id));
    match term {
        Term::Day => update.set(people::budget_day.eq(dollars)).returning(columns()).get_result(conn),
        Term::Month => update.set(people::budget_month.eq(dollars)).returning(columns()).get_result(conn),
    }
    .optional()
}

/// Sets several, all or none. Returns the row as [`set_budget`] does.
pub fn set_budgets(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    limits: &[(Term, Option<&BigDecimal>)],
) -> QueryResult<Option<Person>> {
    conn.transaction(|conn| {
        for (term, dollars) in limits {
            set_budget(conn, bot_id, id, *term, *dollars)?;
        }
        look_up(conn, bot_id, id)
    })
}

/// Everybody who has a budget of the own.
pub fn with_budgets(conn: &mut PgConnection, bot_id: i64, limit: i64) -> QueryResult<Vec<Person>> {
    people::table
        .filter(people::bot_id.eq(bot_id))
        .filter(people::budget_day.is_not_null().or(people::budget_month.is_not_null()))
        .order(people::since)
        .select(columns())
        .limit(limit)
        .load(conn)
}

/// What the table says about a person or chat, whole.
pub fn look_up(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Option<Person>> {
    find(conn, bot_id, id).optional()
}

/// Everybody in the table, those who wait first; or only those in this state.
pub fn list(conn: &mut PgConnection, bot_id: i64, only: Option<State>) -> QueryResult<Vec<Person>> {
    let all = people::table.filter(people::bot_id.eq(bot_id)).select(columns()).into_boxed();
    let some = match only {
        Some(state) => all.filter(people::state.eq(state)),
        None => all,
    };
    some.order((people::state.ne(State::Waiting), people::state, people::since)).load(conn)
}

/// An owner whom the environment names is known from now on, for the sake of the language.
pub fn meet(conn: &mut PgConnection, lane: Lane, sender: &Sender) -> QueryResult<usize> {
    diesel::insert_into(people::table)
        .values((
            people::bot_id.eq(led(lane.bot_id)),
            people::id.eq(lane.user_id),
            people::state.eq(State::Allowed),
            people::name.eq(&sender.name),
            people::username.eq(&sender.username),
            people::language.eq(&sender.language),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
}

/// What was decided about a group holds under its new id, unless something was decided about that already.
pub(super) fn move_chat(conn: &mut PgConnection, moved: Moved) -> QueryResult<usize> {
    let Moved { bot_id, from, to } = moved;
    if state(conn, bot_id, to)?.is_some() {
        return diesel::delete(row(bot_id, from)).execute(conn);
    }
    diesel::update(row(bot_id, from)).set(people::id.eq(to)).execute(conn)
}

impl Person {
    /// What may be spent, as far as it was set for this person.
    pub fn budget(&self) -> Budget {
        Budget { day: self.budget_day.clone(), month: self.budget_month.clone() }
    }

    /// As people see it.
    pub fn sender(&self) -> Sender {
        Sender { name: self.name.clone(), username: self.username.clone(), language: self.language.clone() }
    }
}

/// A row, for people and programs.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Telegram id.
    pub id: i64,
    /// What was decided, or that it waits.
    pub state: State,
    /// Since when, in UTC.
    pub since: String,
    /// Who decided.
    pub decided_by: Option<i64>,
    /// Name or title.
    pub name: Option<String>,
    /// The name after the @.
    pub username: Option<String>,
    /// The language of the app.
    pub language: Option<String>,
    /// The first words of the request.
    pub words: Option<String>,
    /// US dollars that may be spent in a day; `None`: what holds for everybody.
    pub budget_day: Option<BigDecimal>,
    /// The same in a month.
    pub budget_month: Option<BigDecimal>,
}
