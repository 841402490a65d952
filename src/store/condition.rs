//! How the bot is: what owners are told without asking, and what /health says.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

/// A model that has failed so often in a row within this time fails again and again.
const FAILURES: u32 = 5;
const LATELY: &str = "15 minutes";

/// Models whose last calls have all failed.
pub fn failing_models(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Failing {
        #[diesel(sql_type = Text)]
        model: String,
    }
    let failing: Vec<Failing> = diesel::sql_query(format!(
        "SELECT model FROM (
             SELECT model, endpoint, outcome, row_number() OVER (PARTITION BY model, endpoint ORDER BY called_at DESC, id DESC) AS nth
             FROM model_calls WHERE bot_id = $1 AND called_at > now() - interval '{LATELY}') AS calls
         WHERE nth <= {FAILURES} GROUP BY model, endpoint
         HAVING count(*) = {FAILURES} AND bool_and(outcome = 'failed') ORDER BY model"
    ))
    .bind::<BigInt, _>(bot_id)
    .load(conn)?;
    Ok(failing.into_iter().map(|failing| failing.model).collect())
}

/// Calls that failed within a day, of one class.
#[derive(QueryableByName, Clone, Debug)]
pub struct Failures {
    /// The class, as `model_calls.failure` names it.
    #[diesel(sql_type = Text)]
    pub class: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
    /// When the last one was made, in UTC.
    #[diesel(sql_type = Text)]
    pub last: String,
}

/// What failed within a day, by class, the latest first.
pub fn failures(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Failures>> {
    diesel::sql_query(
        "SELECT failure AS class, count(*) AS calls,
                to_char(max(called_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS last
         FROM model_calls
         WHERE bot_id = $1 AND called_at > now() - interval '1 day' AND failure IS NOT NULL
         GROUP BY failure ORDER BY max(called_at) DESC",
    )
    .bind::<BigInt, _>(bot_id)
    .load(conn)
}

/// The database, as it is.
#[derive(QueryableByName, Clone, Debug)]
pub struct Database {
    /// As the server writes its version.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// How large it is, as the server writes it.
    #[diesel(sql_type = Text)]
    pub size: String,
    /// The server takes no writes.
    #[diesel(sql_type = Bool)]
    pub read_only: bool,
}

/// Asks for it.
pub fn database(conn: &mut PgConnection) -> QueryResult<Database> {
    diesel::sql_query(
        "SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
                pg_size_pretty(pg_database_size(current_database())) AS size,
                current_setting('transaction_read_only') = 'on' AS read_only",
    )
    .get_result(conn)
}
