//! A message that says or shows something else now.
//!
//! If it still waited for its answer, the poller has put the new one in its place. Otherwise it is answered again, as long as
//! nothing was asked after it.

use crate::domain::command::Request;
use crate::pipeline::assemble::{Edited, Whole};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::turns;

impl InWork<'_> {
    pub(super) fn edit(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let (lane, key) = (address.lane, self.waiting.key(address.lane));
        if message.piece.is_none()
            && let Some(answered) = self.edit_fact(message.text.as_deref().unwrap_or_default())?
        {
            return Ok(answered);
        }
        let Some(id) = message.message_id.filter(|_| self.asks()) else { return services.silence(address) };
        let Some((last, files)) = self.last_question()?.filter(|(last, _)| last.message_ids.contains(&id))
        else {
            // It had no answer: before the edit it was no question, or not one to the bot.
            let known = services.store.run(|conn| turns::knows(conn, lane, Some(id)))?;
            return if known {
                services.silence(address)
            } else {
                self.ask_assembled(&Whole::alone(key, message), None)
            };
        };
        let mut whole = Whole::of(&last, &files);
        match whole.edit(key, id, message) {
            Edited::Nothing => services.silence(address),
            Edited::Anew => self.ask_assembled(&whole, Some(&last)),
            Edited::PartOfSeveral => services.say(address, message.language.edit_of_several()),
        }
    }

    /// Whether what it is now can be asked.
    fn asks(&self) -> bool {
        let text = self.message.text.as_deref().unwrap_or_default();
        let is_question = Request::of(text, &self.services.me.username) == Request::Question;
        let is_shown = self.message.piece.as_ref().is_some_and(|piece| !self.is_announce(&piece.caption));
        is_shown || (is_question && !text.trim().is_empty())
    }
}
