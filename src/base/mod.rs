//! What everything else stands on: no module here knows what the bot is for.

pub mod backoff;
pub mod cancel;
pub mod descriptors;
pub mod exit;
pub mod failpoints;
pub mod http;
pub mod logging;
pub mod memory;
pub mod secret;
pub mod server;
pub mod whole_file;
