//! A disk that is small enough to be filled: a file system in memory. Only in a mount namespace of our own, which scripts/black-holes
//! makes.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::network::run;

/// As mount(8) takes it: some times what a new database takes.
const SIZE: &str = "size=256m";

/// The folder on which it is mounted.
pub(crate) struct Disk(TempDir);

impl Disk {
    pub(crate) fn new() -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        run("mount", &["-t", "tmpfs", "-o", SIZE, "-o", "mode=755", "tmpfs", disk.path()]);
        disk
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().expect("the path of a temporary folder is text")
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    /// There is no room any more, for anybody.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let error = io::copy(&mut io::repeat(0), &mut filler).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    /// There is room again.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["--lazy", self.path()]);
    }
}
