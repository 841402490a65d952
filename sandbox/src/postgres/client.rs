//! psql, once or staying open, and the databases that have to be dropped from somebody else's server.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Error, install};

/// Reads names from a pipe until its other end is gone, then drops these databases. Arguments: psql and the URL.
const JANITOR: &str = r#"
trap '' INT TERM HUP
names=
while read -r name; do names="$names $name"; done
for name in $names; do
    "$1" -XAtq -d "$2" -c "DROP DATABASE IF EXISTS \"$name\" WITH (FORCE)"
done
"#;

/// The way to a server.
pub(super) struct Client {
    psql: PathBuf,
    /// Before and after the database's name.
    around: (String, String),
    janitor: Mutex<Option<Child>>,
}

impl Client {
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        let malformed =
            || Error::new("The database URL must look like postgres://user:password@host:5432/database.");
        let (scheme, rest) = url.split_once("://").ok_or_else(malformed)?;
        // The predecessor's form is understood too.
        let scheme = scheme.split('+').next().unwrap_or(scheme);
        let (rest, query) =
            rest.split_once('?').map_or((rest, String::new()), |(rest, query)| (rest, format!("?{query}")));
        let authority =
            rest.split('/').next().filter(|authority| !authority.is_empty()).ok_or_else(malformed)?;
        let around = (format!("{scheme}://{authority}/"), query);
        Ok(Self { psql: install::psql()?, around, janitor: Mutex::default() })
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.around.0, self.around.1)
    }

    #[track_caller]
    pub(super) fn psql(&self, database: &str, sql: &str) -> String {
        self.run(database, sql).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn run(&self, database: &str, sql: &str) -> Result<String, Error> {
        // Over standard input: SQL may be longer than an argument.
        let mut psql = self.begin(database, Stdio::piped())?;
        // If psql ended early its own error is the better one.
        let _ = psql.stdin.take().map(|mut stdin| stdin.write_all(sql.as_bytes()));
        let output = psql.wait_with_output().map_err(|error| Error::new(format!("psql: {error}")))?;
        if !output.status.success() {
            return Err(Error::new(String::from_utf8_lossy(&output.stderr).trim_end()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    fn begin(&self, database: &str, errors: Stdio) -> Result<Child, Error> {
        Command::new(&self.psql)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| Error::new(format!("psql does not start: {error}")))
    }

    /// Has a database dropped when this process ends, however it ends.
    pub(super) fn drop_at_exit(&self, name: &str) {
        let mut janitor = self.janitor.lock().unwrap_or_else(PoisonError::into_inner);
        if janitor.is_none() {
            *janitor = Command::new("sh")
                .args(["-c", JANITOR, "janitor"])
                .arg(&self.psql)
                .arg(self.url("postgres"))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok();
        }
        if let Some(stdin) = janitor.as_mut().and_then(|janitor| janitor.stdin.as_mut()) {
            let _ = writeln!(stdin, "{name}");
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(mut janitor) = self.janitor.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(janitor.stdin.take());
            let _ = janitor.wait();
        }
    }
}

/// SQL that is asked again and again. One psql stays open for it: its start and that of the process that serves it cost
/// both more than the answer.
pub struct Watch<'a> {
    client: &'a Client,
    database: &'a str,
    sql: &'a str,
    psql: Option<Open>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(client: &'a Client, database: &'a str, sql: &'a str) -> Self {
        Self { client, database, sql, psql: None }
    }

    /// What it is now. `None`: an error, and the next look begins with a new connection.
    pub fn look(&mut self) -> Option<String> {
        if self.psql.is_none() {
            let child = self.client.begin(self.database, Stdio::null()).ok()?;
            self.psql = Open::new(child);
        }
        let rows = self.psql.as_mut()?.ask(self.sql);
        if rows.is_none() {
            self.psql = None;
        }
        rows
    }
}

/// A psql that waits for SQL.
struct Open {
    child: Child,
    rows: BufReader<ChildStdout>,
}

impl Open {
    fn new(mut child: Child) -> Option<Self> {
        let rows = BufReader::new(child.stdout.take()?);
        Some(Self { child, rows })
    }

    fn ask(&mut self, sql: &str) -> Option<String> {
        // What is printed behind the rows.
        const END: &str = "-- the end of the rows --\n";
        let asked = format!("{sql}\n;\n\\echo '{}'\n", END.trim_end());
        self.child.stdin.as_mut()?.write_all(asked.as_bytes()).ok()?;
        let mut rows = String::new();
        while !rows.ends_with(END) {
            if self.rows.read_line(&mut rows).ok()? == 0 {
                return None;
            }
        }
        rows.truncate(rows.len() - END.len());
        Some(rows.trim_end_matches('\n').to_owned())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A database name that no other test, process or run uses.
pub fn unique_name(prefix: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let started = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() % 1_000_000;
    format!("{prefix}_{started}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}
