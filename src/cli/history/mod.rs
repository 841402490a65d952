//! `systech-aidd history …`: the dialogues in the operator's hands.
//!
//! ```text
//! command   the command line, and what each command does
//! show      for people: lists and transcripts
//! files     what came with questions
//! prompt    what the model read for an answer
//! export    everything as a file, in constant memory
//! forget    real deletion: asks first
//! ```

pub mod command;
pub mod export;
mod files;
pub mod forget;
pub mod output;
mod prompt;
pub mod show;
