//! systech-aidd: the Telegram assistant that never loses a message.
//!
//! The way of a message, module by module (all of them in [`pipeline`]):
//!
//! ```text
//! Telegram ─getUpdates→ poller ─commit→ updates (inbox) ─wake→ dispatcher ─job→ worker ─→ handler ─→ question ─prompt→ llm
//!                                                                                  │          │           │
//! Telegram ←─sendMessage── sender ←── reply_parts (outbox) ←──── one transaction: store::finish
//! ```
//!
//! The modules below stand in layers: each uses only what stands under it, and `tests/architecture/layers.rs` reads every `use` for that.

// What runs: threads, and what an operator types.
pub mod cli;
pub mod boot;
// The pages for operators.
pub mod console;
// The way of a message.
pub mod pipeline;
// What a running bot says about itself, and what moves the schema.
pub mod status;
pub mod database;
pub mod config;
// The neighbours: PostgreSQL, Telegram, the model, and the files that people send; and how an answer looks.
pub mod store;
pub mod telegram;
pub mod llm;
pub mod extract;
pub mod render;
// Words and rules without input or output.
pub mod domain;
// What everything else stands on.
pub mod base;
pub mod metrics;
