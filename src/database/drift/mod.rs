//! What somebody changed by hand in what the migrations made, and what mends it.
//!
//! ```text
//! expected    the objects as the applied migrations make them, and as they are
//! catalogue   how both are read
//! difference  what is not as it should be, and in which way (fault)
//! mend        the SQL that puts it right
//! ```
//!
//! Only what a migration made is looked at. What an operator added, an index, a view or a column of his own, is no
//! drift. Comments are for people and are not compared.

use diesel::pg::PgConnection;

use super::migrate::state::{State, Status};

mod catalogue;
pub mod difference;
mod expected;
mod fault;
pub mod mend;

pub use difference::Difference;

/// What came of the comparison.
pub enum Drift {
    /// Everything that differs; nothing where all is well.
    Found(Vec<Difference>),
    /// It is not known what the database should look like, and the status says why: a migration is missing below the
    /// newest, or one is unknown to this program.
    Open,
}

impl Drift {
    /// Compares the database with what its applied migrations made.
    pub fn find(conn: &mut PgConnection, state: &State) -> anyhow::Result<Self> {
        let applied = |status: &Status| *status != Status::Pending;
        let mut in_order = state.entries.iter().map(|entry| applied(&entry.status));
        let gap = in_order.by_ref().any(|applied| !applied) && in_order.any(|applied| applied);
        if gap || !state.unknown.is_empty() {
            return Ok(Self::Open);
        }
        let migrations = state.entries.iter().filter(|entry| applied(&entry.status));
        let catalogues = expected::read(conn, migrations.map(|entry| entry.migration))?;
        let mut differences = difference::between(conn, &catalogues)?;
        let is_missed =
            |found: &Difference| found.index.as_ref().is_none_or(|index| !state.given_up.contains(index));
        differences.retain(is_missed);
        Ok(Self::Found(differences))
    }

    /// What is known to differ and is not told by the state already, as an unfinished or invalid index.
    pub fn beside<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Difference> {
        let is_told = |found: &&Difference| found.index.as_ref().is_some_and(|index| state.tells_of(index));
        self.differences().iter().filter(move |found| !is_told(found))
    }

    /// What is known to differ.
    pub fn differences(&self) -> &[Difference] {
        match self {
            Self::Found(differences) => differences,
            Self::Open => &[],
        }
    }
}
