//! The folder of the backups. A file is written under another name and gets its own only when it is whole and on disk.
//! Its writer holds a lock on it, which the kernel releases however the writer ends: so the next run can tell what a
//! killed one left from what another one is writing.

use std::fmt;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// A backup that is there.
pub struct Backup {
    /// Where.
    pub path: PathBuf,
    /// How large.
    pub bytes: u64,
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} kB)", self.path.display(), self.bytes.div_ceil(1000))
    }
}

/// How a backup ends that is being written, or was when its writer died.
const UNFINISHED: &str = ".dump.part";
/// What a dump needs besides the tables: its table of contents, definitions.
const MARGIN: u64 = 16 << 20;

/// How old the newest backup in a folder is. `None`: there is none, as far as can be seen.
pub fn newest(folder: &Path) -> Option<Duration> {
    let backups = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let backups = backups.filter(|entry| entry.path().extension().is_some_and(|ends| ends == "dump"));
    let newest = backups.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()?;
    // A clock may have gone back.
    Some(newest.elapsed().unwrap_or_default())
}

/// BACKUP_DIR, or what stands for it.
pub struct Folder<'a>(&'a Path);

/// A backup that is being written; gone when dropped before it is finished.
pub struct Unfinished<'a> {
    folder: &'a Path,
    name: String,
    file: NamedTempFile,
}

impl<'a> Folder<'a> {
    /// The folder must be there already: an unmounted disk is not to be filled in behind.
    pub fn open(path: &'a Path) -> anyhow::Result<Self> {
        if !path.is_dir() {
            bail!("{} is not a folder; create it, or choose another one for backups", path.display());
        }
        Ok(Self(path))
    }

    /// Removes what killed runs left under names that begin so, and says what it was.
    pub fn remove_leftovers(&self, prefix: &str) -> anyhow::Result<Vec<PathBuf>> {
        let mut removed = Vec::new();
        let unreadable = || format!("{} cannot be read", self.0.display());
        for entry in fs::read_dir(self.0).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            if !(name.starts_with(prefix) && name.ends_with(UNFINISHED)) {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            match file.try_lock() {
                Ok(()) => match fs::remove_file(&path) {
                    Ok(()) => removed.push(path),
                    // The writer has just renamed the file.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
                    }
                },
                // Another process is writing the file.
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
                }
            }
        }
        Ok(removed)
    }

    /// An error if a dump of tables of this size may not fit.
    pub fn require_room(&self, size: u64) -> anyhow::Result<()> {
        let disk = rustix::fs::statvfs(self.0)
            .map_err(io::Error::from)
            .with_context(|| format!("the free space in {} is unknown", self.0.display()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let needed = size.saturating_add(MARGIN);
        if free < needed {
            bail!(
                "{} has {} MB of free space, and a backup of this database may take {} MB: free some space, or choose another \
                 folder for backups",
                self.0.display(),
                free / 1_000_000,
                needed.div_ceil(1_000_000)
            );
        }
        Ok(())
    }

    /// Begins a backup that is to be called `name`, readable by its owner alone: people's messages are in it.
    pub fn begin(&self, name: &str) -> anyhow::Result<Unfinished<'a>> {
        let file = tempfile::Builder::new()
            .prefix(&format!("{name}."))
            .suffix(UNFINISHED)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(self.0)
            .with_context(|| format!("{} cannot be written to", self.0.display()))?;
        file.as_file().lock().context("the backup cannot be locked")?;
        Ok(Unfinished { folder: self.0, name: name.to_owned(), file })
    }
}

impl Unfinished<'_> {
    /// What is to be written to.
    pub fn as_file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Where it is until it is finished.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Puts it on disk and gives it its name, or the next free one: nothing is ever overwritten.
    pub fn finish(self) -> anyhow::Result<Backup> {
        let bytes = self.file.as_file().sync_all().and_then(|()| Ok(self.file.as_file().metadata()?.len()));
        let bytes = bytes.context("the backup cannot be written to disk")?;
        let mut file = self.file;
        for number in 1.. {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = self.folder.join(format!("{}{suffix}.dump", self.name));
            match file.persist_noclobber(&path) {
                Ok(_) => {
                    // The new name is on disk only when the folder is.
                    File::open(self.folder)
                        .and_then(|folder| folder.sync_all())
                        .context("the backup's name cannot be written to disk")?;
                    return Ok(Backup { path, bytes });
                }
                Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => file = taken.file,
                Err(error) => return Err(error.error).context("the backup cannot be given its name"),
            }
        }
        unreachable!("there is always a next number")
    }
}
