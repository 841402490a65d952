//! systech-aidd: the Telegram assistant that never loses a message.
//!
//! The way of a message, module by module:
//!
//! ```text
//! Telegram ─getUpdates→ poll ─commit→ updates (inbox) ─wake→ dispatch ─job→ worker ─→ answer ─→ question ─prompt→ llm
//!                                                                             │           │          │
//! Telegram ←─sendMessage── courier ←── reply_parts (outbox) ←── one transaction: store::finish
//! ```
//!
//! [`migrate`] and [`backup`] look after the database, at boot and in the operator's hands; [`history`] is what an operator
//! does with the dialogues, [`retention`] what becomes of the old ones, [`doctor`] looks at everything.
//! [`boot`] starts the threads and ends them; [`store`] is the only module that knows the tables, [`http`] has the one
//! client, [`phrases`] is the only one that speaks to people. What happens is counted in [`metrics`], and [`health`] asks a
//! running bot how it is.

// before the first message
pub mod cli;
pub mod dotenv;
pub mod logging;
pub mod database_url;
pub mod config;
pub mod boot;

// the way of a message, in its order
pub mod poll;
pub mod dispatch;
pub mod worker;
pub mod answer;
pub mod access;
pub mod command;
pub mod button;
pub mod paste;
pub mod question;
pub mod context;
pub mod preview;
pub mod render;
pub mod part;
pub mod document;
pub mod courier;

// the database in the operator's hands
pub mod migrate;
pub mod backup;
pub mod history;
pub mod retention;
pub mod doctor;
pub mod health;
pub mod terminal;

// what they share
pub mod bot;
pub mod store;
pub mod telegram;
pub mod llm;
pub mod http;
pub mod metrics;
pub mod phrases;
pub mod failure;
pub mod backoff;
pub mod secret;
pub mod stop;
pub mod exit;
pub mod point;
