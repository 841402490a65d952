//! What is to be done to get a database from where it is to where it should be. Made before anything is touched, so
//! that it can be shown, rehearsed and asked about.

use std::fmt;

use anyhow::anyhow;
use diesel::migration::CREATE_MIGRATIONS_TABLE;

use super::embedded::{MIGRATIONS, Migration};
use super::session::lock_timeout;
use super::state::{Entry, State, Status};

/// Actions, in order.
pub struct Plan(pub Vec<Action>);

/// One step of a plan. A crash between two of them, or in the middle of one, leaves a state from which the next plan
/// goes on.
#[derive(Clone)]
pub enum Action {
    /// Drops what an interrupted CREATE INDEX CONCURRENTLY left: its migration would find the name taken.
    DropLeftover(String),
    /// Strikes a migration off the record: what it did is not there, or not whole.
    Forget(&'static Migration),
    /// Runs a migration.
    Up(&'static Migration),
    /// Reverts a migration.
    Down(&'static Migration),
}

impl Plan {
    /// Everything that is pending.
    pub fn up(state: &State) -> Self {
        Self(state.entries.iter().flat_map(up).collect())
    }

    /// The newest one back.
    pub fn down(state: &State) -> Self {
        Self(applied(state).next().into_iter().flat_map(down).collect())
    }

    /// All of them back.
    pub fn down_all(state: &State) -> Self {
        Self(applied(state).flat_map(down).collect())
    }

    /// The newest one back and forth.
    pub fn redo(state: &State) -> Self {
        let last = applied(state).next().into_iter();
        Self(last.flat_map(|entry| down(entry).into_iter().chain([Action::Up(entry.migration)])).collect())
    }

    /// To exactly this version: what is newer goes back, what is missing up to there runs.
    pub fn to(state: &State, version: &str) -> anyhow::Result<Self> {
        let target = find(version)?;
        let mut actions: Vec<_> =
            applied(state).filter(|entry| entry.migration.version > target.version).flat_map(down).collect();
        let wanted = state.entries.iter().filter(|entry| entry.migration.version <= target.version);
        actions.extend(wanted.flat_map(up));
        Ok(Self(actions))
    }

    /// The plan as a script for psql, which leaves the database as running the plan does.
    pub fn sql(&self) -> String {
        let setup = CREATE_MIGRATIONS_TABLE.trim().trim_end_matches(';');
        let head = format!(
            "\\set ON_ERROR_STOP on\n{};\nSET client_min_messages TO warning;\n{setup};\n",
            lock_timeout()
        );
        let actions = self.0.iter().map(|action| format!("\n-- {action}\n{}", action.sql()));
        std::iter::once(head).chain(actions).collect()
    }
}

/// The migration that a person means.
pub fn find(version: &str) -> anyhow::Result<&'static Migration> {
    MIGRATIONS.iter().find(|migration| migration.answers_to(version)).ok_or_else(|| {
        let known: Vec<_> = MIGRATIONS.iter().map(|migration| format!("\n  {migration}")).collect();
        anyhow!("there is no migration {version:?}; this program knows:{}", known.concat())
    })
}

/// Newest first.
fn applied(state: &State) -> impl Iterator<Item = &Entry> {
    state.entries.iter().rev().filter(|entry| entry.status != Status::Pending)
}

fn up(entry: &Entry) -> Vec<Action> {
    let mut actions = Vec::new();
    match entry.status {
        Status::Applied(_) => return actions,
        Status::Incomplete => actions.push(Action::Forget(entry.migration)),
        Status::Pending => {}
    }
    // A valid index counts as a leftover, too: the build may have ended after its client had died, and was not
    // recorded.
    actions.extend(entry.indexes.iter().cloned().map(Action::DropLeftover));
    actions.push(Action::Up(entry.migration));
    actions
}

fn down(entry: &Entry) -> Vec<Action> {
    let Entry { migration, status, indexes, undropped } = entry;
    if *status == Status::Incomplete && indexes.is_empty() && undropped.is_empty() {
        return vec![Action::Forget(migration)];
    }
    let leftovers = undropped.iter().cloned().map(Action::DropLeftover);
    leftovers.chain([Action::Down(migration)]).collect()
}

impl Action {
    fn sql(&self) -> String {
        let (migration, script, record) = match self {
            Self::DropLeftover(index) => return format!("{};\n", drop_index(index)),
            Self::Forget(migration) => return format!("{};\n", forget(migration)),
            Self::Up(migration) => (migration, &migration.up, remember(migration)),
            Self::Down(migration) => (migration, &migration.down, forget(migration)),
        };
        let body = format!("{}\n\n{record};\n", script.text().trim_end());
        if migration.is_transactional() { format!("BEGIN;\n{body}COMMIT;\n") } else { body }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DropLeftover(index) => write!(f, "drop {index}, left by an interrupted build"),
            Self::Forget(migration) => write!(f, "forget {migration}, which is not whole"),
            Self::Up(migration) => write!(f, "apply {migration}"),
            Self::Down(migration) => write!(f, "revert {migration}"),
        }
    }
}

/// What drops the index in nobody's way.
pub fn drop_index(index: &str) -> String {
    format!("DROP INDEX CONCURRENTLY {index}")
}

/// What strikes a migration off the record.
pub fn forget(migration: &Migration) -> String {
    format!("DELETE FROM __diesel_schema_migrations WHERE version = '{}'", migration.version)
}

fn remember(migration: &Migration) -> String {
    format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{}')", migration.version)
}
