//! The topic as a part of a key. Outside topics it is NULL, which equals nothing; so the indexes of lanes and dialogues have
//! it as `COALESCE(thread_id, 0)`, and whoever looks for a topic has to use these words, or no index finds it.

use diesel::dsl::{Eq, sql};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::schema::messages;
use crate::domain::lane::{ROOT, Topics};

/// `COALESCE(column, 0)`
#[derive(Clone, Copy, QueryId, ValidGrouping)]
pub struct OrRoot<C>(C);

/// The condition that a column holds this topic.
pub(super) type InTopic<C> = Eq<OrRoot<C>, i64>;

/// Whether the column holds this topic; `None`: the root.
pub(super) fn in_topic<C>(column: C, thread_id: Option<i64>) -> InTopic<C>
where
    C: Expression<SqlType = Nullable<BigInt>>,
{
    OrRoot(column).eq(thread_id.unwrap_or(ROOT))
}

/// A condition on `messages`.
pub(super) type Condition = Box<dyn BoxableExpression<messages::table, Pg, SqlType = Bool>>;

/// Whether a message is in one of these topics.
pub(super) fn in_topics(topics: Topics) -> Condition {
    match topics {
        Topics::All => Box::new(sql::<Bool>("true")),
        Topics::Only(thread_id) => Box::new(in_topic(messages::thread_id, thread_id)),
    }
}

impl<C: Expression<SqlType = Nullable<BigInt>>> Expression for OrRoot<C> {
    type SqlType = BigInt;
}

impl<C: AppearsOnTable<T>, T> AppearsOnTable<T> for OrRoot<C> where Self: Expression {}

impl<C: SelectableExpression<T>, T> SelectableExpression<T> for OrRoot<C> where Self: AppearsOnTable<T> {}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for OrRoot<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("COALESCE(");
        self.0.walk_ast(out.reborrow())?;
        // Literally, as the indexes have it: PostgreSQL does not compare a bound value with theirs.
        out.push_sql(&format!(", {ROOT})"));
        Ok(())
    }
}
