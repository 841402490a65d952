//! What the console asks the database, a file for each of its pages. Its statements end after a few seconds by themselves
//! ([`super::Store::bounded`]), and are made so that none of them reads a large table as a whole.

pub mod costs;
pub mod overview;
pub mod now;
pub mod dialogue;
pub mod dialogues;
pub mod people;
pub mod sessions;
pub mod times;
pub mod turn;
pub mod clearings;
