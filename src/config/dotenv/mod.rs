//! `.env`, read as the predecessor's python-dotenv reads it ([`read`]). dotenvy, whose form is stricter, puts what was
//! understood into the environment.
//!
//! One thing is stricter here: python-dotenv passes over a statement that it cannot read, with a warning, and the bot does
//! not start. That statement may be the one that says who may use it. An error names the line, never what is in it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{anyhow, bail};

mod grammar;
mod reading;
#[cfg(test)]
mod tests;

pub use reading::{Reading, read};

/// The file, in the working directory.
const FILE: &str = ".env";
/// What is wrong with it where [`exposed`] says so.
pub const EXPOSED: &str = ".env can be read by other users of this machine";
/// What to do about that.
pub const REMEDY: &str = "chmod 600 .env";

/// A name that several lines of the file set.
pub struct Repeated(String, Vec<usize>);

impl Repeated {
    /// The name, and the lines, the last of which counts.
    pub fn found(&self) -> String {
        format!(".env sets {} more than once, in {}", self.0, numbered(&self.1))
    }

    /// What to do about it.
    pub const REMEDY: &str = "keep the line that you mean; until then the last one counts";
}

/// Adds `.env` of the working directory to the environment; what the environment has already wins. No file is no
/// fault. What can be read is added also where something else cannot: doctor goes on with it.
pub fn load() -> anyhow::Result<Vec<Repeated>> {
    let text = match std::fs::read(Path::new(FILE)).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => bail!(".env is not UTF-8 text"),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => bail!(".env cannot be read: {error}"),
    };
    let of_environment =
        |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let Reading { values, repeated, unreadable } = read(&text, &of_environment);
    for (name, value) in values {
        if let Some(strict) = value.and_then(|value| strict(&name, &value)) {
            // dotenvy does not overwrite variables that the environment has.
            let set = dotenvy::from_read(strict.as_bytes());
            // dotenvy's own error would quote the line.
            set.map_err(|_| anyhow!(".env sets {name} to something that cannot be set"))?;
        }
    }
    // The other lines count all the same, so that everything that is wrong is reported together.
    if !unreadable.is_empty() {
        let are = if unreadable.len() == 1 { "is" } else { "are" };
        bail!(
            ".env, {}, {are} not of the form NAME=value (quotes around a value must be closed)",
            numbered(&unreadable)
        );
    }
    Ok(repeated.into_iter().map(|(name, lines)| Repeated(name, lines)).collect())
}

/// What the file sets now, for a program that runs: its environment does not change any more.
pub fn now() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    let of_environment = |name: &str| std::env::var(name).ok();
    let values = read(&text, &of_environment).values.into_iter();
    values.filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Whether other users can read the file: who can, can be the bot. `None`: there is no file.
pub fn exposed() -> Option<bool> {
    let file = std::fs::metadata(FILE).ok()?;
    Some(file.permissions().mode() & 0o044 != 0)
}

/// The line as dotenvy takes it. `None`: it takes no such name, and neither does anything that could ask for it.
fn strict(name: &str, value: &str) -> Option<String> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on_well = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if !begins_well || !goes_on_well {
        return None;
    }
    let mut line = format!("{name}=\"");
    for c in value.chars() {
        match c {
            '"' | '\\' | '$' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            c => line.push(c),
        }
    }
    Some(line + "\"\n")
}

/// `line 3`, `lines 3 and 9`, `lines 3, 5 and 9`.
fn numbered(lines: &[usize]) -> String {
    let numbers: Vec<_> = lines.iter().map(usize::to_string).collect();
    match numbers.split_last() {
        Some((last, [])) => format!("line {last}"),
        Some((last, others)) => format!("lines {} and {last}", others.join(", ")),
        None => String::new(),
    }
}
