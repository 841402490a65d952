//! An operator at a terminal or in a script: the real binary's commands, a database and a folder to work in.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::bot::{isolate, program};
use super::database::Database;
use crate::postgres::{Server, shared, unique_name};
use crate::wait::wait_until;

/// What the names of databases begin with.
const PREFIX: &str = "aidd";

/// Somebody with settings, a folder and a database.
pub struct Operator {
    /// The database of DATABASE_URL.
    pub database: Database,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Default for Operator {
    fn default() -> Self {
        Self::new()
    }
}

impl Operator {
    /// An empty database on the server that all tests share.
    #[track_caller]
    pub fn new() -> Self {
        Self::on(shared())
    }

    /// An empty database on this server.
    #[track_caller]
    pub fn on(server: Arc<Server>) -> Self {
        Self::with(Database::create(server, PREFIX))
    }

    /// A database with every migration, on the server that all tests share: a copy of the first one. Most tests want nothing of
    /// the migrations, and a copy costs hardly more than an empty database.
    #[track_caller]
    pub fn up_to_date() -> Self {
        let server = shared();
        let template = server.template(|| {
            let first = Self::new();
            first.run(&["migrate", "up"]).ok();
            first.database.name().to_owned()
        });
        Self::with(Database::copy(Arc::clone(&server), PREFIX, template))
    }

    fn with(database: Database) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut operator = Self { database, folder, settings: Vec::new() };
        operator.set("DATABASE_URL", operator.database.url());
        operator
    }

    /// Changes a setting for whatever is started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.unset(name);
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Takes a setting away.
    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(other, _)| other != name);
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    /// The working folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server of the database.
    pub fn server(&self) -> &Server {
        self.database.server()
    }

    /// As [`Database::psql`].
    #[track_caller]
    pub fn psql(&self, sql: &str) -> String {
        self.database.psql(sql)
    }

    /// As [`Database::wait_for_rows`].
    #[track_caller]
    pub fn wait_for_rows(&self, sql: &str, fits: impl Fn(&str) -> bool) -> String {
        self.database.wait_for_rows(sql, fits)
    }

    /// The command, with nothing but these settings and no terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        self.prepare(command.args(arguments));
        command
    }

    /// Gives a command the operator's surroundings.
    pub fn prepare(&self, command: &mut Command) {
        let settings = self.settings.iter().map(|(name, value)| (&**name, &**value));
        isolate(command.current_dir(self.folder()), settings);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Printed {
        self.command(arguments).output().expect("the command starts").into()
    }

    /// Starts a command, to be waited for or killed.
    #[track_caller]
    pub fn begin(&self, arguments: &[&str]) -> Running {
        let errors = self.folder().join(unique_name("stderr"));
        let file = File::create(&errors).expect("a file can be made");
        let child = self.command(arguments).stderr(file).spawn().expect("the command starts");
        Running { child: Some(child), errors }
    }

    /// SIGKILL, and the end of everything that the command had begun in the database.
    #[track_caller]
    pub fn kill(&self, running: Running) {
        running.kill();
        self.database.wait_disconnected();
    }

    /// As [`Operator::kill`], as soon as the command's output holds this.
    #[track_caller]
    pub fn kill_when_it_says(&self, mut running: Running, part: &str) {
        let output = running.child.as_mut().and_then(|child| child.stdout.take());
        let said = BufReader::new(output.expect("nobody reads it")).lines();
        let said = said.map_while(Result::ok).any(|line| line.contains(part));
        assert!(said, "it never said {part}: {}", running.errors());
        self.kill(running);
    }
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Printed {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("commands print UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Printed {
    /// Its output, if it succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// Its complaint, if it ended with this code.
    #[track_caller]
    pub fn fails_with(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.err
    }
}

/// A command at work, which is killed when dropped.
pub struct Running {
    child: Option<Child>,
    errors: PathBuf,
}

impl Running {
    /// What it has printed to standard error so far.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// Waits until it has printed this to standard error.
    #[track_caller]
    pub fn wait_for_line(&self, part: &str) {
        wait_until(part, || self.errors().contains(part).then_some(()));
    }

    /// SIGKILL, and its end. What it had begun in the database may still go on: `Operator::kill` waits for that too.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(mut self) -> Printed {
        let child = self.child.take().expect("it was neither waited for nor killed");
        let mut printed: Printed = child.wait_with_output().expect("a child can be waited for").into();
        printed.err = self.errors();
        printed
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
