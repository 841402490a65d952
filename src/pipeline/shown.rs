//! What a model is shown beside words.

use std::collections::HashMap;

use crate::llm::Picture;
use crate::pipeline::scales::Weighed;

/// What a model is shown.
#[derive(Default)]
pub(super) struct Pictures<'a> {
    /// With the question, in order.
    pub(super) question: Vec<Picture>,
    /// With questions before it, by their ids in `messages`.
    pub(super) past: HashMap<i64, Vec<Picture>>,
    /// They weigh as long as they are here.
    _weighed: Option<Weighed<'a>>,
}

impl<'a> Pictures<'a> {
    /// None yet, and room for them.
    pub(super) fn weighing(weighed: Weighed<'a>) -> Self {
        Self { _weighed: Some(weighed), ..Self::default() }
    }

    /// How many there are: with the question, and perhaps with those before it.
    pub(super) fn count(&self, with_past: bool) -> usize {
        let past = self.past.values().map(Vec::len).filter(|_| with_past);
        self.question.len() + past.sum::<usize>()
    }
}
