//! Where PostgreSQL is installed, and as whom it may run.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;
use crate::process::in_path;

/// The folder with `initdb` and `postgres`: `PG_BIN`, else `PATH`, else the newest of Debian's.
pub(super) fn server_binaries() -> Result<PathBuf, Error> {
    if let Some(folder) = std::env::var_os("PG_BIN").map(PathBuf::from) {
        return if is_server(&folder) {
            Ok(folder)
        } else {
            Err(Error::new(format!("PG_BIN is {}, where there is no initdb and postgres.", folder.display())))
        };
    }
    let of_path =
        in_path("initdb").and_then(|program| program.canonicalize().ok()?.parent().map(Path::to_owned));
    of_path.filter(|folder| is_server(folder)).or_else(newest_of_debian).ok_or_else(|| {
        Error::new(
            "No PostgreSQL server is installed here. On Debian and Ubuntu: apt-get install postgresql. Elsewhere set \
             PG_BIN to the folder that holds initdb and postgres, or TEST_DATABASE_URL to a running server.",
        )
    })
}

/// psql: beside the server, else in `PATH`.
pub(super) fn psql() -> Result<PathBuf, Error> {
    program("psql").ok_or_else(|| {
        Error::new("psql is not installed here. On Debian and Ubuntu: apt-get install postgresql-client.")
    })
}

/// A program of PostgreSQL's, such as `pgbench`: beside the server, else in `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    let beside = server_binaries().ok().map(|folder| folder.join(name)).filter(|program| program.is_file());
    beside.or_else(|| in_path(name))
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_server(folder))
        .max()
        .map(|(_, folder)| folder)
}

fn is_server(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// The user PostgreSQL runs as when we are root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unprivileged {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Unprivileged {
    /// `None` when we are not root: then it runs as we do.
    pub(super) fn needed() -> Result<Option<Self>, Error> {
        if std::fs::metadata("/proc/self").map_err(|error| Error::new(format!("no /proc: {error}")))?.uid()
            != 0
        {
            return Ok(None);
        }
        in_path("setpriv").ok_or_else(|| {
            Error::new("PostgreSQL does not run as root, and setpriv is missing. On Debian: apt-get install util-linux.")
        })?;
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = |wanted: &str| {
            let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
            let fields = fields.find(|fields| fields.first() == Some(&wanted))?;
            Some(Self { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
        };
        user("postgres").or_else(|| user("nobody")).map(Some).ok_or_else(|| {
            Error::new("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")
        })
    }

    /// The command below which others run as this user.
    pub(super) fn below(self) -> Command {
        let mut command = Command::new("setpriv");
        command.args([
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
            "--clear-groups".into(),
        ]);
        command
    }
}
