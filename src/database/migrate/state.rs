//! What the database says about its migrations. Reading it changes nothing, not even in a database without any.

use std::collections::{HashMap, HashSet};

use anyhow::bail;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};

use super::embedded::{MIGRATIONS, Migration};
use super::own::{self, Own};
use crate::database::backup::Contents;
use crate::domain::phrases::Language;
use crate::domain::phrases::health::IndexRemedy;

/// What `diesel setup` applies besides the migrations of the project: two functions that nobody here calls.
const DIESEL_SETUP: &str = "00000000000000";

/// A database, as seen by this binary.
pub struct State {
    /// The database's name.
    pub database: String,
    /// The server's version, as it writes it.
    pub server: String,
    /// Every migration of this binary, oldest first.
    pub entries: Vec<Entry>,
    /// Versions of the database that a newer binary brought, oldest first.
    pub unknown: Vec<String>,
    /// Migrations that no binary brought, oldest first.
    pub own: Vec<Own>,
    /// Indexes that PostgreSQL keeps but does not use: their building broke off.
    pub invalid_indexes: Vec<String>,
    /// Indexes that nobody misses: a migration has dropped them, or the next one does and may have begun to.
    pub given_up: HashSet<String>,
}

/// A migration and what became of it.
pub struct Entry {
    /// The migration.
    pub migration: &'static Migration,
    /// What became of it.
    pub status: Status,
    /// Those indexes that it builds CONCURRENTLY and that are there, valid or not.
    pub indexes: Vec<String>,
    /// Those that it drops CONCURRENTLY and that are there, valid or not.
    pub undropped: Vec<String>,
}

/// What became of a migration.
#[derive(Clone, PartialEq, Eq)]
pub enum Status {
    /// It is yet to run.
    Pending,
    /// It ran, at this time by the server's clock.
    Applied(String),
    /// It is recorded as applied, but its index is not there or not valid, or the one that it dropped is there again: a
    /// revert was interrupted between the two, or somebody dropped or built the index.
    Incomplete,
}

impl State {
    /// Reads it.
    pub fn read(conn: &mut PgConnection) -> anyhow::Result<Self> {
        let Server { database, server } = diesel::sql_query(
            "SELECT current_database()::text AS database, current_setting('server_version') AS server",
        )
        .get_result(conn)?;
        let mut applied = applied(conn)?;
        let mut entries = Vec::new();
        let given_up = given_up(&applied);
        let found = valid_by_name(conn)?;
        for migration in MIGRATIONS.iter() {
            let (mut indexes, mut undropped, mut whole) = (Vec::new(), Vec::new(), true);
            for index in migration.concurrent_indexes() {
                let valid = found.get(&index).copied();
                whole &= valid == Some(true) || given_up.contains(&index);
                indexes.extend(valid.map(|_| index));
            }
            for index in migration.dropped_indexes() {
                let there = found.contains_key(&index);
                whole &= !there;
                undropped.extend(there.then_some(index));
            }
            let status = match applied.remove(&migration.version) {
                None => Status::Pending,
                Some(_) if !whole => Status::Incomplete,
                Some(at) => Status::Applied(at),
            };
            entries.push(Entry { migration, status, indexes, undropped });
        }
        applied.remove(DIESEL_SETUP);
        let mut others: Vec<_> = applied.into_iter().collect();
        others.sort();
        let (unknown, own): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|(version, _)| own::is_of_newer_program(version));
        let unknown = unknown.into_iter().map(|(version, _)| version).collect();
        let own = own.into_iter().map(|(version, at)| Own::of(version, at)).collect();
        Ok(Self {
            database,
            server,
            entries,
            unknown,
            own,
            invalid_indexes: invalid_indexes(conn)?,
            given_up,
        })
    }

    /// The newest migration that is applied.
    pub fn current(&self) -> Option<&'static Migration> {
        self.entries.iter().rev().find(|entry| entry.status != Status::Pending).map(|entry| entry.migration)
    }

    /// What a backup of it would hold.
    pub fn contents(&self) -> Contents<'_> {
        Contents {
            database: &self.database,
            version: self.current().map_or("0", |migration| &migration.version),
        }
    }

    /// The versions that are applied, oldest first.
    pub fn applied(&self) -> impl Iterator<Item = &str> {
        let applied = self.entries.iter().filter(|entry| matches!(entry.status, Status::Applied(_)));
        applied.map(|entry| &*entry.migration.version)
    }

    /// How many are yet to run, or to run again.
    pub fn pending(&self) -> usize {
        self.entries.iter().filter(|entry| !matches!(entry.status, Status::Applied(_))).count()
    }

    /// What to do about an invalid index.
    pub fn remedy_for<'a>(&self, index: &'a str) -> IndexRemedy<'a> {
        match self.entries.iter().find(|entry| entry.indexes.iter().any(|ours| ours == index)) {
            // The history of migrations is whole without this entry.
            Some(Entry { status: Status::Applied(_), .. }) => IndexRemedy::Dropped,
            Some(_) => IndexRemedy::Built,
            None if is_made(index) => IndexRemedy::Mended,
            None => IndexRemedy::Foreign(index),
        }
    }

    /// Whether the state says that this index is invalid, or that its migration has to run again for it.
    pub fn tells_of(&self, index: &str) -> bool {
        let incomplete = self.entries.iter().filter(|entry| entry.status == Status::Incomplete);
        self.invalid_indexes.iter().any(|invalid| invalid == index)
            || incomplete.flat_map(|entry| entry.migration.concurrent_indexes()).any(|ours| ours == index)
    }

    /// An error where a newer version of the program has been at work: nothing is to be changed then.
    pub fn refuse_unknown(&self) -> anyhow::Result<()> {
        if !self.unknown.is_empty() {
            bail!(Language::English.newer_migrations(&self.unknown.join(", ")));
        }
        Ok(())
    }
}

/// Whether a migration makes it along with its table.
fn is_made(index: &str) -> bool {
    MIGRATIONS.iter().flat_map(|migration| migration.up.statements()).any(|statement| {
        let words = || statement.sql.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words().any(|word| word == "INDEX") && words().any(|word| word == index)
    })
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    server: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Versions and when they were applied, from Diesel's own table, where there is one.
fn applied(conn: &mut PgConnection) -> QueryResult<HashMap<String, String>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = Text)]
        at: String,
    }
    let table = "SELECT coalesce(to_regclass('__diesel_schema_migrations')::text, '') AS name";
    if diesel::sql_query(table).get_result::<Name>(conn)?.name.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Applied> = diesel::sql_query(
        "SELECT version, to_char(run_on, 'YYYY-MM-DD HH24:MI:SS') AS at FROM __diesel_schema_migrations",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.version, row.at)).collect())
}

/// Indexes that nobody misses: a migration has dropped them, or it is the next one and may have begun to.
fn given_up(applied: &HashMap<String, String>) -> HashSet<String> {
    let turn_has_come = |pair: &[Migration]| pair.iter().any(|one| applied.contains_key(&one.version));
    let droppers = MIGRATIONS.windows(2).filter(|pair| turn_has_come(pair));
    droppers.flat_map(|pair| pair[1].dropped_indexes()).collect()
}

/// Of the indexes that migrations build or drop beside everybody's work those that are there, by name, and whether they are valid.
fn valid_by_name(conn: &mut PgConnection) -> QueryResult<HashMap<String, bool>> {
    #[derive(QueryableByName)]
    struct Index {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Bool)]
        valid: bool,
    }
    let of_migration = |one: &'static Migration| one.concurrent_indexes().chain(one.dropped_indexes());
    let names: Vec<String> = MIGRATIONS.iter().flat_map(of_migration).collect();
    let found: Vec<Index> = diesel::sql_query(
        "SELECT name, indisvalid AS valid FROM unnest($1) AS name JOIN pg_index ON indexrelid = to_regclass(name)",
    )
    .bind::<Array<Text>, _>(names)
    .load(conn)?;
    Ok(found.into_iter().map(|index| (index.name, index.valid)).collect())
}

/// One that is being built this very moment is not yet valid, and nothing is wrong with it.
fn invalid_indexes(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    let names: Vec<Name> = diesel::sql_query(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid
         AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index) ORDER BY name",
    )
    .load(conn)?;
    Ok(names.into_iter().map(|row| row.name).collect())
}
