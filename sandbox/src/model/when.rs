//! Which requests the model answers in another way.

use serde_json::Value;

use super::behaviour::Behaviour;
use crate::trigger::{Rng, Trigger, per_million};

/// Which requests a behaviour is for.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct When {
    asked: Option<String>,
    fits: Option<fn(&Value) -> bool>,
    trigger: Trigger,
}

impl When {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests whose newest message of a person contains this.
    pub fn asked(part: &str) -> Self {
        Self { asked: Some(part.to_owned()), ..Self::default() }
    }

    /// Requests whose body is like this: with a field that an endpoint refuses, for instance.
    pub fn body(fits: fn(&Value) -> bool) -> Self {
        Self { fits: Some(fits), ..Self::default() }
    }

    /// The first `requests` matching requests pass.
    pub fn skip(mut self, requests: u64) -> Self {
        self.trigger.skip = requests;
        self
    }

    /// Applies to so many requests, then to none.
    pub fn times(mut self, requests: u64) -> Self {
        self.trigger.times = Some(requests);
        self
    }

    /// Applies to one request.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Applies to each matching request with this probability (0–1), repeatably for a seed.
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.trigger.chance = Some((per_million(probability), Rng::new(seed)));
        self
    }
}

/// One rule.
pub(super) struct Rule {
    pub(super) when: When,
    pub(super) behaviour: Behaviour,
}

impl Rule {
    pub(super) fn applies(&mut self, question: &str, body: &Value) -> bool {
        let When { asked, fits, trigger } = &mut self.when;
        asked.as_deref().is_none_or(|part| question.contains(part))
            && fits.is_none_or(|fits| fits(body))
            && trigger.fires()
    }
}
