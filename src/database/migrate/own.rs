//! An operator's own migrations: written by him, applied with the diesel CLI, and recorded beside ours. This program
//! leaves them alone, and tells about them what it can find out.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::embedded::{MIGRATIONS, reason, version_of};

/// Where the diesel CLI keeps migrations, seen from the working directory.
const FOLDER: &str = "migrations";

/// A migration that is not one of this program's.
pub struct Own {
    /// As it is recorded.
    pub version: String,
    /// When it was applied, by the server's clock.
    pub at: String,
    /// Where it is, if it lies beside the program.
    folder: Option<PathBuf>,
}

impl Own {
    pub(super) fn of(version: String, at: String) -> Self {
        let folders = fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.path());
        let folder =
            folders.into_iter().find(|path| name(path).is_some_and(|name| version_of(name) == version));
        Self { version, at, folder }
    }

    /// The comment at the head of its `up.sql`.
    pub fn why(&self) -> Option<String> {
        self.script("up.sql").map(|text| reason(&text))
    }

    /// One of its files.
    pub fn script(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.as_ref()?.join(file)).ok()
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.folder.as_deref().and_then(name).unwrap_or(&self.version))
    }
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Whether an unknown version can be one of a newer program's. Ours are numbered within their day (`20261127000021`) and
/// only ever added at the end; `diesel migration generate` writes the time of day (`20261127143015`).
pub(super) fn is_of_newer_program(version: &str) -> bool {
    let is_numbered = version.len() == 14
        && version.bytes().all(|byte| byte.is_ascii_digit())
        && version[8..].starts_with("000");
    is_numbered && MIGRATIONS.last().is_none_or(|newest| *version > *newest.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_program_is_told_by_the_number_within_the_day() {
        for newer in ["20990101000000", "20990101000001", "20990101000999"] {
            assert!(is_of_newer_program(newer), "{newer}");
        }
        for own in [
            "20990101143015",
            "20261123000099",
            "0001",
            "own",
            "2099010100000x",
            "20990101001000",
            "2099éé000001",
        ] {
            assert!(!is_of_newer_program(own), "{own}");
        }
    }

    #[test]
    fn every_migration_of_this_program_is_numbered_within_its_day() {
        for migration in MIGRATIONS.iter() {
            assert!(migration.version[8..].starts_with("000"), "{migration}");
        }
    }
}
