//! `pg_dump`, `pg_restore` and `psql`. They get and give their data through a pipe, so that they end when this process is
//! killed; the password through the environment, which only their own user can read; and nothing else that is secret.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, anyhow, bail, ensure};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::base::cancel::CancelToken;
use crate::base::secret::Secret;
use crate::store::apart;
use crate::store::public_url::PublicUrl;

/// How long nothing comes from a dump until it is looked whether the server is there.
const SILENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// An installed program of PostgreSQL.
pub struct Tool {
    name: &'static str,
    major: i32,
}

impl Tool {
    /// Finds it in PATH, with its version.
    pub fn find(name: &'static str) -> anyhow::Result<Self> {
        let output = match Command::new(name).arg("--version").stdin(Stdio::null()).output() {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "{name} is not installed here; install the client programs of PostgreSQL (Debian, Alpine: \
                 postgresql-client)"
            ),
            Err(error) => return Err(error).with_context(|| format!("{name} does not start")),
        };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let major = major_of(&version).ok_or_else(|| anyhow!("{name} --version says {version:?}"))?;
        Ok(Self { name, major })
    }

    /// `pg_dump` does not understand a server that is newer than itself.
    pub fn require_version_of(&self, conn: &mut PgConnection) -> anyhow::Result<()> {
        #[derive(QueryableByName)]
        struct Server {
            #[diesel(sql_type = Integer)]
            major: i32,
        }
        let server = "SELECT current_setting('server_version_num')::integer / 10000 AS major";
        let Server { major } = diesel::sql_query(server).get_result(conn)?;
        if self.major < major {
            bail!(
                "{} is of PostgreSQL {}, which is older than the server's {major}: install the client \
                 programs of PostgreSQL {major} (postgresql-client-{major} of apt.postgresql.org, where Debian's own \
                 is older), or, with containers, run it in the bot's: docker compose exec -T bot systech-aidd backup",
                self.name,
                self.major
            );
        }
        Ok(())
    }

    /// Dumps the database into `file`. False: the end was asked for meanwhile. While nothing comes, `is_there` is asked whether the
    /// server still is: a frozen one would be waited for without an end.
    pub fn dump(
        &self,
        url: &Secret,
        file: &mut File,
        stop: &CancelToken,
        mut is_there: impl FnMut() -> bool,
    ) -> anyhow::Result<bool> {
        let mut command = self.connected(url)?;
        // Like a migration, a backup does not queue behind another transaction's lock: it gives up.
        command.args(["--no-password", "--format=custom", "--lock-wait-timeout=10s"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut dump = Running::start(self.name, command)?;
        let mut output = dump.child.stdout.take().context("pg_dump has no output")?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            if stop.is_requested() {
                return Ok(false);
            }
            let mut waits = [PollFd::new(&output, PollFlags::IN)];
            match poll(&mut waits, Some(&SILENCE)) {
                Ok(0) => {
                    ensure!(is_there(), "the database does not answer any more");
                    continue;
                }
                Err(Errno::INTR) => continue,
                waited => waited.context("pg_dump cannot be waited for")?,
            };
            match output.read(&mut buffer).context("pg_dump's output cannot be read")? {
                0 => break,
                count => file.write_all(&buffer[..count]).context("the backup cannot be written")?,
            }
        }
        dump.succeed()?;
        Ok(true)
    }

    /// Reads the table of contents of a dump: an error if it is none.
    pub fn check(&self, file: &Path) -> anyhow::Result<()> {
        let mut command = self.command();
        command.arg("--list").arg(file).stdin(Stdio::null()).stdout(Stdio::null());
        // The code below looks for one of the English errors.
        command.env("LC_ALL", "C");
        Running::start(self.name, command)?.succeed().map_err(|error| match error.to_string() {
            text if text.contains("unsupported version") => error.context(format!(
                "{} was made by a newer pg_dump than this {}: install a postgresql-client as new as that one \
                     (the image has 17)",
                file.display(),
                self.name
            )),
            _ => error.context(format!("{} is not a complete backup", file.display())),
        })
    }

    /// Turns a dump into SQL that creates everything in the name of whoever runs it.
    pub fn script(&self, file: &Path) -> anyhow::Result<Running> {
        let mut command = self.command();
        command.args(["--file=-", "--no-owner", "--no-privileges"]).arg(file);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Running::start(self.name, command)
    }

    /// `psql`, which runs what it reads until something fails.
    pub fn session(&self, url: &Secret) -> anyhow::Result<Running> {
        let mut command = self.connected(url)?;
        // Terse: the details of an error quote values, and values are people's messages.
        command.args([
            "--no-password",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--set=VERBOSITY=terse",
            "--file=-",
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Running::start(self.name, command)
    }

    /// Becomes the program, connected and with these arguments; what is returned is why it did not.
    pub fn take_over(&self, url: &Secret, arguments: &[OsString]) -> anyhow::Error {
        match self.connected(url) {
            Ok(mut command) => anyhow::Error::new(command.args(arguments).exec())
                .context(format!("{} does not start", self.name)),
            Err(error) => error,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.name);
        command.env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_theirs)));
        command
    }

    fn connected(&self, url: &Secret) -> anyhow::Result<Command> {
        let PublicUrl { url, password } = PublicUrl::of(&apart::chosen(url))?;
        let mut command = self.command();
        command.arg(format!("--dbname={url}"));
        if let Some(password) = password {
            command.env("PGPASSWORD", password.expose());
        }
        Ok(command)
    }
}

/// A program at work; killed when dropped.
pub struct Running {
    name: &'static str,
    /// The process; its pipes are there to be taken.
    pub child: Child,
    errors: File,
}

impl Running {
    fn start(name: &'static str, mut command: Command) -> anyhow::Result<Self> {
        // Errors go to a file: a full pipe would block the program.
        let errors = tempfile::tempfile().context("a temporary file cannot be created")?;
        let child = command
            .stderr(errors.try_clone().context("a temporary file cannot be used")?)
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        Ok(Self { name, child, errors })
    }

    /// Waits for its end; an error, in its own words, if it failed.
    pub fn succeed(mut self) -> anyhow::Result<()> {
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        let mut errors = Vec::new();
        self.errors.rewind()?;
        self.errors.read_to_end(&mut errors)?;
        let errors = String::from_utf8_lossy(&errors);
        bail!("{} failed ({status}): {}", self.name, errors.trim());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What these programs, libpq and a terminal want of the environment. The rest has settings of the bot and keys, whatever their names
/// are: the catalogue names some of them.
fn is_theirs(variable: &str) -> bool {
    let groups = ["PG", "PSQL", "LC_", "LANG", "LESS", "LD_", "XDG_", "KRB5", "SSL_", "TERM", "VTE_"];
    let alone =
        "PATH HOME USER LOGNAME SHELL TZ TMPDIR COLUMNS LINES PAGER EDITOR VISUAL INPUTRC COLORTERM NO_COLOR";
    groups.iter().any(|group| variable.starts_with(group)) || alone.split(' ').any(|name| name == variable)
}

/// `pg_dump (PostgreSQL) 17.5 (Debian 17.5-1)`: 17.
fn major_of(version: &str) -> Option<i32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_program_is_read_from_what_it_says() {
        assert_eq!(major_of("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_of("pg_restore (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("pg_dump: command not found"), None);
    }
}
