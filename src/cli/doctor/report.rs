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
}

impl Finding {
    pub(super) fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, ok: true, found: found.into(), remedy: None }
    }

    pub(super) fn fault(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, ok: false, found: found.into(), remedy: Some(remedy.into()) }
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
        // past the deadline nobody listens any more
        let _ = self.0.send(finding);
    }
}
