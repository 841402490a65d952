//! Whether the files that people send can be read on this machine: by a child process that locks itself in.

use crate::base::cancel::CancelToken;
use crate::database::finding::Finding;
use crate::domain::document::Refused;
use crate::extract::{Extractor, Sent};

const CHECK: &str = "reader";

/// Has a few words read as any file is.
pub(super) fn examine() -> Finding {
    let sent = Sent { bytes: b"words", name: Some("a.txt"), mime: None };
    match Extractor::default().read(sent, &CancelToken::new()) {
        Ok(_) => Finding::well(CHECK, "documents are read by a process that can do nothing else"),
        Err(Refused::Unavailable) => Finding::fault(
            CHECK,
            "documents cannot be read: the process for it does not start, or cannot lock itself in",
            "allow the bot to start its own program and to use seccomp filters and limits (Linux; no emulated processor)",
        ),
        Err(refused) => Finding::fault(
            CHECK,
            format!("documents cannot be read: {}", refused.sentence()),
            "free some memory, or give the bot more of it",
        ),
    }
}
