//! PostgreSQL: the queue, the history and the outbox. Every other module asks through the functions here; only
//! this one imports the schema.

// How to get at it.
pub mod error;
mod hosts;
pub mod connection;
pub mod fault;
mod sqlstate;
pub mod pooler;
mod probe;
pub mod public_url;
mod sockets;
mod deadlines;
mod connector;
pub mod pool;
pub mod apart;
mod retry;
mod claim;
pub mod lease;
mod server;
mod prepared;
mod time;
mod group;
mod topic;
pub mod topics;
mod words;
pub mod message_id;
#[expect(missing_docs, reason = "generated; what matters in it has its comment from the database")]
pub mod schema;

// The way of a message: in, answered, out.
pub mod take_in;
pub mod inbox;
pub mod lately;
pub mod outbox;
pub mod replace;
pub mod turns;
pub mod history;
pub mod attachments;
pub mod file_words;
pub mod finish;
pub mod ledger;
mod quotes;
pub mod readings;
pub mod summaries;
pub mod budget;
pub mod moved;
pub mod strangers;
pub mod people;
pub mod roster;
pub mod owner_codes;
mod held;
mod told;
pub mod requests;
pub mod decide;
pub mod due;
pub mod alerts;
pub mod announcements;
pub mod condition;
pub mod room;
pub mod settings;
pub mod facts;
pub mod proposals;
pub mod searches;

// What operators look at and delete.
pub mod archive;
pub mod kept_files;
pub mod moment;
pub mod search;
pub mod recall;
pub mod costs;
pub mod overview;
pub mod erase;
pub mod expiry;
pub mod former;
pub mod queue;
pub mod diagnostics;
pub mod console;

pub use apart::connect;
pub use error::StoreError;
pub use pool::Store;
