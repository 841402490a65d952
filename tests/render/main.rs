//! The renderer, seen from outside: what it makes of real answers, and what holds for any text.

mod cases;
mod checks;
mod corpus;
mod emphasis;
mod fences;
mod formulas;
mod html;
mod known;
mod limits;
mod properties;
mod seen;
mod show;
mod signs;
mod tables;
mod tags;
