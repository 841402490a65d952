//! Reads the settings, from the environment or from whatever else knows values by name.

use std::str::FromStr;

use super::faults::{Fault, Faults};
use super::settings::{Fallback, Setting};

/// Where settings are read. An empty variable is one that is not set.
pub struct Reader<'a>(&'a dyn Fn(&str) -> Option<String>);

/// The process's environment.
pub const ENVIRONMENT: Reader<'static> = Reader(&|name| std::env::var(name).ok());

impl<'a> Reader<'a> {
    /// Reads through `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// How values are found by name.
    pub(super) fn lookup(&self) -> &dyn Fn(&str) -> Option<String> {
        self.0
    }

    /// What somebody set.
    pub(super) fn given(&self, setting: &Setting) -> Option<String> {
        (self.0)(setting.name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// What somebody set, or what stands for it.
    fn text(&self, setting: &Setting) -> Option<String> {
        match setting.default {
            Fallback::Value(default) => Some(self.given(setting).unwrap_or_else(|| default.to_owned())),
            Fallback::Required | Fallback::Nothing(_) => self.given(setting),
        }
    }

    /// What is wrong with a setting by itself.
    pub(super) fn fault(&self, setting: &Setting) -> Option<Fault> {
        let problem = match self.text(setting) {
            Some(text) => setting.values.problem(&text)?,
            None if setting.default == Fallback::Required => "is missing".to_owned(),
            None => return None,
        };
        Some(Fault::of(setting, problem))
    }

    /// The text of a setting; `None`: there is none, or it cannot be used.
    pub(super) fn value(&self, setting: &Setting) -> Option<String> {
        self.text(setting).filter(|text| setting.values.problem(text).is_none())
    }

    /// The value of a setting; `None`: there is none, or it cannot be used.
    pub(super) fn parsed<T: FromStr>(&self, setting: &Setting) -> Option<T> {
        self.value(setting)?.parse().ok()
    }

    /// `None`: the setting cannot be used.
    pub(super) fn usable(&self, setting: &Setting) -> Option<()> {
        self.fault(setting).is_none().then_some(())
    }

    /// What was read, if nothing is wrong with any of these settings, nor is there another fault.
    pub(super) fn checked<T>(
        &self,
        settings: &[&Setting],
        others: Vec<Fault>,
        read: Option<T>,
    ) -> Result<T, Faults> {
        let faults: Vec<_> =
            settings.iter().filter_map(|setting| self.fault(setting)).chain(others).collect();
        read.filter(|_| faults.is_empty()).ok_or(Faults(faults))
    }
}
