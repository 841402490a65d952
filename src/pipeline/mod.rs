//! The way of a message, file by file in its order.

// In: Telegram → inbox → a worker.
pub mod poller;
mod read_batch;
mod delivered;
pub mod dispatcher;
pub mod schedule;
pub mod crew;
pub mod worker;

// Answered: what the update is, and what is said.
pub mod handler;
pub mod in_work;
mod commands;
mod edit;
mod on_behalf;
mod owner;
mod people;
mod proposal;
mod usage;
mod health;
mod console;
pub mod door;
mod announce;
pub mod assemble;
pub mod asked;
pub mod question;
mod ending;
mod overheard;
mod spoken;
mod fetch;
mod documents;
pub mod hearing;
mod hear;
mod called;
mod pictures;
mod shown;
mod beside;
pub mod scales;
mod memory;
mod recall;
pub mod prompt;
pub mod named;
pub mod outcome;
mod respond;
pub mod preview;

// Out: outbox → Telegram.
pub mod sender;
pub mod voice;
mod remedy;
mod export_file;
pub mod export_archive;
pub mod export_records;
pub mod read_back;

// Beside it.
pub mod pace;
mod doing;
pub mod retention;
pub mod doorkeeper;
pub mod watch;
pub mod announcer;
pub mod lull;
pub mod summarist;
pub mod title;
pub mod beside_answers;
pub mod services;
pub mod suspects;
pub mod assistant;
pub mod breaker;
