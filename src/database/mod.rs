//! What moves the schema and keeps copies of it. Nothing here knows what a dialogue is.

pub mod backup;
pub mod drift;
pub mod migrate;
pub mod takeover;
