//! The words and rules of the bot, without any input or output.

pub mod lane;
pub mod pseudonym;
pub mod update;
pub mod address;
pub mod history;
pub mod quote;
pub mod window;
pub mod reply;
pub mod attachment;
pub mod usage;
pub mod budget;
pub mod transcript;
pub mod search;
pub mod button;
pub mod member;
pub mod command;
pub mod failure;
pub mod document;
pub mod access;
pub mod live_answers;
pub mod catalogue;
pub mod choice;
pub mod token_budget;
pub mod phrases;
