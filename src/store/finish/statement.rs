//! The one statement that finishes a question: what was said, the turn with its calls, the parts of the reply, and the mark that
//! its updates are done. It is one round trip and one commit; each of its parts is a typed query, and what one part needs of
//! another (the numbers of its rows) stands in it as a subquery.

use diesel::dsl::SqlTypeOf;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error::DatabaseError;
use diesel::sql_types::{BigInt, Integer, Nullable};

use crate::store::message_id::MessageId;
use crate::store::outbox::{self, Unsent};
use crate::store::prepared::prepared_if;

/// What the statement says in an error when the updates are not as they were.
const CHANGED: &str = "systech-aidd: the update is not as it was";

/// The queries, by what the others call them: `said` are the rows of `messages`, `turn` is the turn.
pub(super) struct Statement<S, C, I, T, Q, P, D, N> {
    pub(super) said: S,
    pub(super) calls: Option<C>,
    /// Keeps the instructions that were read.
    pub(super) prompt: Option<I>,
    pub(super) turn: T,
    pub(super) quotes: Option<Q>,
    pub(super) parts: Option<P>,
    /// Of a part, as it is read.
    pub(super) columns: outbox::columns,
    /// Marks the updates; its rows are their chat and whether they were stopped.
    pub(super) done: D,
    /// Keeps the names of who asked. PostgreSQL carries it out at last: the updates are locked before the person, as everywhere.
    pub(super) seen: Option<N>,
    /// How many updates there are, in which chat.
    pub(super) updates: usize,
    pub(super) chat_id: i64,
    /// None of them may be stopped.
    pub(super) whole: bool,
}

/// A row for each part: the numbers of the turn and of its question, and the part. One row if there is no part.
type Row = (BigInt, Integer, Nullable<SqlTypeOf<outbox::columns>>);

impl<S, C, I, T, Q, P, D, N> QueryFragment<Pg> for Statement<S, C, I, T, Q, P, D, N>
where
    S: QueryFragment<Pg>,
    C: QueryFragment<Pg>,
    I: QueryFragment<Pg>,
    T: QueryFragment<Pg>,
    Q: QueryFragment<Pg>,
    P: QueryFragment<Pg>,
    D: QueryFragment<Pg>,
    N: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH said AS (");
        self.said.walk_ast(out.reborrow())?;
        if let Some(calls) = &self.calls {
            out.push_sql("), calls AS (");
            calls.walk_ast(out.reborrow())?;
        }
        if let Some(prompt) = &self.prompt {
            out.push_sql("), prompt AS (");
            prompt.walk_ast(out.reborrow())?;
        }
        out.push_sql("), turn AS (");
        self.turn.walk_ast(out.reborrow())?;
        if let Some(quotes) = &self.quotes {
            out.push_sql("), quotes AS (");
            quotes.walk_ast(out.reborrow())?;
        }
        out.push_sql("), parts AS (");
        match &self.parts {
            Some(parts) => parts.walk_ast(out.reborrow())?,
            None => out.push_sql("SELECT * FROM reply_parts WHERE false"),
        }
        out.push_sql("), done (chat_id, stopped) AS (");
        self.done.walk_ast(out.reborrow())?;
        if let Some(seen) = &self.seen {
            out.push_sql("), seen AS (");
            seen.walk_ast(out.reborrow())?;
        }
        out.push_sql(") SELECT (SELECT id FROM turn) + (SELECT CASE WHEN count(*) = ");
        out.push_sql(&self.updates.to_string());
        out.push_sql(" AND bool_and(chat_id = ");
        out.push_bind_param::<BigInt, _>(&self.chat_id)?;
        // The text is taken for a number only where it is chosen, and is an error then: all of the statement is as if it had not been.
        out.push_sql(if self.whole { ") AND NOT bool_or(stopped)" } else { ")" });
        out.push_sql(" THEN '0' ELSE '");
        out.push_sql(CHANGED);
        out.push_sql("' END FROM done)::bigint AS turn_id, (SELECT min(id) FROM said) AS question_id, ");
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(" FROM (SELECT) AS once LEFT JOIN parts AS reply_parts ON true ORDER BY reply_parts.id");
        Ok(())
    }
}

impl<S, C, I, T, Q, P, D, N> QueryId for Statement<S, C, I, T, Q, P, D, N> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S, C, I, T, Q, P, D, N> Query for Statement<S, C, I, T, Q, P, D, N> {
    type SqlType = Row;
}

/// What a question left: the numbers of its turn and of its row, and what is to be sent.
pub(super) struct Stored {
    pub(super) turn_id: i64,
    pub(super) question_id: i64,
    pub(super) unsent: Vec<Unsent>,
}

/// `usual`: its text is that of most questions.
pub(super) fn run<Q>(conn: &mut PgConnection, statement: Q, usual: bool) -> QueryResult<Stored>
where
    Q: QueryFragment<Pg> + Query<SqlType = Row>,
{
    let rows: Vec<(i64, MessageId, Option<Unsent>)> = prepared_if(usual, statement).load(conn)?;
    let (turn_id, question_id) = rows
        .first()
        .map(|(turn_id, question_id, _)| (*turn_id, i64::from(*question_id)))
        .ok_or(diesel::NotFound)?;
    Ok(Stored { turn_id, question_id, unsent: rows.into_iter().filter_map(|(.., unsent)| unsent).collect() })
}

/// Whether the statement found the updates not as they were, and did nothing.
pub(super) fn found_changed(error: &diesel::result::Error) -> bool {
    matches!(error, DatabaseError(_, told) if told.message().contains(CHANGED))
}
