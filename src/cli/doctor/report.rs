//! Takes the findings of one neighbour.

use crossbeam_channel::Sender;

use crate::database::finding::Finding;

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
