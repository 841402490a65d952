//! What moves the schema and keeps copies of it. What can be said about it within a moment.

pub mod backup;
pub mod drift;
pub mod examine;
pub mod finding;
pub mod migrate;
pub mod takeover;
