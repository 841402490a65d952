//! What a check found.

use serde::Serialize;

/// What came of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do; only where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The setting that is wrong; only where that is certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<&'static str>,
}

impl Finding {
    /// It is well.
    pub fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, ok: true, found: found.into(), remedy: None, setting: None }
    }

    /// Something is wrong.
    pub fn fault(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, ok: false, found: found.into(), remedy: Some(remedy.into()), setting: None }
    }

    /// The fault is this setting's.
    #[must_use]
    pub fn of(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }
}
