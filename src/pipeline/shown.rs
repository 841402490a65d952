//! What a model is shown beside words.

use std::collections::HashMap;

use crate::domain::history::Exchange;
use crate::llm::Picture;
use crate::pipeline::scales::Weighed;

/// The id of no message.
const QUESTION: i64 = 0;

/// What a model is shown.
#[derive(Default)]
pub(super) struct Pictures<'a> {
    /// With the question, in order.
    pub(super) question: Vec<Picture>,
    /// With questions before it, by their ids in `messages`.
    pub(super) past: HashMap<i64, Vec<Picture>>,
    /// The files they are (`attachments.id`), by the same ids; those of the question by 0, which is none.
    files: HashMap<i64, Vec<i64>>,
    /// They weigh as long as they are here.
    _weighed: Option<Weighed<'a>>,
}

impl<'a> Pictures<'a> {
    /// None yet, and room for them.
    pub(super) fn weighing(weighed: Weighed<'a>) -> Self {
        Self { _weighed: Some(weighed), ..Self::default() }
    }

    /// One more that is shown with a message; `None`: with the question.
    pub(super) fn show(&mut self, message_id: Option<i64>, file: i64, picture: Picture) {
        match message_id {
            Some(id) => self.past.entry(id).or_default().push(picture),
            None => self.question.push(picture),
        }
        self.files.entry(message_id.unwrap_or(QUESTION)).or_default().push(file);
    }

    /// The files that are shown, in order, where these turns are read and perhaps shown with theirs.
    pub(super) fn seen(&self, read: &[Exchange], with_past: bool) -> Vec<i64> {
        let past = read.iter().filter(|_| with_past).map(|turn| turn.question_id);
        past.chain([QUESTION]).filter_map(|id| self.files.get(&id)).flatten().copied().collect()
    }

    /// How many there are: with the question, and perhaps with those before it.
    pub(super) fn count(&self, with_past: bool) -> usize {
        let past = self.past.values().map(Vec::len).filter(|_| with_past);
        self.question.len() + past.sum::<usize>()
    }
}
