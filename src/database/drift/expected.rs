//! The objects as the migrations make them, on this very server: the applied ones run once more, among the temporary
//! objects of the connection, in a transaction that is rolled back.
//!
//! That takes no right but to create temporary tables, locks nothing that anybody else uses, and leaves nothing behind.

use std::collections::HashSet;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Oid;

use super::catalogue::{self, Object};
use super::mend;
use crate::database::migrate::embedded::{MIGRATIONS, Migration};
use crate::database::migrate::script::{Refused, Statement};

#[derive(QueryableByName)]
struct Schema {
    #[diesel(sql_type = Oid)]
    schema: u32,
}

/// What is expected, and what is there.
pub(super) struct Catalogues {
    pub expected: Vec<Object>,
    pub actual: Vec<Object>,
}

/// Why there is nothing to compare.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    #[error(transparent)]
    Migration(#[from] Refused),
}

/// Reads both, within one transaction.
pub(super) fn read<'a>(
    conn: &mut PgConnection,
    migrations: impl Iterator<Item = &'a Migration>,
) -> Result<Catalogues, Failure> {
    let mut read = None;
    let ended = conn.transaction(|conn| {
        // A role may be read-only by default.
        conn.batch_execute("SET TRANSACTION READ WRITE")?;
        let home = "SELECT coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('messages')),
                                    to_regnamespace(quote_ident(current_schema())), 0::oid)::oid AS schema";
        let Schema { schema: home } = diesel::sql_query(home).get_result(conn)?;
        // Nothing of the same name may be met outside.
        conn.batch_execute(
            "SET LOCAL search_path TO pg_temp; SET LOCAL client_min_messages TO warning; SET LOCAL lock_timeout TO '2s'",
)?;
        let functions: HashSet<_> =
            MIGRATIONS.iter().flat_map(|one| one.up.statements()).filter_map(|one| one.function()).collect();
        for migration in migrations {
            migration.up.replay(conn, &functions)?;
        }
        let temporary = "SELECT pg_my_temp_schema() AS schema";
        let Schema { schema: temporary } = diesel::sql_query(temporary).get_result(conn)?;
        let mut expected = catalogue::read(conn, temporary)?;
        for statement in mend::as_restored(&expected) {
            let sql = Statement { line: 0, sql: &statement }.with_calls_in("pg_temp", &functions);
            conn.batch_execute(&sql)?;
        }
        for restored in catalogue::read(conn, temporary)? {
            if let Some(object) = expected.iter_mut().find(|object| object.is(&restored)) {
                object.restored = Some((restored.definition, restored.filler));
            }
        }
        let actual = catalogue::read(conn, home)?;
        read = Some(Catalogues { expected, actual });
        Err::<(), Failure>(diesel::result::Error::RollbackTransaction.into())
    });
    match (read, ended) {
        (Some(read), Err(Failure::Query(diesel::result::Error::RollbackTransaction))) => Ok(read),
        (_, Err(failure)) => Err(failure),
        (_, Ok(())) => Err(diesel::result::Error::NotFound.into()),
    }
}
