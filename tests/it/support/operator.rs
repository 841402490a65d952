//! An operator at a terminal or in a script: the real binary's commands on a database of their own.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sandbox::postgres::{self, Server, unique_name};

use crate::support::env::wait_until;

/// A database, and a folder to work in.
pub(crate) struct Operator {
    pub(crate) database: String,
    server: &'static Server,
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

/// What a command said, and how it ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Operator {
    /// The newest of the migrations that these tests move about in.
    pub(crate) const LAST: &str = "2026-11-23-000005_create_reply_parts";

    /// An empty database.
    pub(crate) fn new() -> Self {
        let (server, database) = (postgres::shared(), unique_name("operator"));
        let url = server.create_database(&database);
        let folder = tempfile::tempdir().unwrap();
        let settings =
            ["PATH", "HOME"].map(|name| (name.to_owned(), std::env::var(name).unwrap_or_default())).into();
        let mut operator = Self { database, server, folder, settings };
        operator.set("DATABASE_URL", &url);
        operator
    }

    /// A database with every migration.
    pub(crate) fn up_to_date() -> Self {
        let operator = Self::new();
        operator.run(&["migrate", "up"]).ok();
        operator
    }

    /// A database with the migrations that these tests move about in: each of our tables, and nothing later.
    pub(crate) fn migrated() -> Self {
        let operator = Self::new();
        operator.run(&["migrate", "to", Self::LAST]).ok();
        operator
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// A folder for backups, set as BACKUP_DIR.
    pub(crate) fn with_backups(mut self) -> (Self, PathBuf) {
        let folder = self.folder.path().join("backups");
        std::fs::create_dir(&folder).unwrap();
        self.set("BACKUP_DIR", folder.to_str().unwrap());
        (self, folder)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn server(&self) -> &'static Server {
        self.server
    }

    pub(crate) fn psql(&self, sql: &str) -> String {
        self.server.psql(&self.database, sql)
    }

    pub(crate) fn wait_for_rows(&self, sql: &str, expected: &str) {
        wait_until(sql, || self.server.try_psql(&self.database, sql).ok().filter(|rows| rows == expected));
    }

    /// The command, with nothing but these settings and no terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
        self.prepare(command.args(arguments));
        command
    }

    /// Gives a command the operator's surroundings.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.command(arguments).output().unwrap().into()
    }

    /// Starts a command, to be waited for or killed.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let log = self.folder.path().join(unique_name("log"));
        let child = self.command(arguments).stderr(File::create(&log).unwrap()).spawn().unwrap();
        Running { child: Some(child), log }
    }

    /// Runs a command whose standard input is a terminal, on which a person types `answer`.
    pub(crate) fn run_on_terminal(&self, arguments: &[&str], answer: &str) -> Said {
        let (mut person, terminal) = terminal();
        person.write_all(format!("{answer}\n").as_bytes()).unwrap();
        self.command(arguments).stdin(terminal).output().unwrap().into()
    }

    /// Somebody at work in a transaction that begins with this SQL, until dropped.
    pub(crate) fn transaction(&self, sql: &str) -> Transaction {
        Self::transaction_on(&self.server.url(&self.database), sql)
    }

    /// The same in another database.
    pub(crate) fn transaction_on(url: &str, sql: &str) -> Transaction {
        use diesel::connection::{Connection, SimpleConnection};
        let mut conn = diesel::PgConnection::establish(url).unwrap();
        conn.batch_execute(&format!("BEGIN; {sql}")).unwrap();
        Transaction { _conn: conn }
    }

    /// `applied`, `pending` and so on, one letter each, oldest first, up to [`Self::LAST`].
    pub(crate) fn status(&self) -> String {
        let status = self.run(&["migrate", "status"]).ok();
        let lines = status.lines().skip(3);
        let newer = |line: &&str| {
            line.split_whitespace().nth(1).is_some_and(|name| name.starts_with("20") && name > Self::LAST)
        };
        lines.filter(|line| !newer(line)).filter_map(|line| line.chars().next()).collect()
    }
}

/// A terminal: the side of the person, and the side of the program.
pub(crate) fn terminal() -> (File, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let terminal = ptsname(&person, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(terminal.to_str().unwrap()).unwrap();
    (person.into(), terminal.into())
}

/// A transaction that stands in the way.
pub(crate) struct Transaction {
    _conn: diesel::PgConnection,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Said {
    /// Its output, if it succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// Its complaint, if it ended with this code.
    #[track_caller]
    pub(crate) fn fails_with(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.err
    }
}

/// A command at work; killed when dropped.
pub(crate) struct Running {
    child: Option<Child>,
    log: PathBuf,
}

impl Running {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn wait_for_line(&self, part: &str) {
        wait_until(part, || self.log().contains(part).then_some(()));
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// SIGKILL as soon as its output holds this.
    pub(crate) fn kill_when_it_says(mut self, part: &str) {
        let output = BufReader::new(self.child.as_mut().unwrap().stdout.take().unwrap());
        let said = output.lines().any(|line| line.unwrap().contains(part));
        assert!(said, "it never said {part}: {}", self.log());
        self.end();
    }

    pub(crate) fn wait(mut self) -> Said {
        let mut said: Said = self.child.take().unwrap().wait_with_output().unwrap().into();
        said.err = self.log();
        said
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
