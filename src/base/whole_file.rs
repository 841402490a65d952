//! A file that gets its name when it is complete and on disk, and that takes nobody else's name unasked.
//!
//! Until then it has no name at all, where the file system can do that: whoever kills the program leaves nothing behind.
//! Elsewhere it has a temporary name beside its own.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::{AtFlags, CWD, OFlags, linkat};
use tempfile::NamedTempFile;

/// The file while it is being written; readable by its owner alone.
pub struct WholeFile {
    path: PathBuf,
    overwrite: bool,
    state: State,
}

enum State {
    Nameless(File),
    Named(NamedTempFile),
}

impl WholeFile {
    /// Begins a file that is to be called `path`. An error if somebody's file is called so, unless it is to be overwritten.
    pub fn begin(path: &Path, overwrite: bool) -> anyhow::Result<Self> {
        if let Ok(there) = fs::symlink_metadata(path) {
            if fs::metadata(path).map_or(!there.is_symlink(), |there| !there.is_file()) {
                bail!("{} is there and is no regular file; choose another name", path.display());
            }
            if !overwrite {
                return Err(taken(path));
            }
        }
        let state =
            open(path).with_context(|| format!("{} cannot be written to", folder_of(path).display()))?;
        Ok(Self { path: path.to_owned(), overwrite, state })
    }

    /// What is to be written to.
    pub fn file(&self) -> &File {
        match &self.state {
            State::Nameless(file) => file,
            State::Named(file) => file.as_file(),
        }
    }

    /// Puts it on disk and gives it its name.
    pub fn finish(self) -> anyhow::Result<()> {
        let Self { path, overwrite, state } = self;
        let named = match state {
            State::Nameless(file) => {
                file.sync_all()?;
                match link(&file, &path) {
                    // Only a rename takes the place of a file.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists && overwrite => {
                        let name = beside(&path).make(|beside| link(&file, beside))?;
                        name.into_temp_path().persist(&path).map_err(|error| error.error)
                    }
                    linked => linked,
                }
            }
            State::Named(file) => {
                file.as_file().sync_all()?;
                let file = file.into_temp_path();
                if overwrite { file.persist(&path) } else { file.persist_noclobber(&path) }
                    .map_err(|error| error.error)
            }
        };
        match named {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken(&path)),
            named => named?,
        }
        // The new name is on disk only when the folder is.
        Ok(File::open(folder_of(&path))?.sync_all()?)
    }
}

fn taken(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} is there already, and nothing is overwritten unasked; choose another name, or pass --force",
        path.display()
    )
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary names beside `path`.
fn beside(path: &Path) -> Beside<'_> {
    Beside { prefix: format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy()), path }
}

struct Beside<'a> {
    prefix: String,
    path: &'a Path,
}

impl Beside<'_> {
    fn make<R>(&self, make: impl FnMut(&Path) -> io::Result<R>) -> io::Result<NamedTempFile<R>> {
        tempfile::Builder::new().prefix(&self.prefix).suffix(".part").make_in(folder_of(self.path), make)
    }
}

fn open(path: &Path) -> io::Result<State> {
    match nameless(path) {
        Ok(file) if Path::new(&in_proc(&file)).exists() => Ok(State::Nameless(file)),
        // This file system knows no such files, or there is no /proc to name it by.
        _ => named(path),
    }
}

fn nameless(path: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE.bits().cast_signed();
    OpenOptions::new().write(true).mode(0o600).custom_flags(flags).open(folder_of(path))
}

fn named(path: &Path) -> io::Result<State> {
    let new = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    beside(path).make(new).map(State::Named)
}

fn in_proc(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// Gives a nameless file a name that nobody has.
fn link(file: &File, path: &Path) -> io::Result<()> {
    Ok(linkat(CWD, in_proc(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_gets_its_name_when_it_is_complete_and_takes_no_name_unasked() {
        for state in [open, named] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("all.csv");
            let write = |text: &str, overwrite: bool| {
                let file = WholeFile { path: path.clone(), overwrite, state: state(&path).unwrap() };
                file.file().write_all(text.as_bytes()).unwrap();
                file
            };
            drop(write("half", false));
            assert!(entries(folder.path()).is_empty());
            let file = write("one", false);
            assert!(!path.exists());
            file.finish().unwrap();
            // Somebody else was faster.
            let refused = write("two", false).finish().unwrap_err().to_string();
            assert!(refused.contains("--force"), "{refused}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "one");
            write("three", true).finish().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "three");
            assert_eq!(entries(folder.path()), ["all.csv"]);
        }
    }

    #[test]
    fn a_name_that_is_taken_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "mine").unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("link")).unwrap();
        let refused = |path: &Path, overwrite| WholeFile::begin(path, overwrite).err().unwrap().to_string();
        for name in ["file", "link"] {
            assert!(refused(&at(name), false).contains("is there already"), "{name}");
            assert!(WholeFile::begin(&at(name), true).is_ok(), "{name}");
        }
        for path in [folder.path(), Path::new("/dev/null")] {
            assert!(refused(path, true).contains("is no regular file"), "{}", path.display());
        }
        assert!(refused(&at("not/there"), false).contains("cannot be written to"));
    }
}
