//! Statements that PostgreSQL parses and plans once for each connection.
//!
//! Diesel prepares anew, in a round trip of its own, whatever might have another text next time: every UPDATE, every
//! INSERT of several rows, everything with a piece of plain SQL in it. Most of ours have one text whatever their
//! values; wrapped in `prepared` they are found again by that text.
//!
//! Only what returns rows is: `execute` looks at its statement through a reference, and Diesel's (2.3) does not pass on
//! whether what it refers to may be kept.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement with few texts, each kept prepared as long as its connection lives.
pub(super) struct Prepared<Q> {
    query: Q,
    keep: bool,
}

/// Keeps `query` prepared. Not for texts that grow with their values: nothing removes a prepared statement.
pub(super) fn prepared<Q>(query: Q) -> Prepared<Q> {
    prepared_if(true, query)
}

/// As [`prepared`], for a text that is the usual one if `usual` holds.
pub(super) fn prepared_if<Q>(usual: bool, query: Q) -> Prepared<Q> {
    Prepared { query, keep: usual }
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, backend: &Pg) -> QueryResult<bool> {
        Ok(self.keep || self.query.is_safe_to_cache_prepared(backend)?)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    // The statement is found again by its text, not by its type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<PgConnection> for Prepared<Q> {}
