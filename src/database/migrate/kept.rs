//! The table that stays although every migration is reverted: `messages`, where it was the predecessor's. Its migration
//! found it, with rows of his, and so leaves it behind.

use std::fmt;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::embedded::MIGRATIONS;
use super::plan::{Action, Plan};

/// `messages`, left behind.
pub struct Kept {
    rows: i64,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "table messages: {} {rows}; it was taken over from the predecessor", self.rows)
    }
}

impl Kept {
    /// How many rows it has.
    pub fn count(conn: &mut PgConnection) -> QueryResult<Self> {
        #[derive(QueryableByName)]
        struct Rows {
            #[diesel(sql_type = BigInt)]
            rows: i64,
        }
        let Rows { rows } = diesel::sql_query("SELECT count(*) AS rows FROM messages").get_result(conn)?;
        Ok(Self { rows })
    }
}

/// Whether the plan, which has been carried out or rehearsed on this connection, left `messages` behind.
pub fn is_left_behind(conn: &mut PgConnection, plan: &Plan) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct There {
        #[diesel(sql_type = Bool)]
        there: bool,
    }
    let first = &MIGRATIONS[0].version;
    let reverts = plan.0.iter().rev().find_map(|action| match action {
        Action::Down(migration) => (migration.version == *first).then_some(true),
        Action::Up(migration) => (migration.version == *first).then_some(false),
        Action::Forget(_) | Action::DropLeftover(_) => None,
    });
    if reverts != Some(true) {
        return Ok(false);
    }
    let query = "SELECT to_regclass('messages') IS NOT NULL AS there";
    diesel::sql_query(query).get_result(conn).map(|There { there }| there)
}
