//! What the parent tells the child: the limits on its command line, before anything foreign, and what is known of the file in the first
//! line of its input.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The first argument that makes this program a child that reads one file.
pub(super) const CHILD: &str = "extract-child";

/// What one file may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The size of the file.
    pub bytes: usize,
    /// How much text is wanted; the rest is cut.
    pub characters: usize,
    /// Address space of the child, with the program itself, which takes about 40 MiB of it.
    pub memory: u64,
    /// Processor time of the child.
    pub processor: Duration,
    /// Time until the answer is there.
    pub time: Duration,
    /// How many files are read at the same time; the others wait.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // What Telegram's own server hands out.
            bytes: 20 << 20,
            characters: 400_000,
            memory: 256 << 20,
            processor: Duration::from_secs(20),
            time: Duration::from_secs(30),
            at_once: 2,
        }
    }
}

/// What the child has to know before it reads anything: it stands on its command line.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// Who started it: without its parent a child ends.
    pub(super) parent: i32,
    pub(super) memory: u64,
    pub(super) processor_seconds: u64,
    pub(super) characters: usize,
    /// Of a test: what to try instead of reading, and which locks alone to apply.
    #[serde(default)]
    pub(super) probe: Option<String>,
    #[serde(default)]
    pub(super) only: Option<Vec<String>>,
}

/// What is known of the file; names are private, so they stand in no command line.
#[derive(Serialize, Deserialize)]
pub(super) struct About {
    pub(super) name: Option<String>,
    pub(super) mime: Option<String>,
}
