//! psql, and the databases that have to be dropped from somebody else's server.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
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
        let mut psql = Command::new(&self.psql)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::new(format!("psql does not start: {error}")))?;
        // If psql ended early its own error is the better one.
        let _ = psql.stdin.take().map(|mut stdin| stdin.write_all(sql.as_bytes()));
        let output = psql.wait_with_output().map_err(|error| Error::new(format!("psql: {error}")))?;
        if !output.status.success() {
            return Err(Error::new(String::from_utf8_lossy(&output.stderr).trim_end()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
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

/// A database name that no other test, process or run uses.
pub fn unique_name(prefix: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let started = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() % 1_000_000;
    format!("{prefix}_{started}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}
