//! The way of a message, file by file in its order.

pub mod poller;
pub mod dispatcher;
pub mod worker;
pub mod handler;
pub mod assemble;
pub mod question;
pub mod preview;
pub mod export_file;
pub mod sender;
pub mod retention;
pub mod services;
