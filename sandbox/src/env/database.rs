//! One database of a test.

use std::sync::Arc;

use crate::postgres::{Server, unique_name};
use crate::wait::wait_until;

/// A database on a server that others may use too.
pub struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// Creates an empty database.
    #[track_caller]
    pub fn create(server: Arc<Server>, prefix: &str) -> Self {
        Self::copy(server, prefix, "template1")
    }

    /// Creates a copy of another one, which nobody may be connected to.
    #[track_caller]
    pub fn copy(server: Arc<Server>, prefix: &str, template: &str) -> Self {
        let name = unique_name(prefix);
        server.create_database_from_template(&name, template);
        Self::existing(server, &name)
    }

    /// A database that is there.
    pub fn existing(server: Arc<Server>, name: &str) -> Self {
        Self { server, name: name.to_owned() }
    }

    /// Its name, which no other test uses.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The URL under which the bot finds it.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Runs SQL and returns rows as lines, with `|` between columns. Panics on an error.
    #[track_caller]
    pub fn psql(&self, sql: &str) -> String {
        self.server.psql(&self.name, sql)
    }

    /// Waits until the rows satisfy `fits`, and returns them.
    #[track_caller]
    pub fn wait_for_rows(&self, sql: &str, fits: impl Fn(&str) -> bool) -> String {
        // An error is a table that a migration has yet to create, or a server that has yet to start.
        let mut watch = self.server.watch(&self.name, sql);
        wait_until(sql, || watch.look().filter(|rows| fits(rows)))
    }

    /// Waits until this many statements wait for a lock that somebody else holds.
    #[track_caller]
    pub fn wait_blocked(&self, statements: usize) {
        self.wait_blocked_like("%", statements);
    }

    /// As [`Database::wait_blocked`], statements that are ILIKE this pattern.
    #[track_caller]
    pub fn wait_blocked_like(&self, pattern: &str, statements: usize) {
        let blocked = format!(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '{pattern}'"
        );
        self.wait_for_rows(&blocked, |rows| rows == statements.to_string());
    }

    /// Waits until no connection of a bot or a command is left.
    ///
    /// A killed process leaves its connections to the kernel, which closes them, and to the server, which may still carry
    /// out and commit the statement that it received last. What a test reads before that is no result. The wait never ends
    /// while such a statement waits for a lock of the test's own.
    #[track_caller]
    pub fn wait_disconnected(&self) {
        let connections = "SELECT count(*) FROM pg_stat_activity \
                           WHERE datname = current_database() AND application_name = 'systech-aidd'";
        self.wait_for_rows(connections, |rows| rows == "0");
    }
}
