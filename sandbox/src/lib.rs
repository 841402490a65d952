//! Stand-ins for what surrounds systech-aidd, used by its tests, benches and demo.
//!
//! - [`Telegram`]: a strict Bot API server; it validates what Telegram validates and answers with Telegram's errors.
//! - [`Model`]: an OpenAI-compatible endpoint whose answer is computed from the messages it received.
//! - [`postgres`]: a throwaway PostgreSQL from the installed server binaries.
//! - [`tool()`]: programs that `make tools` brings, among them the pooler of [`postgres::Pooler`].
//! - [`process`]: child processes that never outlive the process that started them.
//! - [`TestEnv`]: all of these around the real bot, once for every test.
//!
//! All of them stand at the HTTP or process edge and never reach into the bot. They use plain threads, hold what
//! happened in one watched state each (tests wait on conditions, never on time), and stop when dropped. Nothing is
//! random unless a seed was given. A stand-in never prints what people or models wrote: a failed wait reports counts.

pub mod env;
mod http;
pub mod model;
pub mod postgres;
pub mod process;
pub mod telegram;
pub mod tool;
mod trigger;
mod wait;
mod watched;

pub use env::TestEnv;
pub use http::listen_on;
pub use model::Model;
pub use telegram::{Person, Telegram};
pub use tool::tool;
pub use wait::{PATIENCE, wait_until};
