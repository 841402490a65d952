//! The real binary between a Telegram, a model and a PostgreSQL: what people, operators and crashes meet.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to fail loudly")]
#![expect(missing_docs, clippy::missing_docs_in_private_items, reason = "tests are named as sentences")]

mod world;

mod answers;
mod commands;
mod failures;
mod order;
