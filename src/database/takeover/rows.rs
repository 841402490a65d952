//! What in the predecessor's rows an operator should know of before the takeover.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

/// Whose database it is.
#[derive(QueryableByName)]
pub struct Origin {
    /// There is a table `messages`.
    #[diesel(sql_type = Bool)]
    pub has_messages: bool,
    /// There is the predecessor's table of migrations.
    #[diesel(sql_type = Bool)]
    pub has_alembic: bool,
    /// How many other programs are connected; the predecessor is one, if it runs.
    #[diesel(sql_type = BigInt)]
    pub others: i64,
}

/// Stamps that are ahead of the server's clock.
#[derive(QueryableByName)]
pub struct Ahead {
    /// How many rows have one.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    /// How far ahead the farthest is, in whole minutes.
    #[diesel(sql_type = BigInt)]
    pub minutes: i64,
}

/// A role that neither bot writes.
#[derive(QueryableByName)]
pub struct Odd {
    /// The role; at most 20 characters by its type.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// How many rows have it.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

/// Whose it is.
pub fn origin(conn: &mut PgConnection) -> QueryResult<Origin> {
    diesel::sql_query(
        "SELECT to_regclass('messages') IS NOT NULL AS has_messages,
                to_regclass('alembic_version') IS NOT NULL AS has_alembic,
                (SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                   AND application_name <> current_setting('application_name')) AS others",
    )
    .get_result(conn)
}

/// The predecessor's revision. `None`: none is recorded.
pub fn revision(conn: &mut PgConnection) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Revision {
        #[diesel(sql_type = Nullable<Text>)]
        revision: Option<String>,
    }
    diesel::sql_query("SELECT string_agg(version_num::text, ', ') AS revision FROM alembic_version")
        .get_result(conn)
        .map(|Revision { revision }| revision)
}

/// Stamps of the future, by the server's clock and time zone.
pub fn ahead(conn: &mut PgConnection) -> QueryResult<Ahead> {
    diesel::sql_query(
        "SELECT count(*) AS rows,
                coalesce(ceil(extract(epoch FROM max(greatest(created_at, deleted_at)) - localtimestamp) / 60), 0)::bigint
                    AS minutes
         FROM messages WHERE greatest(created_at, deleted_at) > localtimestamp",
    )
    .get_result(conn)
}

/// Roles that are neither of the two, the most frequent first.
pub fn odd_roles(conn: &mut PgConnection) -> QueryResult<Vec<Odd>> {
    diesel::sql_query(
        "SELECT role::text AS role, count(*) AS rows FROM messages WHERE role NOT IN ('user', 'assistant')
         GROUP BY role ORDER BY rows DESC, role LIMIT 10",
    )
    .load(conn)
}
