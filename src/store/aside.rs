//! What rides on a statement: a second one that is carried out along with it, in one round trip.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment};

/// `WITH aside AS (…) statement`: both happen, or none.
pub(super) struct With<A, Q> {
    aside: Option<A>,
    statement: Q,
}

impl<A, Q> With<A, Q> {
    /// The statement, with what rides on it, if anything does.
    pub(super) fn aside(aside: Option<A>, statement: Q) -> Self {
        Self { aside, statement }
    }
}

impl<A: QueryFragment<Pg>, Q: QueryFragment<Pg>> QueryFragment<Pg> for With<A, Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(aside) = &self.aside {
            out.push_sql("WITH aside AS (");
            aside.walk_ast(out.reborrow())?;
            out.push_sql(") ");
        }
        self.statement.walk_ast(out)
    }
}

impl<A, Q: Query> Query for With<A, Q> {
    type SqlType = Q::SqlType;
}
