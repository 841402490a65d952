//! The console: pages for operators, behind a lock.
//!
//! ```text
//! server     connections, on a thread and a runtime of their own
//! router     which page answers what
//! guard      what holds for every request: whose name it came to, from which page, with which headers it is answered
//! app        what all pages share: the database, within bounds, and the keys
//! operator   whoever is logged in; a page that asks for one is shown to nobody else
//! posted     what a form of ours sent, and nobody else's
//! login      the way in and out
//! strangers  whoever is not known yet: how much work they make
//! patience   how long a look at the database goes on
//! disk       looks at folders, which may not answer
//! chart      figures as pictures, with a table behind each
//! kept       answers of the database that are good for a while
//! pages      a file for each, with its template in `templates/` and its queries in `store::console`
//! ```
//!
//! A page that needs no session is one that names no `operator::Operator`, `posted::Posted` or `posted::Change` among its
//! arguments: there are the ways in, and the style. Whatever people wrote is hostile: templates escape it, and the policy of
//! the pages (`guard`) lets nothing of it run or load.

pub mod app;
mod tongue;
mod frame;
mod chart;
mod kept;
mod problem;
mod assets;
mod disk;
mod patience;
mod strangers;
mod guard;
mod operator;
mod posted;
mod login;
mod pages;
mod router;
pub mod server;

pub use app::{EXPOSED, REMEDY, Settings};
pub use server::Endpoint;
