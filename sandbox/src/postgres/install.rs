//! Where PostgreSQL is installed, and as whom it may run.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;
use crate::process::in_path;

/// Where Debian has a folder for each version of the server.
const DEBIAN: &str = "/usr/lib/postgresql";

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

/// As [`server_binaries`], but of the version that existing data needs.
pub(super) fn server_binaries_for(data: &Path) -> Result<PathBuf, Error> {
    let usual = server_binaries()?;
    let Ok(wanted) = std::fs::read_to_string(data.join("PG_VERSION")) else { return Ok(usual) };
    let wanted = wanted.trim();
    let found = version(&usual)?;
    if found == wanted {
        return Ok(usual);
    }
    let of_debian = of_debian(wanted);
    if std::env::var_os("PG_BIN").is_none() && is_server(&of_debian) {
        return Ok(of_debian);
    }
    Err(Error::new(format!(
        "The data in {0} is of PostgreSQL {wanted}, and the server in {1} is {found}, which cannot read it. Install \
         PostgreSQL {wanted} beside it (Debian: apt-get install postgresql-{wanted}), or let PG_BIN name the folder with its \
         initdb and postgres. To move to {found}: make a backup with {wanted}, put {0} aside, and restore the backup.",
        data.display(),
        usual.display()
    )))
}

/// The major version of a server, as `PG_VERSION` has it.
fn version(folder: &Path) -> Result<String, Error> {
    let output = Command::new(folder.join("postgres")).arg("--version").output();
    let output = output.map_err(|error| Error::new(format!("postgres does not start: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    // postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1); 18beta1.
    let version = said.split_whitespace().nth(2).unwrap_or_default();
    Ok(version.chars().take_while(char::is_ascii_digit).collect())
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
    let versions = std::fs::read_dir(DEBIAN).ok()?.flatten();
    versions
        .filter_map(|entry| {
            let name = entry.file_name();
            Some((name.to_str()?.parse::<u32>().ok()?, of_debian(name.to_str()?)))
        })
        .filter(|(_, folder)| is_server(folder))
        .max()
        .map(|(_, folder)| folder)
}

fn of_debian(version: &str) -> PathBuf {
    Path::new(DEBIAN).join(version).join("bin")
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

    /// Its name, for programs that become this user by themselves.
    pub(super) fn name(self) -> Result<String, Error> {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let uid = self.uid.to_string();
        let name = fields.find(|fields| fields.get(2) == Some(&&*uid)).map(|fields| fields[0].to_owned());
        name.ok_or_else(|| Error::new(format!("the user {uid} has no name.")))
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
