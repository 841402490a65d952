//! The bytes of a file that somebody sent → its text.
//!
//! Files are hostile: the bot's own process decodes none of them. `run` starts the own executable again as a child, feeds it the
//! bytes and reads its answer, with a limit on all it does. [`child`] is the other side: it locks itself in (`locks`), and only then
//! reads a byte and lets a parser (`formats`) at it. A panic, an abort, a bomb or an endless loop there costs one sentence
//! ([`crate::domain::document::Refused`]).
//!
//! What the two sides share is `order`. Nothing else passes between them: no environment
//! (but where libraries are, `LD_LIBRARY_PATH`), no open file, no setting.

mod order;
mod run;
mod pipes;
pub mod child;
mod locks;
mod probe;
mod kind;
mod formats;
mod collect;

pub use order::Limits;
pub use run::{Extractor, Sent};

/// For fuzzing: what the child does with the bytes once it is locked in, in this process.
pub fn read_here(
    bytes: &[u8],
    name: Option<&str>,
    characters: usize,
) -> Result<crate::domain::document::Extracted, crate::domain::document::Refused> {
    formats::read(bytes, name, None, characters)
}
