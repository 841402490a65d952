//! What is wrong with the configuration: all of it at once, by name, and no value of a secret.

use std::fmt;

use super::settings::Setting;

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong with it, to follow the name.
    pub problem: String,
    /// What can be used.
    pub accepted: String,
}

impl Fault {
    /// A fault of this setting.
    pub(super) fn of(setting: &Setting, problem: impl Into<String>) -> Self {
        Self { variable: setting.name, problem: problem.into(), accepted: setting.accepted() }
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used:")?;
        for Fault { variable, problem, accepted } in &self.0 {
            write!(f, "\n  {variable} {problem}; expected: {accepted}")?;
        }
        Ok(())
    }
}
