//! Who may look at the console: the codes of links, and the sessions that begin with them.
//!
//! A session of an owner lasts as long as its owner is one. Owners are those of the table `people`, and those that the environment
//! lists, who come along with each question.

use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::domain::admission::State;
use crate::domain::pass::{CODE_LIFE, IDLE};
use crate::store::schema::{console_codes, console_sessions, people};
use crate::store::time::{Ago, ago, clock_timestamp};

/// The most of a browser's name that is kept.
const NAME: usize = 200;

/// A session.
#[derive(Queryable, Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// The owner whose link it began with; `None`: the command line's.
    pub owner: Option<i64>,
    /// How the browser calls itself.
    pub browser: String,
    /// When it began, in UTC.
    pub began: String,
    /// When a page was last looked at.
    pub used: String,
}

/// Stores the code of a link, and deletes those that are over.
pub fn offer(conn: &mut PgConnection, bot_id: i64, tag: &[u8], owner: Option<i64>) -> QueryResult<()> {
    diesel::delete(console_codes::table.filter(console_codes::made_at.le(ago(CODE_LIFE)))).execute(conn)?;
    diesel::insert_into(console_codes::table)
        .values((
            console_codes::bot_id.eq(bot_id),
            console_codes::tag.eq(tag),
            console_codes::owner.eq(owner),
        ))
        .execute(conn)
        .map(drop)
}

/// Whether somebody is an owner still. Nobody at all is the command line, which always is.
fn is_owner(conn: &mut PgConnection, bot_id: i64, owner: Option<i64>, listed: &[i64]) -> QueryResult<bool> {
    let Some(owner) = owner.filter(|owner| !listed.contains(owner)) else { return Ok(true) };
    let row = people::table
        .filter(people::bot_id.eq(bot_id).and(people::id.eq(owner)).and(people::state.eq(State::Owner)));
    diesel::select(exists(row)).get_result(conn)
}

/// Begins a session with the code of a link, which is used up then. Returns whether the code was good.
pub fn begin(
    conn: &mut PgConnection,
    bot_id: i64,
    code: &[u8],
    cookie: &[u8],
    browser: &str,
    listed: &[i64],
) -> QueryResult<bool> {
    conn.transaction(|conn| {
        let good = console_codes::table
            .filter(console_codes::bot_id.eq(bot_id).and(console_codes::tag.eq(code)))
            .filter(console_codes::made_at.gt(ago(CODE_LIFE)));
        let owners: Vec<Option<i64>> =
            diesel::delete(good).returning(console_codes::owner).get_results(conn)?;
        let Some(&owner) = owners.first() else { return Ok(false) };
        if !is_owner(conn, bot_id, owner, listed)? {
            return Ok(false);
        }
        diesel::delete(console_sessions::table.filter(console_sessions::used_at.le(ago(IDLE))))
            .execute(conn)?;
        let browser: String = browser.chars().filter(|c| *c != '\0').take(NAME).collect();
        diesel::insert_into(console_sessions::table)
            .values((
                console_sessions::bot_id.eq(bot_id),
                console_sessions::tag.eq(cookie),
                console_sessions::owner.eq(owner),
                console_sessions::browser.eq(browser),
            ))
            .execute(conn)?;
        Ok(true)
    })
}

type Columns = (
    console_sessions::id,
    console_sessions::owner,
    console_sessions::browser,
    SqlLiteral<Text>,
    SqlLiteral<Text>,
);

fn columns() -> Columns {
    let time = |column| sql(&format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"));
    (
        console_sessions::id,
        console_sessions::owner,
        console_sessions::browser,
        time("console_sessions.made_at"),
        time("console_sessions.used_at"),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn live(bot_id: i64) -> _ {
    let oldest: Ago = ago(IDLE);
    console_sessions::table
        .filter(console_sessions::bot_id.eq(bot_id))
        .filter(console_sessions::used_at.gt(oldest))
}

/// The session of a cookie. A look by a person (`looked`) makes it last, to the minute; one by a script does not.
pub fn of_cookie(
    conn: &mut PgConnection,
    bot_id: i64,
    tag: &[u8],
    listed: &[i64],
    looked: bool,
) -> QueryResult<Option<Session>> {
    let session: Option<Session> =
        live(bot_id).filter(console_sessions::tag.eq(tag)).select(columns()).first(conn).optional()?;
    let Some(session) = session else { return Ok(None) };
    if !is_owner(conn, bot_id, session.owner, listed)? {
        return Ok(None);
    }
    if looked {
        let minute: Ago = ago(std::time::Duration::from_secs(60));
        diesel::update(console_sessions::table.find(session.id))
            .filter(console_sessions::used_at.lt(minute))
            .set(console_sessions::used_at.eq(clock_timestamp()))
            .execute(conn)?;
    }
    Ok(Some(session))
}

/// All sessions, the one that was used last first.
pub fn all(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Session>> {
    live(bot_id)
        .order((console_sessions::used_at.desc(), console_sessions::id.desc()))
        .select(columns())
        .limit(1000)
        .load(conn)
}

/// Ends a session.
pub fn end(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<bool> {
    let session = console_sessions::table.find(id).filter(console_sessions::bot_id.eq(bot_id));
    Ok(diesel::delete(session).execute(conn)? > 0)
}

/// Ends every session of this owner, and spoils the links that were not used.
pub(in crate::store) fn forget(conn: &mut PgConnection, owner: i64) -> QueryResult<usize> {
    diesel::delete(console_codes::table.filter(console_codes::owner.eq(owner))).execute(conn)?;
    diesel::delete(console_sessions::table.filter(console_sessions::owner.eq(owner))).execute(conn)
}

/// Ends every session but this one.
pub fn end_others(conn: &mut PgConnection, bot_id: i64, but: i64) -> QueryResult<usize> {
    let others = console_sessions::bot_id.eq(bot_id).and(console_sessions::id.ne(but));
    diesel::delete(console_sessions::table.filter(others)).execute(conn)
}
