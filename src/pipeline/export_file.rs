//! A user's own dialogue as a file, for /export.
//!
//! Built at the moment it is sent, in a temporary file without a name: the outbox holds no copy of what people wrote, a
//! killed program leaves none behind, and no connection is held while the file uploads.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use crate::domain::lane::Dialogue;
use crate::store::archive::{self, Selection};
use crate::store::{Store, StoreError};

/// What the user sees it called.
pub const NAME: &str = "dialogue.txt";

/// Writes what is live of the dialogue into a file, which is to be read from its beginning. The inner error says why there
/// is no room for a file.
pub fn build(store: &Store, dialogue: Dialogue) -> Result<anyhow::Result<File>, StoreError> {
    // A new one each time: a broken connection repeats it.
    store.run(|conn| {
        let mut write = || -> anyhow::Result<File> {
            let mut out = BufWriter::new(tempfile::tempfile()?);
            for record in archive::records(conn, Selection::from(dialogue))? {
                out.write_all(record?.transcript().as_bytes())?;
            }
            let mut file = out.into_inner()?;
            file.rewind()?;
            Ok(file)
        };
        match write().map_err(anyhow::Error::downcast) {
            Ok(file) => Ok(Ok(file)),
            Err(Ok(query)) => Err(query),
            Err(Err(problem)) => Ok(Err(problem)),
        }
    })
}
