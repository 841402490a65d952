//! systech-aidd: the Telegram assistant that never loses a message.
//!
//! The way of a message, module by module:
//!
//! ```text
//! Telegram ─getUpdates→ poll ─commit→ updates (inbox) ─wake→ dispatch ─job→ worker ─→ answer ─prompt→ llm
//!                                                                             │         │
//! Telegram ←─sendMessage── courier ←── reply_parts (outbox) ←── one transaction: store::finish
//! ```
//!
//! [`migrate`] and [`backup`] look after the database, at boot and in the operator's hands.
//! [`boot`] starts the threads and ends them; [`store`] is the only module that knows the tables, [`http`] the only
//! one where anything is asynchronous, [`phrases`] the only one that speaks to people.

pub mod cli;
pub mod config;

pub mod answer;
pub mod boot;
pub mod command;
pub mod courier;
pub mod dispatch;
pub mod part;
pub mod poll;
pub mod worker;

pub mod backup;
pub mod migrate;

pub mod bot;
pub mod http;
pub mod llm;
pub mod store;
pub mod telegram;

pub mod backoff;
pub mod failure;
pub mod logging;
pub mod phrases;
pub mod secret;
pub mod stop;
