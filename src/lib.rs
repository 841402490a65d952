//! systech-aidd: the Telegram assistant that never loses a message.

pub mod part;
pub mod render;
