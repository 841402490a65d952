//! The words and rules of the bot, without any input or output.

pub mod access;
pub mod button;
pub mod command;
pub mod failure;
pub mod phrases;
pub mod reply;
pub mod token_budget;
