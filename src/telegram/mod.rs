//! The Bot API, as far as this program uses it: one transport for all methods, typed errors, no token anywhere but
//! in the URL itself.

// How to get at it.
mod settings;
mod transport;
mod error;

// What comes.
mod incoming;
mod raw;
mod well_formed;
mod entities;
mod markup;
mod described;
mod attached;
mod named;
mod quoted;
mod addressed;
mod updates;
mod files;

// What goes.
mod method;
mod member;
mod menu;
mod send;
mod preview;

pub use addressed::Me;
pub use error::TelegramError;
pub use files::FileError;
pub use incoming::{Incoming, Message, PassedOver, Piece, Press};
pub use markup::is_cut;
pub use method::Method;
pub use preview::Doing;
pub use settings::{Settings, Token};
pub use transport::Telegram;
