//! A user's own dialogue as a file, for /export, and behind it what is remembered of the user.
//!
//! Built at the moment it is sent, in a temporary file without a name: the outbox holds no copy of what people wrote, a
//! killed program leaves none behind, and no connection is held while the file uploads.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use crate::domain::lane::{Dialogue, Lane};
use crate::domain::transcript::entry;
use crate::store::archive::{self, Selection};
use crate::store::{Store, StoreError, facts};

/// What the user sees it called.
pub const NAME: &str = "dialogue.txt";

/// Writes what is live of the dialogue into a file, which is to be read from its beginning. The inner error says why there
/// is no room for a file.
pub fn build(store: &Store, lane: Lane) -> Result<anyhow::Result<File>, StoreError> {
    // A new one each time: a broken connection repeats it.
    store.run(|conn| {
        let mut write = || -> anyhow::Result<File> {
            let mut out = BufWriter::new(tempfile::tempfile()?);
            for record in archive::records(conn, Selection::from(Dialogue::from(lane)))? {
                out.write_all(record?.transcript().as_bytes())?;
            }
            let facts = facts::list(conn, lane)?;
            if !facts.is_empty() {
                out.write_all(b"== facts\n\n")?;
            }
            for fact in facts {
                out.write_all(entry(&fact.day, &fact.content).as_bytes())?;
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
