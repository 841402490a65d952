//! What a revert would destroy: found out by PostgreSQL itself, in a rehearsal that is rolled back. So it is true for
//! any SQL, and a revert that refuses is known before anything is done.

use std::collections::BTreeMap;
use std::fmt;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Text};

use super::apply;
use super::embedded::Migration;
use super::kept::{self, Kept};
use super::plan::{Action, Plan};
use super::script::Refused;
use super::session;
use crate::base::secret::Secret;

/// What would be gone, and why the plan would not come to its end.
#[derive(Default)]
pub struct Losses {
    /// Tables, columns and rows.
    pub all: Vec<Loss>,
    /// The revert that PostgreSQL refuses. What it and all after it would destroy is not among the losses.
    pub refusal: Option<Refusal>,
    /// What does not go, though its migration is reverted.
    pub kept: Option<Kept>,
}

/// A revert that PostgreSQL refuses.
pub struct Refusal {
    /// Its place in the plan.
    pub index: usize,
    migration: &'static Migration,
    error: Refused,
    is_lock_timeout: bool,
}

impl Refusal {
    /// As the error that it is.
    pub fn explain(&self) -> anyhow::Error {
        apply::explain(self.migration, "could not be reverted", &self.error, self.is_lock_timeout)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.migration, self.error)
    }
}

impl Losses {
    /// Nothing would be gone.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Something that would be gone.
pub struct Loss {
    what: String,
    rows: i64,
    /// What some of the rows are, where that is worse than the loss of the others.
    above_all: Option<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{}: {} {rows}", self.what, self.rows)?;
        self.above_all.as_ref().map_or(Ok(()), |some| write!(f, ", {some}"))
    }
}

/// Rehearses the reverts of the plan, in one transaction: what is done concurrently otherwise is not done so here.
///
/// An error where the first revert is refused, or where one could not be rehearsed because of somebody's lock: what
/// would be gone is then not known, so nobody can be asked about it.
pub fn rehearse(conn: &mut PgConnection, url: &Secret, plan: &Plan) -> anyhow::Result<Losses> {
    let (mut gone, mut deleted, mut refused, mut is_kept) = (Vec::new(), Vec::new(), None, false);
    let rehearsal = conn.transaction(|conn| {
        let before = columns(conn)?;
        refused = revert(conn, url, plan)?;
        let after = columns(conn)?;
        for (table, columns) in before {
            match after.get(&table) {
                None => gone.push((table, None)),
                Some(left) => {
                    let columns = columns.into_iter().filter(|column| !left.contains(column));
                    gone.extend(columns.map(|column| (table.clone(), Some(column))));
                }
            }
        }
        deleted = deleted_rows(conn)?;
        is_kept = refused.is_none() && kept::is_left_behind(conn, plan)?;
        Err::<(), _>(Error::RollbackTransaction)
    });
    if let Err(error) = rehearsal
        && error != Error::RollbackTransaction
    {
        return Err(error.into());
    }
    if let Some(refusal) = refused.take_if(|refusal| refusal.is_lock_timeout || gone.is_empty()) {
        return Err(refusal.explain());
    }
    // Rows are counted after the rehearsal, so that nobody waits for its locks meanwhile.
    let kept = if is_kept { Some(Kept::count(conn)?) } else { None };
    let mut losses = Losses { all: deleted, refusal: refused, kept };
    for (table, column) in gone {
        losses.all.push(match column {
            None => Loss {
                rows: count(conn, &table, "*")?,
                above_all: waiting(conn, &table)?,
                what: format!("table {table}"),
            },
            Some(column) => Loss {
                rows: count(conn, &table, &column)?,
                above_all: None,
                what: format!("column {table}.{column}"),
            },
        });
    }
    Ok(losses)
}

/// Reverts within the transaction, up to the first one that is refused.
fn revert(conn: &mut PgConnection, url: &Secret, plan: &Plan) -> QueryResult<Option<Refusal>> {
    for (index, action) in plan.0.iter().enumerate() {
        let Action::Down(migration) = action else { continue };
        // Building an index loses nothing, and within the rehearsal it would block all writes.
        if migration.dropped_indexes().next().is_some() {
            continue;
        }
        // The last migration only drops an index: no data is lost, and nothing later depends on it, so its lock is
        // not taken.
        if !migration.is_transactional() && index + 1 == plan.0.len() {
            continue;
        }
        let mut refused = None;
        // Each migration has a savepoint of its own, so that the catalogs can be read after a refusal.
        let tried = conn.transaction(|conn| {
            migration.down.rehearse(conn).map_err(|error| {
                refused = Some(error);
                Error::RollbackTransaction
            })
        });
        if let Some(error) = refused {
            let is_lock_timeout = session::is_lock_timeout(url, error.reason());
            return Ok(Some(Refusal { index, migration, error, is_lock_timeout }));
        }
        tried?;
    }
    Ok(None)
}

/// The columns of every ordinary table, by table, both ready to be used in SQL.
fn columns(conn: &mut PgConnection) -> QueryResult<BTreeMap<String, Vec<String>>> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Array<Text>)]
        columns: Vec<String>,
    }
    let tables: Vec<Table> = diesel::sql_query(
        "SELECT pg_class.oid::regclass::text AS name, array_agg(quote_ident(attname)) AS columns
         FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
         WHERE relkind IN ('r', 'p') AND relpersistence <> 't'
           AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
         GROUP BY pg_class.oid",
    )
    .load(conn)?;
    Ok(tables.into_iter().map(|table| (table.name, table.columns)).collect())
}

/// Rows that this transaction deleted from tables that stay.
fn deleted_rows(conn: &mut PgConnection) -> QueryResult<Vec<Loss>> {
    #[derive(QueryableByName)]
    struct Deleted {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let deleted: Vec<Deleted> = diesel::sql_query(
        "SELECT relid::regclass::text AS name, n_tup_del AS rows FROM pg_stat_xact_user_tables
         WHERE n_tup_del > 0 ORDER BY name",
    )
    .load(conn)?;
    Ok(deleted
        .into_iter()
        .map(|Deleted { name, rows }| Loss { what: format!("rows of {name}"), rows, above_all: None })
        .collect())
}

/// What of a queue is not done with: Telegram gave it once, and it is nowhere else.
fn waiting(conn: &mut PgConnection, table: &str) -> QueryResult<Option<String>> {
    let (waiting, words) = match table {
        "updates" => ("CASE WHEN done_at IS NULL THEN 1 END", "not answered yet"),
        "reply_parts" => ("CASE WHEN state = 'unsent' THEN 1 END", "not sent yet"),
        _ => return Ok(None),
    };
    let rows = count(conn, table, waiting)?;
    Ok((rows > 0).then(|| format!("{rows} of them {words}")))
}

fn count(conn: &mut PgConnection, table: &str, what: &str) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Rows {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    // Both names come quoted from the catalogs.
    diesel::sql_query(format!("SELECT count({what}) AS rows FROM {table}"))
        .get_result(conn)
        .map(|Rows { rows }| rows)
}
