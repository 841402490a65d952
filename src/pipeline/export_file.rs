//! A user's own dialogue as a file, for /export.
//!
//! Built in a temporary file at the moment it is sent: the outbox holds no copy of what people wrote, and no connection is
//! held while the file uploads.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::domain::lane::Dialogue;
use crate::store::archive::{self, Selection};
use crate::store::{Store, StoreError};

/// What the user sees it called.
const NAME: &str = "dialogue.txt";

/// A file that is gone when this is dropped.
pub struct Document {
    // holds the file below
    _folder: TempDir,
    path: PathBuf,
}

impl Document {
    /// Writes what is live of the dialogue. The inner error says why there is no room for a file.
    pub fn build(store: &Store, dialogue: Dialogue) -> Result<anyhow::Result<Self>, StoreError> {
        let place = || -> anyhow::Result<Self> {
            let folder = tempfile::tempdir()?;
            Ok(Self { path: folder.path().join(NAME), _folder: folder })
        };
        let document = match place() {
            Ok(document) => document,
            Err(problem) => return Ok(Err(problem)),
        };
        // from the beginning each time: a broken connection repeats it
        let written = store.run(|conn| {
            let mut write = || -> anyhow::Result<()> {
                let mut out = BufWriter::new(File::create(&document.path)?);
                let records = archive::records(conn, Selection::from(dialogue))?;
                for record in records {
                    out.write_all(record?.transcript().as_bytes())?;
                }
                Ok(out.flush()?)
            };
            match write().map_err(anyhow::Error::downcast) {
                Ok(()) => Ok(Ok(())),
                Err(Ok(query)) => Err(query),
                Err(Err(file)) => Ok(Err(file)),
            }
        })?;
        Ok(written.map(|()| document))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
