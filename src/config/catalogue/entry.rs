//! What every kind of entry is read with.

use std::path::Path;
use std::time::Duration;

use super::document::Table;

/// The longest text on a button; an app shows less of it.
const LONGEST_NAME: usize = 64;

/// Something cannot be used, and why is told already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told;

/// What is outside of the document.
pub struct Around<'a> {
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder from which the paths of prompt files start.
    pub folder: &'a Path,
    /// The longest answer where a model says nothing else.
    pub max_tokens: u32,
    /// The temperature, likewise.
    pub temperature: f64,
    /// The longest silence of a model.
    pub silence: Duration,
}

/// What people call the entry of this table.
pub(super) fn name(id: &str, table: &Table<'_, '_>) -> String {
    table.line("name", LONGEST_NAME).unwrap_or_else(|| id.to_owned())
}
