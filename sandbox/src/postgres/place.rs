//! The folders of a server: who may enter them, and where the socket lies.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Error;
use super::install::Unprivileged;

/// The longest path of a socket (`sun_path`, with the zero at its end).
const LONGEST_SOCKET: usize = 107;

pub(super) fn as_user(user: Option<Unprivileged>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = user.below();
    command.arg(program);
    command
}

pub(super) fn temporary_folder() -> PathBuf {
    std::env::temp_dir().join(unique("sandbox-postgres"))
}

fn unique(name: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("{name}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Where the socket lies: beside the data, if its path is not too long there. Else only who cannot do without it gets
/// another folder.
pub(super) fn socket_folder(
    folder: &Path,
    private: bool,
    user: Option<Unprivileged>,
) -> Result<PathBuf, Error> {
    if folder.as_os_str().len() + "/.s.PGSQL.65535".len() < LONGEST_SOCKET {
        return Ok(folder.to_owned());
    }
    if !private {
        return Ok(PathBuf::new());
    }
    let short = Path::new("/tmp").join(unique("sandbox-socket"));
    let failed = |error| Error::new(format!("{}: {error}", short.display()));
    // A folder that is there already may be somebody else's.
    DirBuilder::new().mode(0o700).create(&short).map_err(failed)?;
    prepare(&short, user)?;
    Ok(short)
}

/// Creates the folder, gives it to the user, and keeps all others out.
pub(super) fn prepare(folder: &Path, user: Option<Unprivileged>) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::new(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    if let Some(user) = user {
        chown(folder, Some(user.uid), Some(user.gid)).map_err(failed)?;
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    match user {
        Some(user) if !usable(folder, user) => Err(Error::new(format!(
            "PostgreSQL does not run as root, and the user it runs as (uid {}) cannot reach {}. Choose a folder below \
             one that everybody may enter.",
            user.uid,
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// Whether the user can work in a folder.
fn usable(folder: &Path, user: Unprivileged) -> bool {
    let mut test = as_user(Some(user), Path::new("test"));
    test.arg("-x").arg(folder).current_dir("/").stderr(Stdio::null());
    test.status().is_ok_and(|status| status.success())
}

/// Whether a server can keep its data below this existing folder: always, unless we are root and the user that
/// PostgreSQL then runs as cannot get there.
pub fn reachable(folder: &Path) -> Result<bool, Error> {
    Ok(Unprivileged::needed()?.is_none_or(|user| usable(folder, user)))
}
