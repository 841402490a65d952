//! The ledger: a row for each call of a model that may cost, whatever became of it.
//!
//! The rows ride on the commit that ends a question or puts it off, and on one of its statements: a text answer costs the
//! database no more than without them.

use diesel::dsl::sql;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Interval, Timestamptz};

use super::prepared::{Prepared, prepared_if};
use super::schema::model_calls;
use super::time::interval;
use super::words::CostSource;
use crate::domain::address::Address;
use crate::domain::failure::Failure;
use crate::domain::usage::{Call, Cost, Outcome};

/// The calls that were made to answer an update.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    /// The update.
    pub address: Address,
    /// The calls, in their order.
    pub calls: &'a [Call],
}

/// Stores calls on their own: there is no commit on which they could ride. Returns how many were not there: a statement whose
/// commit was not learnt is repeated ([`super::Store::run`]), and each call stands here once all the same.
pub fn store(conn: &mut PgConnection, calls: Calls<'_>) -> QueryResult<usize> {
    if calls.calls.is_empty() { Ok(0) } else { calls.insert().execute(conn) }
}

impl Calls<'_> {
    /// A statement that stores them along with what it does itself.
    pub(super) fn with<Q>(self, statement: Q) -> Prepared<With<impl QueryFragment<Pg>, Q>> {
        let insert = (!self.calls.is_empty()).then(|| self.insert());
        prepared_if(self.calls.len() <= 1, With { insert, statement })
    }

    pub(super) fn insert(self) -> impl QueryFragment<Pg> + QueryId + RunQueryDsl<PgConnection> {
        let Self { address, calls } = self;
        let rows: Vec<_> = calls
            .iter()
            .map(|Call { id, purpose, endpoint, model, began, outcome, usage }| {
                // As long before the statement came to the server, however long that takes for it.
                let called_at = sql::<Timestamptz>("statement_timestamp() - ")
                    .bind::<Interval, _>(interval(began.elapsed()));
                (
                    (
                        model_calls::call_id.eq(id.0),
                        model_calls::bot_id.eq(address.lane.bot_id),
                        model_calls::update_seq.eq(address.update_seq),
                        model_calls::user_id.eq(address.lane.user_id),
                        model_calls::chat_id.eq(address.lane.chat_id),
                        model_calls::thread_id.eq(address.lane.thread_id),
                        model_calls::purpose.eq(*purpose),
                        model_calls::endpoint.eq(endpoint.clone()),
                        model_calls::model.eq(model.clone()),
                        model_calls::answered_by.eq(usage.model.clone()),
                        model_calls::outcome.eq(outcome.as_str()),
                        model_calls::failure.eq(failure(*outcome)),
                    ),
                    (
                        model_calls::prompt_tokens.eq(usage.prompt_tokens),
                        model_calls::cached_tokens.eq(usage.cached_tokens),
                        model_calls::completion_tokens.eq(usage.completion_tokens),
                        model_calls::thinking_tokens.eq(usage.thinking_tokens),
                        model_calls::cost.eq(usage.cost.as_ref().map(Cost::dollars).cloned()),
                        model_calls::cost_source.eq(usage.cost.as_ref().map(source)),
                        model_calls::first_token_ms.eq(usage.first_token_ms),
                        model_calls::duration_ms.eq(usage.duration_ms.unwrap_or_default()),
                        model_calls::called_at.eq(called_at),
                    ),
                )
            })
            .collect();
        diesel::insert_into(model_calls::table).values(rows).on_conflict_do_nothing()
    }
}

fn source(cost: &Cost) -> CostSource {
    match cost {
        Cost::Told(_) => CostSource::Endpoint,
        Cost::Computed(_) => CostSource::Price,
    }
}

fn failure(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Answered | Outcome::Cut | Outcome::Stopped => None,
        Outcome::Refused => Some(Failure::Refused.class()),
        Outcome::Failed(class) => Some(class),
    }
}

/// `WITH aside AS (INSERT …) statement`: both happen, or none, in one round trip.
pub(super) struct With<I, Q> {
    insert: Option<I>,
    statement: Q,
}

impl<I: QueryFragment<Pg>, Q: QueryFragment<Pg>> QueryFragment<Pg> for With<I, Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(insert) = &self.insert {
            out.push_sql("WITH aside AS (");
            insert.walk_ast(out.reborrow())?;
            out.push_sql(") ");
        }
        self.statement.walk_ast(out)
    }
}

impl<I, Q: Query> Query for With<I, Q> {
    type SqlType = Q::SqlType;
}
