//! Additions to `.env`: what stands there stays, byte for byte, and the file is the old one or the new one at any moment.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::Outcome;
use super::env_lines::{self, with};

/// The file, in the working directory.
const FILE: &str = ".env";
/// What it is while it is written, beside it; git ignores it as well.
const NEW: &str = ".env.new";
/// How one begins that was not there before.
const HEAD: &str = "# Settings of systech-aidd, begun by `make run`; .env.example describes each.\n";

/// Adds settings that are missing or empty.
pub(super) fn add(settings: &[(&str, &str)]) -> Outcome<()> {
    let path = path()?;
    let mut text = read(&path)?.unwrap_or_else(|| HEAD.to_owned());
    for (name, value) in settings {
        text = with(&text, name, value);
    }
    write(&path, &text).map_err(|error| format!("{FILE} cannot be written: {error}").into())
}

/// Whether the file sets this to something.
pub(super) fn sets(name: &str) -> Outcome<bool> {
    Ok(env_lines::sets(&read(&path()?)?.unwrap_or_default(), name))
}

/// Keeps other users out of a file that they can read. Returns whether they could.
pub(super) fn close_to_others() -> Outcome<bool> {
    let path = path()?;
    let exposed = |file: fs::Metadata| file.is_file() && file.permissions().mode() & 0o077 != 0;
    let exposed = fs::metadata(&path).is_ok_and(exposed);
    if exposed {
        fs::set_permissions(&path, Permissions::from_mode(0o600))
            .map_err(|error| format!("{FILE}: {error}"))?;
    }
    Ok(exposed)
}

/// The file itself, where a link leads to it.
fn path() -> Outcome<PathBuf> {
    match fs::canonicalize(FILE) {
        Err(error) if error.kind() == ErrorKind::NotFound && !Path::new(FILE).is_symlink() => Ok(FILE.into()),
        found => found.map_err(|error| format!("{FILE} cannot be found: {error}").into()),
    }
}

fn read(path: &Path) -> Outcome<Option<String>> {
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(Some(text)),
        Ok(Err(_)) => Err(format!("{FILE} is not UTF-8 text").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{FILE} cannot be read: {error}").into()),
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_file_name(NEW);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    if let Ok(old) = fs::metadata(path)
        && (old.uid(), old.gid()) != (file.metadata()?.uid(), file.metadata()?.gid())
    {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
