//! The migrations as they lie in `migrations/`, embedded when the binary is built: one source to run them from and to
//! show them from, where there is neither a source tree nor the diesel CLI.

use std::fmt;
use std::sync::LazyLock;

use diesel::connection::BoxableConnection;
use diesel::migration::{self, MigrationMetadata, MigrationName, MigrationVersion};
use diesel::pg::Pg;
use include_dir::{Dir, include_dir};

use super::script::Script;

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Every migration this binary knows, oldest first.
pub static MIGRATIONS: LazyLock<Vec<Migration>> = LazyLock::new(|| {
    let mut migrations: Vec<_> = FOLDER.dirs().map(Migration::read).collect();
    migrations.sort_by(|one, other| one.version.cmp(&other.version));
    migrations
});

/// One folder of `migrations/`.
pub struct Migration {
    /// The name of the folder.
    pub name: &'static str,
    /// As `__diesel_schema_migrations` has it: the digits of the name.
    pub version: String,
    /// What it does.
    pub up: Script,
    /// What takes it back.
    pub down: Script,
    transactional: bool,
}

impl Migration {
    fn read(folder: &'static Dir<'static>) -> Self {
        let name = folder.path().to_str().unwrap_or_default();
        let text =
            |file: &str| folder.get_file(folder.path().join(file)).and_then(|file| file.contents_utf8());
        let script =
            |file: &str| Script::new(format!("migrations/{name}/{file}"), text(file).unwrap_or_default());
        Self {
            name,
            version: version_of(name),
            up: script("up.sql"),
            down: script("down.sql"),
            // Diesel knows no other setting in this file.
            transactional: !text("metadata.toml")
                .is_some_and(|text| text.contains("run_in_transaction = false")),
        }
    }

    /// Why it is there: the first paragraph of the comment at the head of its `up.sql`.
    pub fn why(&self) -> String {
        reason(self.up.text())
    }

    /// Whether it is all or nothing.
    pub fn is_transactional(&self) -> bool {
        self.transactional
    }

    /// The indexes that it builds CONCURRENTLY, outside a transaction.
    pub fn concurrent_indexes(&self) -> impl Iterator<Item = String> + '_ {
        self.up.statements().filter_map(|statement| statement.concurrent_index())
    }

    /// The indexes that it drops CONCURRENTLY: its way back builds them so.
    pub fn dropped_indexes(&self) -> impl Iterator<Item = String> + '_ {
        self.down.statements().filter_map(|statement| statement.concurrent_index())
    }

    /// Whether a person means this one: `20261123000002`, `2026-11-23-000002` or the whole name.
    pub fn answers_to(&self, text: &str) -> bool {
        text == self.name || (!text.contains('_') && version_of(text) == self.version)
    }
}

/// The first paragraph of the comment at the head of an `up.sql`.
pub(super) fn reason(script: &str) -> String {
    let head = script.lines().map_while(|line| line.strip_prefix("--"));
    let paragraph: Vec<_> = head.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join("\n");
    text.strip_prefix("Why: ").map_or(text.clone(), str::to_owned)
}

/// As Diesel does it: what stands before the first underscore, without its hyphens.
pub(super) fn version_of(name: &str) -> String {
    name.split('_').next().unwrap_or_default().replace('-', "")
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl MigrationName for Migration {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(&self.version)
    }
}

impl MigrationMetadata for Migration {
    fn run_in_transaction(&self) -> bool {
        self.transactional
    }
}

impl migration::Migration<Pg> for Migration {
    fn run(&self, conn: &mut dyn BoxableConnection<Pg>) -> migration::Result<()> {
        Ok(self.up.run(conn)?)
    }

    fn revert(&self, conn: &mut dyn BoxableConnection<Pg>) -> migration::Result<()> {
        Ok(self.down.run(conn)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_migrations_are_the_folder() {
        let mut names: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            // The diesel CLI leaves .diesel_lock there.
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        assert_eq!(names, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
    }

    #[test]
    fn a_migration_answers_to_its_version_however_it_is_typed() {
        let migration = &MIGRATIONS[1];
        for text in ["20261123000002", "2026-11-23-000002", "2026-11-23-000002_add_history_index"] {
            assert!(migration.answers_to(text), "{text}");
        }
        for text in
            ["", "2026112300000", "202611230000020", "2026-11-23-000002_create_turns", "add_history_index"]
        {
            assert!(!migration.answers_to(text), "{text}");
        }
    }

    #[test]
    fn the_reason_is_the_first_paragraph_at_the_head_of_the_file() {
        let why = MIGRATIONS[1].why();
        assert!(why.starts_with("each question reads the newest"), "{why}");
        assert!(why.ends_with("the table has become."), "{why}");
    }
}
