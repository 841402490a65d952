//! Counts a call of a model, whatever it was for.

use bigdecimal::ToPrimitive;

use crate::domain::usage::{Call, Cost};
use crate::metrics;

/// Counts the call in the metrics; the ledger has its row besides.
pub(super) fn count(Call { endpoint, model, outcome, usage, .. }: &Call) {
    let cost = usage.cost.as_ref().map(Cost::dollars).and_then(ToPrimitive::to_f64);
    metrics::model_called(endpoint, model, outcome.as_str(), cost);
}
