//! The renderer, seen from outside: what it makes of real answers, and what holds for any text.

mod cases;
mod checks;
mod corpus;
mod limits;
mod properties;
mod show;
