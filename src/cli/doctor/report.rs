//! What the checks find.

use crossbeam_channel::Sender;
use serde::Serialize;

/// What came of one check.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) ok: bool,
    pub(super) found: String,
    /// What to do; only where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
    /// The setting that is wrong; only where that is certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) setting: Option<&'static str>,
}

impl Finding {
    pub(super) fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, ok: true, found: found.into(), remedy: None, setting: None }
    }

    pub(super) fn fault(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, ok: false, found: found.into(), remedy: Some(remedy.into()), setting: None }
    }

    /// The fault is this setting's.
    pub(super) fn of(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }
}

/// Takes the findings of one neighbour.
pub(super) struct Report(pub(super) Sender<Finding>);

impl Report {
    pub(super) fn well(&self, check: &'static str, found: impl Into<String>) {
        self.add(Finding::well(check, found));
    }

    pub(super) fn fault(&self, check: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
        self.add(Finding::fault(check, found, remedy));
    }

    pub(super) fn add(&self, finding: Finding) {
        // Past the deadline nobody receives findings any more.
        let _ = self.0.send(finding);
    }
}
