//! What was said long ago and bears on a question: read before it, as quotations.

use crate::domain::history::Past;
use crate::domain::quote::{self, Kind, Quote};
use crate::domain::recall::{Asked, chosen};
use crate::pipeline::asked::Question;
use crate::pipeline::services::Services;
use crate::store::turns::Last;
use crate::store::{StoreError, recall};

impl Services {
    /// What the question is read with: what was said before the window and bears on it, then what it quotes itself.
    pub(super) fn quotes(&self, question: &Question<'_>, past: &Past) -> Result<Vec<Quote>, StoreError> {
        // A question that is asked again has what was recalled for it; it is looked for anew.
        let own: Vec<Quote> =
            question.quotes.iter().filter(|quote| quote.kind != Kind::Recalled).cloned().collect();
        let mut quotes = self.recalled(question, past)?;
        quotes.extend(quote::beside(&own, &past.exchanges));
        Ok(quotes)
    }

    /// One statement more, and only for a question that may need it.
    fn recalled(&self, question: &Question<'_>, past: &Past) -> Result<Vec<Quote>, StoreError> {
        let Some(model) = question.assistant.chain(question.in_force).next() else { return Ok(Vec::new()) };
        if question.memory.off || question.goes_on() || !question.files.is_empty() {
            return Ok(Vec::new());
        }
        let read = model.room().fit(&past.exchanges, question.text);
        // A window that leaves something out holds a quarter of its limit at least.
        let messages = u32::try_from(2 * read.len() + 2).unwrap_or(u32::MAX);
        let all = read.len() == past.exchanges.len() && messages < self.max_history.div_ceil(4);
        let Some(asked) = Asked::of(question.text, read, all) else { return Ok(Vec::new()) };
        // What is asked again is no answer to itself.
        let oldest = read
            .iter()
            .map(|turn| turn.question_id)
            .chain(question.replaces.into_iter().flat_map(Last::messages));
        let read_from = oldest.min().unwrap_or(i64::MAX);
        let (hits, common) =
            self.store.run(|conn| recall::find(conn, question.address.lane, &asked.words, read_from))?;
        Ok(chosen(&asked, hits, &common))
    }
}
