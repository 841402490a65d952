//! Somebody else at work in the database, who stands in the way.

use diesel::PgConnection;
use diesel::connection::{Connection, SimpleConnection};
use sandbox::env::Database;

/// A transaction that is open until it is dropped.
pub(crate) struct Transaction {
    _conn: PgConnection,
}

impl Transaction {
    /// Begins with this SQL, whose locks are then held.
    pub(crate) fn begin(database: &Database, sql: &str) -> Self {
        let mut conn = PgConnection::establish(&database.url()).unwrap();
        conn.batch_execute(&format!("BEGIN; {sql}")).unwrap();
        Self { _conn: conn }
    }
}
