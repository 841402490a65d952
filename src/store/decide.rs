//! What owners decide about people and groups, and what people take back themselves.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::held::{self, held};
use super::people;
use super::schema::{people as table, updates};
use super::time::clock_timestamp;
use super::told::tell;
use super::words::Means;
use crate::domain::admission::State;
use crate::domain::button::Verdict;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::ReplyPart;

/// Who decides.
#[derive(Clone, Copy)]
pub enum By {
    /// This owner, with a button.
    Owner(i64),
    /// Whoever runs `systech-aidd people`.
    CommandLine,
    /// Whoever is logged into the console: by a link of this owner, or by one of the command line.
    Console(Option<i64>),
}

impl By {
    fn columns(self) -> (Option<i64>, Means) {
        match self {
            Self::Owner(id) => (Some(id), Means::Button),
            Self::CommandLine => (None, Means::CommandLine),
            Self::Console(owner) => (owner, Means::Console),
        }
    }
}

/// What a decision came to.
pub enum Decided {
    /// It is made about this person, and these lanes have something to do.
    Made(people::Person, Vec<Lane>),
    /// Nothing was changed: the request is over, or the person is in that state, or an owner.
    Not(Option<people::Person>),
}

/// What became of the wish to take a decision back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forgotten {
    /// This was decided, and is no more.
    Was(State),
    /// Nothing was changed: it is an owner.
    NotAnOwner,
    /// Nothing was changed: nothing was decided.
    Nothing,
}

/// Decides about the request of this update, as long as it waits.
pub fn about_request(
    conn: &mut PgConnection,
    by: By,
    bot_id: i64,
    update_seq: i64,
    verdict: Verdict,
) -> QueryResult<Decided> {
    let of_request = table::table.filter(table::bot_id.eq(bot_id)).filter(table::update_seq.eq(update_seq));
    let Some(id) = of_request.select(table::id).first(conn).optional()? else {
        return Ok(Decided::Not(None));
    };
    decide(conn, by, bot_id, id, verdict, |person, asked| {
        person.state == State::Waiting && asked == Some(update_seq)
    })
}

/// Decides about a person or chat, whatever was decided before; not about an owner.
pub fn about_person(
    conn: &mut PgConnection,
    by: By,
    bot_id: i64,
    id: i64,
    verdict: Verdict,
) -> QueryResult<Decided> {
    decide(conn, by, bot_id, id, verdict, |person, _| {
        person.state != State::Owner && person.state != verdict.state()
    })
}

fn decide(
    conn: &mut PgConnection,
    by: By,
    bot_id: i64,
    id: i64,
    verdict: Verdict,
    may: impl Fn(&people::Person, Option<i64>) -> bool,
) -> QueryResult<Decided> {
    conn.transaction(|conn| {
        // An erasure locks them in this order too.
        held(bot_id, id).order(updates::seq).select(updates::seq).for_no_key_update().execute(conn)?;
        let row: Option<(people::Person, Option<i64>)> = people::row(bot_id, id)
            .select((people::columns(), table::update_seq))
            .for_no_key_update()
            .first(conn)
            .optional()?;
        if let Some((person, asked)) = &row
            && !may(person, *asked)
        {
            return Ok(Decided::Not(Some(person.clone())));
        }
        let (was, asked) = row.unzip();
        let (owner, means) = by.columns();
        people::put(conn, bot_id, id, verdict.state(), owner)?;
        people::record(conn, bot_id, id, verdict.state().as_str(), owner, means)?;
        let now = people::find(conn, bot_id, id)?;
        let language = Language::of(now.language.as_deref());
        let waited = was.is_some_and(|was| was.state == State::Waiting);
        let mut lanes = if verdict == Verdict::Allow {
            held::release(conn, bot_id, id)?
        } else {
            held::empty(conn, bot_id, id)?
        };
        let sentence = match verdict {
            Verdict::Allow if lanes.is_empty() && asked.flatten().is_some() => Some(language.let_in()),
            Verdict::Refuse if waited => Some(language.not_let_in()),
            _ => None,
        };
        if let Some(sentence) = sentence.filter(|_| id > 0) {
            let part = ReplyPart::plain(sentence);
            lanes.push(tell(conn, bot_id, id, asked.flatten().unwrap_or_default(), &part)?);
        }
        Ok(Decided::Made(now, lanes))
    })
}

/// How many questions are held of a person or chat.
pub fn held_of(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<i64> {
    held(bot_id, id).count().get_result(conn)
}

/// Takes everything back that was decided about a person or chat, with what is held of it.
pub fn forget(conn: &mut PgConnection, by: By, bot_id: i64, id: i64) -> QueryResult<Forgotten> {
    conn.transaction(|conn| {
        // An erasure locks them in this order too.
        held(bot_id, id).order(updates::seq).select(updates::seq).for_no_key_update().execute(conn)?;
        let gone = diesel::delete(people::row(bot_id, id).filter(table::state.ne(State::Owner)))
            .returning(table::state)
            .get_result(conn)
            .optional()?;
        let Some(state) = gone else {
            let is_owner = people::state(conn, bot_id, id)? == Some(State::Owner);
            return Ok(if is_owner { Forgotten::NotAnOwner } else { Forgotten::Nothing });
        };
        held::empty(conn, bot_id, id)?;
        let (owner, means) = by.columns();
        people::record(conn, bot_id, id, "forgotten", owner, means)?;
        Ok(Forgotten::Was(state))
    })
}

/// The requests of a person end with the erasure of everything that is theirs. What was decided about them stays, and for a day
/// that they asked: who withdraws a request makes no other one at once.
pub(super) fn withdraw(conn: &mut PgConnection, id: i64) -> QueryResult<()> {
    let of_person = || table::table.filter(table::id.eq(id));
    diesel::update(of_person().filter(table::state.eq(State::Waiting)))
        .set((
            table::state.eq(State::Refused),
            table::since.eq(clock_timestamp()),
            table::decided_by.eq(None::<i64>),
        ))
        .execute(conn)?;
    diesel::update(of_person().filter(table::state.ne(State::Owner)))
        .set((
            table::name.eq(None::<String>),
            table::username.eq(None::<String>),
            table::language.eq(None::<String>),
            table::words.eq(None::<String>),
        ))
        .execute(conn)
        .map(drop)
}
